/**
 * The safetensors format: named tensors in one file. Eight bytes with the length of a JSON header, the header, then
 * all elements without gaps, little-endian like every machine that runs JavaScript. Only float32, int32 and bool.
 * https://github.com/huggingface/safetensors#format
 */

import { type FileBytes, requireBytes, requireName } from '../data/bytes.ts';
import type { StateDict, StateEntry } from '../nn/state-dict.ts';
import { TextDecoder, TextEncoder } from '../node-modules.ts';
import { describeValue, isRecord } from '../options.ts';
import { bytesPerElement, type DType, type NumericArray } from '../tensor/dtype.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import { messageOf } from '../text.ts';
import { CheckpointError } from './errors.ts';

const formatNames: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };
const dtypes = new Map(Object.entries(formatNames).map(([dtype, name]) => [name, dtype as DType]));
const lengthBytes = 8;
/** Longer headers are refused by the reference implementation. */
const longestHeader = 100_000_000;
/** Deeper nesting is refused as well. */
const deepest = 128;
/** The key that is not a tensor but text about the file. */
const metadataKey = '__metadata__';
/** A byte order mark is no JSON; the decoder would pass over it. */
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The contents of a safetensors file. */
export interface Safetensors {
  /** The tensors, by name. */
  readonly state: StateDict;
  /** Texts about the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The file that holds a state and texts about it.
 *
 * @throws CheckpointError when an entry does not agree with itself or has the name that texts are kept under
 */
export function encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (!isRecord(state)) throw unencodable('the state', describeValue(state), 'an object of entries, by name');
  for (const [name, entry] of Object.entries(state)) requireEntry(name, entry);
  if (!isTexts(metadata)) throw unencodable('the metadata', describeValue(metadata), 'an object of texts');
  // Bytes after words, so that every word is aligned.
  const entries = Object.entries(state).sort(
    ([, a], [, b]) => bytesPerElement[b.dtype] - bytesPerElement[a.dtype],
  );
  let end = 0;
  const header = Object.fromEntries(
    entries.map(([name, { shape, dtype, data }]) => {
      const start = end;
      end += data.byteLength;
      return [name, { dtype: formatNames[dtype], shape, data_offsets: [start, end] }];
    }),
  );
  const withMetadata = Object.keys(metadata).length > 0 ? { [metadataKey]: metadata, ...header } : header;
  const json = new TextEncoder().encode(JSON.stringify(withMetadata));
  // Spaces up to a multiple of eight, again for alignment.
  const headerLength = Math.ceil(json.length / lengthBytes) * lengthBytes;
  const file = new Uint8Array(lengthBytes + headerLength + end).fill(
    0x20,
    lengthBytes,
    lengthBytes + headerLength,
  );
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, lengthBytes);
  let offset = lengthBytes + headerLength;
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

/** Throws for an entry that could not be read again. */
function requireEntry(name: string, entry: StateEntry): void {
  const { shape, dtype, data } = isRecord(entry) ? entry : {};
  const known = typeof dtype === 'string' && Object.hasOwn(formatNames, dtype) && ArrayBuffer.isView(data);
  if (name !== metadataKey && known && isCounts(shape)) {
    if (data.byteLength === sizeOf(shape) * bytesPerElement[dtype as DType]) return;
  }
  throw unencodable(
    `tensor ${describeValue(name)}`,
    `dtype ${describeValue(dtype)}, shape ${describeValue(shape)} and data ${describeValue(data)}`,
    `another name than ${metadataKey}; float32, int32 or bool; as many elements as the shape has`,
  );
}

/**
 * Reads a safetensors file, checking everything that the file claims, as the reference implementation does: lengths,
 * offsets without overlap or gap, no name twice.
 *
 * @param bytes the file: an ArrayBuffer, Node's Buffer, or any view
 * @param name what to call it in errors; default 'safetensors'
 * @throws CheckpointError when it is damaged, truncated, or holds another element type
 */
export function decodeSafetensors(bytes: FileBytes, name?: string): Safetensors {
  const file = requireName('decodeSafetensors', name, 'safetensors');
  const whole = requireBytes('decodeSafetensors', bytes);
  const { header, dataStart } = readHeader(whole, file);
  const data = whole.subarray(dataStart);
  const { [metadataKey]: metadata, ...tensors } = header;
  const found = Object.entries(tensors).map(([name, entry]) => ({ name, ...readEntry(file, name, entry) }));
  requireNoGaps(file, found, data.length);
  const state = Object.fromEntries(
    found.map(({ name, shape, dtype, start, end }): [string, StateEntry] => [
      name,
      { shape, dtype, data: elements(file, name, dtype, data.slice(start, end)) },
    ]),
  );
  return { state, metadata: readMetadata(file, metadata) };
}

function readHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < lengthBytes) {
    throw damaged(file, `${bytes.length} bytes`, 'at least 8: the length of the header');
  }
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  const available = bytes.length - lengthBytes;
  if (claimed > BigInt(Math.min(available, longestHeader))) {
    const limit = Math.min(available, longestHeader);
    throw damaged(
      file,
      `a header length of ${claimed} bytes`,
      `at most ${limit}, in a file of ${bytes.length}`,
    );
  }
  const dataStart = lengthBytes + Number(claimed);
  // Copied: shared memory cannot be decoded.
  const json = bytes.slice(lengthBytes, dataStart);
  let header: unknown;
  try {
    const text = textDecoder.decode(json);
    const fault = faultOfNames(text);
    if (fault !== undefined) throw new SyntaxError(fault);
    header = JSON.parse(text);
  } catch (error) {
    const reason = messageOf(error);
    throw damaged(file, `a header that is not JSON (${reason})`, 'a JSON object of names, each once', error);
  }
  if (!isRecord(header)) throw damaged(file, `a header that is ${describe(header)}`, 'a JSON object');
  return { header, dataStart };
}

