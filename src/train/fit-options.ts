/** What `fit` takes: its options and their checks. */
import {
  type AugmentOptions,
  requireAugmentOptions,
  requireUnitPixels,
} from '../data/augment/augment-options.ts';
import { type MixOptions, requireMixOptions } from '../data/augment/mixing.ts';
import { type Sampling, samplings } from '../data/balanced-order.ts';
import { type LabeledImages, requireSameImages } from '../data/dataset.ts';
import { type MissingPixels, requireMissing } from '../data/missing.ts';
import type { Normalization } from '../data/normalize.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { OptionError } from '../errors.ts';
import { type AnyModule, requireModule } from '../nn/module.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import {
  describeValue,
  requireBoolean,
  requireFunction,
  requireKnownOptions,
  requireNumber,
  requireOneOf,
} from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type AverageOptions, requireAverage } from './averaging.ts';
import { type CheckpointOptions, requireCheckpoint } from './checkpoints.ts';
import type { Examples, TensorAugmentation } from './example-source.ts';
import { type ImageAugmentation, requirePictures, requireWorkers } from './image-source.ts';
import { type Loss, type MetricFunctions, requireMetrics } from './objective.ts';
import type { EpochReport, StepReport } from './reports.ts';
import { requireTeacher, type TeacherOptions } from './teacher.ts';
import type { TrainingState } from './training-state.ts';

/** Which quantity of the validation set says which epoch is the best. */
export type Monitor =
  | 'accuracy'
  | 'loss'
  | {
      /** The name of one of `metrics`. */
      readonly metric: string;
      readonly goal: 'greatest' | 'least';
    };

/** Options of `fit` whatever it trains on. `Output` is what the model gives, `Targets` what it is compared with. */
interface CommonFitOptions<Output, Targets, Unknown> {
  /** How often all examples are shown. */
  readonly epochs: number;
  /** Has the parameters to train: all of the model, but for those that are frozen. */
  readonly optimizer: Optimizer;
  /** Examples in a step. Default 32. The last batch of an epoch may be smaller: see `dropLast`. */
  readonly batchSize?: number;
  /**
   * Batches of which one step is made: their gradients are added up, so that memory holds one of them at a time, and the step is
   * that of one batch that is so much larger, where the loss is a mean over examples: one that is divided by a sum of weights is divided
   * in each by itself, and batch norms see the small ones. Not of iterators. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Leaves out a last batch that is smaller than the others: other examples each epoch, since they are shuffled. For batch
   * normalization, which cannot learn from a single value. Default false.
   */
  readonly dropLast?: boolean;
  /** Default: softmax cross-entropy, where targets are int32 classes and outputs scores. */
  readonly loss?: Loss<Output, Targets>;
  /** Reported for each epoch, by name. Default: none. */
  readonly metrics?: MetricFunctions<Output, Targets>;
  /**
   * An average of the weights in the place of the last ones: it is validated, kept as the best and left in the model, which has
   * it in `onEpoch` too. Default: none.
   */
  readonly average?: AverageOptions | undefined;
  /**
   * A model whose answers to the same batches, as they are changed and mixed, are learned besides the targets: see `TeacherOptions`. Of
   * classifiers. The loss of the training is that of both; validation knows no teacher. Default: none.
   */
  readonly teacher?: TeacherOptions | undefined;
  /** Of shuffling and augmentation; dropout follows the global `seed`. Default 0. */
  readonly seed?: number;
  /** Epochs made before, when training is resumed: the first one made now shuffles as the one after them. Default 0. */
  readonly epochsDone?: number;
  /** Saves the training after epochs, every few minutes, and at its end. Default: never. */
  readonly checkpoint?: CheckpointOptions | undefined;
  /**
   * Goes on from a state that `checkpoint` gave, to the same bits as if the training had not been interrupted. Model,
   * optimizer, data and options are made as they were then; `epochs` counts those that are made. Learning rates that are numbers
   * are those of the state, schedules those of the optimizer: another rate goes on as `constant(rate)`.
   */
  readonly resume?: TrainingState | undefined;
  /** Ends the training after the step that runs: see `fit`. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** Called after each step. */
  readonly onStep?: ((report: StepReport<Unknown>) => void | Promise<void>) | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((report: EpochReport<Unknown>) => void | Promise<void>) | undefined;
  /** A line for each epoch, by console.log. Default: true, but false where `onStep` or `onEpoch` is told instead. */
  readonly progress?: boolean;
  /** Leaves the model as it was after its best epoch: see `monitor`. Default false. */
  readonly restoreBest?: boolean;
  /** Stops after `patience` epochs in a row without a new best. Default: never. */
  readonly earlyStopping?: { readonly patience: number } | undefined;
  /** What makes an epoch the best, of equal ones the last. Default: accuracy on the validation set, or loss where there is none. */
  readonly monitor?: Monitor;
}

