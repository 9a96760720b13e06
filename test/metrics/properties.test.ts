/** What metrics, intervals and tests have to satisfy whatever the numbers: held against plain loops, and against themselves. */
import { describe, expect, it, test } from 'vitest';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { normalBelow, rangeAbove } from '../../src/metrics/distributions.ts';
import {
  accuracyOf,
  averageClassMetrics,
  averagePrecision,
  averagePrecisionOfClasses,
  balancedAccuracy,
  bootstrapInterval,
  bootstrapIntervalOverSeeds,
  cohensKappa,
  confusionMatrix,
  exactSignTest,
  expectedCalibrationError,
  fitTemperature,
  fiveByTwoTest,
  friedmanTest,
  holmCorrection,
  logLoss,
  matthewsCorrelation,
  mcNemarTest,
  nemenyiTest,
  pairedBootstrapTest,
  probabilitiesAtTemperature,
  reliabilityBins,
  rocAuc,
  rocAucOfClasses,
  topKAccuracy,
} from '../../src/metrics/index.ts';

const random = new RandomGenerator(11);
const drawn = <Value>(count: number, draw: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => draw(index));

/** Labels of two classes, each at least once, and scores of the second; many are equal where `values` is small. */
function scored(count: number, values: number): { labels: number[]; scores: number[] } {
  return {
    labels: drawn(count, (index) => (index < 2 ? index : random.nextBelow(2))),
    scores: drawn(count, () => random.nextBelow(values) / values),
  };
}

/** Logits that are right more often than not. */
function logitsOf(labels: readonly number[], classes: number): number[] {
  return labels.flatMap((label) =>
    drawn(classes, (each) => (each === label ? 1.5 : 0) + 4 * random.uniform() - 2),
  );
}

describe('curves', () => {
  const sets = [2, 5, 1000].flatMap((values) => drawn(10, () => scored(3 + random.nextBelow(40), values)));

  it('the area under the ROC curve is the part of the pairs that are in order, equal ones half', () => {
    for (const { labels, scores } of sets) {
      let [pairs, wins] = [0, 0];
      labels.forEach((label, one) => {
        labels.forEach((other, two) => {
          if (label !== 1 || other !== 0) return;
          pairs++;
          wins += scores[one] > scores[two] ? 1 : scores[one] === scores[two] ? 0.5 : 0;
        });
      });
      expect(rocAuc(scores, labels)).toBeCloseTo(wins / pairs, 13);
    }
  });

  it('average precision: at each score, precision times what recall it adds', () => {
    for (const { labels, scores } of sets) {
      const total = labels.filter((label) => label === 1).length;
      let [sum, before] = [0, 0];
      for (const least of [...new Set(scores)].sort((a, b) => b - a)) {
        const taken = labels.filter((_, image) => scores[image] >= least);
        const found = taken.filter((label) => label === 1).length;
        sum += ((found - before) / total) * (found / taken.length);
        before = found;
      }
      expect(averagePrecision(scores, labels)).toBeCloseTo(sum, 13);
    }
  });

  it('only the order matters, and the other class has the rest of the area', () => {
    for (const { labels, scores } of sets) {
      const stretched = scores.map((score) => Math.exp(9 * score) - 3);
      expect(rocAuc(stretched, labels)).toBe(rocAuc(scores, labels));
      expect(averagePrecision(stretched, labels)).toBe(averagePrecision(scores, labels));
      const area = rocAuc(scores, labels, 0) + rocAuc(scores, labels, 1);
      expect(area).toBeCloseTo(1, 13);
    }
  });

  it('infinite scores have an order, and equal ones of both signs of 0', () => {
    expect(rocAuc([Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY], [0, 0, 1])).toBe(1);
    expect(rocAuc([-0, 0], [1, 0])).toBe(0.5);
    expect(averagePrecision([-0, 0], [1, 0])).toBe(0.5);
  });

  it('a class without images has no area, and one that has all has no others to be told from', () => {
    expect(rocAuc([0.1, 0.9], [1, 1])).toBeNaN();
    expect(rocAuc([0.1, 0.9], [0, 0])).toBeNaN();
    expect(averagePrecision([0.1, 0.9], [0, 0])).toBeNaN();
    expect(averagePrecision([0.1, 0.9], [1, 1])).toBe(1);
    expect(rocAucOfClasses([], [], 3)).toEqual({
      perClass: [Number.NaN, Number.NaN, Number.NaN],
      macro: Number.NaN,
      micro: Number.NaN,
      weighted: Number.NaN,
    });
  });

  it('top-k: grows with k to 1, begins with the accuracy, and the lowest of equal classes comes first', () => {
    const labels = drawn(50, () => random.nextBelow(4));
    const logits = logitsOf(labels, 4);
    const found = [1, 2, 3, 4].map((k) => topKAccuracy(logits, labels, 4, k));
    expect(found).toEqual([...found].sort());
    expect(found[3]).toBe(1);
    expect(topKAccuracy([0.5, 0.5, 0.5, 0.5], [0, 1], 2, 1)).toBe(0.5);
    expect(topKAccuracy([], [], 2, 1)).toBeNaN();
  });
});

