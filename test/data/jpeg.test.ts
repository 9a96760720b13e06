/** JPEG files: what is decoded, how it is turned, and that what is damaged is an error and costs nothing later. */
import { describe, expect, test } from 'vitest';
import { JpegError } from '../../src/data/errors.ts';
import type { Image } from '../../src/data/image.ts';
import { decodeJpeg } from '../../src/data/jpeg.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { resize } from '../../src/data/resize.ts';
import { OptionError } from '../../src/errors.ts';
import { jpegFile, withOrientation, withSegment } from '../support/jpeg-files.ts';

const width = 24;
const height = 16;
/** As the files were made. */
const color = (x: number, y: number): number[] => [10 * x + 5, 15 * y + 5, 100];
const luma = ([red, green, blue]: number[]): number => 0.299 * red + 0.587 * green + 0.114 * blue;

/** The largest difference to what a picture was made of, of 255. */
function largestError({ pixels, channels }: Image): number {
  let largest = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const expected = channels === 1 ? [luma(color(x, y))] : color(x, y);
      expected.forEach((value, channel) => {
        const got = pixels[(y * width + x) * channels + channel] * 255;
        largest = Math.max(largest, Math.abs(got - value));
      });
    }
  }
  return largest;
}

describe('kinds', () => {
  test.each([
    ['baseline', 3, 12],
    ['progressive', 3, 12],
    ['fullChroma', 3, 12],
    ['halfChroma', 3, 12],
    ['printColors', 3, 12],
    ['gray', 1, 4],
  ] as const)('%s', (name, channels, most) => {
    const image = decodeJpeg(jpegFile(name));
    expect(image).toMatchObject({ width, height, channels, bitDepth: 8 });
    expect(largestError(image)).toBeLessThan(most);
  });

  test('restart markers', () => {
    const { pixels } = decodeJpeg(jpegFile('restarts'));
    const middles = [4, 12, 20, 28].map((x) => Math.round(pixels[4 * 32 + x] * 255));
    expect(middles).toEqual([40, 120, 200, 80]);
  });

  test('print colors that were not stored as a negative', () => {
    const file = jpegFile('printColors');
    const adobe = file.findIndex((_, i) => file[i] === 0xff && file[i + 1] === 0xee);
    const plain = file.slice();
    plain.set([0xff, 0xed], adobe);
    const negative = decodeJpeg(file).pixels;
    const positive = decodeJpeg(plain).pixels;
    expect(positive).not.toEqual(negative);
  });

  test('any bytes; and what follows the end is no part of it', () => {
    const file = jpegFile('baseline');
    const image = decodeJpeg(file);
    expect(decodeJpeg(Buffer.from(file))).toEqual(image);
    expect(decodeJpeg(file.buffer)).toEqual(image);
    expect(decodeJpeg(Uint8Array.from([...file, ...file.subarray(0, 100), 1, 2, 3]))).toEqual(image);
    expect(decodeJpeg(withSegment(file, 0xfe, new Uint8Array(60_000)))).toEqual(image);
  });
});