/** Options of `fit` on pictures. */
export interface FitOptions extends CommonFitOptions<Tensor, Tensor, never> {
  /** Evaluated after each epoch. Default: none. */
  readonly validation?: PictureDataset | undefined;
  /** Usually `channelStatistics(train)`. Default: none, pixels in [0, 1]. */
  readonly normalization?: Normalization | undefined;
  /** What is done with pixels that are NaN. Default 'error'. */
  readonly missing?: MissingPixels | undefined;
  /** Random changes to the training images, or a function that makes them. Default: none. */
  readonly augmentation?: AugmentOptions | ImageAugmentation | undefined;
  /**
   * Mixes training pictures in pairs, by mixup or cutmix; whatever the loss is, it is that of both labels, weighted by what is there of each.
   * The accuracy in training is that of the label of the larger share. Default: none.
   */
  readonly mix?: MixOptions | undefined;
  /** `'balanced'` shows as many images of each class in an epoch, which has as many steps as without: see `balancedIndices`. Default 'uniform'. */
  readonly sampling?: Sampling | undefined;
  /**
   * Threads that read and change the pictures of the next batches while a step is made. What is trained is the same to the last bit for
   * any number of them. Default: 2 for pictures of `openDataset`; 0, no other thread, for those in memory.
   */
  readonly workers?: number | undefined;
}

/** Options of `fit` on other examples than pictures. */
export interface TensorFitOptions<Inputs = Tensor, Output = Tensor, Targets = Tensor>
  extends CommonFitOptions<Output, Targets, undefined> {
  /** Evaluated after each epoch. Default: none. */
  readonly validation?: Examples<Inputs, Targets> | undefined;
  /** Gives the inputs of each training batch, changed at random. Default: none. */
  readonly augmentation?: TensorAugmentation<Inputs> | undefined;
  /** Batches that an epoch takes from an iterator, which may then be endless. Default: all. */
  readonly stepsPerEpoch?: number | undefined;
}

/** Options as they are looked at, before it is known what they belong to. */
export type AnyFitOptions = CommonFitOptions<never, never, undefined> & {
  readonly validation?: unknown;
  readonly normalization?: Normalization | undefined;
  readonly missing?: MissingPixels | undefined;
  readonly augmentation?: unknown;
  readonly mix?: MixOptions | undefined;
  readonly sampling?: Sampling | undefined;
  readonly workers?: number | undefined;
  readonly stepsPerEpoch?: number | undefined;
};

const commonNames = [
  'epochs',
  'optimizer',
  'batchSize',
  'accumulate',
  'dropLast',
  'loss',
  'metrics',
  'validation',
  'augmentation',
  'average',
  'teacher',
  'seed',
  'epochsDone',
  'checkpoint',
  'resume',
  'signal',
  'onStep',
  'onEpoch',
  'progress',
  'restoreBest',
  'earlyStopping',
  'monitor',
] as const satisfies readonly (keyof FitOptions & keyof TensorFitOptions)[];

