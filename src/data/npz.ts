/** NumPy's .npz files, in which MedMNIST comes: a ZIP archive of arrays, each of them a .npy file. */
import { TextDecoder } from '../node-modules.ts';
import { inflateExactly } from './bytes.ts';
import { node } from './code-files.ts';
import { DatasetError } from './errors.ts';
import { readFile } from './files.ts';
import type { IdxArray, IdxData } from './idx.ts';

const DAMAGED = 'The file is damaged: fetch it again.';

/** The arrays of an .npz file. */
export interface NpzArrays {
  readonly names: readonly string[];
  /** @throws DatasetError when the array is damaged, or of a type that is not read */
  readonly read: (name: string) => IdxArray;
}

/**
 * Opens an .npz file; each array is unpacked when it is read.
 *
 * @throws DatasetError when it is no such file, or damaged
 */
export function openNpz(path: string): NpzArrays {
  const archive = readFile(path, { error: DatasetError, expected: 'a readable .npz file' });
  const refuse = (got: string, cause?: unknown): DatasetError =>
    new DatasetError(
      { where: path, got, expected: 'a ZIP archive of .npy files, as numpy.savez writes it', cure: DAMAGED },
      { cause },
    );
  let entries: ReadonlyMap<string, ZipEntry>;
  try {
    entries = entriesOfZip(archive);
  } catch (cause) {
    throw refuse('a file without the directory of a ZIP archive', cause);
  }
  return {
    names: [...entries.keys()],
    read: (name) => {
      const { start, packed, length, method, checksum } = entries.get(name)!;
      const bytes = archive.subarray(start, start + packed);
      if (bytes.length !== packed || (method !== STORED && method !== DEFLATED)) {
        throw refuse(`"${name}" packed by method ${method} in ${bytes.length} of ${packed} bytes`);
      }
      const file = method === STORED ? bytes : inflateExactly('deflate', bytes, length, refuse);
      if (node.zlib.crc32(file) !== checksum) throw refuse(`damaged data in "${name}"`);
      return decodeNpy(file, `${path}, ${name}`);
    },
  };
}

const STORED = 0;
const DEFLATED = 8;

interface ZipEntry {
  /** Where its bytes begin. */
  readonly start: number;
  /** In the archive, in bytes. */
  readonly packed: number;
  /** Unpacked, in bytes. */
  readonly length: number;
  readonly method: number;
  /** CRC-32 of what is unpacked. */
  readonly checksum: number;
}

/**
 * What is in a ZIP archive, by name without `.npy`: the directory at its end. An archive of more than 4 GiB has another one,
 * but files that large are not read at all.
 *
 * @throws RangeError when there is none
 */
function entriesOfZip(archive: Uint8Array): Map<string, ZipEntry> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const [short, long] = [(at: number) => view.getUint16(at, true), (at: number) => view.getUint32(at, true)];
  // Behind the end of the directory there may be a comment.
  let end = archive.length - 22;
  while (long(end) !== 0x06054b50) end--;
  const entries = new Map<string, ZipEntry>();
  let at = long(end + 16);
  for (let count = short(end + 10); count > 0; count--) {
    const [nameLength, extraLength, commentLength] = [short(at + 28), short(at + 30), short(at + 32)];
    const name = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + nameLength));
    // Before the bytes of a file, what is known of it stands once more.
    const local = long(at + 42);
    entries.set(name.replace(/\.npy$/, ''), {
      start: local + 30 + short(local + 26) + short(local + 28),
      packed: long(at + 20),
      length: long(at + 24),
      method: short(at + 10),
      checksum: long(at + 16),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

interface NpyType {
  readonly bytes: number;
  readonly create: (length: number) => IdxData;
  readonly read: (view: DataView, at: number, littleEndian: boolean) => number;
}

/** By what NumPy calls them, without the order of bytes. Integers become int32, which is what labels are. */
const types: Readonly<Record<string, NpyType>> = {
  u1: { bytes: 1, create: (length) => new Uint8Array(length), read: (view, at) => view.getUint8(at) },
  b1: { bytes: 1, create: (length) => new Uint8Array(length), read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, create: int32s, read: (view, at) => view.getInt8(at) },
  u2: { bytes: 2, create: int32s, read: (view, at, little) => view.getUint16(at, little) },
  i2: { bytes: 2, create: int32s, read: (view, at, little) => view.getInt16(at, little) },
  u4: { bytes: 4, create: int32s, read: (view, at, little) => view.getUint32(at, little) },
  i4: { bytes: 4, create: int32s, read: (view, at, little) => view.getInt32(at, little) },
  u8: { bytes: 8, create: int32s, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  i8: { bytes: 8, create: int32s, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  f4: {
    bytes: 4,
    create: (length) => new Float32Array(length),
    read: (view, at, little) => view.getFloat32(at, little),
  },
  f8: {
    bytes: 8,
    create: (length) => new Float64Array(length),
    read: (view, at, little) => view.getFloat64(at, little),
  },
};

function int32s(length: number): Int32Array {
  return new Int32Array(length);
}

/** The array of a .npy file of version 1 to 3: a header, which is a dictionary in Python's notation, then the values. */
function decodeNpy(file: Uint8Array, where: string): IdxArray {
  const refuse = (got: string, expected: string, cure = DAMAGED): DatasetError =>
    new DatasetError({ where, got, expected, cure });
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = file.length < 12 ? '' : new TextDecoder('latin1').decode(file.subarray(1, 6));
  if (start !== 'NUMPY' || file[0] !== 0x93) throw refuse('no .npy file', 'an array that NumPy wrote');
  const headerStart = file[6] === 1 ? 10 : 12;
  const valuesStart = headerStart + (headerStart === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder().decode(file.subarray(headerStart, valuesStart));
  const [, order, code] = /'descr': '([<>|=])(\w+)'/.exec(header) ?? [];
  const [, sizes] = /'shape': \(([\d, ]*)\)/.exec(header) ?? [];
  const type = types[code];
  if (type === undefined || sizes === undefined) {
    const got = `the header ${header.trim().slice(0, 100)}`;
    throw refuse(got, 'integers or floats', 'Save the array as uint8, an integer type or float32.');
  }
  if (/'fortran_order': True/.test(header)) {
    const cure = 'Save it with numpy.ascontiguousarray.';
    throw refuse('an array in the order of Fortran', 'the last axis to vary fastest', cure);
  }
  const shape = sizes.split(',').filter(Boolean).map(Number);
  const length = shape.reduce((product, size) => product * size, 1);
  if (file.length - valuesStart !== length * type.bytes) {
    const expected = `${length * type.bytes} bytes for shape [${shape.join(', ')}]`;
    throw refuse(`${file.length - valuesStart} bytes of values`, expected);
  }
  const data = type.create(length);
  if (data instanceof Uint8Array) data.set(file.subarray(valuesStart));
  else {
    for (let index = 0; index < length; index++) {
      const value = type.read(view, valuesStart + index * type.bytes, order !== '>');
      data[index] = value;
      if (data instanceof Int32Array && data[index] !== value) {
        throw refuse(`the value ${value}`, 'integers of 32 bits', 'Save the array as int32.');
      }
    }
  }
  return { shape, data };
}
