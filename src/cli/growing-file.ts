/** A file of a run that grows while it trains: a disk that refuses it for a while neither ends the training nor costs a line. */
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WeftError } from '../errors.ts';
import { codeOf } from '../node-modules.ts';
import { type RunFolder, unwritable } from './run-folder.ts';

/** How often, in milliseconds, what was added is written between savings. */
const OFTEN = 200;

/** What is added is written to where the last writing that succeeded ended: so nothing stands there twice, or in half. */
export class GrowingFile {
  readonly #folder: RunFolder;
  readonly #name: string;
  readonly #head: Uint8Array;
  #unwritten: Uint8Array[];
  /** Bytes that are written; undefined before the first time. */
  #length: number | undefined;
  #lastTry = Number.NEGATIVE_INFINITY;

  /**
   * @param name in the folder, or in one folder of it
   * @param head what the file begins with
   * @param earlier what follows from before, when another process went on so far
   */
  constructor(folder: RunFolder, name: string, head: Uint8Array, earlier: readonly Uint8Array[] = []) {
    this.#folder = folder;
    this.#name = name;
    this.#head = head;
    this.#unwritten = [...earlier];
  }

  /** Writes it by and by. What cannot be written is kept for `save`, which says so. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#unwritten.push(bytes);
    if (performance.now() - this.#lastTry < OFTEN) return;
    try {
      await this.#write(false);
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
    }
  }

  /**
   * Writes what was added, and waits until it has reached the disk.
   *
   * @throws RunError when it cannot be written; then the next time does it
   */
  save(): Promise<void> {
    return this.#write(true);
  }

  async #write(synced: boolean): Promise<void> {
    this.#lastTry = performance.now();
    const added = Buffer.concat(this.#unwritten);
    if (this.#length === undefined || !(await this.#append(added, this.#length, synced))) {
      const subfolder = dirname(this.#name);
      if (subfolder !== '.') await this.#folder.subfolder(subfolder);
      // Whole or not at all: what another process left must not be lost while it is replaced.
      const all = Buffer.concat([this.#head, added]);
      await this.#folder.write(this.#name, all);
      this.#length = all.length;
    } else {
      this.#length += added.length;
    }
    this.#unwritten = [];
  }

  /** Whether it could: somebody may have removed the file. */
  async #append(added: Uint8Array, start: number, synced: boolean): Promise<boolean> {
    const path = join(this.#folder.path, this.#name);
    try {
      const file = await open(path, 'r+');
      try {
        if ((await file.stat()).size < start) return false;
        for (let done = 0; done < added.length; ) {
          const { bytesWritten } = await file.write(added, done, added.length - done, start + done);
          done += bytesWritten;
        }
        if (synced) await file.sync();
        return true;
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw unwritable(path, error);
    }
  }
}
