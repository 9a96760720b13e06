/**
 * Decoded pixels on disk, by what they were decoded from. A folder has pairs of files: `LENGTH-NAME.pixels` holds records of LENGTH
 * bytes, one after the other, and `LENGTH-NAME.index` 20 bytes for each of them: its key, and the CRC-32 of its bytes.
 *
 * Each writer has a pair of its own, and appends to it alone: first a record, then what the index says of it. So whoever is
 * killed in between leaves at most a record that nobody knows of; and several processes write and read at once without locks. What a
 * disk has lost or changed is told by the checksum, and is decoded again. The folder may be deleted at any time.
 */
import { codeOf } from '../../node-modules.ts';
import { node } from '../code-files.ts';
import { DatasetError } from '../errors.ts';
import { fileError, makeFolder } from '../files.ts';

const KEY_LENGTH = 16;
const ENTRY_LENGTH = KEY_LENGTH + 4;

/** A pair of files, as far as it was read. */
interface Pack {
  readonly index: number;
  readonly pixels: number;
  entries: number;
}

/** Where a record lies. */
interface RecordPlace {
  readonly pack: Pack;
  readonly record: number;
  readonly checksum: number;
}

export class PixelCache {
  readonly #folder: string;
  readonly #length: number;
  readonly #packs = new Map<string, Pack>();
  readonly #places = new Map<string, RecordPlace>();
  #own: Pack | undefined;
  /** Why nothing more is written. */
  #trouble: string | undefined;

  /**
   * Opens a folder, which is made if it is not there.
   *
   * @param length of a picture in bytes
   * @throws DatasetError when there can be no such folder
   */
  constructor(folder: string, length: number) {
    this.#folder = folder;
    this.#length = length;
    try {
      makeFolder(folder);
      this.#refresh();
    } catch (thrown) {
      throw fileError(folder, thrown, { error: DatasetError, expected: 'a folder for decoded pixels' });
    }
  }

  /** Why nothing more is written since the last call, in words: a full disk does not end a training. */
  takeTrouble(): string | undefined {
    const trouble = this.#trouble;
    this.#trouble = trouble === undefined ? undefined : '';
    return trouble || undefined;
  }

  /** The key of what is decoded from some bytes in some way. */
  static keyOf(file: Uint8Array, way: string): string {
    const hash = node.crypto.createHash('sha256').update(file).update(way);
    return hash.digest('base64').slice(0, KEY_LENGTH);
  }

  /** The pixels that are kept under a key. */
  find(key: string): Uint8Array | undefined {
    if (!this.#places.has(key)) this.#refresh();
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const bytes = new Uint8Array(this.#length);
    const { pack, record, checksum } = place;
    try {
      const count = node.fs.readSync(pack.pixels, bytes, 0, this.#length, record * this.#length);
      if (count === this.#length && node.zlib.crc32(bytes) === checksum) return bytes;
    } catch {
      // As if it were not there.
    }
    this.#places.delete(key);
    return undefined;
  }

  /** Keeps pixels. Where the disk takes no more, it is as if nobody had asked. */
  store(key: string, bytes: Uint8Array): void {
    if (this.#trouble !== undefined || this.#places.has(key)) return;
    const { fs, zlib } = node;
    try {
      this.#own ??= this.#create();
      const { index, pixels, entries } = this.#own;
      const checksum = zlib.crc32(bytes);
      const entry = new Uint8Array(ENTRY_LENGTH);
      for (let at = 0; at < KEY_LENGTH; at++) entry[at] = key.charCodeAt(at);
      new DataView(entry.buffer).setUint32(KEY_LENGTH, checksum, true);
      const written = fs.writeSync(pixels, bytes, 0, bytes.length, entries * this.#length);
      if (
        written !== bytes.length ||
        fs.writeSync(index, entry, 0, ENTRY_LENGTH, entries * ENTRY_LENGTH) !== ENTRY_LENGTH
      )
        throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
      this.#own.entries++;
      this.#places.set(key, { pack: this.#own, record: entries, checksum });
    } catch (thrown) {
      const reason = {
        ENOSPC: 'the disk is full',
        EROFS: 'the disk can only be read',
        EACCES: 'there is no permission',
      };
      const code = codeOf(thrown) ?? '';
      this.#trouble = `no more decoded pixels are kept in ${this.#folder}: ${reason[code as keyof typeof reason] ?? code}`;
    }
  }

  #create(): Pack {
    const { fs, path, crypto } = node;
    const name = `${this.#length}-${crypto.randomBytes(9).toString('hex')}`;
    const open = (ending: string) => fs.openSync(path.join(this.#folder, `${name}.${ending}`), 'wx+');
    const pack: Pack = { pixels: open('pixels'), index: open('index'), entries: 0 };
    this.#packs.set(name, pack);
    return pack;
  }

  /** Reads what others have added. */
  #refresh(): void {
    const { fs, path } = node;
    const start = `${this.#length}-`;
    for (const file of namesIn(this.#folder)) {
      if (!file.startsWith(start) || !file.endsWith('.index')) continue;
      const name = file.slice(0, -'.index'.length);
      if (this.#packs.has(name)) continue;
      try {
        const open = (ending: string) => fs.openSync(path.join(this.#folder, `${name}.${ending}`), 'r');
        this.#packs.set(name, { pixels: open('pixels'), index: open('index'), entries: 0 });
      } catch {
        // Deleted meanwhile.
      }
    }
    for (const pack of this.#packs.values()) if (pack !== this.#own) this.#readEntries(pack);
  }

  #readEntries(pack: Pack): void {
    const { fs } = node;
    const whole = Math.floor(fs.fstatSync(pack.index).size / ENTRY_LENGTH);
    if (whole <= pack.entries) return;
    const bytes = new Uint8Array((whole - pack.entries) * ENTRY_LENGTH);
    const count = fs.readSync(pack.index, bytes, 0, bytes.length, pack.entries * ENTRY_LENGTH);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + ENTRY_LENGTH <= count; at += ENTRY_LENGTH) {
      const key = String.fromCharCode(...bytes.subarray(at, at + KEY_LENGTH));
      this.#places.set(key, {
        pack,
        record: pack.entries++,
        checksum: view.getUint32(at + KEY_LENGTH, true),
      });
    }
  }

  /** Closes its files. */
  close(): void {
    for (const { index, pixels } of this.#packs.values())
      for (const file of [index, pixels]) node.fs.closeSync(file);
    this.#packs.clear();
    this.#places.clear();
  }
}

function namesIn(folder: string): string[] {
  try {
    return node.fs.readdirSync(folder);
  } catch {
    // Deleted meanwhile: what is open stays readable.
    return [];
  }
}