/** Throws for options that are unknown, out of range, or do not fit what is trained on. */
export function checkFit(model: AnyModule, train: PictureDataset | undefined, options: AnyFitOptions): void {
  requireKnownOptions('fit', options, [
    ...commonNames,
    ...(train ? ['normalization', 'missing', 'mix', 'sampling', 'workers'] : ['stepsPerEpoch']),
  ]);
  const { batchSize = 32, seed = 0, epochsDone = 0 } = options;
  requireNumber('fit', 'epochs', options.epochs, 'a whole number of at least 1');
  requireNumber('fit', 'batchSize', batchSize, 'a whole number of at least 1');
  requireNumber('fit', 'accumulate', options.accumulate ?? 1, 'a whole number of at least 1');
  requireNumber('fit', 'seed', seed, 'a whole number of at least 0');
  requireNumber('fit', 'epochsDone', epochsDone, 'a whole number of at least 0');
  for (const name of ['restoreBest', 'dropLast', 'progress'] as const) {
    requireBoolean('fit', name, options[name] ?? false);
  }
  for (const name of ['loss', 'onStep', 'onEpoch'] as const) {
    if (options[name] !== undefined) requireFunction('fit', name, options[name]);
  }
  if (options.average !== undefined) requireAverage(options.average, epochsDone + options.epochs);
  if (options.teacher !== undefined) requireTeacher(options.teacher);
  requireMetrics('fit', options.metrics);
  if (options.stepsPerEpoch !== undefined) {
    requireNumber('fit', 'stepsPerEpoch', options.stepsPerEpoch, 'a whole number of at least 1');
  }
  if (options.checkpoint !== undefined) requireCheckpoint(options.checkpoint);
  if (options.resume !== undefined && options.epochsDone !== undefined) {
    throw new OptionError({
      where: 'fit',
      got: 'epochsDone beside resume',
      expected: 'resume alone: the state says how many epochs are made',
      cure: 'Leave epochsDone out.',
    });
  }
  if (train) checkImages(train, options);
  else if (options.augmentation !== undefined) requireFunction('fit', 'augmentation', options.augmentation);
  checkBest(options);
  requireModule('fit', model);
  requireOptimizer('fit', options.optimizer);
  requireTrained(model, options.optimizer);
}

/** Throws OptionError for trainable parameters of the model that the optimizer does not have: they would stay as they are. */
function requireTrained(model: AnyModule, optimizer: Optimizer): void {
  const trained = new Set(optimizer.parameters);
  const named = model.namedParameters();
  const left = named.filter(([, parameter]) => parameter.trainable && !trained.has(parameter));
  const none = !named.some(([, parameter]) => trained.has(parameter));
  if (left.length === 0 && !none) return;
  const names = left.slice(0, 4).map(([path]) => path);
  const others = left.length > names.length ? ` and ${left.length - names.length} others` : '';
  throw new OptionError({
    where: 'fit',
    got: none
      ? 'an optimizer without any parameter of the model'
      : `an optimizer without ${names.join(', ')}${others}`,
    expected: 'an optimizer of all parameters of the model that are trainable',
    cure: 'Make the optimizer from this model: new Adam(model.parameters()). To keep a part as it is, freeze() it.',
  });
}

function checkImages(train: PictureDataset, options: AnyFitOptions): void {
  const { augmentation, normalization, missing = 'error', mix, sampling = 'uniform', workers } = options;
  if (mix !== undefined) {
    requireMixOptions('mix of fit', mix);
    requirePairs(options);
  }
  requireOneOf('fit', 'sampling', sampling, samplings);
  requireMissing('fit', missing, normalization);
  requireWorkers('fit', workers, train, augmentation);
  requirePictures('fit', train, normalization);
  if (augmentation !== undefined && typeof augmentation !== 'function') {
    checkAugmentation(train, augmentation as AugmentOptions, missing);
  }
  if (options.validation !== undefined) {
    const validation = options.validation as PictureDataset;
    requirePictures('fit', validation, normalization);
    requireSameImages(train, validation);
    requireSameClasses(train, validation);
  }
}

