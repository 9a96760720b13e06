/** Removal of pixels, what stands for missing ones, and the statistics of what is seen. */
import { describe, expect, it } from 'vitest';
import { fillPixels } from '../../src/data/missing.ts';
import { channelStatistics, type ImageDataset, type Removal, removePixels } from '../../src/index.ts';

const [count, height, width, channels] = [40, 8, 10, 2];
const shape = [count, height, width, channels] as const;
const size = height * width * channels;

const dataset: ImageDataset = {
  name: 'toy',
  images: Uint8Array.from({ length: count * size }, (_, i) => (i * 7) % 256),
  shape,
  labels: Int32Array.from({ length: count }, (_, i) => i % 2),
  classNames: ['a', 'b'],
};

/** For each picture which places are missing, [H, W]; throws where a pixel lost one channel only. */
function holes({ images }: Pick<ImageDataset, 'images'>): boolean[][][] {
  return Array.from({ length: count }, (_, n) =>
    Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => {
        const at = ((n * height + y) * width + x) * channels;
        const lost = [...images.subarray(at, at + channels)].map(Number.isNaN);
        expect(new Set(lost).size).toBe(1);
        return lost[0]!;
      }),
    ),
  );
}

describe('removePixels', () => {
  it.each([
    ['rows', 0.5, 4 * width],
    ['columns', 0.3, 3 * height],
    ['pixels', 0.25, 20],
    ['block', 0.25, 4 * 5],
    ['rows', 0, 0],
    ['block', 1, 80],
  ] as const)('removes %s at a rate of %s', (what, rate, lost) => {
    const removed = removePixels(dataset, { what, rate, seed: 3 });
    const pictures = holes(removed);
    for (const picture of pictures) {
      expect(picture.flat().filter(Boolean).length).toBe(lost);
      const rows = picture.filter((row) => row.some(Boolean));
      // A row or a column is lost whole, and a block is a rectangle: all rows that lost something lost the same.
      if (what !== 'pixels') expect(new Set(rows.map(String)).size).toBeLessThan(2);
      if (what === 'rows') for (const row of rows) expect(row.every(Boolean)).toBe(true);
      if (what === 'columns' && rate > 0) expect(rows).toHaveLength(height);
      if (what === 'block') expect(rows[0]?.join().match(/true(,true)*/g) ?? ['']).toHaveLength(1);
    }
    const kept = removed.images.every(
      (value, i) => Number.isNaN(value) || value === Math.fround(dataset.images[i]! / 255),
    );
    expect(kept).toBe(true);
    if (rate > 0 && rate < 1) expect(new Set(pictures.map(String)).size).toBeGreaterThan(3);
  });

  it('repeats itself by its seed, draws each share from a range, and leaves its data set alone', () => {
    const before = dataset.images.slice();
    const options = { what: 'rows', rate: [0, 0.75], seed: 5 } as const;
    const removed = removePixels(dataset, options);
    expect(removePixels(dataset, options).images).toEqual(removed.images);
    expect(removePixels(dataset, { ...options, seed: 6 }).images).not.toEqual(removed.images);
    expect(dataset.images).toEqual(before);
    const rows = holes(removed).map((picture) => picture.filter((row) => row[0]).length);
    expect(Math.min(...rows)).toBe(0);
    expect(Math.max(...rows)).toBe(6);
    expect(new Set(rows).size).toBe(7);
  });

  it('removes every row as often as the others, whatever the class', () => {
    const many = {
      ...dataset,
      images: new Uint8Array(4000 * height),
      shape: [4000, height, 1, 1] as const,
      labels: new Int32Array(4000),
    };
    const { images } = removePixels(many, { what: 'rows', rate: 0.5 });
    for (let y = 0; y < height; y++) {
      const lost = Array.from({ length: 4000 }, (_, n) => images[n * height + y]!).filter(
        Number.isNaN,
      ).length;
      // Five standard deviations.
      expect(Math.abs(lost - 2000)).toBeLessThan(160);
    }
  });

  it('refuses what is no removal', () => {
    const refuse = (options: object) => () => removePixels(dataset, options as Removal);
    expect(refuse({ what: 'lines', rate: 0.5 })).toThrow(
      /what "lines".*'pixels', 'rows', 'columns', 'block'/s,
    );
    expect(refuse({ what: 'rows', rate: 2 })).toThrow(/rate 2.*from 0 to 1/s);
    expect(refuse({ what: 'rows', rate: [0.5, 0.2] })).toThrow(/rate \[0.5,0.2\].*the least and the most/s);
    expect(refuse({ what: 'rows', rate: 0.5, share: 1 })).toThrow(/unknown option "share"/);
  });
});

it('what stands for missing pixels', () => {
  const lost = Number.NaN;
  // Two pictures of three rows and two columns.
  const pictures = Float32Array.of(lost, 1, lost, lost, 5, lost, 7, lost, lost, 8, lost, lost);
  const filled = (missing: 'mask' | 'mean' | 'last') => {
    const images = pictures.slice();
    fillPixels(images, [2, 3, 2, 1], missing);
    return [...images];
  };
  expect(filled('mask')).toEqual([...pictures]);
  expect(filled('mean')).toEqual([0, 1, 0, 0, 5, 0, 7, 0, 0, 8, 0, 0]);
  expect(filled('last')).toEqual([0, 1, 0, 1, 5, 1, 7, 0, 7, 8, 7, 8]);
});

describe('channelStatistics', () => {
  const holed = removePixels(dataset, { what: 'pixels', rate: 0.4 });

  it('are those of what is seen', () => {
    const { mean, std } = channelStatistics(holed, { missing: 'mask' });
    for (const channel of [0, 1]) {
      const seen = [...holed.images].filter((value, i) => i % 2 === channel && !Number.isNaN(value));
      const center = seen.reduce((sum, value) => sum + value, 0) / seen.length;
      const square = seen.reduce((sum, value) => sum + (value - center) ** 2, 0) / seen.length;
      expect(mean[channel]).toBeCloseTo(center, 7);
      expect(std[channel]).toBeCloseTo(Math.sqrt(square), 7);
    }
  });

  it('refuse NaN unless it stands for what is missing, infinity, and channels of which nothing is seen', () => {
    expect(() => channelStatistics(holed)).toThrow(/NaN.*missing: 'mask', 'mean' or 'last'/s);
    const infinite = { ...dataset, images: new Float32Array(count * size).fill(Number.POSITIVE_INFINITY) };
    expect(() => channelStatistics(infinite, { missing: 'mask' })).toThrow(/infinite pixel in channel 0/);
    const nothing = { ...dataset, images: new Float32Array(count * size).fill(Number.NaN) };
    expect(() => channelStatistics(nothing, { missing: 'mask' })).toThrow(/and some in each channel/);
  });
});
