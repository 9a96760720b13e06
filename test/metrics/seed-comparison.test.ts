/** Intervals and tests over images and seeds: coverage by simulation, the parts of the variance, one seed, one image. */
import { describe, expect, it } from 'vitest';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import {
  accuracyInterval,
  accuracyIntervalOverSeeds,
  bootstrapIntervalOverSeeds,
  mcNemarTest,
  pairedBootstrapTest,
  pairedTestOverSeeds,
} from '../../src/metrics/index.ts';

/** What the answers of a way of training are made of, in standard deviations of what decides them. */
interface Effects {
  readonly images: number;
  readonly seeds: number;
  readonly both: number;
}

/** A normal number (Box and Muller). */
function normal(random: RandomGenerator): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Two equal ways of training: an answer is right where the sum of its parts is above a threshold, by which about 93 % are. */
function drawnAnswers(
  random: RandomGenerator,
  effects: Effects,
  seeds: number,
  images: number,
): Uint8Array[][] {
  const threshold = -1.5 * Math.hypot(1, effects.images, effects.seeds, effects.both);
  const common = Float64Array.from({ length: images }, () => normal(random));
  return [0, 1].map(() => {
    const own = common.map((each) => each + effects.images * normal(random));
    return Array.from({ length: seeds }, () => {
      const seed = effects.seeds * normal(random);
      return Uint8Array.from(own, (each) =>
        each + seed + effects.both * normal(random) > threshold ? 1 : 0,
      );
    });
  });
}

const allRight = (images: number) => new Uint8Array(images).fill(1);
const wrongOn = (images: number, from: number, to: number) =>
  Uint8Array.from({ length: images }, (_, image) => (image >= from && image < to ? 0 : 1));