describe('orientation', () => {
  const plain = decodeJpeg(jpegFile('baseline'));
  /** Where EXIF says that the first row and the first column of what is stored are to be seen. */
  const sides: [orientation: number, row: string, column: string][] = [
    [1, 'top', 'left'],
    [2, 'top', 'right'],
    [3, 'bottom', 'right'],
    [4, 'bottom', 'left'],
    [5, 'left', 'top'],
    [6, 'right', 'top'],
    [7, 'right', 'bottom'],
    [8, 'left', 'bottom'],
  ];
  for (const littleEndian of [true, false]) {
    test.each(sides)(
      `%d: rows from the %s, columns from the %s, ${littleEndian}`,
      (orientation, row, column) => {
        const image = decodeJpeg(withOrientation(jpegFile('baseline'), orientation, littleEndian));
        const turned = row === 'left' || row === 'right';
        expect([image.width, image.height]).toEqual(turned ? [height, width] : [width, height]);
        const place = (side: string, distance: number): { x?: number; y?: number } =>
          ({
            top: { y: distance },
            bottom: { y: image.height - 1 - distance },
            left: { x: distance },
            right: { x: image.width - 1 - distance },
          })[side]!;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const seen = { x: 0, y: 0, ...place(row, y), ...place(column, x) };
            const at = (seen.y * image.width + seen.x) * 3;
            const from = (y * width + x) * 3;
            expect(image.pixels.subarray(at, at + 3)).toEqual(plain.pixels.subarray(from, from + 3));
          }
        }
      },
    );
  }

  test('EXIF that is broken, or says something else, leaves the picture as it is stored', () => {
    const file = jpegFile('baseline');
    for (const orientation of [0, 9, 255, 65_535]) {
      expect(decodeJpeg(withOrientation(file, orientation))).toEqual(plain);
    }
    const exif = withOrientation(file, 6);
    const start = 6;
    const length = 32;
    for (let end = 0; end < length; end++) {
      const cut = exif.slice(start, start + end);
      const { pixels } = decodeJpeg(withSegment(file, 0xe1, cut));
      expect(pixels.length).toBe(plain.pixels.length);
    }
    const generator = new RandomGenerator(3);
    for (let round = 0; round < 300; round++) {
      const broken = exif.slice(start, start + length);
      for (let i = 0; i < 3; i++) {
        broken[6 + Math.floor(generator.uniform() * (length - 6))] = Math.floor(generator.uniform() * 256);
      }
      expect(decodeJpeg(withSegment(file, 0xe1, broken)).pixels.length).toBe(plain.pixels.length);
    }
  });
});

