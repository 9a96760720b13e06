/** Training, evaluating, saving and loading models. */
export type { AverageOptions } from './averaging.ts';
export { loadModel, type ModelToSave, type SavedModel, saveModel } from './checkpoint.ts';
export type { CheckpointOptions } from './checkpoints.ts';
export { findNonFinite, type InputSummary, type NonFiniteFinding } from './diagnose.ts';
export { CheckpointError, NonFiniteStepError } from './errors.ts';
export { type EvaluateOptions, type Evaluation, evaluate, type TensorEvaluateOptions } from './evaluate.ts';
export type {
  ExampleBatches,
  Examples,
  TensorAugmentation,
  TensorExamples,
} from './example-source.ts';
export { fit } from './fit.ts';
export type { FitOptions, Monitor, TensorFitOptions } from './fit-options.ts';
export { fromPixels, type PixelOptions, type PixelSource } from './from-pixels.ts';
export type { ImageAugmentation } from './image-source.ts';
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRateSearch,
  type TensorFindLearningRateOptions,
} from './learning-rate-finder.ts';
export type { BlobLike, ModelSource, UrlLike } from './model-source.ts';
export type { ModelDownload, ModelTarget } from './model-target.ts';
export type { Loss, MetricFunctions } from './objective.ts';
export { loadOptimizer, saveOptimizer } from './optimizer-file.ts';
export type { PictureViews } from './picture-views.ts';
export {
  type ClassifyOptions,
  type Prediction,
  type PredictOptions,
  predict,
  predictOutputs,
} from './predict.ts';
export type { EpochReport, History, StepReport } from './reports.ts';
export {
  type Robustness,
  type RobustnessCurve,
  type RobustnessOptions,
  type RobustnessPoint,
  robustness,
} from './robustness.ts';
export { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';
export { deleteStoredModel, type StoredModel, storedModels } from './stored-models.ts';
export type { TeacherOptions } from './teacher.ts';
export { loadTraining } from './training-files.ts';
export type { TrainingState } from './training-state.ts';
export { WeightAverage, type WeightAverageOptions, type WeightAverageState } from './weight-average.ts';
