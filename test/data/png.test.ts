/** PNG reading: every kind of file the standard allows, and every kind of damage. */
import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { PngError } from '../../src/data/errors.ts';
import type { Image } from '../../src/data/image.ts';
import { decodePng, encodePng } from '../../src/data/png.ts';
import {
  assemble,
  chunk,
  encodeTestPng,
  headerChunk,
  SAMPLES_A_PIXEL,
  signature,
  type TestPng,
} from '../support/png.ts';

const colorTypes = [
  { colorType: 0, depths: [1, 2, 4, 8, 16], channels: 1 },
  { colorType: 2, depths: [8, 16], channels: 3 },
  { colorType: 4, depths: [8, 16], channels: 2 },
  { colorType: 6, depths: [8, 16], channels: 4 },
] as const;

function pseudoSamples(count: number, limit: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.imul(i + 1, 2654435761) >>> 7).map(
    (value) => value % limit,
  );
}

const unit = (samples: readonly number[], full: number): Float32Array =>
  Float32Array.from(samples, (sample) => sample / full);

describe('every kind of PNG', () => {
  for (const { colorType, depths, channels } of colorTypes) {
    for (const bitDepth of depths) {
      for (const interlaced of [false, true]) {
        for (const [width, height] of [
          [1, 1],
          [3, 2],
          [13, 11],
          [17, 9],
        ]) {
          test(`type ${colorType}, ${bitDepth} bits, ${width}×${height}${interlaced ? ', interlaced' : ''}`, () => {
            const samples = pseudoSamples(width * height * channels, 2 ** bitDepth);
            const filter = (row: number): number => row % 5;
            const file = encodeTestPng({ width, height, bitDepth, colorType, interlaced, samples, filter });
            expect(decodePng(file)).toEqual({
              width,
              height,
              channels,
              bitDepth: bitDepth === 16 ? 16 : 8,
              pixels: unit(samples, 2 ** bitDepth - 1),
            });
          });
        }
      }
    }
  }

  for (const bitDepth of [1, 2, 4, 8]) {
    for (const interlaced of [false, true]) {
      test(`palette, ${bitDepth} bits${interlaced ? ', interlaced' : ''}, with and without alpha`, () => {
        const colors = 2 ** bitDepth;
        const palette = pseudoSamples(colors * 3, 256);
        const samples = Array.from({ length: 77 }, (_, i) => i % colors);
        const png: TestPng = { width: 11, height: 7, bitDepth, colorType: 3, interlaced, samples, palette };
        const rgb = samples.flatMap((index) => palette.slice(index * 3, index * 3 + 3));
        expect(decodePng(encodeTestPng(png))).toMatchObject({
          channels: 3,
          bitDepth: 8,
          pixels: unit(rgb, 255),
        });

        const rgba = samples.flatMap((index) => [
          ...palette.slice(index * 3, index * 3 + 3),
          index === 0 ? 77 : 255,
        ]);
        const transparent = decodePng(encodeTestPng({ ...png, transparency: [77] }));
        expect(transparent).toMatchObject({ channels: 4, pixels: unit(rgba, 255) });
      });
    }
  }

  test('a palette of grays is a gray picture', () => {
    const palette = [0, 0, 0, 100, 100, 100, 255, 255, 255];
    const samples = [0, 1, 2, 1];
    const file = encodeTestPng({ width: 2, height: 2, bitDepth: 2, colorType: 3, samples, palette });
    expect(decodePng(file)).toMatchObject({ channels: 1, pixels: unit([0, 100, 255, 100], 255) });
  });

  test('the transparent color of gray and RGB pictures becomes transparent black', () => {
    const gray = encodeTestPng({
      width: 3,
      height: 1,
      bitDepth: 4,
      colorType: 0,
      samples: [5, 9, 15],
      transparency: [0, 9],
    });
    expect(decodePng(gray)).toMatchObject({ channels: 2, pixels: unit([5, 15, 0, 0, 15, 15], 15) });
    const rgb = encodeTestPng({
      width: 2,
      height: 1,
      bitDepth: 16,
      colorType: 2,
      samples: [1, 2, 3, 4, 5, 6],
      transparency: [0, 4, 0, 5, 0, 6],
    });
    expect(decodePng(rgb)).toMatchObject({ channels: 4, pixels: unit([1, 2, 3, 65535, 0, 0, 0, 0], 65535) });
  });

  test('pixel data in many chunks, unknown extra chunks, bytes after the end', () => {
    const png: TestPng = { width: 4, height: 4, bitDepth: 8, colorType: 0, samples: pseudoSamples(16, 256) };
    const expected = decodePng(encodeTestPng(png));
    expect(decodePng(encodeTestPng({ ...png, parts: 7 }))).toEqual(expected);
    const filtered = Buffer.from([0, 1, 0, 2]);
    const small = { width: 1, height: 2, bitDepth: 8, colorType: 0 } as const;
    const withText = assemble(small, deflateSync(filtered), [chunk('tEXt', Buffer.from('a\0b'))]);
    expect(decodePng(withText).pixels).toEqual(unit([1, 2], 255));
    expect(decodePng(Buffer.concat([encodeTestPng(png), Buffer.from('trailing')]))).toEqual(expected);
  });

  test('a view into a larger buffer is read in its own bounds', () => {
    const file = encodeTestPng({ width: 2, height: 1, bitDepth: 8, colorType: 0, samples: [7, 9] });
    const larger = new Uint8Array(file.length + 20);
    larger.set(file, 10);
    expect(decodePng(larger.subarray(10, 10 + file.length)).pixels).toEqual(unit([7, 9], 255));
  });
});