describe('confusion', () => {
  it('what is right gives 1, what is shuffled nearly 0', () => {
    const labels = drawn(3000, () => random.nextBelow(4));
    const right = confusionMatrix(labels, labels, 4);
    const others = confusionMatrix(
      labels.map(() => random.nextBelow(4)),
      labels,
      4,
    );
    for (const measure of [cohensKappa, matthewsCorrelation]) {
      expect(measure(right)).toBe(1);
      expect(Math.abs(measure(others))).toBeLessThan(0.06);
    }
  });

  it('recall on average: macro is the balanced accuracy where all classes occur, weighted the accuracy', () => {
    const labels = drawn(100, () => random.nextBelow(3) * 2);
    const answers = labels.map((label) => (random.uniform() < 0.6 ? label : random.nextBelow(5)));
    const confusion = confusionMatrix(answers, labels, 5);
    const { macro, micro, weighted } = averageClassMetrics(confusion);
    // Three classes occur, and two more are taken for others.
    expect(5 * macro.recall).toBeCloseTo(3 * balancedAccuracy(confusion), 14);
    expect(weighted.recall).toBeCloseTo(accuracyOf(answers, labels), 14);
    expect(micro.f1).toBe(accuracyOf(answers, labels));
  });

  it('all of one class: kappa is not known, nothing correlates', () => {
    const one = confusionMatrix([1, 1], [1, 1], 2);
    expect(cohensKappa(one)).toBeNaN();
    expect(matthewsCorrelation(one)).toBe(0);
  });

  it('no images', () => {
    const none = [0, 0, 0, 0];
    for (const measure of [cohensKappa, matthewsCorrelation, balancedAccuracy])
      expect(measure(none)).toBeNaN();
    expect(averageClassMetrics(none).micro.f1).toBeNaN();
    expect(averageClassMetrics(none).macro.f1).toBeNaN();
  });
});

