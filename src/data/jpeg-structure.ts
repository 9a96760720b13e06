/** The outside of a JPEG file: its segments, size and orientation, checked before anything is decoded. */
import { JpegError } from './errors.ts';

/** What is known of a JPEG file before its first scan. */
export interface JpegHeader {
  /** As stored, in pixels: before it is turned. */
  readonly width: number;
  /** As stored, in pixels. */
  readonly height: number;
  /** 1 = gray, 3 = luma and chroma (or red, green, blue), 4 = cyan, magenta, yellow, black. */
  readonly components: 1 | 3 | 4;
  /** Whether the writer was Adobe, which stores the negative of cyan, magenta, yellow and black. */
  readonly adobe: boolean;
  /** How the picture is to be turned, 1 to 8, as EXIF counts: 1 is as stored; 5 to 8 swap width and height. */
  readonly orientation: number;
  /** Where the first scan begins, in bytes. */
  readonly firstScan: number;
}

const MARKER = 0xff;
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const APP14 = 0xee;
/** The frames that are decoded: baseline, extended and progressive. */
const FRAMES = [0xc0, 0xc1, 0xc2];
/** The others, in words. */
const OTHER_FRAMES: ReadonlyMap<number, string> = new Map([
  [0xc3, 'lossless compression'],
  [0xc5, 'hierarchical compression'],
  [0xc6, 'hierarchical compression'],
  [0xc7, 'hierarchical compression'],
  [0xc9, 'arithmetic coding'],
  [0xca, 'arithmetic coding'],
  [0xcb, 'arithmetic coding'],
  [0xcd, 'arithmetic coding'],
  [0xce, 'arithmetic coding'],
  [0xcf, 'arithmetic coding'],
  [0xf7, 'JPEG-LS compression'],
]);
/** A progressive picture has some ten scans. A small file of very many would take hours. */
const MOST_SCANS = 200;
/** One bit for a block of 8×8 pixels is the least there can be. */
const MOST_PIXELS_A_BYTE = 512;

const DAMAGED = 'The file is damaged: fetch or export it again.';

/** Whether a file begins as JPEG files do. */
export function startsAsJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === MARKER && bytes[1] === START_OF_IMAGE && (bytes.length < 3 || bytes[2] === MARKER);
}

/**
 * Reads the segments before the first scan. Nothing is allocated.
 *
 * @param bytes the file, or as much of its start as holds these segments
 * @param where the file, for error messages
 * @throws JpegError when this is no JPEG file, a segment is damaged or missing, or the size is outside the limits
 */
