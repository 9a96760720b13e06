/** The outside of a PNG file: signature, header, chunks and checksums, checked before any pixel is decoded. */
import { node } from './code-files.ts';
import { PngError } from './errors.ts';
import { startsAsJpeg } from './jpeg-structure.ts';

/** What the header (IHDR chunk) of a PNG file says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  readonly bitDepth: number;
  /** 0 = gray, 2 = red, green, blue, 3 = palette, 4 = gray and alpha, 6 = red, green, blue, alpha. */
  readonly colorType: number;
  readonly interlaced: boolean;
}

/** What the chunks hold that decides the pixels. */
export interface PngChunks {
  /** The contents of all IDAT chunks, one after the other: a zlib stream. */
  readonly compressed: Uint8Array;
  /** The contents of PLTE: red, green, blue of each entry. Present when the header asks for a palette. */
  readonly palette: Uint8Array | undefined;
  /** The contents of tRNS: the alpha of palette entries, or the gray or red, green, blue that is transparent. */
  readonly transparency: Uint8Array | undefined;
}

/** The color type whose samples are places in a palette. */
export const PALETTE = 3;

/** How every PNG file begins. */
export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const HEADER_LENGTH = 13;
/** Length, type and checksum of a chunk. */
const CHUNK_OVERHEAD = 12;

/** What becomes of the signature when a file is carried as if it were text; it was made to show that. */
const CARRIED_AS_TEXT: readonly (readonly [start: string, what: string])[] = [
  ['89 50 4e 47 0a', 'CR LF was turned into LF'],
  ['89 50 4e 47 0d 0d', 'LF was turned into CR LF'],
  ['09 50 4e 47', 'the highest bit of each byte was cleared'],
  ['ef bf bd 50 4e 47', 'its bytes were decoded as UTF-8'],
  ['c2 89 50 4e 47', 'its bytes were encoded as UTF-8'],
];

const BIT_DEPTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [PALETTE, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

const DAMAGED = 'The file is damaged: fetch or export it again.';
const AGAIN = 'Export the picture again, as a plain PNG.';

/** Whether a file begins as PNG files do, or did before it was carried as text: then reading it says so. */
export function startsAsPng(bytes: Uint8Array): boolean {
  const place = bytes.subarray(0, 6).indexOf(0x50);
  return place >= 1 && bytes[place + 1] === 0x4e && bytes[place + 2] === 0x47;
}

/**
 * Reads the header. Nothing is allocated, so a header that claims an absurd size costs nothing.
 *
 * @param where the file, for error messages
 * @param maxPixels refuse pictures of more pixels than this
 * @throws PngError when this is no PNG file, or the header is damaged or claims a size outside the limits
 */
export function readPngHeader(bytes: Uint8Array, where: string, maxPixels: number): PngHeader {
  requireSignature(bytes, where);
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
      // What Xcode makes of the pictures of an app.
      cure: type === 'CgBI' ? AGAIN : DAMAGED,
    });
  }
  const header: PngHeader = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: bytes[24],
    colorType: bytes[25],
    interlaced: bytes[28] === 1,
  };
  checkSize(header, where, maxPixels);
  if (!BIT_DEPTHS.get(header.colorType)?.includes(header.bitDepth)) {
    throw damaged(
      where,
      `color type ${header.colorType} with ${header.bitDepth} bits per sample`,
      'a combination that the PNG standard allows',
    );
  }
  if (bytes[26] !== 0 || bytes[27] !== 0 || bytes[28] > 1) {
    throw damaged(
      where,
      `compression ${bytes[26]}, filter ${bytes[27]}, interlacing ${bytes[28]}`,
      'compression 0, filter 0, interlacing 0 or 1',
    );
  }
  return header;
}