describe('calibration', () => {
  const labels = drawn(400, () => random.nextBelow(3));
  const logits = logitsOf(labels, 3);

  it('temperature: logits times c have c times the temperature, at which the log loss is least', () => {
    const best = fitTemperature(logits, labels, 3);
    const tripled = logits.map((each) => 3 * each + 7);
    expect(fitTemperature(tripled, labels, 3) / best).toBeCloseTo(3, 10);
    const lossAt = (temperature: number) =>
      logLoss(probabilitiesAtTemperature(logits, 3, temperature), labels, 3);
    expect(lossAt(best)).toBeLessThan(lossAt(best * 1.01));
    expect(lossAt(best)).toBeLessThan(lossAt(best / 1.01));
    // Logarithms of probabilities are logits.
    const logarithms = probabilitiesAtTemperature(logits, 3, 1).map(Math.log);
    expect(fitTemperature(logarithms, labels, 3)).toBeCloseTo(best, 9);
  });

  it('temperature: its ends, and where there is nothing to fit', () => {
    expect(fitTemperature([5, 0, 0, 5], [0, 1], 2)).toBe(1e-3);
    expect(fitTemperature([5, 0, 0, 5], [1, 0], 2)).toBe(1e3);
    expect(fitTemperature([2, 2, -1, -1], [0, 1], 2)).toBe(1);
    expect([...probabilitiesAtTemperature([1000, 0, -1000, 0], 2, 1)]).toEqual([1, 0, 0, 1]);
    expect(probabilitiesAtTemperature([], 2, 1).length).toBe(0);
  });

  it('bins hold every image once, and a confidence on the border belongs to the lower one', () => {
    const probabilities = probabilitiesAtTemperature(logits, 3, 1);
    const bins = reliabilityBins(probabilities, labels, 3, { bins: 10 });
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(labels.length);
    for (const { low, high, count, confidence } of bins) {
      if (count === 0) expect(confidence).toBeNaN();
      else expect(confidence > low && confidence <= high).toBe(true);
    }
    // By the limits as they are told, of whatever number of bins: their products round to either side.
    for (let number = 2; number <= 60; number++) {
      for (let bin = Math.ceil(number / 2); bin <= number; bin++) {
        const found = reliabilityBins([bin / number, 1 - bin / number], [0], 2, { bins: number });
        expect(
          found.findIndex(({ count }) => count === 1),
          `${bin} of ${number}`,
        ).toBe(bin - 1);
      }
    }
  });

  it('labels drawn by the probabilities are calibrated, and those of sharper ones are not', () => {
    const probabilities = probabilitiesAtTemperature(
      logitsOf(
        drawn(20_000, () => random.nextBelow(2)),
        2,
      ),
      2,
      1,
    );
    const truths = drawn(20_000, (image) => (random.uniform() < probabilities[2 * image] ? 0 : 1));
    expect(expectedCalibrationError(probabilities, truths, 2)).toBeLessThan(0.02);
    expect(fitTemperature(probabilities.map(Math.log), truths, 2)).toBeCloseTo(1, 1);
    const sharper = probabilitiesAtTemperature(probabilities.map(Math.log), 2, 0.3);
    expect(expectedCalibrationError(sharper, truths, 2)).toBeGreaterThan(0.05);
  });

  it('the log loss of what was said to be impossible is finite', () => {
    expect(logLoss([1, 0], [1], 2)).toBeCloseTo(52 * Math.LN2, 12);
    expect(logLoss([], [], 2)).toBeNaN();
    expect(expectedCalibrationError([], [], 2)).toBeNaN();
  });
});

describe('bootstrap', () => {
  const right = drawn(60, () => random.uniform() < 0.8);
  const share = (images: Int32Array) => images.filter((image) => right[image]).length / images.length;

  it('the interval is that of the values: sorted, and linear between two of them', () => {
    const values: number[] = [];
    const found = bootstrapInterval(
      right.length,
      (images) => {
        values.push(share(images));
        return values.at(-1)!;
      },
      { samples: 101, confidence: 0.9 },
    );
    const [estimate, ...samples] = values;
    const sorted = samples.sort((a, b) => a - b);
    expect(found).toEqual({ estimate, low: sorted[5], high: sorted[95], samples: 101 });
  });

  it('is decided by its seed', () => {
    const interval = (seed: number) => bootstrapInterval(right.length, share, { seed, samples: 300 });
    expect(interval(4)).toEqual(interval(4));
    expect(new Set([0, 1, 2, 3].map((seed) => JSON.stringify(interval(seed)))).size).toBeGreaterThan(1);
  });

  it('holds the truth about as often as it says', () => {
    let held = 0;
    for (let study = 0; study < 300; study++) {
      const sample = drawn(50, () => random.uniform() < 0.7);
      const { low, high } = bootstrapInterval(
        50,
        (images) => images.reduce((sum, image) => sum + (sample[image] ? 1 : 0), 0) / 50,
        { samples: 300, confidence: 0.9, seed: study },
      );
      if (low <= 0.7 && 0.7 <= high) held++;
    }
    expect(held / 300).toBeGreaterThan(0.84);
    expect(held / 300).toBeLessThan(0.96);
  });

  it('samples in which the statistic is NaN do not count', () => {
    const labels = [0, 0, 1];
    const scores = [0.2, 0.6, 0.5];
    const area = (images: Int32Array) =>
      rocAuc(
        Float64Array.from(images, (image) => scores[image]),
        images.map((image) => labels[image]),
      );
    const found = bootstrapInterval(3, area, { samples: 400 });
    expect(found.estimate).toBe(0.5);
    expect(found.samples).toBeGreaterThan(200);
    expect(found.samples).toBeLessThan(400);
    expect(bootstrapInterval(3, () => Number.NaN, { samples: 10 })).toEqual({
      estimate: Number.NaN,
      low: Number.NaN,
      high: Number.NaN,
      samples: 0,
    });
  });

  it('over seeds: equal models have the interval of one, and images of their own hide that of images', () => {
    const options = { samples: 1000 };
    const one = bootstrapInterval(right.length, share, options);
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    const equal = (images: 'same' | 'own') =>
      bootstrapIntervalOverSeeds(4, right.length, (_, drawnImages) => share(drawnImages), {
        ...options,
        images,
      });
    expect(width(equal('same')) / width(one)).toBeCloseTo(1, 0);
    expect(width(equal('own')) / width(one)).toBeCloseTo(0.5, 0);
    expect(equal('same').estimate).toBeCloseTo(one.estimate, 14);
    // Models that differ make it wider.
    const differing = bootstrapIntervalOverSeeds(
      4,
      right.length,
      (seed, images) => share(images) - seed / 5,
      options,
    );
    expect(width(differing)).toBeGreaterThan(width(equal('same')));
  });
});

