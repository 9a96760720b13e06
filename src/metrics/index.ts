/** Judging and comparing classifiers, on plain arrays, in double precision. */
export { accuracyInterval, accuracyOf, majorityAccuracy, topKAccuracy } from './accuracies.ts';
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapInterval,
  bootstrapIntervalOverSeeds,
  type SeedBootstrapOptions,
} from './bootstrap.ts';
export {
  brierScore,
  expectedCalibrationError,
  logLoss,
  type ReliabilityBin,
  type ReliabilityOptions,
  reliabilityBins,
} from './calibration.ts';
export {
  type AverageRecognition,
  averageClassMetrics,
  balancedAccuracy,
  type ClassMetrics,
  classMetrics,
  cohensKappa,
  confusionMatrix,
  matthewsCorrelation,
  type Recognition,
} from './confusion-matrix.ts';
export { findLabelErrors, type SuspectLabel } from './label-errors.ts';
export {
  exactSignTest,
  type FiveByTwoResult,
  fiveByTwoTest,
  type McNemarResult,
  mcNemarTest,
  type PairedBootstrapResult,
  pairedBootstrapTest,
} from './paired-comparison.ts';
export {
  type FriedmanResult,
  friedmanTest,
  holmCorrection,
  type NemenyiOptions,
  type NemenyiResult,
  nemenyiTest,
  type TestStatistic,
} from './rank-comparison.ts';
export {
  averagePrecision,
  averagePrecisionOfClasses,
  type OneVersusRest,
  rocAuc,
  rocAucOfClasses,
} from './ranking.ts';
export {
  type AccuracyOverSeeds,
  accuracyIntervalOverSeeds,
  type DifferenceVariances,
  type OverSeedsOptions,
  type PairedOverSeedsResult,
  pairedTestOverSeeds,
} from './seed-comparison.ts';
export { fitTemperature, probabilitiesAtTemperature } from './temperature.ts';