/**
 * What JSON.parse does not mind: a name that an object has twice (it keeps the last and forgets the others), and nesting
 * without a bound (it takes memory for each level).
 */
function faultOfNames(json: string): string | undefined {
  /** The names of each object that is open, and undefined for each array. */
  const open: (Set<string> | undefined)[] = [];
  const token = /["{}[\]]/g;
  const colon = /\s*:/y;
  for (let found = token.exec(json); found !== null; found = token.exec(json)) {
    if (found[0] === '{' || found[0] === '[') {
      if (open.push(found[0] === '{' ? new Set() : undefined) > deepest)
        return `nested deeper than ${deepest}`;
    } else if (found[0] !== '"') {
      open.pop();
    } else {
      let end = token.lastIndex;
      while (end < json.length && json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
      token.lastIndex = end + 1;
      colon.lastIndex = end + 1;
      const names = open.at(-1);
      // Of texts in an object, names are those that a colon follows.
      if (names === undefined || !colon.test(json)) continue;
      const name: string = JSON.parse(json.slice(found.index, end + 1));
      if (names.has(name)) return `the name ${describe(name)} occurs twice`;
      names.add(name);
    }
  }
  return undefined;
}

interface TensorEntry {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Bytes from the start of the data. */
  readonly start: number;
  readonly end: number;
}

function readEntry(file: string, name: string, entry: unknown): TensorEntry {
  const where = placeOf(file, name);
  if (!isRecord(entry)) throw damaged(where, describe(entry), 'an object with dtype, shape and data_offsets');
  const { dtype: formatName, shape, data_offsets: offsets } = entry;
  const dtype = typeof formatName === 'string' ? dtypes.get(formatName) : undefined;
  if (dtype === undefined) {
    throw new CheckpointError({
      where,
      got: `dtype ${describe(formatName)}`,
      expected: 'F32, I32 or BOOL',
      cure: 'Convert the tensors to one of these before saving.',
    });
  }
  if (!isCounts(shape)) throw damaged(where, `shape ${describe(shape)}`, 'whole numbers of at least 0');
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw damaged(where, `data_offsets ${describe(offsets)}`, 'two whole numbers of at least 0');
  }
  const [start, end] = offsets as [number, number];
  const size = sizeOf(shape) * bytesPerElement[dtype];
  if (end - start !== size) {
    throw damaged(
      where,
      `data_offsets [${start}, ${end}]: ${end - start} bytes`,
      `${size}, for ${dtype}${formatShape(shape)}`,
    );
  }
  return { shape, dtype, start, end };
}

/** Every byte of the data has to belong to exactly one tensor. */
function requireNoGaps(
  file: string,
  entries: readonly (TensorEntry & { name: string })[],
  available: number,
): void {
  const inOrder = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const entry of inOrder) {
    if (entry.start !== end) {
      const fault = entry.start < end ? 'overlaps the one before' : 'leaves a gap';
      throw damaged(
        placeOf(file, entry.name),
        `a start at byte ${entry.start} of the data, which ${fault}`,
        `byte ${end}`,
      );
    }
    end = entry.end;
  }
  if (end !== available) {
    const fault = available < end ? 'truncated' : 'trailing bytes';
    throw damaged(file, `${available} bytes of data (${fault})`, `${end}, as the header says`);
  }
}

/** Copied bytes as elements. */
function elements(file: string, name: string, dtype: DType, bytes: Uint8Array<ArrayBuffer>): NumericArray {
  if (dtype === 'float32') return new Float32Array(bytes.buffer);
  if (dtype === 'int32') return new Int32Array(bytes.buffer);
  const bad = bytes.find((value) => value > 1);
  if (bad !== undefined) throw damaged(placeOf(file, name), `the bool ${bad}`, '0 or 1');
  return bytes;
}

/** Texts about the file; null counts as none, as in the reference implementation. */
function readMetadata(file: string, metadata: unknown): Record<string, string> {
  const texts = metadata ?? {};
  if (isTexts(texts)) return texts;
  throw damaged(`${file}, ${metadataKey}`, describe(metadata), 'an object of texts');
}

function placeOf(file: string, name: string): string {
  return `${file}, tensor ${describeValue(name)}`;
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

/** A JSON value for a message. */
function describe(value: unknown): string {
  return value === undefined ? 'nothing' : describeValue(value);
}

function unencodable(where: string, got: string, expected: string): CheckpointError {
  const cure = 'Give what stateDict() returns, or entries like those.';
  return new CheckpointError({ where: `encodeSafetensors, ${where}`, got, expected, cure });
}

function damaged(where: string, got: string, expected: string, cause?: unknown): CheckpointError {
  const cure = 'The file is damaged, incomplete, or not a safetensors file: copy or save it again.';
  return new CheckpointError({ where, got, expected, cure }, { cause });
}
