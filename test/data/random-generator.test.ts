/** The host's random generator. */
import { describe, expect, test } from 'vitest';
import {
  batchStream,
  exampleStream,
  mixStream,
  RandomGenerator,
  shuffleStream,
} from '../../src/data/random-generator.ts';
import { OptionError } from '../../src/errors.ts';

const draw = (generator: RandomGenerator, count: number): number[] =>
  Array.from({ length: count }, () => generator.nextUint32());

describe('RandomGenerator', () => {
  test('the same numbers for ever, as a separate implementation of Threefry gives them', () => {
    expect(draw(new RandomGenerator(0), 4)).toEqual([4120928746, 754131602, 1511125810, 2706620424]);
    expect(draw(new RandomGenerator(3 * 2 ** 32 + 5, 9), 2)).toEqual([408118073, 3015318758]);
  });

  test('seeds and streams are told apart in all their bits', () => {
    const starts = [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
      [2 ** 32, 0],
      [2 ** 32 + 1, 0],
      [Number.MAX_SAFE_INTEGER, 0],
      [0, 2 ** 32 - 1],
    ].map(([seed, stream]) => draw(new RandomGenerator(seed, stream), 2).join());
    expect(new Set(starts).size).toBe(starts.length);
    expect(draw(new RandomGenerator(7, 3), 9)).toEqual(draw(new RandomGenerator(7, 3), 9));
  });

  test('a fork has a sequence of its own, which nothing that is drawn changes', () => {
    const parent = new RandomGenerator(7, 3);
    const third = draw(parent.fork(3), 9);
    parent.nextUint32();
    expect(draw(parent.fork(3), 9)).toEqual(third);
    const starts = [
      parent,
      ...[0, 1, 2 ** 32 - 1].map((place) => parent.fork(place)),
      parent.fork(1).fork(1),
    ];
    expect(new Set(starts.map((each) => draw(each, 2).join())).size).toBe(5);
    expect(() => parent.fork(-1)).toThrow(OptionError);
  });

  test('examples, batches and orders of one seed draw from streams of their own', () => {
    const streams = [1, 2].flatMap((epoch) => [
      shuffleStream(0, epoch),
      ...[0, 1].map((index) => exampleStream(0, epoch, index)),
      ...[0, 1].map((step) => batchStream(0, epoch, step)),
      ...[0, 1].map((step) => mixStream(0, epoch, step)),
    ]);
    expect(new Set(streams.map((each) => draw(each, 2).join())).size).toBe(14);
  });

  test('uniform numbers lie in [0, 1) and are uniform', () => {
    const generator = new RandomGenerator(1);
    const bins = new Int32Array(16);
    for (let i = 0; i < 16_000; i++) bins[Math.floor(generator.uniform() * 16)]++;
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 15 degrees of freedom: beyond 37.7 lies one in a thousand.
    expect(chiSquared).toBeLessThan(37.7);
  });

  test('nextBelow is unbiased where a remainder would not be', () => {
    const generator = new RandomGenerator(2);
    const limit = 3 * 2 ** 30;
    let low = 0;
    for (let i = 0; i < 30_000; i++) {
      const value = generator.nextBelow(limit);
      expect(value).toBeLessThan(limit);
      if (value < 2 ** 30) low++;
    }
    // A plain remainder would give one half instead of one third.
    expect(low / 30_000).toBeCloseTo(1 / 3, 1);
    expect(generator.nextBelow(1)).toBe(0);
    expect(generator.nextBelow(2 ** 32)).toBeGreaterThanOrEqual(0);
  });

  test('every order of three is equally likely', () => {
    const generator = new RandomGenerator(3);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = generator.permutation(3).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    const chiSquared = [...seen.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(20.5);
    expect(generator.permutation(0).length).toBe(0);
  });

  test('bad seeds, streams, limits and counts', () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => new RandomGenerator(seed)).toThrow(OptionError);
    }
    expect(() => new RandomGenerator(0, 2 ** 32)).toThrow(OptionError);
    const generator = new RandomGenerator(0);
    for (const limit of [0, -1, 1.5, 2 ** 32 + 1])
      expect(() => generator.nextBelow(limit)).toThrow(OptionError);
    expect(() => generator.permutation(-1)).toThrow(OptionError);
  });
});
