/** IDX files, the format of MNIST: a magic number, big-endian sizes, then the values; plain or gzip'd. */
import { describeValue, requireKnownOptions } from '../options.ts';
import {
  type FileBytes,
  inflateExactly,
  requireBytes,
  requireLimit,
  requireName,
  startOfGzip,
} from './bytes.ts';
import { IdxError } from './errors.ts';
import { readFile } from './files.ts';

/** The typed arrays an IDX file can hold. */
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** The contents of an IDX file: `data` is row-major and has as many values as the sizes in `shape` multiply to. */
export interface IdxArray {
  /** One to four sizes. */
  readonly shape: readonly number[];
  /** The values, in row-major order. */
  readonly data: IdxData;
}

/** Options of reading an IDX file. */
export interface IdxOptions {
  /** The file's name in error messages; default 'IDX'. */
  readonly name?: string;
  /** The largest file accepted, after decompression, in bytes; default 1 GiB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 2 ** 30;
const MAX_RANK = 4;
const DAMAGED = 'The file is damaged: fetch it again.';

interface ElementType {
  readonly code: number;
  readonly bytes: number;
  readonly create: (length: number) => IdxData;
  readonly read: (view: DataView, offset: number) => number;
  readonly write: (view: DataView, offset: number, value: number) => void;
}

const ELEMENT_TYPES: readonly ElementType[] = [
  {
    code: 0x08,
    bytes: 1,
    create: (length) => new Uint8Array(length),
    read: (view, offset) => view.getUint8(offset),
    write: (view, offset, value) => view.setUint8(offset, value),
  },
  {
    code: 0x09,
    bytes: 1,
    create: (length) => new Int8Array(length),
    read: (view, offset) => view.getInt8(offset),
    write: (view, offset, value) => view.setInt8(offset, value),
  },
  {
    code: 0x0b,
    bytes: 2,
    create: (length) => new Int16Array(length),
    read: (view, offset) => view.getInt16(offset),
    write: (view, offset, value) => view.setInt16(offset, value),
  },
  {
    code: 0x0c,
    bytes: 4,
    create: (length) => new Int32Array(length),
    read: (view, offset) => view.getInt32(offset),
    write: (view, offset, value) => view.setInt32(offset, value),
  },
  {
    code: 0x0d,
    bytes: 4,
    create: (length) => new Float32Array(length),
    read: (view, offset) => view.getFloat32(offset),
    write: (view, offset, value) => view.setFloat32(offset, value),
  },
  {
    code: 0x0e,
    bytes: 8,
    create: (length) => new Float64Array(length),
    read: (view, offset) => view.getFloat64(offset),
    write: (view, offset, value) => view.setFloat64(offset, value),
  },
];

/**
 * Decodes an IDX file of one to four dimensions, of uint8, int8, int16, int32, float32 or float64. gzip is recognized
 * by its first bytes, not by the file's name, and inflated to what the sizes promise.
 *
 * @param bytes the file: an ArrayBuffer, Node's Buffer, or any view
 * @throws IdxError when the magic number, the sizes or the length are wrong, the gzip is corrupt, or the contents are
 *   larger than `maxBytes`
 */
export function decodeIdx(bytes: FileBytes, options: IdxOptions = {}): IdxArray {
  requireKnownOptions('decodeIdx', options, ['name', 'maxBytes']);
  const where = requireName('decodeIdx', options.name, 'IDX');
  const maxBytes = requireLimit('decodeIdx', 'maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES);
  const file = requireBytes('decodeIdx', bytes);
  if (file.length >= 2 && file[0] === 0x1f && file[1] === 0x8b) {
    const refuse = (expected: string) => (got: string, cause?: unknown) =>
      new IdxError({ where, got, expected, cure: DAMAGED }, { cause });
    const start = startOfGzip(file, 4 + 4 * MAX_RANK, refuse('a complete gzip file'));
    const { byteLength, shape } = readHeader(start, where, maxBytes);
    const expected = `${byteLength} bytes for shape [${shape.join(', ')}]`;
    return readValues(inflateExactly('gzip', file, byteLength, refuse(expected)), where, maxBytes);
  }
  return readValues(file, where, maxBytes);
}

interface IdxHeader {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly headerLength: number;
  /** Of the whole file, as the header has it. */
  readonly byteLength: number;
}

/** What the first bytes say, held against the limit before there is memory for it. */
function readHeader(bytes: Uint8Array, where: string, maxBytes: number): IdxHeader {
  const type = bytes.length < 4 ? undefined : ELEMENT_TYPES.find(({ code }) => code === bytes[2]);
  const rank = bytes[3];
  if (type === undefined || bytes[0] !== 0 || bytes[1] !== 0 || rank < 1 || rank > MAX_RANK) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const empty = bytes.length === 0;
    throw new IdxError({
      where,
      got: empty ? 'no bytes' : `a start of ${start}`,
      expected: `00 00, a type (08, 09, 0b, 0c, 0d or 0e) and 1 to ${MAX_RANK} dimensions`,
      cure: empty ? 'The download or copy is incomplete: do it again.' : 'Check that this is an IDX file.',
    });
  }
  const headerLength = 4 + 4 * rank;
  if (bytes.length < headerLength) throw lengthError(where, bytes.length, headerLength, []);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const byteLength = headerLength + shape.reduce((product, size) => product * size, 1) * type.bytes;
  if (byteLength <= maxBytes) return { type, shape, headerLength, byteLength };
  throw new IdxError({
    where,
    got: `${byteLength} bytes for shape [${shape.join(', ')}]`,
    expected: `at most ${maxBytes} bytes`,
    cure: `${DAMAGED} Or raise the option maxBytes, if it really is that large.`,
  });
}

function readValues(bytes: Uint8Array, where: string, maxBytes: number): IdxArray {
  const { type, shape, headerLength, byteLength } = readHeader(bytes, where, maxBytes);
  if (bytes.length !== byteLength) throw lengthError(where, bytes.length, byteLength, shape);
  const data = type.create((byteLength - headerLength) / type.bytes);
  if (data instanceof Uint8Array) {
    data.set(bytes.subarray(headerLength));
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < data.length; i++) data[i] = type.read(view, headerLength + i * type.bytes);
  }
  return { shape, data };
}

