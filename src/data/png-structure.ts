/** The outside of a PNG file: signature, header, chunks and checksums, checked before any pixel is decoded. */
import { messageOf, PngError } from './errors.ts';
import { node } from './node.ts';

/** What the header (IHDR chunk) of a PNG file says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  readonly bitDepth: number;
  /** 0 = grey, 2 = red, green, blue, 3 = palette, 4 = grey and alpha, 6 = red, green, blue, alpha. */
  readonly colourType: number;
  readonly interlaced: boolean;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_LENGTH = 13;
/** Length, type and checksum of a chunk. */
const CHUNK_OVERHEAD = 12;

/** pngjs computes the bits of a row in 32-bit arithmetic; a row of 2^24 pixels of 64 bits still fits. */
const LARGEST_SIDE = 2 ** 24;

const BIT_DEPTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);
const SAMPLES_A_PIXEL: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);

/** The seven passes of Adam7 interlacing: first column, first row, column step, row step. */
const ADAM7_PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const DAMAGED = 'The file is damaged: fetch or export it again.';

/**
 * Reads the header. Nothing is allocated, so a header that claims an absurd size costs nothing.
 *
 * @param where the file, for error messages
 * @param maxPixels refuse pictures of more pixels than this
 * @throws PngError when this is no PNG file, or the header is damaged or claims a size outside the limits
 */