function requireSignature(bytes: Uint8Array, where: string): void {
  const found = bytes.subarray(0, SIGNATURE.length);
  if (bytes.length > 0 && found.every((byte, i) => byte === SIGNATURE[i])) {
    if (bytes.length < SIGNATURE.length) throw truncated(where, bytes.length, 'inside the signature');
    return;
  }
  const start = Array.from(found, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const [, change] = CARRIED_AS_TEXT.find(([changed]) => start.startsWith(changed)) ?? [];
  const empty = bytes.length === 0;
  throw new PngError({
    where,
    got: empty ? 'an empty file' : `a file that starts with the bytes ${start}${change ? `: ${change}` : ''}`,
    expected: 'a PNG file, which starts with 89 50 4e 47 0d 0a 1a 0a',
    cure: empty
      ? 'The download, copy or export is incomplete: do it again.'
      : change
        ? 'The file was carried as text: fetch it again in binary mode.'
        : startsAsJpeg(bytes)
          ? 'This is a JPEG picture: read it with readPicture, or decode its bytes with decodeJpeg.'
          : 'Convert the picture to PNG; a changed file name does not convert it.',
  });
}

function checkSize({ width, height }: PngHeader, where: string, maxPixels: number): void {
  if (width === 0 || height === 0) {
    throw damaged(where, `a size of ${width}×${height} pixels`, 'at least 1×1');
  }
  if (width * height > maxPixels) {
    throw new PngError({
      where,
      got: `a size of ${width}×${height} pixels`,
      expected: `at most ${maxPixels} pixels in all`,
      cure: 'Shrink the picture, or raise the option maxPixels if it really is that large.',
    });
  }
}

/**
 * Reads the chunks: each complete with the right checksum, those that decide the pixels once and in their order, none
 * that would have to be understood and is not. What follows the end chunk is no part of the picture.
 *
 * @throws PngError naming the chunk at fault
 */
export function readPngChunks(bytes: Uint8Array, header: PngHeader, where: string): PngChunks {
  const { crc32 } = node.zlib;
  const view = viewOf(bytes);
  /** Start and end of the contents of each IDAT chunk, by turns: there may be as many as fit into the file. */
  const imageData: number[] = [];
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  let previous = '';
  let offset = SIGNATURE.length;
  while (previous !== 'IEND') {
    if (offset === bytes.length) throw truncated(where, bytes.length, 'before the end chunk IEND');
    if (offset + CHUNK_OVERHEAD > bytes.length) throw truncated(where, bytes.length, 'inside a chunk');
    const length = view.getUint32(offset);
    const type = chunkType(bytes, offset + 4);
    const end = offset + CHUNK_OVERHEAD + length;
    if (end > bytes.length) throw truncated(where, bytes.length, `inside chunk "${type}"`);
    const stored = view.getUint32(end - 4);
    const computed = crc32(bytes.subarray(offset + 4, end - 4));
    if (stored !== computed) {
      throw damaged(
        where,
        `chunk "${type}" at byte ${offset} with checksum ${hex(computed)}`,
        `the checksum written in the file, ${hex(stored)}`,
      );
    }
    const at = `chunk "${type}" at byte ${offset}`;
    const content = bytes.subarray(offset + 8, end - 4);
    const started = imageData.length > 0;
    if (type === 'IDAT') {
      if (started && previous !== 'IDAT')
        throw damaged(where, `${at} after "${previous}"`, 'all IDAT in a row');
      imageData.push(offset + 8, end - 4);
    } else if (type === 'PLTE' || type === 'tRNS') {
      if (started) throw damaged(where, `${at} after the pixel data`, `${type} before them`);
      if ((type === 'PLTE' ? palette : transparency) !== undefined) {
        throw damaged(where, `a second ${at}`, `one ${type} chunk`);
      }
      if (type === 'PLTE') palette = content;
      else transparency = content;
      checkColors(type, content, palette, header, where);
    } else if (type === 'IHDR') {
      if (previous !== '') throw damaged(where, `a second header at byte ${offset}`, 'one IHDR chunk');
    } else if (type !== 'IEND' && (bytes[offset + 4] & 0x20) === 0) {
      // A capital first letter: without understanding the chunk, nobody can decode the picture.
      throw new PngError({ where, got: at, expected: 'no chunks of private or later kinds', cure: AGAIN });
    }
    offset = end;
    previous = type;
  }
  if (header.colorType === PALETTE && palette === undefined) {
    throw damaged(where, 'no palette', 'a PLTE chunk before the pixel data, as the header says');
  }
  return { compressed: joined(bytes, imageData), palette, transparency };
}

/** The lengths of PLTE and tRNS. Pictures without a palette may suggest one; nothing here needs that. */
function checkColors(
  type: 'PLTE' | 'tRNS',
  content: Uint8Array,
  palette: Uint8Array | undefined,
  { colorType }: PngHeader,
  where: string,
): void {
  const got = `${content.length} bytes in ${type}`;
  if (type === 'PLTE') {
    if (colorType !== PALETTE) return;
    if (content.length % 3 === 0 && content.length >= 3 && content.length <= 768) return;
    throw damaged(where, got, '3 for each of 1 to 256 colors');
  }
  if (colorType === PALETTE) {
    if (palette === undefined) throw damaged(where, 'tRNS before PLTE', 'the palette first');
    if (content.length * 3 > palette.length) throw damaged(where, got, `at most ${palette.length / 3}`);
  } else if ((colorType === 0 && content.length !== 2) || (colorType === 2 && content.length !== 6)) {
    throw damaged(where, got, colorType === 0 ? '2' : '6');
  }
}

/** The parts of the file between the given bounds, start and end by turns. */
function joined(bytes: Uint8Array, bounds: readonly number[]): Uint8Array {
  if (bounds.length === 2) return bytes.subarray(bounds[0], bounds[1]);
  let length = 0;
  for (let i = 0; i < bounds.length; i += 2) length += bounds[i + 1] - bounds[i];
  const whole = new Uint8Array(length);
  let offset = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    whole.set(bytes.subarray(bounds[i], bounds[i + 1]), offset);
    offset += bounds[i + 1] - bounds[i];
  }
  return whole;
}

/** The error of a file that is not as the standard has it. */
export function damaged(where: string, got: string, expected: string, cause?: unknown): PngError {
  return new PngError({ where, got, expected, cure: DAMAGED }, { cause });
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
  return String.fromCharCode(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
