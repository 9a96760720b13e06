/** A picture file of whatever kind, told by its first bytes: PNG and JPEG are read, what else it may be is named. */
import { requireKnownOptions } from '../options.ts';
import { requireLimit } from './bytes.ts';
import { PictureError } from './errors.ts';
import { readFile, readStart, type Wanted } from './files.ts';
import { type Image, MOST_PIXELS } from './image.ts';
import { decodeJpeg, isTurned } from './jpeg.ts';
import { readJpegHeader, startsAsJpeg } from './jpeg-structure.ts';
import { decodePng } from './png.ts';
import { readPngHeader, startsAsPng } from './png-structure.ts';

/** Options of reading a picture file. */
export interface PictureOptions {
  /** The largest width × height accepted; default 64 megapixels. */
  readonly maxPixels?: number;
  /** `[height, width]` that is enough, upright: a JPEG file may come back smaller, never below this. See `decodeJpeg`. */
  readonly atLeast?: readonly [height: number, width: number];
}

/** What is known of a picture before it is decoded. */
export interface PictureSize {
  /** Upright, in pixels. */
  readonly width: number;
  /** Upright, in pixels. */
  readonly height: number;
}

const wanted: Wanted = { error: PictureError, expected: 'a readable picture file' };
/** Of the start of a JPEG file: enough for EXIF with a small picture in it. */
const ENOUGH_FOR_HEADERS = 2 ** 16;

const CONVERT = 'Convert it to PNG or JPEG; a changed file name does not convert it.';
const FETCH = 'The download or copy went wrong: fetch the picture again, or remove the file.';

/**
 * What else a file may be: how it starts, its name, and what to do about it. In these patterns a character is a byte, and ␀ to ␟
 * are the bytes 0 to 31.
 */
const OTHERS: readonly (readonly [start: RegExp, what: string, cure: string])[] = [
  [/^GIF8/, 'a GIF picture', CONVERT],
  [/^RIFF....WEBP/s, 'a WebP picture', CONVERT],
  [/^....ftypavi[fs]/s, 'an AVIF picture', CONVERT],
  [/^....ftyp(hei|hev|mif|msf)/s, 'a HEIC picture, as iPhones make them', CONVERT],
  [/^(....ftyp|␚Eß£|RIFF....AVI )/s, 'a film', 'Take single pictures from it, or remove it.'],
  [/^(␀␀␀␌JXL |ÿ\n)/, 'a JPEG XL picture', CONVERT],
  [/^(␀␀␀␌jP {2}|ÿOÿQ)/, 'a JPEG 2000 picture', CONVERT],
  [/^(II[*+]␀|MM␀[*+])/, 'a TIFF picture', CONVERT],
  [/^BM.{4}␀␀␀␀/s, 'a BMP picture', CONVERT],
  [/^8BPS/, 'a Photoshop picture', CONVERT],
  [/^P[1-7]\s/, 'a picture of the PNM family', CONVERT],
  [/^␀␀[␁␂]␀[^␀]␀/, 'an icon', CONVERT],
  [/^.{128}DICM/s, 'a DICOM picture', CONVERT],
  [/^␀{32}/, 'a file that starts with zeros', FETCH],
  [
    /^(ï¿½){2}/,
    'a file whose bytes were decoded as UTF-8',
    'It was carried as text: fetch it in binary mode.',
  ],
  [/^%PDF/, 'a PDF document', CONVERT],
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer, not the picture', 'Fetch the pictures: git lfs pull.'],
  [/^(ï»¿)?\s*(<!doctype html|<html|<head|<body)/i, 'a web page', FETCH],
  [/^(ï»¿)?\s*(<\?xml.*)?<svg/is, 'an SVG drawing', CONVERT],
  [/^PK␃␄/, 'a ZIP archive', 'Unpack it.'],
  [/^␟\u008b/, 'a gzip archive', 'Unpack it.'],
  [/^[\t\n\r -~]+$/, 'a text file', FETCH],
];

/**
 * Reads and decodes one picture file, PNG or JPEG, whatever its name ends in; see `decodePng` and `decodeJpeg`. The path is
 * the name in error messages.
 *
 * @throws PngError or JpegError when the picture is damaged; PictureError when the file cannot be read or is something else
 */
export function readPicture(path: string, options: PictureOptions = {}): Image {
  requireKnownOptions('readPicture', options, ['maxPixels', 'atLeast']);
  const maxPixels = requireLimit('readPicture', 'maxPixels', options.maxPixels ?? MOST_PIXELS);
  return decodePicture(readPictureFile(path), path, { ...options, maxPixels });
}

/** The bytes of a picture file; throws PictureError when it cannot be read. */
export function readPictureFile(path: string): Uint8Array {
  return readFile(path, wanted);
}

/** The picture in the bytes of a file; throws as `readPicture`. */
export function decodePicture(
  bytes: Uint8Array,
  path: string,
  { maxPixels = MOST_PIXELS, ...needed }: PictureOptions = {},
): Image {
  if (startsAsPng(bytes)) return decodePng(bytes, { name: path, maxPixels });
  if (startsAsJpeg(bytes)) return decodeJpeg(bytes, { name: path, maxPixels, ...needed });
  throw otherFile(path, bytes);
}

/**
 * The size of the picture in a file, upright.
 *
 * @throws as `readPicture`, as far as the start of the file shows it
 */
export function measurePicture(path: string, maxPixels: number): PictureSize {
  const start = readStart(path, ENOUGH_FOR_HEADERS, wanted);
  if (startsAsPng(start)) return readPngHeader(start, path, maxPixels);
  if (!startsAsJpeg(start)) throw otherFile(path, start);
  const sizeIn = (bytes: Uint8Array): PictureSize => {
    const { width, height, orientation } = readJpegHeader(bytes, path, maxPixels);
    return isTurned(orientation) ? { width: height, height: width } : { width, height };
  };
  try {
    return sizeIn(start);
  } catch (error) {
    if (start.length < ENOUGH_FOR_HEADERS) throw error;
  }
  return sizeIn(readFile(path, wanted));
}

/** Whether a file is a picture that can be read, by its first bytes; else in words what it is. */
export function pictureKind(path: string): 'PNG' | 'JPEG' | { readonly other: string } {
  const start = readStart(path, 256, wanted);
  if (startsAsPng(start)) return 'PNG';
  return startsAsJpeg(start) ? 'JPEG' : { other: describeStart(start)[0] };
}

/** The error for a file that is neither PNG nor JPEG. */
function otherFile(path: string, bytes: Uint8Array): PictureError {
  const [got, cure] = describeStart(bytes);
  return new PictureError({ where: path, got, expected: 'a PNG or JPEG picture', cure });
}

function describeStart(bytes: Uint8Array): readonly [what: string, cure: string] {
  if (bytes.length === 0) return ['an empty file', FETCH];
  const isPlain = (byte: number): boolean => byte >= 32 || byte === 9 || byte === 10 || byte === 13;
  const characters = Array.from(bytes.subarray(0, 256), (byte) => (isPlain(byte) ? byte : 0x2400 + byte));
  const start = String.fromCharCode(...characters);
  const other = OTHERS.find(([pattern]) => pattern.test(start));
  if (other !== undefined) return [other[1], other[2]];
  const shown = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return [`a file that starts with the bytes ${shown}`, FETCH];
}
