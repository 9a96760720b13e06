/** What is told of a classifier's answers beside its accuracy: how they agree with the truth, how well probabilities order, how far they can be believed. */
import type { LabeledImages } from '../data/dataset.ts';
import { leastProbability } from '../metrics/calibration.ts';
import {
  averageClassMetrics,
  averagePrecisionOfClasses,
  brierScore,
  cohensKappa,
  expectedCalibrationError,
  fitTemperature,
  matthewsCorrelation,
  type OneVersusRest,
  probabilitiesAtTemperature,
  type Recognition,
  type ReliabilityBin,
  reliabilityBins,
  rocAucOfClasses,
  topKAccuracy,
} from '../metrics/index.ts';
import type { Answers } from './mistakes.ts';
import { percent } from './terminal.ts';

/** Measures of a model on a data set, as metrics.json and `weft evaluate --json` have them. Null is what these images do not tell. */
export interface Judgement {
  /** How often the true class is among the 2, 3 and 5 of highest probability, where there are more classes than that. */
  readonly topAccuracy: Readonly<Record<string, number>>;
  /** Means over the classes that occur. */
  readonly macro: Recognition;
  /** Means over the classes, each as often as it occurs. */
  readonly weighted: Recognition;
  /** Cohen's. */
  readonly kappa: number | null;
  readonly matthews: number;
  /** The area under the ROC curve of each class against the rest. */
  readonly rocAuc: ClassRanking;
  /** The average precision of each class against the rest. */
  readonly averagePrecision: ClassRanking;
  readonly brier: number;
  /** The expected calibration error: how far the confidence is from the accuracy. */
  readonly calibrationError: number;
  /** The mean of the highest probabilities. */
  readonly confidence: number;
  /** The reliability diagram: its bins that have images. */
  readonly reliability: readonly ReliabilityBin[];
  /** What dividing the logarithms of all probabilities by one number would do, which is fitted on validation images. */
  readonly rescaled?: { readonly temperature: number; readonly calibrationError: number };
}

interface ClassRanking {
  readonly macro: number | null;
  readonly micro: number | null;
  readonly weighted: number | null;
  readonly perClass: readonly (number | null)[];
}

/** Of the reliability diagram: so few that a thousand images fill them. */
const bins = 10;
const topPlaces = [2, 3, 5];

/** Of what `evaluate` gives. */
export interface JudgedAnswers {
  /** `[N, classes]` */
  readonly probabilities: ArrayLike<number>;
  /** `[classes, classes]` */
  readonly confusion: ArrayLike<number>;
}

/**
 * Judges the answers to the images of a data set.
 *
 * @param temperature fitted on other images
 */
export function judge(
  { labels, classNames }: LabeledImages,
  { probabilities, confusion }: JudgedAnswers,
  temperature?: number,
): Judgement {
  const classes = classNames.length;
  const { macro, weighted } = averageClassMetrics(confusion);
  const places = topPlaces.filter((k) => k < classes);
  const errorOf = (given: ArrayLike<number>) => expectedCalibrationError(given, labels, classes, { bins });
  const reliability = reliabilityBins(probabilities, labels, classes, { bins }).filter(
    ({ count }) => count > 0,
  );
  const sure = reliability.reduce((sum, { count, confidence }) => sum + count * confidence, 0);
  return {
    topAccuracy: Object.fromEntries(places.map((k) => [k, topKAccuracy(probabilities, labels, classes, k)])),
    macro,
    weighted,
    kappa: known(cohensKappa(confusion)),
    matthews: matthewsCorrelation(confusion),
    rocAuc: ranking(rocAucOfClasses(probabilities, labels, classes)),
    averagePrecision: ranking(averagePrecisionOfClasses(probabilities, labels, classes)),
    brier: brierScore(probabilities, labels, classes),
    calibrationError: errorOf(probabilities),
    confidence: sure / labels.length,
    reliability,
    ...(temperature !== undefined && {
      rescaled: {
        temperature,
        calibrationError: errorOf(
          probabilitiesAtTemperature(logitsOf({ probabilities }), classes, temperature),
        ),
      },
    }),
  };
}

/**
 * The temperature at which the answers to these images would be as sure as they are right. Undefined where images do not tell: if all
 * are right, or next to none, surer is always better, or less sure.
 */
export function temperatureOf(
  { labels, classNames }: LabeledImages,
  answers: Pick<Answers, 'probabilities'>,
): number | undefined {
  const temperature = fitTemperature(logitsOf(answers), labels, classNames.length);
  return temperature < lowestTemperature || temperature > 1 / lowestTemperature ? undefined : temperature;
}

/** Of models that are used, none is as far from calibrated. */
const lowestTemperature = 0.05;

function logitsOf({ probabilities }: Pick<Answers, 'probabilities'>): Float64Array {
  return Float64Array.from(probabilities, (probability) => Math.log(Math.max(probability, leastProbability)));
}

/** JSON has no NaN. */
function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function ranking({ macro, micro, weighted, perClass }: OneVersusRest): ClassRanking {
  return {
    macro: known(macro),
    micro: known(micro),
    weighted: known(weighted),
    perClass: perClass.map(known),
  };
}

/** The measures with their names, as tables show them. What is not known has a dash. */
export function judgementRows(judgement: Judgement): [name: string, value: string][] {
  const { topAccuracy, macro, kappa, matthews, rocAuc, averagePrecision, brier } = judgement;
  return [
    ...Object.entries(topAccuracy).map(([k, value]): [string, string] => [
      `true class among the best ${k}`,
      percent(value),
    ]),
    ['precision, mean of the classes', percent(macro.precision)],
    ['recall, mean of the classes', percent(macro.recall)],
    ['F1, mean of the classes', percent(macro.f1)],
    ["Cohen's kappa", decimals(kappa)],
    ["Matthews' correlation", decimals(matthews)],
    ['area under the ROC curve, mean of the classes', decimals(rocAuc.macro)],
    ['average precision, mean of the classes', decimals(averagePrecision.macro)],
    ['Brier score', decimals(brier)],
    ['calibration error', percent(judgement.calibrationError)],
  ];
}

function decimals(value: number | null): string {
  return value === null ? '–' : value.toFixed(4);
}

/** How far the probabilities can be believed, in a sentence or two. */
export function describeCalibration(
  { confidence, calibrationError, rescaled }: Judgement,
  accuracy: number,
): string {
  const gap = confidence - accuracy;
  const kind = Math.abs(gap) < 0.01 ? 'as sure' : gap > 0 ? 'surer' : 'less sure';
  const said = `The model is ${kind} of its answers ${kind === 'as sure' ? 'as' : 'than'} it is right: on average ${percent(confidence, 1)} sure, and right in ${percent(accuracy, 1)}.`;
  if (rescaled === undefined) return said;
  return (
    `${said} With the temperature ${rescaled.temperature.toFixed(2)}, which fits the validation images, the calibration error ` +
    `would be ${percent(rescaled.calibrationError, 1)} in place of ${percent(calibrationError, 1)}.`
  );
}
