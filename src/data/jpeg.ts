/** JPEG files to pictures: jpeg-structure.ts reads the file, jpeg-decoder.ts its pixels; here they are turned upright. */
import { requireKnownOptions } from '../options.ts';
import { type FileBytes, requireBytes, requireLimit, requireName } from './bytes.ts';
import { type Image, MOST_PIXELS } from './image.ts';
import { decodeSamples } from './jpeg-decoder.ts';
import { type JpegHeader, readJpegHeader, requireCompleteScans } from './jpeg-structure.ts';
import { requireSize } from './resize.ts';

/** Options of decoding a JPEG file. */
export interface JpegOptions {
  /** The file's name in error messages; default 'JPEG'. */
  readonly name?: string;
  /** The largest width × height accepted; default 64 megapixels. */
  readonly maxPixels?: number;
  /**
   * The size that is enough, upright, in pixels. Where a half, a quarter or an eighth of the picture has it in both directions, that is
   * what comes back: nearly the means of 2×2, 4×4 or 8×8 pixels, in a fraction of the time. Default: all of the picture.
   */
  readonly atLeast?: readonly [height: number, width: number];
}

/**
 * Decodes a JPEG file, baseline or progressive, of 8 bits a sample: gray gives one channel; color, and print colors (CMYK)
 * laid on white, give red, green, blue. The picture is turned as its EXIF orientation says. Color profiles are ignored, as is
 * whatever follows the end of the picture.
 *
 * In Node only, by libjpeg-turbo (the package @cwasm/jpeg-turbo, which comes with weft). In a page the browser decodes:
 * `createImageBitmap`, drawn on a canvas.
 *
 * @param bytes the file: an ArrayBuffer, Node's Buffer, or any view
 * @throws JpegError when the file is no JPEG, damaged, truncated, or larger than `maxPixels`; never half a picture
 */
export function decodeJpeg(bytes: FileBytes, options: JpegOptions = {}): Image {
  requireKnownOptions('decodeJpeg', options, ['name', 'maxPixels', 'atLeast']);
  const where = requireName('decodeJpeg', options.name, 'JPEG');
  const maxPixels = requireLimit('decodeJpeg', 'maxPixels', options.maxPixels ?? MOST_PIXELS);
  const file = requireBytes('decodeJpeg', bytes);
  const header = readJpegHeader(file, where, maxPixels);
  requireCompleteScans(file, header, where);
  const { atLeast } = options;
  const by = atLeast === undefined ? 1 : reductionFor(requireSize('decodeJpeg', atLeast), header);
  if (by === 1) return upright(decodeSamples(file, header, where), header);
  const seen = [header.height / by, header.width / by] as const;
  const reduced = { ...header, height: Math.ceil(seen[0]), width: Math.ceil(seen[1]) };
  const image = upright(decodeSamples(file, reduced, where), reduced);
  return header.orientation > 1 ? image : { ...image, covered: seen };
}

/** The decoder can leave out the higher frequencies of blocks of 8×8 pixels. */
const REDUCTIONS = [8, 4, 2] as const;

/** By how much a picture can be reduced that is to have at least this size. */
function reductionFor(atLeast: readonly [height: number, width: number], header: JpegHeader): number {
  const [height, width] = isTurned(header.orientation) ? [atLeast[1], atLeast[0]] : atLeast;
  const suffices = (by: number): boolean => header.width / by >= width && header.height / by >= height;
  // Turned, a last column of less than a pixel may be the first one. Cameras, which turn pictures, give whole ones.
  const stays = (by: number): boolean =>
    header.orientation <= 1 || (header.width % by === 0 && header.height % by === 0);
  return REDUCTIONS.find((by) => suffices(by) && stays(by)) ?? 1;
}

/** Whether an EXIF orientation swaps width and height. */
export function isTurned(orientation: number): boolean {
  return orientation >= 5;
}

/** What each byte is of 255: dividing each sample took two fifths of the time of decoding. */
const units = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** The picture of some samples, each pixel at its place in the upright picture. */
function upright(samples: Uint8Array, { width, height, components, adobe, orientation }: JpegHeader): Image {
  const channels = components === 1 ? 1 : 3;
  const turned = isTurned(orientation);
  const [outWidth, outHeight] = turned ? [height, width] : [width, height];
  const pixels = new Float32Array(width * height * channels);
  if (orientation <= 1 && components !== 4) {
    for (let i = 0; i < pixels.length; i++) pixels[i] = units[samples[i]];
    return { width, height, channels, bitDepth: 8, pixels };
  }
  // As EXIF counts: of the upright picture's top and left, the stored row and column.
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  let target = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const [column, row] = turned ? [y, x] : [x, y];
      const source =
        ((fromBottom ? height - 1 - row : row) * width + (fromRight ? width - 1 - column : column)) *
        components;
      for (let channel = 0; channel < channels; channel++) {
        const sample = samples[source + channel];
        if (components !== 4) pixels[target++] = sample / 255;
        else {
          const black = samples[source + 3];
          const light = adobe ? sample * black : (255 - sample) * (255 - black);
          pixels[target++] = light / 65025;
        }
      }
    }
  }
  return { width: outWidth, height: outHeight, channels, bitDepth: 8, pixels };
}
