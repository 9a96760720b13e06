/** PNG files to pictures and back. pngjs decodes the pixels; the file is checked first, in png-structure.ts. */
import { OptionError } from '../errors.ts';
import { requireKnownOptions } from '../options.ts';
import { messageOf, PngError } from './errors.ts';
import type { Image } from './image.ts';
import { node } from './node.ts';
import { checkPngStructure, type PngHeader, readPngHeader } from './png-structure.ts';

/** Pictures of more pixels than this are refused unless the option says otherwise: 64 megapixels. */
export const DEFAULT_MAX_PIXELS = 64 * 2 ** 20;

/** Options of reading a PNG file. */
export interface PngOptions {
  /** The file's name in error messages; default 'PNG'. */
  readonly name?: string;
  /** The largest width × height accepted; default 64 megapixels. */
  readonly maxPixels?: number;
}

const PALETTE = 3;
const COLOUR_TYPE_OF_CHANNELS = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/**
 * Decodes a PNG file: 1, 2, 4, 8 or 16 bits; grey, red-green-blue or palette, with or without alpha or one
 * transparent colour (tRNS); plain or interlaced. 16-bit precision is kept. A palette of greys alone gives a grey
 * picture. Pixels of the transparent colour come out as transparent black. Gamma and colour profiles are ignored, as
 * is whatever follows the end of the PNG.
 *
 * @throws PngError when the file is no PNG, damaged, truncated, or larger than `maxPixels`; never half a picture
 */
export function decodePng(bytes: Uint8Array, options: PngOptions = {}): Image {
  requireKnownOptions('decodePng', options, ['name', 'maxPixels']);
  const where = options.name ?? 'PNG';
  const header = readPngHeader(bytes, where, options.maxPixels ?? DEFAULT_MAX_PIXELS);
  const end = checkPngStructure(bytes, header, where);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const { PNG } = node.pngjs;
  try {
    // The checksums have just been checked, those of chunks that pngjs skips as well.
    const decoded = PNG.sync.read(file, { skipRescale: true, checkCRC: false });
    return fromRgba(decoded.data, decoded.alpha, header);
  } catch (cause) {
    throw new PngError(
      {
        where,
        got: `pixels that cannot be decoded (${messageOf(cause)})`,
        expected: `a ${header.width}×${header.height} picture`,
        cure: 'The file is damaged: fetch or export it again.',
      },
      { cause },
    );
  }
}

/**
 * Reads and decodes one PNG file; see `decodePng`. The path is the name in error messages.
 *
 * @throws PngError like `decodePng`, and when the file cannot be read
 */
export function readPng(path: string, options: PngOptions = {}): Image {
  const { readFileSync } = node.fs;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new PngError(
      {
        where: path,
        got: messageOf(cause),
        expected: 'a readable PNG file',
        cure: 'Check the path and its permissions.',
      },
      { cause },
    );
  }
  return decodePng(bytes, { name: path, ...options });
}

/** pngjs always gives four samples per pixel (bytes, or 16-bit words at depth 16): keep those the picture has. */
function fromRgba(samples: ArrayLike<number>, alpha: boolean, header: PngHeader): Image {
  const { width, height, bitDepth, colourType } = header;
  const count = width * height;
  const palette = colourType === PALETTE;
  const grey = palette ? isGreyRgba(samples, count) : (colourType & 2) === 0;
  const colours = grey ? 1 : 3;
  const channels = grey ? (alpha ? 2 : 1) : alpha ? 4 : 3;
  const full = palette ? 255 : 2 ** bitDepth - 1;
  const pixels = new Float32Array(count * channels);
  for (let pixel = 0; pixel < count; pixel++) {
    for (let colour = 0; colour < colours; colour++) {
      pixels[pixel * channels + colour] = samples[pixel * 4 + colour] / full;
    }
    if (alpha) pixels[pixel * channels + colours] = samples[pixel * 4 + 3] / full;
  }
  return { width, height, channels, bitDepth: bitDepth === 16 ? 16 : 8, pixels };
}

function isGreyRgba(samples: ArrayLike<number>, count: number): boolean {
  for (let i = 0; i < count * 4; i += 4) {
    if (samples[i] !== samples[i + 1] || samples[i] !== samples[i + 2]) return false;
  }
  return true;
}

/**
 * Encodes a picture as a PNG file of 8 bits per sample, with the picture's own channels. Values are clamped to [0, 1]
 * and rounded.
 *
 * @throws OptionError when `pixels` does not have height × width × channels values
 */
export function encodePng(image: Image): Uint8Array {
  const { width, height, channels, pixels } = image;
  if (width < 1 || height < 1 || pixels.length !== width * height * channels) {
    throw new OptionError({
      where: 'encodePng',
      got: `${pixels.length} values for ${width}×${height} pixels of ${channels} channels`,
      expected: `${width * height * channels} values and at least one pixel`,
      cure: 'Give pixels as [height, width, channels].',
    });
  }
  const { PNG } = node.pngjs;
  const png = new PNG({ width, height });
  // A Uint8ClampedArray rounds halves to even; Math.round is what every other place here does.
  png.data = Buffer.from(
    Uint8Array.from(pixels, (value) => Math.round(Math.min(Math.max(value, 0), 1) * 255)),
  );
  const colorType = COLOUR_TYPE_OF_CHANNELS[channels];
  return PNG.sync.write(png, { colorType, inputColorType: colorType, bitDepth: 8 });
}
