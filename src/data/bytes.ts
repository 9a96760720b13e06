/** The contents of files as they are handed in, and what is compressed in them, inflated to a length known before. */
import { OptionError } from '../errors.ts';
import { codeOf } from '../node-modules.ts';
import { describeValue, requireAttached, requireNumber } from '../options.ts';
import { messageOf } from '../text.ts';
import { node } from './code-files.ts';

/** The bytes of a file, in whatever holds bytes: an ArrayBuffer, Node's Buffer, any typed array. */
export type FileBytes = ArrayBufferLike | ArrayBufferView;

/**
 * The bytes as a plain Uint8Array over the same memory.
 *
 * @throws OptionError when they are in something else
 */
export function requireBytes(where: string, bytes: FileBytes): Uint8Array {
  if (ArrayBuffer.isView(bytes)) {
    requireAttached(where, bytes);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  // Not `instanceof`: a buffer may come from another realm, as in Jest or from a frame.
  const kind = Object.prototype.toString.call(bytes);
  if (kind === '[object ArrayBuffer]' || kind === '[object SharedArrayBuffer]') return new Uint8Array(bytes);
  throw new OptionError({
    where,
    got: describeValue(bytes),
    expected: 'the bytes of a file, as an ArrayBuffer or a view of one',
    cure: 'Read or fetch the file first; of a Response, await its arrayBuffer().',
  });
}

/** Where a message names a file: the name that was given, or the default. */
export function requireName(where: string, name: string | undefined, byDefault: string): string {
  if (name === undefined) return byDefault;
  if (typeof name === 'string') return name;
  const cure = 'Give the name of the file, or leave it out.';
  throw new OptionError({ where, got: `name ${describeValue(name)}`, expected: 'a text', cure });
}

/** A limit on what a file may hold: a number, or Infinity for none. */
export function requireLimit(where: string, name: string, limit: number): number {
  return limit === Number.POSITIVE_INFINITY
    ? limit
    : requireNumber(where, name, limit, 'a number of at least 0');
}

/** Deflate writes at most 258 bytes for every two bits. */
const mostInflation = 1032;

/** Makes the error of compressed data that are not what was promised. */
type Refuse = (got: string, cause?: unknown) => Error;

/** The first bytes of what is in a gzip file: `length` of them or more, fewer only if it holds no more. */
export function startOfGzip(compressed: Uint8Array, length: number, refuse: Refuse): Uint8Array {
  const { constants, gunzipSync } = node.zlib;
  // A little is enough, unless the file's name or comment is long.
  for (let part = 512; ; part *= 4) {
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH };
      const start = gunzipSync(compressed.subarray(0, part), options);
      if (start.length >= length || part >= compressed.length) return start;
    } catch (cause) {
      throw refuse(`compressed data that do not inflate (${messageOf(cause)})`, cause);
    }
  }
}

/**
 * Inflates to exactly `length` bytes, in one piece of memory of that size, which is only asked for if so few bytes can
 * hold so many.
 *
 * @param refuse makes the error of what was got instead
 */
export function inflateExactly(
  format: 'zlib' | 'gzip' | 'deflate',
  compressed: Uint8Array,
  length: number,
  refuse: Refuse,
): Uint8Array {
  if (length > compressed.length * mostInflation) {
    throw refuse(`${compressed.length} compressed bytes, too few to hold that`);
  }
  const { zlib } = node;
  const inflate = { zlib: zlib.inflateSync, gzip: zlib.gunzipSync, deflate: zlib.inflateRawSync }[format];
  let inflated: Uint8Array;
  try {
    // A chunk that is never full is the only one; Node joins several by copying.
    inflated = inflate(compressed, { maxOutputLength: length, chunkSize: Math.max(length + 1, 64) });
  } catch (cause) {
    throw refuse(
      codeOf(cause) === 'ERR_BUFFER_TOO_LARGE'
        ? 'more compressed data than that'
        : `compressed data that do not inflate (${messageOf(cause)})`,
      cause,
    );
  }
  if (inflated.length === length) return inflated;
  throw refuse(`${inflated.length} bytes, ${length - inflated.length} too few`);
}
