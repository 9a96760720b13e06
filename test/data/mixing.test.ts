/** Mixup and cutmix: who is mixed with whom, and how much of each is there. */
import { describe, expect, test } from 'vitest';
import { mixPictures, symmetricBeta } from '../../src/data/augment/mixing.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';

const [count, height, width, channels] = [6, 8, 10, 2];
const shape = [count, height, width, channels] as const;
const length = height * width * channels;

/** Each pixel another one, of which its picture and place are seen. */
const pictures = (): Float32Array => Float32Array.from({ length: count * length }, (_, index) => index);
const seeds = Array.from({ length: 30 }, (_, seed) => seed);

test.each([0.2, 1, 3])('shares are of Beta(α, α), α = %f', (alpha) => {
  const generator = new RandomGenerator(1);
  const drawn = Array.from({ length: 20_000 }, () => symmetricBeta(alpha, generator));
  const mean = drawn.reduce((sum, each) => sum + each, 0) / drawn.length;
  const moment = (power: number): number =>
    drawn.reduce((sum, each) => sum + (each - mean) ** power, 0) / drawn.length;
  expect(mean).toBeCloseTo(0.5, 1.9);
  const variance = 1 / (4 * (2 * alpha + 1));
  expect(moment(2) / variance).toBeCloseTo(1, 1.4);
  // The fourth moment tells it from other distributions of that variance.
  expect(moment(4) / (variance ** 2 * (3 - 6 / (2 * alpha + 3)))).toBeCloseTo(1, 1);
  expect(drawn.every((each) => each >= 0 && each <= 1)).toBe(true);
});

test('the smallest α gives whole pictures, and no NaN', () => {
  const generator = new RandomGenerator(2);
  for (const alpha of [1e-9, 1e-310, Number.MIN_VALUE]) {
    const shares = seeds.map(() => Math.round(symmetricBeta(alpha, generator) * 1e9) / 1e9);
    expect([...new Set(shares)].sort()).toEqual([0, 1]);
  }
});

describe('mixup', () => {
  test('weights whole pictures, each with its partner', () => {
    const partnersSeen = new Set<string>();
    for (const seed of seeds) {
      const images = pictures();
      const { partners, share } = mixPictures(images, shape, { mixup: 1 }, new RandomGenerator(seed));
      partnersSeen.add(partners.join());
      expect([...partners].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      const wrong = images.map((value, index) => {
        const own = Math.floor(index / length);
        const partner = index + (partners[own] - own) * length;
        return Math.abs(value - (share * index + (1 - share) * partner));
      });
      expect(Math.max(...wrong)).toBeLessThan(1e-3);
    }
    expect(partnersSeen.size).toBeGreaterThan(25);
  });
});

describe('cutmix', () => {
  test('puts one rectangle of the partner into each picture, and says how much is left of it', () => {
    const shares = seeds.map((seed) => {
      const images = pictures();
      const { partners, share } = mixPictures(images, shape, { cutmix: 1 }, new RandomGenerator(seed));
      const fromPartner = (image: number): number[] => {
        const origins = [...images.subarray(image * length, (image + 1) * length)];
        expect(origins.map((origin) => origin % length)).toEqual(origins.map((_, at) => at));
        const owners = origins.map((origin) => Math.floor(origin / length));
        expect(owners.filter((owner) => owner !== image && owner !== partners[image])).toEqual([]);
        return [
          ...new Set(owners.flatMap((owner, at) => (owner === image ? [] : [Math.floor(at / channels)]))),
        ];
      };
      const paired = [...partners.keys()].filter((image) => partners[image] !== image);
      if (paired.length === 0) return share;
      const [first, ...others] = paired.map(fromPartner);
      for (const each of others) expect(each).toEqual(first);
      const rows = new Set(first.map((place) => Math.floor(place / width)));
      const columns = new Set(first.map((place) => place % width));
      expect(first).toHaveLength(rows.size * columns.size);
      expect(share).toBeCloseTo(1 - first.length / (height * width), 9);
      return share;
    });
    expect(Math.min(...shares)).toBeLessThan(0.45);
    expect(Math.max(...shares)).toBeGreaterThan(0.9);
  });
});

test('with both, batches draw which one it is', () => {
  const kinds = seeds.map((seed) => {
    const images = pictures();
    mixPictures(images, shape, { mixup: 1, cutmix: 1 }, new RandomGenerator(seed));
    return images.every((value) => Number.isInteger(value));
  });
  expect(kinds.filter(Boolean).length).toBeGreaterThan(7);
  expect(kinds.filter(Boolean).length).toBeLessThan(23);
});