/** Throws OptionError where a batch is a single picture, which has none to be mixed with. */
function requirePairs({ batchSize = 32, accumulate = 1 }: AnyFitOptions): void {
  if (batchSize * accumulate > 1) return;
  throw new OptionError({
    where: 'fit',
    got: 'mix with batches of 1 picture',
    expected: 'steps of at least 2 pictures, of which pairs are mixed',
    cure: 'Choose a larger batchSize, or leave mix out.',
  });
}

function checkAugmentation(
  dataset: PictureDataset,
  augmentation: AugmentOptions,
  missing: MissingPixels,
): void {
  requireAugmentOptions('fit, augmentation', augmentation, dataset.shape.slice(1));
  if (!isStreamed(dataset) && dataset.images instanceof Float32Array) {
    requireUnitPixels('fit, augmentation', dataset.images, augmentation);
  }
  if (augmentation.remove === undefined || missing !== 'error') return;
  throw new OptionError({
    where: 'fit, augmentation',
    got: 'remove, which makes pixels NaN, and nothing that says what is done with such',
    expected: "missing: 'mask', 'mean' or 'last'",
    cure: 'Give the option missing, or leave remove out.',
  });
}

/** Throws OptionError where `dropLast` would leave nothing. */
export function requireWholeBatch(examples: number, batchSize: number): void {
  if (examples >= batchSize) return;
  throw new OptionError({
    where: 'fit',
    got: `dropLast with batches of ${batchSize} for ${examples} examples`,
    expected: 'at least one whole batch',
    cure: 'Choose a smaller batchSize, or leave dropLast out.',
  });
}

/** Throws OptionError where gradients of several batches of an iterator were to make a step. */
export function requireNoParts(accumulate: number): void {
  if (accumulate === 1) return;
  throw new OptionError({
    where: 'fit',
    got: `accumulate ${accumulate} for an iterator`,
    expected: 'examples whose number is known',
    cure: 'Batches of an iterator are taken as they come, a step each: call optimizer.accumulate() in a loop of your own.',
  });
}

function checkBest({ validation, restoreBest, earlyStopping, monitor, metrics = {} }: AnyFitOptions): void {
  if (earlyStopping !== undefined) {
    requireKnownOptions('earlyStopping of fit', earlyStopping, ['patience']);
    requireNumber('fit', 'patience', earlyStopping.patience, 'a whole number of at least 1');
  }
  if (!validation && (restoreBest || earlyStopping || monitor)) {
    throw new OptionError({
      where: 'fit',
      got: `${restoreBest ? 'restoreBest' : earlyStopping ? 'earlyStopping' : 'monitor'} without a validation set`,
      expected:
        'validation: the best epoch is the one with the best validation accuracy, or what monitor says',
      cure: 'Hold out a part of the data (of pictures, with stratifiedSplit) and pass it as validation.',
    });
  }
  if (monitor === undefined || monitor === 'accuracy' || monitor === 'loss') return;
  const named = typeof monitor === 'object' && monitor !== null && Object.hasOwn(metrics, monitor.metric);
  if (named && (monitor.goal === 'greatest' || monitor.goal === 'least')) return;
  const names = Object.keys(metrics);
  throw new OptionError({
    where: 'fit',
    got: `monitor ${describeValue(monitor)}`,
    expected: `'accuracy', 'loss', or { metric, goal: 'greatest' or 'least' } of ${names.length > 0 ? names.join(', ') : 'metrics, of which there are none'}`,
    cure: 'Correct monitor, or leave it out.',
  });
}

function requireSameClasses(train: LabeledImages, validation: LabeledImages): void {
  if (train.classNames.join('\n') === validation.classNames.join('\n')) return;
  throw new OptionError({
    where: 'fit',
    got: `classes ${validation.classNames.join(', ')} in ${validation.name}`,
    expected: `those of ${train.name}: ${train.classNames.join(', ')}`,
    cure: 'Validate on a part of the same data set.',
  });
}