describe('damaged and hostile files', () => {
  const png: TestPng = { width: 9, height: 7, bitDepth: 8, colorType: 2, samples: pseudoSamples(189, 256) };

  for (const interlaced of [false, true]) {
    test(`cut at every byte${interlaced ? ', interlaced' : ''}`, () => {
      const file = encodeTestPng({ ...png, interlaced, parts: 2 });
      for (let length = 0; length < file.length; length++) {
        expect(() => decodePng(file.subarray(0, length), { name: 'cut.png' }), `at ${length}`).toThrow(
          PngError,
        );
      }
    });

    test(`every byte changed in turn${interlaced ? ', interlaced' : ''}`, () => {
      const file = encodeTestPng({ ...png, interlaced });
      for (let at = 0; at < file.length; at++) {
        const changed = Buffer.from(file);
        changed[at] ^= 0x55;
        expect(() => decodePng(changed), `at ${at}`).toThrow(PngError);
      }
    });

    test(`pixel data too short, too long, cut or without its checksum${interlaced ? ', interlaced' : ''}`, () => {
      const header = { ...png, interlaced };
      const whole = encodeTestPng(header);
      const compressed = whole.subarray(signature.length + 25 + 8, -12 - 4);
      const filtered = inflateSync(compressed);
      expect(decodePng(assemble(header, compressed))).toEqual(decodePng(whole));
      for (const data of [
        deflateSync(filtered.subarray(0, -1)),
        deflateSync(filtered.subarray(0, 20)),
        deflateSync(Buffer.concat([filtered, Buffer.alloc(1)])),
        deflateSync(Buffer.alloc(2 ** 20)),
        compressed.subarray(0, -1),
        compressed.subarray(0, -4),
        compressed.subarray(0, 30),
        Buffer.from([1, 2, 3]),
        Buffer.alloc(0),
      ]) {
        expect(() => decodePng(assemble(header, data))).toThrow(PngError);
      }
    });
  }

  test('an unknown row filter', () => {
    const header = { width: 1, height: 1, bitDepth: 8, colorType: 0 } as const;
    expect(() => decodePng(assemble(header, deflateSync(Buffer.from([9, 1]))))).toThrow(/row filter 9/);
  });

  test('a checksum error names the chunk', () => {
    const file = encodeTestPng(png);
    file[file.length - 20] ^= 1;
    expect(() => decodePng(file, { name: 'a.png' })).toThrow(
      /^a\.png: got chunk "IDAT" at byte 33 with checksum/,
    );
  });

  test('no end chunk', () => {
    const file = encodeTestPng(png);
    expect(() => decodePng(file.subarray(0, -12))).toThrow(/ends before the end chunk IEND/);
  });

  test('a header of 100,000×100,000 pixels is refused at once', () => {
    const header = { width: 100_000, height: 100_000, bitDepth: 8, colorType: 6 } as const;
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    expect(() => decodePng(assemble(header, deflateSync(Buffer.alloc(100))), { name: 'huge.png' })).toThrow(
      /^huge\.png: got a size of 100000×100000 pixels, expected at most 67108864 pixels/,
    );
    expect(performance.now() - start).toBeLessThan(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test('sizes of 0, long thin pictures, and the limit as an option', () => {
    for (const [width, height] of [
      [0, 4],
      [4, 0],
      [2 ** 25, 1],
      [0xffffffff, 0xffffffff],
    ]) {
      const header = { width, height, bitDepth: 8, colorType: 0 } as const;
      expect(() => decodePng(assemble(header, deflateSync(Buffer.alloc(9))))).toThrow(PngError);
    }
    expect(() => decodePng(encodeTestPng(png), { maxPixels: 62 })).toThrow(/at most 62 pixels/);
    expect(decodePng(encodeTestPng(png), { maxPixels: 63 }).width).toBe(9);
  });

  test('a second header cannot change the size', () => {
    const header = { width: 1, height: 1, bitDepth: 8, colorType: 0 } as const;
    const second = headerChunk({ ...header, width: 5000, height: 5000 });
    const file = assemble(header, deflateSync(Buffer.from([0, 1])), [second]);
    expect(() => decodePng(file)).toThrow(/second header/);
  });

  test('not a PNG, a bad combination, palettes missing or too short', () => {
    expect(() => decodePng(new Uint8Array(0))).toThrow(/an empty file/);
    expect(() => decodePng(Buffer.from('\xff\xd8\xff\xe0 a JPEG', 'latin1'))).toThrow(/ff d8 ff e0/);
    const paletted = { width: 1, height: 1, bitDepth: 8, colorType: 3 } as const;
    const pixel = deflateSync(Buffer.from([0, 3]));
    expect(() => decodePng(assemble({ ...paletted, bitDepth: 16 }, pixel))).toThrow(
      /color type 3 with 16 bits/,
    );
    expect(() => decodePng(assemble(paletted, pixel))).toThrow(PngError);
    expect(() => decodePng(assemble({ ...paletted, palette: [1, 2, 3] }, pixel))).toThrow(/not in palette/);
    const gray = { width: 1, height: 1, bitDepth: 8, colorType: 0, transparency: [1] } as const;
    expect(() => decodePng(assemble(gray, deflateSync(Buffer.from([0, 3]))))).toThrow(PngError);
  });
});

describe('encodePng', () => {
  for (const channels of [1, 2, 3, 4] as const) {
    test(`${channels} channels come back exactly`, () => {
      const pixels = unit(pseudoSamples(5 * 3 * channels, 256), 255);
      const image: Image = { width: 5, height: 3, channels, bitDepth: 8, pixels };
      expect(decodePng(encodePng(image))).toEqual(image);
    });
  }

  test('clamps and rounds, and refuses the wrong number of values', () => {
    const image: Image = {
      width: 3,
      height: 1,
      channels: 1,
      bitDepth: 8,
      pixels: Float32Array.of(-1, 0.5, 2),
    };
    expect(decodePng(encodePng(image)).pixels).toEqual(unit([0, 128, 255], 255));
    expect(() => encodePng({ ...image, width: 4 })).toThrow(/got 3 values for 4×1 pixels/);
  });
});

test('the test encoder knows the samples of each color type', () => {
  for (const { colorType, channels } of colorTypes) expect(SAMPLES_A_PIXEL[colorType]).toBe(channels);
});
