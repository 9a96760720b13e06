/** Decoded pixels against those of pngjs, for every kind of picture; and the rules of chunks. */
import { deflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { PngError } from '../../src/data/errors.ts';
import { toRgb } from '../../src/data/image.ts';
import { decodePng } from '../../src/data/png.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { assemble, chunk, encodeTestPng, headerChunk, SAMPLES_A_PIXEL, signature } from '../support/png.ts';

const kinds = [
  ...[1, 2, 4, 8, 16].map((bitDepth) => ({ colorType: 0, bitDepth }) as const),
  ...[1, 2, 4, 8].map((bitDepth) => ({ colorType: 3, bitDepth }) as const),
  ...[8, 16].flatMap((bitDepth) => ([2, 4, 6] as const).map((colorType) => ({ colorType, bitDepth }))),
];

describe('as pngjs decodes it', () => {
  for (const { colorType, bitDepth } of kinds) {
    for (const interlaced of [false, true]) {
      test(`type ${colorType}, ${bitDepth} bits${interlaced ? ', interlaced' : ''}, sizes, filters and transparency`, () => {
        const generator = new RandomGenerator(colorType * 100 + bitDepth);
        const below = (limit: number) => Math.floor(generator.uniform() * limit);
        for (let round = 0; round < 12; round++) {
          const [width, height] = [1 + below(20), 1 + below(20)];
          const colors = 2 ** bitDepth;
          const some = (count: number, limit: number) => Array.from({ length: count }, () => below(limit));
          const samples = some(width * height * SAMPLES_A_PIXEL[colorType], colors);
          const filters = some(height, 5);
          const words = samples
            .slice(0, SAMPLES_A_PIXEL[colorType])
            .flatMap((value) => [value >> 8, value & 255]);
          const transparency = colorType === 3 ? some(1 + below(colors), 256) : words;
          const file = encodeTestPng({
            width,
            height,
            bitDepth,
            colorType,
            interlaced,
            samples,
            filter: (row) => filters[row],
            ...(colorType === 3 ? { palette: some(colors * 3, 256) } : {}),
            ...(round % 2 === 1 && (colorType & 4) === 0 ? { transparency } : {}),
          });
          const decoded = decodePng(file);
          const { data } = PNG.sync.read(file, { skipRescale: true });
          const full = colorType === 3 ? 255 : colors - 1;
          const alpha = decoded.channels % 2 === 0;
          // Without alpha first: what is transparent keeps its color, or is black.
          const color = alpha
            ? decoded.pixels.filter((_, i) => i % decoded.channels !== decoded.channels - 1)
            : decoded.pixels;
          const channels = (decoded.channels - (alpha ? 1 : 0)) as 1 | 3;
          const rgb = toRgb({ ...decoded, channels, pixels: color }).pixels;
          for (let pixel = 0; pixel < width * height; pixel++) {
            const got = [...rgb.subarray(pixel * 3, pixel * 3 + 3)];
            got.push(alpha ? decoded.pixels[pixel * decoded.channels + decoded.channels - 1] : 1);
            const expected = Array.from(data.subarray(pixel * 4, pixel * 4 + 4), (value) =>
              Math.fround(value / full),
            );
            if (!alpha) expected[3] = 1;
            expect(got, `${width}×${height}, pixel ${pixel}`).toEqual(expected);
          }
        }
      });
    }
  }
});

test('of the words of a transparent color only the bits of a sample count', () => {
  const gray = {
    width: 2,
    height: 1,
    bitDepth: 2,
    colorType: 0,
    samples: [1, 2],
    transparency: [0xff, 0xfe],
  } as const;
  expect(decodePng(encodeTestPng(gray)).pixels).toEqual(Float32Array.of(1 / 3, 1, 0, 0));
  const rgb = {
    width: 2,
    height: 1,
    bitDepth: 8,
    colorType: 2,
    samples: [9, 8, 7, 9, 8, 6],
    transparency: [1, 9, 2, 8, 3, 7],
  } as const;
  expect(decodePng(encodeTestPng(rgb)).pixels).toEqual(
    Float32Array.from([0, 0, 0, 0, 9, 8, 6, 255], (value) => value / 255),
  );
});

test('an ArrayBuffer, a DataView, and what holds no bytes', () => {
  const file = encodeTestPng({ width: 2, height: 1, bitDepth: 8, colorType: 0, samples: [7, 9] });
  const expected = decodePng(file);
  const { buffer } = Uint8Array.from(file);
  expect(decodePng(buffer)).toEqual(expected);
  expect(decodePng(new DataView(buffer))).toEqual(expected);
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  expect(decodePng(shared.buffer)).toEqual(expected);
  for (const wrong of ['seven.png', [137, 80], null, undefined, 5]) {
    expect(() => decodePng(wrong as never)).toThrow(/decodePng: got .*, expected the bytes of a file/);
  }
});

describe('memory and time are in proportion to file and picture', () => {
  test('few bytes that claim a large picture are refused before memory is asked for', () => {
    const header = { width: 8192, height: 8192, bitDepth: 16, colorType: 6 } as const;
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodePng(assemble(header, deflateSync(Buffer.alloc(1000))))).toThrow(
      /too few to hold that/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test('a picture of one bit a pixel takes its rows and its pixels', () => {
    const header = { width: 2048, height: 2048, bitDepth: 1, colorType: 0 } as const;
    const file = assemble(header, deflateSync(Buffer.alloc(2048 * 257)));
    const before = process.memoryUsage();
    const { pixels } = decodePng(file);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1.5 * pixels.byteLength);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(pixels.byteLength / 2);
  });

  test('a file of empty and tiny chunks', () => {
    const compressed = deflateSync(Buffer.from([0, 1, 0, 2]));
    const parts = [...compressed].flatMap((_, i) => [
      ...Array.from({ length: 500 }, () => chunk('IDAT', Buffer.alloc(0))),
      chunk('IDAT', compressed.subarray(i, i + 1)),
    ]);
    const header = headerChunk({ width: 1, height: 2, bitDepth: 8, colorType: 0 });
    const file = Buffer.concat([signature, header, ...parts, chunk('IEND', Buffer.alloc(0))]);
    expect(decodePng(file).pixels).toEqual(Float32Array.of(1 / 255, 2 / 255));
  });
});

describe('chunks', () => {
  const gray = headerChunk({ width: 1, height: 1, bitDepth: 8, colorType: 0 });
  const paletted = headerChunk({ width: 1, height: 1, bitDepth: 8, colorType: 3 });
  const compressed = deflateSync(Buffer.from([0, 0]));
  const data = chunk('IDAT', compressed);
  const half = [chunk('IDAT', compressed.subarray(0, 5)), chunk('IDAT', compressed.subarray(5))];
  const text = chunk('tEXt', Buffer.from('a\0b'));
  const palette = chunk('PLTE', Uint8Array.of(1, 2, 3));
  const alpha = chunk('tRNS', Uint8Array.of(7));
  const end = chunk('IEND', new Uint8Array(0));
  const decode = (...parts: Uint8Array[]) => decodePng(Buffer.concat([signature, ...parts]));

  test.each<[string, Uint8Array[], RegExp]>([
    ['pixel data in two places', [gray, half[0], text, half[1], end], /"IDAT" at byte \d+ after "tEXt"/],
    ['two palettes', [paletted, palette, palette, data, end], /a second chunk "PLTE"/],
    ['a palette after the pixels', [paletted, data, palette, end], /"PLTE".*after the pixel data/],
    ['no palette', [paletted, data, end], /no palette/],
    ['a palette of two thirds', [paletted, chunk('PLTE', Uint8Array.of(1, 2)), data, end], /2 bytes in PLTE/],
    ['a palette of 257', [paletted, chunk('PLTE', new Uint8Array(771)), data, end], /771 bytes in PLTE/],
    ['transparency before its palette', [paletted, alpha, palette, data, end], /tRNS before PLTE/],
    ['transparency after the pixels', [paletted, palette, data, alpha, end], /"tRNS".*after the pixel data/],
    [
      'more transparency than palette',
      [paletted, palette, chunk('tRNS', Uint8Array.of(1, 2)), data, end],
      /at most 1/,
    ],
    ['half a transparent gray', [gray, alpha, data, end], /1 bytes in tRNS, expected 2/],
    [
      'a kind that must be understood',
      [gray, chunk('ABCD', Uint8Array.of(1)), data, end],
      /"ABCD".*plain PNG/,
    ],
    [
      'what Xcode makes of a picture',
      [chunk('CgBI', new Uint8Array(4)), gray, data, end],
      /"CgBI".*plain PNG/,
    ],
    ['no pixel data', [gray, end], /0 compressed bytes/],
    ['empty pixel data', [gray, chunk('IDAT', new Uint8Array(0)), end], /0 compressed bytes/],
  ])('%s', (_name, parts, message) => {
    expect(() => decode(...parts)).toThrow(PngError);
    expect(() => decode(...parts)).toThrow(message);
  });

  test('what is not needed is passed over', () => {
    expect(decode(gray, text, palette, data, text, end)).toMatchObject({ channels: 1 });
    const [rgb, pixel] = [headerChunk({ width: 1, height: 1, bitDepth: 8, colorType: 6 }), Buffer.alloc(5)];
    expect(decode(rgb, palette, alpha, chunk('IDAT', deflateSync(pixel)), end)).toMatchObject({
      channels: 4,
    });
    expect(decode(paletted, palette, alpha, data, end).pixels).toEqual(
      Float32Array.from([1, 2, 3, 7], (value) => value / 255),
    );
  });
});

test.each<[string, number[], RegExp]>([
  ['an empty file', [], /an empty file.*incomplete/],
  ['CR LF turned into LF', [0x89, 0x50, 0x4e, 0x47, 0x0a, 0x1a, 0x0a, 0], /CR LF was turned into LF.*binary/],
  [
    'LF turned into CR LF',
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0d, 0x0a, 0x1a],
    /LF was turned into CR LF.*binary/,
  ],
  ['seven bits', [0x09, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], /highest bit.*binary/],
  ['UTF-8', [0xef, 0xbf, 0xbd, 0x50, 0x4e, 0x47, 0x0d, 0x0a], /UTF-8.*binary/],
  ['the start of a signature', [0x89, 0x50, 0x4e], /3 bytes that ends inside the signature.*truncated/],
  ['another format', [0xff, 0xd8, 0xff, 0xe0], /ff d8 ff e0,.*readPicture/],
])('the start of %s says what happened', (_name, start, message) => {
  expect(() => decodePng(Uint8Array.from(start))).toThrow(message);
});