/**
 * Reads and decodes one IDX file; see `decodeIdx`. The path is the name in error messages.
 *
 * @throws IdxError like `decodeIdx`, and when the file cannot be read
 */
export function readIdx(path: string, options: IdxOptions = {}): IdxArray {
  const bytes = readFile(path, { error: IdxError, expected: 'a readable IDX file' });
  return decodeIdx(bytes, { name: path, ...options });
}

/**
 * Encodes an array as a plain IDX file.
 *
 * @throws IdxError when the shape has no or more than four sizes, or does not fit the number of values
 */
export function encodeIdx(array: IdxArray): Uint8Array {
  const { shape, data } = array ?? {};
  const type = ELEMENT_TYPES.find(
    ({ create }) => Object.getPrototypeOf(create(0)) === Object.getPrototypeOf(data ?? 0),
  );
  const isSize = (size: number) => Number.isInteger(size) && size >= 0 && size < 2 ** 32;
  const sizes = Array.isArray(shape) && shape.length >= 1 && shape.length <= MAX_RANK && shape.every(isSize);
  const count = sizes ? shape.reduce((product, size) => product * size, 1) : 0;
  if (type === undefined || !sizes || count !== data.length) {
    throw new IdxError({
      where: 'encodeIdx',
      got: `shape ${describeValue(shape)} and data ${describeValue(data)}`,
      expected: `1 to ${MAX_RANK} sizes that multiply to the number of values, in a type that IDX has`,
      cure: 'Correct the shape.',
    });
  }
  const headerLength = 4 + 4 * shape.length;
  const bytes = new Uint8Array(headerLength + count * type.bytes);
  const view = new DataView(bytes.buffer);
  bytes[2] = type.code;
  bytes[3] = shape.length;
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  for (let i = 0; i < count; i++) type.write(view, headerLength + i * type.bytes, data[i]);
  return bytes;
}

function lengthError(where: string, got: number, expected: number, shape: readonly number[]): IdxError {
  const reason = shape.length === 0 ? 'for the header alone' : `for shape [${shape.join(', ')}]`;
  return new IdxError({
    where,
    got: `${got} bytes (${got < expected ? `${expected - got} missing` : `${got - expected} too many`})`,
    expected: `${expected} bytes ${reason}`,
    cure: DAMAGED,
  });
}
