/** Metrics, intervals and tests as scikit-learn, SciPy and statsmodels compute them: vectors.json, which vectors.py wrote. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  chiSquareAbove,
  fAbove,
  incompleteBeta,
  logGamma,
  normalBelow,
  rangeAbove,
  studentTwoSided,
  upperGamma,
} from '../../src/metrics/distributions.ts';
import {
  accuracyInterval,
  accuracyOf,
  averageClassMetrics,
  averagePrecision,
  averagePrecisionOfClasses,
  balancedAccuracy,
  brierScore,
  classMetrics,
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
  nemenyiTest,
  type OneVersusRest,
  type Recognition,
  reliabilityBins,
  rocAuc,
  rocAucOfClasses,
  topKAccuracy,
} from '../../src/metrics/index.ts';

/** What is not defined is null there, and NaN here. */
type Expected = number | null;
type Averages = Readonly<Record<'macro' | 'micro' | 'weighted', Expected>> & {
  readonly perClass: readonly Expected[];
};

interface Case {
  readonly name: string;
  readonly classes: number;
  readonly labels: readonly number[];
  /** Probabilities in 1024ths, `[N, classes]`. */
  readonly counts: readonly number[];
  /** Logits in sixteenths, `[N, classes]`. */
  readonly sixteenths: readonly number[];
  readonly predictions: readonly number[];
  readonly accuracy: Expected;
  readonly confusion: readonly number[];
  readonly perClass: readonly (readonly number[])[];
  readonly averages: Readonly<Record<keyof typeof averageNames, readonly Expected[]>>;
  readonly balanced: Expected;
  readonly kappa: Expected;
  readonly matthews: Expected;
  readonly topK: readonly Expected[];
  readonly rocAuc: Averages;
  readonly averagePrecision: Averages;
  readonly logLoss: Expected;
  readonly brier: Expected;
  readonly reliability: Readonly<
    Record<string, { readonly bins: readonly (readonly Expected[])[]; readonly ece: number }>
  >;
  readonly temperature: number;
}

interface RankVector {
  readonly scores: readonly (readonly number[])[];
  readonly meanRanks: readonly number[];
  readonly chiSquare: readonly [statistic: number, p: number];
  readonly imanDavenport: readonly [statistic: number, p: number];
  readonly critical: readonly (readonly [significance: number, difference: number])[];
  readonly p: readonly (readonly number[])[];
}

interface Vectors {
  readonly cases: readonly Case[];
  readonly wilson: readonly (readonly [right: number, count: number, low: number, high: number])[];
  readonly signs: readonly (readonly [onlyFirst: number, onlySecond: number, p: number])[];
  readonly fiveByTwo: readonly {
    readonly pairs: readonly (readonly [number, number])[];
    readonly t: number;
    readonly p: number;
  }[];
  readonly ranks: readonly RankVector[];
  readonly holm: readonly (readonly [given: readonly number[], adjusted: readonly number[]])[];
  readonly logGamma: readonly (readonly [x: number, value: number])[];
  readonly upperGamma: readonly (readonly [a: number, x: number, value: number])[];
  readonly incompleteBeta: readonly (readonly [x: number, a: number, b: number, value: number])[];
  readonly normal: readonly (readonly [z: number, value: number])[];
  readonly range: readonly (readonly [range: number, groups: number, value: number])[];
}

const vectors: Vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8'));
const averageNames = { macro: 0, micro: 0, weighted: 0 };

/** Within that part of what is expected, or 1e-15; NaN where it is null. */
function near(got: number, wanted: Expected, tolerance = 1e-12, what = ''): void {
  if (wanted === null) {
    expect(got, what).toBeNaN();
    return;
  }
  const error = Math.abs(got - wanted);
  if (error > 1e-15)
    expect(error / Math.abs(wanted), `${what}: ${got}, not ${wanted}`).toBeLessThan(tolerance);
}

function allNear(got: readonly number[], wanted: readonly Expected[], tolerance?: number): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((each, index) => {
    near(each, wanted[index], tolerance, `${index}`);
  });
}

const valuesOf = ({ precision, recall, f1 }: Recognition): number[] => [precision, recall, f1];

function nearAverages({ perClass, ...means }: OneVersusRest, wanted: Averages): void {
  allNear(perClass, wanted.perClass);
  for (const name of ['macro', 'micro', 'weighted'] as const) near(means[name], wanted[name], 1e-12, name);
}

