/** A small PNG encoder for tests: every color type, bit depth, row filter and interlacing, and damage on request. */
import { deflateSync } from 'node:zlib';

export interface TestPng {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colorType: 0 | 2 | 3 | 4 | 6;
  /** Row-major `[height, width, samples]`, each from 0 to 2^bitDepth − 1. */
  readonly samples: ArrayLike<number>;
  readonly interlaced?: boolean;
  /** Row filter 0 to 4 for each row; default none. */
  readonly filter?: (row: number) => number;
  /** Contents of PLTE. */
  readonly palette?: readonly number[];
  /** Contents of tRNS. */
  readonly transparency?: readonly number[];
  /** Splits the pixel data into this many IDAT chunks; default 1. */
  readonly parts?: number;
}

export const SAMPLES_A_PIXEL = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function encodeTestPng(png: TestPng): Buffer {
  const passes = png.interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  const filtered = Buffer.concat(passes.map(([x, y, stepX, stepY]) => encodePass(png, x, y, stepX, stepY)));
  return assemble(png, deflateSync(filtered));
}

/** A file with any header and any compressed pixel data. */
export function assemble(
  png: Omit<TestPng, 'samples'>,
  compressed: Uint8Array,
  extraChunks: readonly Buffer[] = [],
): Buffer {
  const partLength = Math.ceil(compressed.length / (png.parts ?? 1));
  const imageData: Buffer[] = [];
  for (let start = 0; start < compressed.length; start += partLength) {
    imageData.push(chunk('IDAT', compressed.subarray(start, start + partLength)));
  }
  return Buffer.concat([
    signature,
    headerChunk(png),
    ...(png.palette ? [chunk('PLTE', Uint8Array.from(png.palette))] : []),
    ...(png.transparency ? [chunk('tRNS', Uint8Array.from(png.transparency))] : []),
    ...extraChunks,
    ...imageData,
    chunk('IEND', new Uint8Array(0)),
  ]);
}

export const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function headerChunk(png: Omit<TestPng, 'samples'>): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(png.width, 0);
  header.writeUInt32BE(png.height, 4);
  header[8] = png.bitDepth;
  header[9] = png.colorType;
  header[12] = png.interlaced ? 1 : 0;
  return chunk('IHDR', header);
}

export function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

function encodePass(png: TestPng, x0: number, y0: number, stepX: number, stepY: number): Buffer {
  const samplesAPixel = SAMPLES_A_PIXEL[png.colorType];
  const columns = Math.ceil((png.width - x0) / stepX);
  const bytesAPixel = Math.max(1, (samplesAPixel * png.bitDepth) >> 3);
  const rows: Buffer[] = [];
  if (columns <= 0) return Buffer.alloc(0);
  let previous = Buffer.alloc(Math.ceil((columns * samplesAPixel * png.bitDepth) / 8));
  for (let y = y0, row = 0; y < png.height; y += stepY, row++) {
    const raw = Buffer.alloc(previous.length);
    let bit = 0;
    for (let x = x0; x < png.width; x += stepX) {
      for (let sample = 0; sample < samplesAPixel; sample++) {
        const value = png.samples[(y * png.width + x) * samplesAPixel + sample];
        if (png.bitDepth === 16) raw.writeUInt16BE(value, bit >> 3);
        else raw[bit >> 3] |= value << (8 - png.bitDepth - (bit & 7));
        bit += png.bitDepth;
      }
    }
    rows.push(filterRow(raw, previous, bytesAPixel, png.filter?.(row) ?? 0));
    previous = raw;
  }
  return Buffer.concat(rows);
}

function filterRow(raw: Buffer, previous: Buffer, bytesAPixel: number, filter: number): Buffer {
  const filtered = Buffer.alloc(raw.length + 1);
  filtered[0] = filter;
  for (let i = 0; i < raw.length; i++) {
    const left = i >= bytesAPixel ? raw[i - bytesAPixel] : 0;
    const up = previous[i];
    const upLeft = i >= bytesAPixel ? previous[i - bytesAPixel] : 0;
    const prediction = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter] ?? 0;
    filtered[i + 1] = raw[i] - prediction;
  }
  return filtered;
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const distances = [left, up, upLeft].map((value) => Math.abs(estimate - value));
  if (distances[0] <= distances[1] && distances[0] <= distances[2]) return left;
  return distances[1] <= distances[2] ? up : upLeft;
}

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