describe('tests of two', () => {
  /** 2 P(X ≤ few) of fair coins, by whole numbers. */
  function byCounting(few: number, coins: number): number {
    let [ways, sum] = [1n, 0n];
    for (let heads = 0; heads <= few; heads++) {
      sum += ways;
      ways = (ways * BigInt(coins - heads)) / BigInt(heads + 1);
    }
    return Math.min(Number((sum * 2n * 2n ** 60n) / 2n ** BigInt(coins)) / 2 ** 60, 1);
  }

  it('the sign test is exact', () => {
    for (let coins = 0; coins <= 60; coins++) {
      for (let few = 0; few <= coins / 2; few++) {
        const wanted = few * 2 === coins ? 1 : byCounting(few, coins);
        expect(Math.abs(exactSignTest(few, coins - few) - wanted)).toBeLessThan(2e-14);
      }
    }
    expect(exactSignTest(0, 100_000)).toBe(0);
    expect(exactSignTest(500_000_000, 500_000_001)).toBeCloseTo(1, 4);
  });

  it("McNemar's test counts only what differs, and turns around with its arguments", () => {
    const labels = drawn(200, () => random.nextBelow(3));
    const answers = (skill: number) =>
      labels.map((label) => (random.uniform() < skill ? label : random.nextBelow(3)));
    const [first, second] = [answers(0.9), answers(0.5)];
    const { onlyFirst, onlySecond, p } = mcNemarTest(first, second, labels);
    expect((onlyFirst - onlySecond) / 200).toBeCloseTo(
      accuracyOf(first, labels) - accuracyOf(second, labels),
      14,
    );
    expect(mcNemarTest(second, first, labels)).toEqual({ onlyFirst: onlySecond, onlySecond: onlyFirst, p });
    expect(mcNemarTest(first, first, labels)).toEqual({ onlyFirst: 0, onlySecond: 0, p: 1 });
  });

  it('the paired bootstrap agrees with it, roughly', () => {
    const labels = drawn(300, () => 1);
    const wrongFrom = (from: number, to: number) => labels.map((_, at) => (at >= from && at < to ? 0 : 1));
    const [first, second] = [wrongFrom(0, 20), wrongFrom(20, 55)];
    const { difference, low, high, p } = pairedBootstrapTest(first, second, labels, { samples: 4000 });
    expect(difference).toBeCloseTo(15 / 300, 14);
    expect(low).toBeLessThan(difference);
    expect(high).toBeGreaterThan(difference);
    expect(Math.abs(p - mcNemarTest(first, second, labels).p)).toBeLessThan(0.03);
    expect(pairedBootstrapTest(first, first, labels, { samples: 50 })).toEqual({
      difference: 0,
      low: 0,
      high: 0,
      p: 1,
    });
    expect(pairedBootstrapTest(labels, wrongFrom(0, 300), labels, { samples: 99 }).p).toBe(0.02);
  });

  it('5×2: where no difference varies', () => {
    const same = (value: number) => drawn(5, (): [number, number] => [value, value]);
    expect(fiveByTwoTest(same(0))).toEqual({ t: 0, p: 1 });
    expect(fiveByTwoTest(same(-0.5))).toEqual({ t: Number.NEGATIVE_INFINITY, p: 0 });
  });
});