export function readJpegHeader(bytes: Uint8Array, where: string, maxPixels: number): JpegHeader {
  if (bytes.length < 2 || !startsAsJpeg(bytes)) {
    const start = Array.from(bytes.subarray(0, 3), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new JpegError({
      where,
      got: bytes.length === 0 ? 'an empty file' : `a file that starts with the bytes ${start}`,
      expected: 'a JPEG file, which starts with ff d8 ff',
      cure: DAMAGED,
    });
  }
  let frame: Pick<JpegHeader, 'width' | 'height' | 'components'> | undefined;
  let orientation: number | undefined;
  let adobe = false;
  let offset = 2;
  while (true) {
    const marker = markerAt(bytes, offset, where);
    const firstScan = marker.end - 2;
    const segment = segmentAt(bytes, marker.end, where);
    if (marker.code === START_OF_SCAN) {
      if (frame === undefined)
        throw damaged(where, 'a scan before the size of the picture', 'the size first');
      return { ...frame, orientation: orientation ?? 1, adobe, firstScan };
    }
    if (FRAMES.includes(marker.code)) {
      if (frame !== undefined) throw damaged(where, 'two pictures in one', 'one picture');
      frame = readFrame(segment, where, maxPixels);
    }
    const other = OTHER_FRAMES.get(marker.code);
    if (other !== undefined) throw unknownKind(where, `a JPEG file with ${other}`);
    if (marker.code === APP1) orientation ??= orientationOf(segment);
    if (marker.code === APP14 && startsWith(segment, 'Adobe')) adobe = true;
    offset = marker.end + 2 + segment.length;
  }
}

/**
 * Looks through the scans of a file for its end.
 *
 * @throws JpegError when it does not come, or the file cannot hold so many pixels
 */
export function requireCompleteScans(bytes: Uint8Array, header: JpegHeader, where: string): void {
  const { width, height, firstScan } = header;
  let scans = 0;
  for (let offset = firstScan; ; ) {
    offset = bytes.indexOf(MARKER, offset);
    const code = offset < 0 ? undefined : bytes[offset + 1];
    if (code === undefined) throw truncated(where, bytes.length, 'inside the picture');
    if (code === END_OF_IMAGE) break;
    if (code === START_OF_SCAN && ++scans > MOST_SCANS) {
      throw damaged(where, `more than ${MOST_SCANS} scans`, 'some ten scans of a progressive picture');
    }
    // Zero is a byte ff of the data, d0 to d7 begin the data anew, ff fills up.
    const inData = code === 0 || (code >= 0xd0 && code <= 0xd7);
    if (code === MARKER) offset++;
    else offset += 2 + (inData ? 0 : 2 + segmentAt(bytes, offset + 2, where).length);
  }
  if (width * height <= bytes.length * MOST_PIXELS_A_BYTE) return;
  throw damaged(
    where,
    `${bytes.length} bytes for ${width}×${height} pixels`,
    'a bit or more for each 8×8 pixels',
  );
}

function markerAt(bytes: Uint8Array, start: number, where: string): { code: number; end: number } {
  let offset = start;
  if (offset < bytes.length && bytes[offset] !== MARKER) {
    const found = bytes[offset].toString(16).padStart(2, '0');
    throw damaged(where, `the byte ${found} at byte ${offset}`, 'a marker, which starts with ff');
  }
  while (bytes[offset] === MARKER) offset++;
  if (offset >= bytes.length) throw truncated(where, bytes.length, 'before the picture');
  return { code: bytes[offset], end: offset + 1 };
}

/** The contents of a segment, of which the length stands at `offset`. */
function segmentAt(bytes: Uint8Array, offset: number, where: string): Uint8Array {
  if (offset + 2 > bytes.length) throw truncated(where, bytes.length, 'before the picture');
  const length = bytes[offset] * 256 + bytes[offset + 1];
  if (length < 2) throw damaged(where, `a segment of ${length} bytes at byte ${offset}`, 'at least 2');
  if (offset + length > bytes.length) throw truncated(where, bytes.length, 'inside a segment');
  return bytes.subarray(offset + 2, offset + length);
}

function readFrame(
  segment: Uint8Array,
  where: string,
  maxPixels: number,
): Pick<JpegHeader, 'width' | 'height' | 'components'> {
  const [precision, highHeight, lowHeight, highWidth, lowWidth, components] = segment;
  if (segment.length < 6) throw damaged(where, `a frame of ${segment.length} bytes`, 'at least 6');
  const height = highHeight * 256 + lowHeight;
  const width = highWidth * 256 + lowWidth;
  if (precision !== 8) throw unknownKind(where, `a JPEG file of ${precision} bits a sample`);
  if (width === 0 || height === 0) {
    throw damaged(where, `a size of ${width}×${height} pixels`, 'at least 1×1');
  }
  if (width * height > maxPixels) {
    throw new JpegError({
      where,
      got: `a size of ${width}×${height} pixels`,
      expected: `at most ${maxPixels} pixels in all`,
      cure: 'Shrink the picture, or raise the option maxPixels if it really is that large.',
    });
  }
  if (components === 1 || components === 3 || components === 4) return { width, height, components };
  throw damaged(where, `${components} components`, '1 (gray), 3 (color) or 4 (print colors)');
}

/**
 * The orientation in an EXIF segment, a small TIFF file. EXIF that is broken says nothing of the picture, which is as stored
 * then; undefined where the segment is none.
 */
function orientationOf(segment: Uint8Array): number | undefined {
  if (!startsWith(segment, 'Exif\0\0')) return undefined;
  const tiff = new DataView(segment.buffer, segment.byteOffset + 6, segment.length - 6);
  const ORIENTATION = 0x0112;
  try {
    const order = tiff.getUint16(0);
    const littleEndian = order === 0x4949;
    if (!littleEndian && order !== 0x4d4d) return 1;
    const directory = tiff.getUint32(4, littleEndian);
    const count = tiff.getUint16(directory, littleEndian);
    for (let entry = 0; entry < count; entry++) {
      const offset = directory + 2 + 12 * entry;
      if (tiff.getUint16(offset, littleEndian) !== ORIENTATION) continue;
      const isLong = tiff.getUint16(offset + 2, littleEndian) === 4;
      const value = isLong
        ? tiff.getUint32(offset + 8, littleEndian)
        : tiff.getUint16(offset + 8, littleEndian);
      return value >= 1 && value <= 8 ? value : 1;
    }
  } catch {
    // It leads beyond its end.
  }
  return 1;
}

function startsWith(segment: Uint8Array, text: string): boolean {
  return (
    segment.length >= text.length && [...text].every((character, i) => segment[i] === character.charCodeAt(0))
  );
}

/** The error for data that are not what was promised. */
export function damaged(where: string, got: string, expected: string): JpegError {
  return new JpegError({ where, got, expected, cure: DAMAGED });
}

function truncated(where: string, length: number, place: string): JpegError {
  return damaged(where, `a file that ends after ${length} bytes, ${place}`, 'a complete JPEG file');
}

function unknownKind(where: string, got: string): JpegError {
  return new JpegError({
    where,
    got,
    expected: '8 bits a sample, baseline or progressive',
    cure: 'Export the picture again, as a plain JPEG or PNG.',
  });
}