describe.each(vectors.cases)('$name', (each) => {
  const { classes, labels, predictions } = each;
  const probabilities = each.counts.map((count) => count / 1024);
  const confusion = confusionMatrix(predictions, labels, classes);

  it('predictions', () => {
    expect(Array.from(confusion)).toEqual(each.confusion);
    near(accuracyOf(predictions, labels), each.accuracy);
    allNear(
      classMetrics(confusion).flatMap((found) => [...valuesOf(found), found.support]),
      each.perClass.flat(),
    );
    const averages = averageClassMetrics(confusion);
    for (const name of ['macro', 'micro', 'weighted'] as const) {
      allNear(valuesOf(averages[name]), each.averages[name]);
    }
    near(balancedAccuracy(confusion), each.balanced);
    near(cohensKappa(confusion), each.kappa);
    near(matthewsCorrelation(confusion), each.matthews);
  });

  it('the order of probabilities', () => {
    each.topK.forEach((wanted, index) => {
      near(topKAccuracy(probabilities, labels, classes, index + 1), wanted);
    });
    nearAverages(rocAucOfClasses(probabilities, labels, classes), each.rocAuc);
    nearAverages(averagePrecisionOfClasses(probabilities, labels, classes), each.averagePrecision);
    for (let label = 0; label < classes; label++) {
      const scores = Float32Array.from(labels, (_, image) => probabilities[image * classes + label]);
      near(rocAuc(scores, labels, label), each.rocAuc.perClass[label]);
      near(averagePrecision(scores, labels, label), each.averagePrecision.perClass[label]);
    }
  });

  it('probabilities, in float32 as well', () => {
    for (const given of [probabilities, Float32Array.from(probabilities)]) {
      near(logLoss(given, labels, classes), each.logLoss);
      near(brierScore(given, labels, classes), each.brier);
      for (const [name, wanted] of Object.entries(each.reliability)) {
        const bins = Number(name);
        const found = reliabilityBins(given, labels, classes, { bins });
        allNear(
          found.flatMap(({ count, confidence, accuracy }) => [count, confidence, accuracy]),
          wanted.bins.flat(),
        );
        near(expectedCalibrationError(given, labels, classes, { bins }), wanted.ece);
      }
    }
  });

  it('temperature', () => {
    const logits = each.sixteenths.map((count) => count / 16);
    near(fitTemperature(logits, labels, classes), each.temperature, 1e-10);
  });
});

test('Wilson intervals', () => {
  for (const [right, count, low, high] of vectors.wilson) {
    allNear(accuracyInterval(right / count, count), [low, high]);
  }
});

test('the exact sign test, of few and of very many', () => {
  for (const [onlyFirst, onlySecond, p] of vectors.signs) {
    near(exactSignTest(onlyFirst, onlySecond), p, 1e-11, `${onlyFirst} and ${onlySecond}`);
    expect(exactSignTest(onlySecond, onlyFirst)).toBe(exactSignTest(onlyFirst, onlySecond));
  }
});

test('the 5×2-fold t test', () => {
  for (const { pairs, t, p } of vectors.fiveByTwo) {
    const found = fiveByTwoTest(pairs);
    near(found.t, t);
    near(found.p, p);
  }
});

test('Friedman, Iman and Davenport, Nemenyi', () => {
  for (const { scores, meanRanks, chiSquare, imanDavenport, critical, p } of vectors.ranks) {
    const found = friedmanTest(scores);
    allNear(found.meanRanks, meanRanks);
    allNear([found.chiSquare.statistic, found.chiSquare.p], chiSquare, 1e-11);
    allNear([found.imanDavenport.statistic, found.imanDavenport.p], imanDavenport, 1e-11);
    for (const [significance, difference] of critical) {
      near(nemenyiTest(scores, { significance }).criticalDifference, difference, 1e-9);
    }
    nemenyiTest(scores).p.forEach((row, index) => {
      // Its small probabilities are differences from 1.
      row.forEach((each, other) => {
        expect(Math.abs(each - p[index][other])).toBeLessThan(1e-9);
      });
    });
  }
});

test("Holm's correction", () => {
  for (const [given, adjusted] of vectors.holm) allNear(holmCorrection(given), adjusted);
});

describe('distributions', () => {
  it('ln Γ', () => {
    for (const [x, value] of vectors.logGamma) near(logGamma(x), value, 1e-13, `${x}`);
  });

  it('the incomplete gamma and beta functions', () => {
    for (const [a, x, value] of vectors.upperGamma) near(upperGamma(a, x), value, 1e-11, `${a} ${x}`);
    for (const [x, a, b, value] of vectors.incompleteBeta) {
      near(incompleteBeta(x, a, b), value, 1e-11, `${x} ${a} ${b}`);
    }
  });

  it('the normal distribution, also far out', () => {
    for (const [z, value] of vectors.normal) near(normalBelow(z), value, 1e-12, `${z}`);
  });

  it('the studentized range of infinite degrees of freedom', () => {
    for (const [range, groups, value] of vectors.range) {
      expect(Math.abs(rangeAbove(range, groups) - value), `${range} ${groups}`).toBeLessThan(1e-9);
    }
  });

  it('ends', () => {
    expect(studentTwoSided(Number.POSITIVE_INFINITY, 5)).toBe(0);
    expect(studentTwoSided(0, 5)).toBe(1);
    expect(chiSquareAbove(0, 3)).toBe(1);
    expect(fAbove(Number.POSITIVE_INFINITY, 2, 6)).toBe(0);
    expect(rangeAbove(0, 3)).toBe(1);
  });
});
