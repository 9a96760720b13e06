/** PNG files to pictures and back: png-structure.ts reads the file, png-pixels.ts its pixels; png-encode.ts writes. */
import { requireKnownOptions } from '../options.ts';
import { type FileBytes, requireBytes, requireLimit, requireName } from './bytes.ts';
import { PngError } from './errors.ts';
import { readFile } from './files.ts';
import { type Image, MOST_PIXELS, requireImage } from './image.ts';
import { encodeSamples } from './png-encode.ts';
import { decodePixels } from './png-pixels.ts';
import { readPngChunks, readPngHeader } from './png-structure.ts';

/** Options of reading a PNG file. */
export interface PngOptions {
  /** The file's name in error messages; default 'PNG'. */
  readonly name?: string;
  /** The largest width × height accepted; default 64 megapixels. */
  readonly maxPixels?: number;
}

const COLOR_TYPE_OF_CHANNELS = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/**
 * Decodes a PNG file: 1, 2, 4, 8 or 16 bits; gray, red-green-blue or palette, with or without alpha or one
 * transparent color (tRNS); plain or interlaced. 16-bit precision is kept. A palette of grays alone gives a gray
 * picture. Pixels of the transparent color come out as transparent black. Gamma and color profiles are ignored, as
 * is whatever follows the end of the PNG.
 *
 * Time and memory are in proportion to the file and the picture: the inflated rows and the pixels, once each.
 *
 * @param bytes the file: an ArrayBuffer, Node's Buffer, or any view
 * @throws PngError when the file is no PNG, damaged, truncated, or larger than `maxPixels`; never half a picture
 */
export function decodePng(bytes: FileBytes, options: PngOptions = {}): Image {
  requireKnownOptions('decodePng', options, ['name', 'maxPixels']);
  const where = requireName('decodePng', options.name, 'PNG');
  const maxPixels = requireLimit('decodePng', 'maxPixels', options.maxPixels ?? MOST_PIXELS);
  const file = requireBytes('decodePng', bytes);
  const header = readPngHeader(file, where, maxPixels);
  const pixels = decodePixels(header, readPngChunks(file, header, where), where);
  const { width, height, bitDepth } = header;
  return { width, height, bitDepth: bitDepth === 16 ? 16 : 8, ...pixels };
}

/**
 * Reads and decodes one PNG file; see `decodePng`. The path is the name in error messages.
 *
 * @throws PngError like `decodePng`, and when the file cannot be read
 */
export function readPng(path: string, options: PngOptions = {}): Image {
  const bytes = readFile(path, { error: PngError, expected: 'a readable PNG file' });
  return decodePng(bytes, { name: path, ...options });
}

/**
 * Encodes a picture as a PNG file of 8 bits per sample, with the picture's own channels. Values are clamped to [0, 1]
 * and rounded.
 *
 * @throws OptionError when `pixels` does not have height × width × channels values
 */
export function encodePng(image: Image): Uint8Array {
  requireImage('encodePng', image);
  const { width, height, channels, pixels } = image;
  // A Uint8ClampedArray rounds halves to even; Math.round is what every other place here does.
  const samples = Uint8Array.from(pixels, (value) => Math.round(Math.min(Math.max(value, 0), 1) * 255));
  return encodeSamples(width, height, COLOR_TYPE_OF_CHANNELS[channels], samples);
}