describe('what is damaged', () => {
  test.each(['baseline', 'progressive', 'gray', 'restarts', 'printColors'] as const)(
    '%s, cut off anywhere',
    (name) => {
      const file = jpegFile(name);
      for (let end = 0; end < file.length; end++) {
        expect(() => decodeJpeg(file.subarray(0, end), { name: 'cut.jpg' })).toThrow(JpegError);
      }
      expect(() => decodeJpeg(file.subarray(0, file.length - 2), { name: 'cut.jpg' })).toThrow(
        /cut\.jpg: got a file that ends after \d+ bytes, inside the picture, expected a complete JPEG file/,
      );
    },
  );

  test('sizes that are none, too large, or more than the file can hold', () => {
    const sized = (claimedHeight: number, claimedWidth: number): Uint8Array => {
      const file = jpegFile('baseline');
      const frame = file.findIndex((_, i) => file[i] === 0xff && file[i + 1] === 0xc0);
      new DataView(file.buffer).setUint16(frame + 5, claimedHeight);
      new DataView(file.buffer).setUint16(frame + 7, claimedWidth);
      return file;
    };
    const before = process.memoryUsage().arrayBuffers;
    expect(() => decodeJpeg(sized(65_000, 65_000))).toThrow(/65000×65000 pixels, expected at most 67108864/);
    expect(() => decodeJpeg(sized(8000, 8000))).toThrow(/bytes for 8000×8000 pixels/);
    expect(() => decodeJpeg(sized(0, 8))).toThrow(/a size of 8×0 pixels/);
    expect(() => decodeJpeg(sized(8, 0))).toThrow(JpegError);
    expect(() => decodeJpeg(sized(17, 24))).toThrow(JpegError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    expect(() => decodeJpeg(jpegFile('baseline'), { maxPixels: 383 })).toThrow(/at most 383 pixels/);
    expect(decodeJpeg(jpegFile('baseline'), { maxPixels: 384 }).width).toBe(24);
  });

  test('kinds that are not decoded are named', () => {
    const of = (at: number, value: number): Uint8Array => {
      const file = jpegFile('baseline');
      file[file.findIndex((_, i) => file[i] === 0xff && file[i + 1] === 0xc0) + at] = value;
      return file;
    };
    expect(() => decodeJpeg(of(1, 0xc3))).toThrow(/a JPEG file with lossless compression/);
    expect(() => decodeJpeg(of(1, 0xc9))).toThrow(/a JPEG file with arithmetic coding/);
    expect(() => decodeJpeg(of(4, 12))).toThrow(/a JPEG file of 12 bits a sample/);
    expect(() => decodeJpeg(of(9, 2))).toThrow(/2 components/);
    expect(() => decodeJpeg(new Uint8Array(0))).toThrow(/an empty file/);
    expect(() => decodeJpeg(Uint8Array.of(0xff, 0xd8))).toThrow(/ends after 2 bytes/);
    expect(() => decodeJpeg(Buffer.from('no JPEG'))).toThrow(/starts with the bytes 6e 6f 20/);
  });

  test('a file of very many scans', () => {
    const file = jpegFile('progressive');
    const scan = file.lastIndexOf(0xda) - 1;
    const again = [...file.subarray(scan, -2)];
    const many = Uint8Array.from([...file.subarray(0, -2), ...new Array(300).fill(again).flat(), 0xff, 0xd9]);
    expect(() => decodeJpeg(many)).toThrow(/more than 200 scans/);
  });

  test('random changes give a picture or a JpegError, and good files are decoded after them', () => {
    const generator = new RandomGenerator(1);
    const names = ['baseline', 'progressive', 'gray', 'restarts', 'printColors'] as const;
    const good = decodeJpeg(jpegFile('baseline'));
    let refused = 0;
    for (let round = 0; round < 1200; round++) {
      const file = jpegFile(names[round % names.length]);
      const changes = 1 + (round % 4);
      for (let i = 0; i < changes; i++) {
        file[2 + Math.floor(generator.uniform() * (file.length - 2))] = Math.floor(generator.uniform() * 256);
      }
      try {
        const { pixels, width, height, channels } = decodeJpeg(file);
        expect(pixels.length).toBe(width * height * channels);
      } catch (error) {
        expect(error).toBeInstanceOf(JpegError);
        refused++;
      }
      if (round % 500 === 0) expect(decodeJpeg(jpegFile('baseline'))).toEqual(good);
    }
    expect(refused).toBeGreaterThan(200);
    expect(decodeJpeg(jpegFile('baseline'))).toEqual(good);
  });
});

describe('at a part of the size', () => {
  test('a half, a quarter or an eighth, never below what is needed', () => {
    const file = jpegFile('baseline');
    const sizeOf = (...atLeast: [number, number]): number[] => {
      const { height, width } = decodeJpeg(file, { atLeast });
      return [height, width];
    };
    expect(sizeOf(16, 24)).toEqual([16, 24]);
    expect(sizeOf(9, 1)).toEqual([16, 24]);
    expect(sizeOf(8, 12)).toEqual([8, 12]);
    expect(sizeOf(5, 5)).toEqual([8, 12]);
    expect(sizeOf(4, 6)).toEqual([4, 6]);
    expect(sizeOf(1, 1)).toEqual([2, 3]);
  });

  test('what is seen is the same, also upright and where the last column is of less than a pixel', () => {
    const close = (file: Uint8Array): void => {
      const whole = resize(decodeJpeg(file), 3, 4);
      const reduced = decodeJpeg(file, { atLeast: [6, 8] });
      expect(reduced.width).toBeLessThan(decodeJpeg(file).width);
      const small = resize(reduced, 3, 4);
      expect(small).not.toHaveProperty('covered');
      const errors = small.pixels.map((value, at) => Math.abs(value - whole.pixels[at]) * 255);
      expect(Math.max(...errors)).toBeLessThan(6);
    };
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      close(withOrientation(jpegFile('baseline'), orientation));
    }
    close(withSize(jpegFile('baseline'), 15, 23));
    // Turned, that column might come first: such a file is decoded whole.
    const turned = withOrientation(withSize(jpegFile('baseline'), 15, 23), 3);
    expect(decodeJpeg(turned, { atLeast: [1, 1] })).toMatchObject({ height: 15, width: 23 });
  });

  test('a damaged file is one at any size; a size that is none is refused', () => {
    const file = jpegFile('baseline');
    expect(() => decodeJpeg(file.subarray(0, file.length - 40), { atLeast: [1, 1] })).toThrow(JpegError);
    expect(() => decodeJpeg(file, { atLeast: [0, 4] })).toThrow(OptionError);
  });
});

/** The file as that of a picture that has lost its last rows or columns: blocks have them still. */
function withSize(file: Uint8Array, rows: number, columns: number): Uint8Array {
  const frame = file.findIndex((_, at) => file[at] === 0xff && file[at + 1] === 0xc0);
  const changed = file.slice();
  changed.set([rows >> 8, rows & 255, columns >> 8, columns & 255], frame + 5);
  return changed;
}
