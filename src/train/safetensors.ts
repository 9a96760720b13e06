/**
 * The safetensors format: named tensors in one file. Eight bytes with the length of a JSON header, the header, then
 * all elements without gaps, little-endian like every machine that runs JavaScript. Only float32, int32 and bool.
 * https://github.com/huggingface/safetensors#format
 */
import type { StateDict, StateEntry } from '../nn/module.ts';
import { bytesPerElement, type DType, type NumericArray } from '../tensor/dtype.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import { CheckpointError } from './errors.ts';

const formatNames: Record<DType, string> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };
const dtypes = new Map(Object.entries(formatNames).map(([dtype, name]) => [name, dtype as DType]));
const lengthBytes = 8;
/** Longer headers are refused by the reference implementation. */
const longestHeader = 100_000_000;
/** The key that is not a tensor but text about the file. */
const metadataKey = '__metadata__';
const textDecoder = new TextDecoder('utf-8', { fatal: true });

/** The contents of a safetensors file. */
export interface Safetensors {
  /** The tensors, by name. */
  readonly state: StateDict;
  /** Texts about the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The file that holds a state and texts about it. */
export function encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
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

/**
 * Reads a safetensors file, checking everything that the file claims.
 *
 * @param file what to call it in errors
 * @throws CheckpointError when it is damaged, truncated, or holds another element type
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const { header, dataStart } = readHeader(bytes, file);
  // A plain view: the slices of Node's Buffer would share its memory.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + dataStart, bytes.length - dataStart);
  const { [metadataKey]: metadata = {}, ...tensors } = header;
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
  let header: unknown;
  try {
    header = JSON.parse(textDecoder.decode(bytes.subarray(lengthBytes, dataStart)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw damaged(file, `a header that is not JSON (${reason})`, 'a JSON object', error);
  }
  if (!isRecord(header)) throw damaged(file, `a header that is ${describe(header)}`, 'a JSON object');
  return { header, dataStart };
}

interface Entry {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Bytes from the start of the data. */
  readonly start: number;
  readonly end: number;
}

function readEntry(file: string, name: string, entry: unknown): Entry {
  const where = `${file}, tensor "${name}"`;
  if (!isRecord(entry)) throw damaged(where, describe(entry), 'an object with dtype, shape and data_offsets');
  const { dtype: formatName, shape, data_offsets: offsets } = entry;
  const dtype = dtypes.get(String(formatName));
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
  entries: readonly (Entry & { name: string })[],
  available: number,
): void {
  const inOrder = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const entry of inOrder) {
    if (entry.start !== end) {
      const fault = entry.start < end ? 'overlaps the one before' : 'leaves a gap';
      throw damaged(
        `${file}, tensor "${entry.name}"`,
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
  if (bad !== undefined) throw damaged(`${file}, tensor "${name}"`, `the bool ${bad}`, '0 or 1');
  return bytes;
}

function readMetadata(file: string, metadata: unknown): Record<string, string> {
  if (isRecord(metadata)) {
    const texts = Object.entries(metadata).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    );
    if (texts.length === Object.keys(metadata).length) return Object.fromEntries(texts);
  }
  throw damaged(`${file}, ${metadataKey}`, describe(metadata), 'an object of texts');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

/** A JSON value for a message, cut short. */
function describe(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function damaged(where: string, got: string, expected: string, cause?: unknown): CheckpointError {
  const cure = 'The file is damaged, incomplete, or not a safetensors file: copy or save it again.';
  return new CheckpointError({ where, got, expected, cure }, { cause });
}
