/** Writing where the disk may be full or the folder gone for a while: it is said once, and tried again. */
import { setTimeout as wait } from 'node:timers/promises';
import { WeftError } from '../errors.ts';
import { printable } from '../text.ts';
import type { Terminal } from './terminal.ts';

/** How long, in milliseconds, is waited for a disk that takes what has to be written, and how often it is tried. */
const PATIENCE = { between: 5000, tries: 120 };

/** Writes files of a run. */
export class PatientWriter {
  readonly #path: string;
  readonly #say: Terminal['say'];
  /** Why the last writing failed. */
  #trouble: WeftError | undefined;

  /** @param path the folder of the run, as it is called */
  constructor(path: string, say: Terminal['say']) {
    this.#path = path;
    this.#say = say;
  }

  /** Whether the last writing failed. */
  get isTroubled(): boolean {
    return this.#trouble !== undefined;
  }

  /** Whether it was written. What could not be is said once, until it can be. */
  async attempt(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      if (this.#trouble === undefined) {
        this.#say(printable(`The run could not be saved. It goes on, and tries again: ${error.message}`));
      }
      this.#trouble = error;
      return false;
    }
    if (this.#trouble !== undefined) this.#say(printable(`The run is saved again, in ${this.#path}.`));
    this.#trouble = undefined;
    return true;
  }

  /** Writes, and waits for a disk that takes it. @throws what was wrong the last time */
  async insist(write: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    for (let left = PATIENCE.tries; !(await this.attempt(write)); left--) {
      if (left === 0 || signal?.aborted) throw this.#trouble;
      await wait(PATIENCE.between, undefined, { signal }).catch(() => undefined);
    }
  }
}
