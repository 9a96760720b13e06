/**
 * The inside of a PNG file: compressed rows to pixels. The rows are inflated to the size that the header promises, and
 * written straight into one array (pngjs makes a small array for each pixel).
 */
import { inflateExactly } from './bytes.ts';
import { damaged, PALETTE, type PngChunks, type PngHeader } from './png-structure.ts';

/** Pixels of a picture, `[height, width, channels]`, in [0, 1]. */
export interface PngPixels {
  readonly channels: 1 | 2 | 3 | 4;
  readonly pixels: Float32Array;
}

const SAMPLES_A_PIXEL: Readonly<Record<number, 1 | 2 | 3 | 4>> = { 0: 1, 2: 3, [PALETTE]: 1, 4: 2, 6: 4 };

/** The seven passes of Adam7 interlacing: first column, first row, column step, row step. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const PLAIN = [[0, 0, 1, 1]] as const;

/** The pixels of one pass: every `stepX`th from `x` of every `stepY`th row from `y`. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly columns: number;
  readonly rows: number;
  /** Of one row: its samples, padded to a byte, without the byte that names the filter. */
  readonly bytesARow: number;
}

function passesOf({ width, height, bitDepth, colorType, interlaced }: PngHeader): Pass[] {
  const bits = bitDepth * SAMPLES_A_PIXEL[colorType];
  return (interlaced ? ADAM7 : PLAIN)
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.ceil((width - x) / stepX);
      const rows = Math.ceil((height - y) / stepY);
      return { x, y, stepX, stepY, columns, rows, bytesARow: Math.ceil((columns * bits) / 8) };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/**
 * The pixels. A pixel of the color that tRNS names is transparent black. A palette whose colors that occur are gray
 * gives a gray picture.
 *
 * @throws PngError when the compressed data are damaged, or are more or less than the header promises
 */
export function decodePixels(header: PngHeader, chunks: PngChunks, where: string): PngPixels {
  const { width, height, bitDepth, colorType } = header;
  const passes = passesOf(header);
  const length = passes.reduce((sum, { rows, bytesARow }) => sum + rows * (1 + bytesARow), 0);
  const expected = `${length} bytes of pixel data for ${width}×${height} pixels`;
  const data = inflateExactly('zlib', chunks.compressed, length, (got, cause) =>
    damaged(where, got, expected, cause),
  );
  const samplesAPixel = SAMPLES_A_PIXEL[colorType];
  const bytesAPixel = Math.max(1, (samplesAPixel * bitDepth) >> 3);
  const transparent = transparentSamples(header, chunks.transparency);
  const channels = samplesAPixel + (transparent === undefined ? 0 : 1);
  const pixels =
    colorType === PALETTE ? new Uint8Array(width * height) : new Float32Array(width * height * channels);
  const full = colorType === PALETTE ? 1 : 2 ** bitDepth - 1;
  let start = 0;
  for (const pass of passes) {
    const samples = new Uint16Array(pass.columns * samplesAPixel);
    for (let row = 0; row < pass.rows; row++) {
      unfilterRow(data, start, pass.bytesARow, bytesAPixel, row === 0, where);
      unpackRow(data, start + 1, samples, bitDepth);
      const first = ((pass.y + row * pass.stepY) * width + pass.x) * channels;
      storeRow(samples, samplesAPixel, full, transparent, pixels, first, pass.stepX * channels);
      start += 1 + pass.bytesARow;
    }
  }
  return pixels instanceof Float32Array
    ? { channels: channels as PngPixels['channels'], pixels }
    : colored(pixels, chunks, where);
}

/** The samples of the one transparent color of a gray or RGB picture. Of its words, only the bits of a sample count. */
function transparentSamples(
  { bitDepth, colorType }: PngHeader,
  transparency?: Uint8Array,
): number[] | undefined {
  if (transparency === undefined || (colorType !== 0 && colorType !== 2)) return undefined;
  const mask = 2 ** bitDepth - 1;
  return Array.from(
    { length: SAMPLES_A_PIXEL[colorType] },
    (_, sample) => ((transparency[sample * 2] << 8) | transparency[sample * 2 + 1]) & mask,
  );
}

/** Adds to each byte of a row what its filter predicts from the bytes to the left, above, and left of above. */
function unfilterRow(
  data: Uint8Array,
  start: number,
  bytesARow: number,
  bytesAPixel: number,
  isFirst: boolean,
  where: string,
): void {
  const filter = data[start];
  const first = start + 1;
  const end = first + bytesARow;
  const second = Math.min(first + bytesAPixel, end);
  const up = 1 + bytesARow;
  if (filter === 1 || (filter === 4 && isFirst)) {
    for (let i = second; i < end; i++) data[i] += data[i - bytesAPixel];
  } else if (filter === 2) {
    if (!isFirst) for (let i = first; i < end; i++) data[i] += data[i - up];
  } else if (filter === 3 && isFirst) {
    for (let i = second; i < end; i++) data[i] += data[i - bytesAPixel] >> 1;
  } else if (filter === 3) {
    for (let i = first; i < second; i++) data[i] += data[i - up] >> 1;
    for (let i = second; i < end; i++) data[i] += (data[i - bytesAPixel] + data[i - up]) >> 1;
  } else if (filter === 4) {
    for (let i = first; i < second; i++) data[i] += data[i - up];
    for (let i = second; i < end; i++) {
      data[i] += paeth(data[i - bytesAPixel], data[i - up], data[i - up - bytesAPixel]);
    }
  } else if (filter !== 0) {
    throw damaged(where, `row filter ${filter}`, 'a row filter from 0 to 4');
  }
}

/** Whichever of the three is nearest to left + above − aboveLeft; of equals, the first. */
function paeth(left: number, above: number, aboveLeft: number): number {
  const toLeft = Math.abs(above - aboveLeft);
  const toAbove = Math.abs(left - aboveLeft);
  const toAboveLeft = Math.abs(left + above - 2 * aboveLeft);
  if (toLeft <= toAbove && toLeft <= toAboveLeft) return left;
  return toAbove <= toAboveLeft ? above : aboveLeft;
}

/** The samples of a row as numbers, most significant bits first. */
function unpackRow(data: Uint8Array, start: number, samples: Uint16Array, bitDepth: number): void {
  const count = samples.length;
  if (bitDepth === 8) {
    for (let i = 0; i < count; i++) samples[i] = data[start + i];
  } else if (bitDepth === 16) {
    for (let i = 0; i < count; i++) samples[i] = (data[start + 2 * i] << 8) | data[start + 2 * i + 1];
  } else {
    const mask = (1 << bitDepth) - 1;
    for (let i = 0; i < count; i++) {
      const bit = i * bitDepth;
      samples[i] = (data[start + Math.floor(bit / 8)] >> (8 - bitDepth - (bit & 7))) & mask;
    }
  }
}

/** Writes the pixels of a row, each `step` values after the one before. */
function storeRow(
  samples: Uint16Array,
  samplesAPixel: number,
  full: number,
  transparent: readonly number[] | undefined,
  pixels: Uint8Array | Float32Array,
  first: number,
  step: number,
): void {
  const count = samples.length;
  if (step === samplesAPixel) {
    for (let i = 0; i < count; i++) pixels[first + i] = samples[i] / full;
    return;
  }
  for (let i = 0, target = first; i < count; i += samplesAPixel, target += step) {
    if (transparent !== undefined) {
      let equal = 0;
      while (equal < samplesAPixel && samples[i + equal] === transparent[equal]) equal++;
      if (equal === samplesAPixel) continue;
      pixels[target + samplesAPixel] = 1;
    }
    for (let sample = 0; sample < samplesAPixel; sample++) {
      pixels[target + sample] = samples[i + sample] / full;
    }
  }
}

/** Places in the palette as colors. */
function colored(places: Uint8Array, { palette, transparency }: PngChunks, where: string): PngPixels {
  const entries = palette ?? new Uint8Array(0);
  const occurs = new Uint8Array(256);
  for (let pixel = 0; pixel < places.length; pixel++) occurs[places[pixel]] = 1;
  let gray = true;
  for (let place = 0; place < 256; place++) {
    if (occurs[place] === 0) continue;
    if (place * 3 >= entries.length) {
      throw damaged(where, `a pixel of color ${place}, not in palette`, `0 to ${entries.length / 3 - 1}`);
    }
    const [red, green, blue] = entries.subarray(place * 3, place * 3 + 3);
    gray &&= red === green && red === blue;
  }
  const colors = gray ? 1 : 3;
  const channels = colors + (transparency === undefined ? 0 : 1);
  const table = new Float32Array(256 * channels);
  for (let place = 0; place * 3 < entries.length; place++) {
    const alpha = transparency?.[place] ?? 255;
    const values = [...entries.subarray(place * 3, place * 3 + colors), alpha].slice(0, channels);
    table.set(
      values.map((value) => value / 255),
      place * channels,
    );
  }
  const pixels = new Float32Array(places.length * channels);
  for (let pixel = 0, target = 0; pixel < places.length; pixel++) {
    const first = places[pixel] * channels;
    for (let from = first; from < first + channels; from++) pixels[target++] = table[from];
  }
  return { channels: channels as PngPixels['channels'], pixels };
}