describe('the paired test over seeds', () => {
  it.each([
    ['nothing of seeds', { images: 0.2, seeds: 0, both: 1.2 }],
    ['seeds', { images: 0.5, seeds: 0.3, both: 0.1 }],
    ['seeds, and both', { images: 0.5, seeds: 0.2, both: 0.9 }],
  ])('has 95 % of its intervals around the true difference: %s', (_, effects) => {
    const random = new RandomGenerator(17);
    for (const seeds of [3, 5]) {
      let [around, rejected] = [0, 0];
      for (let round = 0; round < 300; round++) {
        const [first, second] = drawnAnswers(random, effects, seeds, 200);
        const { low, high, p } = pairedTestOverSeeds(first, second, allRight(200));
        if (low <= 0 && high >= 0) around++;
        if (p < 0.05) rejected++;
      }
      // Of 300 it is 285 ± 3.8.
      expect(around).toBeGreaterThan(272);
      expect(rejected).toBeLessThanOrEqual(300 - around);
    }
  });

  it('is not as wide as the bootstrap of crossed factors where seeds do not differ', () => {
    const random = new RandomGenerator(23);
    const ratios = Array.from({ length: 20 }, () => {
      const [first, second] = drawnAnswers(random, { images: 0.2, seeds: 0, both: 1.2 }, 5, 200);
      const gain = (seed: number, images: Int32Array) =>
        images.reduce((sum, image) => sum + first[seed][image] - second[seed][image], 0) / images.length;
      const { low, high } = bootstrapIntervalOverSeeds(5, 200, gain, { samples: 300 });
      const found = pairedTestOverSeeds(first, second, allRight(200));
      return (found.high - found.low) / (high - low);
    });
    expect(ratios.reduce((sum, each) => sum + each, 0) / 20).toBeLessThan(0.9);
  });

  it('takes the variance apart without bias', () => {
    const random = new RandomGenerator(29);
    const rounds = Array.from({ length: 1500 }, () => {
      // Right with 0.8 + an image's ±0.1 + a seed's ±0.05.
      const images = Float64Array.from({ length: 100 }, () => (random.uniform() < 0.5 ? -0.1 : 0.1));
      const seeds = [0, 1, 2, 3].map(() => {
        const seed = random.uniform() < 0.5 ? -0.05 : 0.05;
        return Uint8Array.from(images, (each) => (random.uniform() < 0.8 + each + seed ? 1 : 0));
      });
      return pairedTestOverSeeds(seeds, [allRight(100)], allRight(100)).variances;
    });
    const meanOf = (value: (each: (typeof rounds)[number]) => number) =>
      rounds.reduce((sum, each) => sum + value(each), 0) / rounds.length;
    expect(meanOf(({ images }) => images)).toBeCloseTo(0.01, 3);
    expect(meanOf(({ seeds: [first] }) => first)).toBeCloseTo(0.0025, 3);
    // p (1 − p) on average: 0.16 less both squares.
    expect(meanOf(({ interaction: [first] }) => first)).toBeCloseTo(0.1475, 2);
    expect(rounds[0].seeds[1]).toBeNaN();
  });

  it('of one seed each is near to the paired bootstrap and McNemar', () => {
    const [first, second] = [wrongOn(300, 0, 20), wrongOn(300, 20, 55)];
    const found = pairedTestOverSeeds([first], [second], allRight(300));
    const bootstrap = pairedBootstrapTest(first, second, allRight(300), { samples: 4000 });
    expect(found.difference).toBe(bootstrap.difference);
    expect(found.low).toBeCloseTo(bootstrap.low, 2);
    expect(found.high).toBeCloseTo(bootstrap.high, 2);
    expect(Math.abs(found.p - mcNemarTest(first, second, allRight(300)).p)).toBeLessThan(0.03);
    expect(found.degreesOfFreedom).toBeCloseTo(299, 9);
  });

  it('turns around with its arguments, and is surer with less confidence', () => {
    const [first, second] = drawnAnswers(new RandomGenerator(31), { images: 1, seeds: 0.2, both: 1 }, 3, 150);
    const [one, other] = [
      pairedTestOverSeeds(first, second, allRight(150)),
      pairedTestOverSeeds(second, first, allRight(150)),
    ];
    expect([other.difference, other.low, other.high]).toEqual([-one.difference, -one.high, -one.low]);
    expect(other.p).toBe(one.p);
    const narrow = pairedTestOverSeeds(first, second, allRight(150), { confidence: 0.5 });
    expect(narrow.high - narrow.low).toBeLessThan((one.high - one.low) / 2);
  });

  it('shows nothing where nothing can be shown', () => {
    // Fifty images on which all agree: as far as Wilson's interval of fifty right answers reaches.
    const same = wrongOn(50, 0, 5);
    const equal = pairedTestOverSeeds([same, same], [same], allRight(50));
    expect(equal).toMatchObject({ difference: 0, p: 1 });
    const [reach] = [1 - accuracyIntervalOverSeeds([allRight(50)], allRight(50)).low];
    expect([-equal.low, equal.high]).toEqual([expect.closeTo(reach, 12), expect.closeTo(reach, 12)]);
    const opposite = pairedTestOverSeeds([allRight(50)], [wrongOn(50, 0, 50)], allRight(50));
    expect(opposite).toMatchObject({ difference: 1, low: expect.closeTo(1 - reach, 12), high: 1 });
    // Few images that differ, all one way: what the test of signs does not show, the interval does not either.
    for (const differing of [1, 2, 3, 4, 5, 6]) {
      for (const images of [10, 60, 1000]) {
        const found = pairedTestOverSeeds(
          [allRight(images)],
          [wrongOn(images, 0, differing)],
          allRight(images),
        );
        expect(found.low > 0, `${differing} of ${images}`).toBe(differing === 6);
        const turned = pairedTestOverSeeds(
          [wrongOn(images, 0, differing)],
          [allRight(images)],
          allRight(images),
        );
        expect(turned.high).toBeCloseTo(-found.low, 12);
      }
    }
    // One image, two, five that all speak for the first: the sign test says as much.
    for (const images of [1, 2, 5]) {
      const { p } = pairedTestOverSeeds([allRight(images)], [wrongOn(images, 0, images)], allRight(images));
      expect(p).toBe(2 ** (1 - images));
    }
    expect(pairedTestOverSeeds([[1], [1]], [[0], [0]], [1])).toMatchObject({
      low: -1,
      high: 1,
      degreesOfFreedom: 0,
    });
  });
});

describe('the interval of an accuracy over seeds', () => {
  it('of one seed is nearly that of Wilson', () => {
    for (const wrong of [0, 3, 40]) {
      const { low, high, accuracy } = accuracyIntervalOverSeeds([wrongOn(400, 0, wrong)], allRight(400));
      const wilson = accuracyInterval(accuracy, 400);
      expect(low).toBeCloseTo(wilson[0], 3);
      expect(high).toBeCloseTo(wilson[1], 3);
    }
  });

  it('of seeds that agree is that of one, and wider where they do not', () => {
    const seed = wrongOn(400, 0, 40);
    const one = accuracyIntervalOverSeeds([seed], allRight(400));
    expect(accuracyIntervalOverSeeds([seed, seed, seed], allRight(400))).toEqual(one);
    const differing = [10, 40, 70].map((wrong) => wrongOn(400, 0, wrong));
    const wide = accuracyIntervalOverSeeds(differing, allRight(400));
    expect(wide.accuracy).toBe(0.9);
    expect(wide.high - wide.low).toBeGreaterThan(2 * (one.high - one.low));
  });

  it('of one image knows nothing', () => {
    expect(accuracyIntervalOverSeeds([[1]], [1])).toEqual({ accuracy: 1, low: 0, high: 1 });
  });
});