export function readPngHeader(bytes: Uint8Array, where: string, maxPixels: number): PngHeader {
  if (bytes.length < SIGNATURE.length || SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    const start = Array.from(bytes.subarray(0, SIGNATURE.length), (byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    throw new PngError({
      where,
      got: bytes.length === 0 ? 'an empty file' : `a file that starts with the bytes ${start.join(' ')}`,
      expected: 'a PNG file, which starts with 89 50 4e 47 0d 0a 1a 0a',
      cure: 'Convert the picture to PNG; a changed file name does not convert it.',
    });
  }
  const headerEnd = SIGNATURE.length + HEADER_LENGTH + CHUNK_OVERHEAD;
  if (bytes.length < headerEnd) throw truncated(where, bytes.length, 'inside the header');
  const view = viewOf(bytes);
  const length = view.getUint32(8);
  const type = chunkType(bytes, 12);
  if (type !== 'IHDR' || length !== HEADER_LENGTH) {
    throw new PngError({
      where,
      got: `a first chunk "${type}" of ${length} bytes`,
      expected: `the header "IHDR" of ${HEADER_LENGTH} bytes`,
      cure: DAMAGED,
    });
  }
  const header: PngHeader = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: bytes[24],
    colourType: bytes[25],
    interlaced: bytes[28] === 1,
  };
  checkSize(header, where, maxPixels);
  if (!BIT_DEPTHS.get(header.colourType)?.includes(header.bitDepth)) {
    throw new PngError({
      where,
      got: `colour type ${header.colourType} with ${header.bitDepth} bits per sample`,
      expected: 'a combination that the PNG standard allows',
      cure: DAMAGED,
    });
  }
  if (bytes[26] !== 0 || bytes[27] !== 0 || bytes[28] > 1) {
    throw new PngError({
      where,
      got: `compression ${bytes[26]}, filter ${bytes[27]}, interlacing ${bytes[28]}`,
      expected: 'compression 0, filter 0, interlacing 0 or 1',
      cure: DAMAGED,
    });
  }
  return header;
}

function checkSize({ width, height }: PngHeader, where: string, maxPixels: number): void {
  if (width === 0 || height === 0) {
    throw new PngError({
      where,
      got: `a size of ${width}×${height} pixels`,
      expected: 'at least 1×1',
      cure: DAMAGED,
    });
  }
  if (!(width * height <= maxPixels) || Math.max(width, height) > LARGEST_SIDE) {
    throw new PngError({
      where,
      got: `a size of ${width}×${height} pixels`,
      expected: `at most ${maxPixels} pixels in all and ${LARGEST_SIDE} per side`,
      cure: 'Shrink the picture, or raise the option maxPixels if it really is that large.',
    });
  }
}

/**
 * Checks the whole file short of decoding pixels: every chunk complete with the right checksum, one header, the end
 * chunk present, and compressed pixel data that inflates to exactly the size the header promises.
 *
 * @returns where the PNG ends in `bytes` (one past the end chunk); what follows is no part of the picture
 * @throws PngError naming the chunk at fault
 */
export function checkPngStructure(bytes: Uint8Array, header: PngHeader, where: string): number {
  const view = viewOf(bytes);
  const imageData: Uint8Array[] = [];
  let offset = SIGNATURE.length;
  for (;;) {
    if (offset === bytes.length) throw truncated(where, bytes.length, 'before the end chunk IEND');
    if (offset + CHUNK_OVERHEAD > bytes.length) throw truncated(where, bytes.length, 'inside a chunk');
    const length = view.getUint32(offset);
    const type = chunkType(bytes, offset + 4);
    const end = offset + CHUNK_OVERHEAD + length;
    if (end > bytes.length) throw truncated(where, bytes.length, `inside chunk "${type}"`);
    const stored = view.getUint32(end - 4);
    const computed = crc32(bytes.subarray(offset + 4, end - 4));
    if (stored !== computed) {
      throw new PngError({
        where,
        got: `chunk "${type}" at byte ${offset} with checksum ${hex(computed)}`,
        expected: `the checksum written in the file, ${hex(stored)}`,
        cure: DAMAGED,
      });
    }
    if (type === 'IHDR' && offset !== SIGNATURE.length) {
      throw new PngError({
        where,
        got: `a second header at byte ${offset}`,
        expected: 'one IHDR chunk',
        cure: DAMAGED,
      });
    }
    if (type === 'IDAT') imageData.push(bytes.subarray(offset + 8, end - 4));
    offset = end;
    if (type === 'IEND') break;
  }
  checkPixelData(Buffer.concat(imageData), header, where);
  return offset;
}

/**
 * pngjs inflates interlaced pictures without a limit and does not notice every kind of truncation, so the pixel data
 * is inflated once here, with the exact size as the limit, only to be thrown away.
 */
function checkPixelData(compressed: Uint8Array, header: PngHeader, where: string): void {
  const expectedLength = filteredLength(header);
  const expected = `${expectedLength} bytes of pixel data for ${header.width}×${header.height} pixels`;
  if (compressed.length === 0) {
    throw new PngError({ where, got: 'no pixel data (no IDAT chunk with content)', expected, cure: DAMAGED });
  }
  const { inflateSync } = node.zlib;
  let length: number;
  try {
    const chunkSize = Math.max(1024, Math.min(expectedLength, 2 ** 20));
    length = inflateSync(compressed, { maxOutputLength: expectedLength, chunkSize }).length;
  } catch (cause) {
    const tooLong = cause instanceof RangeError;
    const got = tooLong
      ? 'more pixel data than that'
      : `pixel data that does not inflate (${messageOf(cause)})`;
    throw new PngError({ where, got, expected, cure: DAMAGED }, { cause });
  }
  if (length !== expectedLength) {
    throw new PngError({ where, got: `${length} bytes of pixel data`, expected, cure: DAMAGED });
  }
}

/** Bytes of the inflated pixel data: each row of each pass is one filter byte and its samples, padded to a byte. */
function filteredLength({ width, height, bitDepth, colourType, interlaced }: PngHeader): number {
  const bits = bitDepth * (SAMPLES_A_PIXEL.get(colourType) ?? 0);
  const passLength = (columns: number, rows: number): number =>
    columns === 0 ? 0 : rows * (1 + Math.ceil((columns * bits) / 8));
  if (!interlaced) return passLength(width, height);
  let length = 0;
  for (const [x, y, stepX, stepY] of ADAM7_PASSES) {
    length += passLength(
      Math.ceil(Math.max(width - x, 0) / stepX),
      Math.ceil(Math.max(height - y, 0) / stepY),
    );
  }
  return length;
}

function truncated(where: string, length: number, place: string): PngError {
  return new PngError({
    where,
    got: `a file of ${length} bytes that ends ${place}`,
    expected: 'a complete PNG file',
    cure: 'The file is truncated: fetch or export it again.',
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function chunkType(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** The table of the CRC-32 of PNG and zip files (reflected polynomial edb88320): one entry per byte. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** Written out because `zlib.crc32` only exists from Node 20.15. */
function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = CRC_TABLE[(value ^ bytes[i]) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