describe('tests of several', () => {
  it('where all are equal, and where all data sets agree', () => {
    const equal = friedmanTest([
      [1, 1, 1],
      [2, 2, 2],
    ]);
    expect(equal.meanRanks).toEqual([2, 2, 2]);
    expect([equal.chiSquare, equal.imanDavenport]).toEqual([
      { statistic: 0, p: 1 },
      { statistic: 0, p: 1 },
    ]);
    const agreeing = friedmanTest(drawn(7, (set) => [3 + set, 2 + set, 1 + set]));
    expect(agreeing.meanRanks).toEqual([1, 2, 3]);
    expect(agreeing.chiSquare.statistic).toBe(14);
    expect(agreeing.imanDavenport).toEqual({ statistic: Number.POSITIVE_INFINITY, p: 0 });
  });

  it('only ranks within a data set matter', () => {
    const scores = drawn(6, () => drawn(4, () => random.nextBelow(5)));
    const stretched = scores.map((row, set) => row.map((score) => 10 * set + score ** 3));
    expect(friedmanTest(stretched)).toEqual(friedmanTest(scores));
    const sum = friedmanTest(scores).meanRanks.reduce((total, rank) => total + rank, 0);
    expect(sum).toBeCloseTo(10, 13);
  });

  it('the critical difference is the one whose p is the significance', () => {
    for (const models of [2, 5, 25]) {
      const scores = drawn(9, () => drawn(models, () => random.uniform()));
      const { criticalDifference, p } = nemenyiTest(scores, { significance: 0.03 });
      const unit = Math.sqrt((models * (models + 1)) / (6 * 9));
      expect(rangeAbove((criticalDifference * Math.SQRT2) / unit, models)).toBeCloseTo(0.03, 12);
      p.forEach((row, index) => {
        expect(row[index]).toBe(1);
        for (const other of p.keys()) expect(row[other]).toBe(p[other][index]);
      });
    }
  });

  it('the range of two is a difference of normal numbers', () => {
    for (const range of [0.01, 1, 3, 8, 20]) {
      const wanted = 2 * normalBelow(-range / Math.SQRT2);
      expect(rangeAbove(range, 2) / wanted).toBeCloseTo(1, 11);
    }
  });

  it('Holm: no p gets smaller, their order stays, none exceeds 1', () => {
    const given = drawn(30, () => random.uniform() ** 3);
    const adjusted = holmCorrection(given);
    given.forEach((p, one) => {
      expect(adjusted[one]).toBeGreaterThanOrEqual(p);
      expect(adjusted[one]).toBeLessThanOrEqual(1);
      for (const two of given.keys()) if (p < given[two]) expect(adjusted[one] <= adjusted[two]).toBe(true);
    });
    expect(holmCorrection([])).toEqual([]);
  });
});

test('a hundred thousand images of ten classes', () => {
  const labels = Int32Array.from({ length: 100_000 }, () => random.nextBelow(10));
  const logits = Float32Array.from(logitsOf([...labels], 10));
  const probabilities = Float32Array.from(probabilitiesAtTemperature(logits, 10, 1));
  const predictions = labels.map((label) => (random.uniform() < 0.7 ? label : 0));
  expect(rocAucOfClasses(probabilities, labels, 10).macro).toBeGreaterThan(0.8);
  expect(averagePrecisionOfClasses(probabilities, labels, 10).micro).toBeGreaterThan(0.3);
  expect(topKAccuracy(probabilities, labels, 10, 5)).toBeGreaterThan(0.8);
  const best = fitTemperature(logits, labels, 10);
  const fitted = probabilitiesAtTemperature(logits, 10, best);
  expect(logLoss(fitted, labels, 10)).toBeLessThanOrEqual(logLoss(probabilities, labels, 10));
  expect(expectedCalibrationError(fitted, labels, 10)).toBeLessThan(0.2);
  expect(mcNemarTest(predictions, new Int32Array(100_000), labels).p).toBe(0);
  const { low, high } = pairedBootstrapTest(predictions, labels, labels, { samples: 50 });
  expect(low).toBeLessThan(high);
});
