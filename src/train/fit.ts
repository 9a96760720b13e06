/** Training a classifier on a data set: epochs, shuffling, validation, history, and when to stop. */
import { type AugmentOptions, augmentBatch, requireAugmentOptions } from '../data/augment.ts';
import { batchIndices, gatherBatch } from '../data/batches.ts';
import { type ImageDataset, requireSameImages, validateLabels } from '../data/dataset.ts';
import { type Normalization, requireUsablePixels } from '../data/normalize.ts';
import { RandomGenerator } from '../data/random-generator.ts';
import { NonFiniteError, OptionError, ShapeError } from '../errors.ts';
import { softmaxCrossEntropy } from '../nn/losses/cross-entropy.ts';
import { type Module, requireModule } from '../nn/module.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import { requireBoolean, requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { runtime } from '../tensor/runtime.ts';
import { NonFiniteStepError } from './errors.ts';
import { DatasetEvaluator, type Loss } from './evaluate.ts';
import { Pace } from './pace.ts';
import { TrainingStep } from './step.ts';

/** What is known after each step. */
export interface StepReport {
  /** From 1. */
  readonly epoch: number;
  /** In the epoch, from 1. */
  readonly step: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** The mean over the epoch so far. */
  readonly loss: number;
  /** The part of the epoch's images so far whose class was right. */
  readonly accuracy: number;
  /** Of this batch alone. */
  readonly batchLoss: number;
  /** The rate this step was made with. */
  readonly learningRate: number;
  /** An estimate for the rest of the training, validation included. */
  readonly secondsLeft: number;
}

/** One epoch. Training figures are means over the epoch, while the model was changing. */
export interface EpochReport {
  /** From 1. */
  readonly epoch: number;
  /** The mean over the training images. */
  readonly trainLoss: number;
  /** The part of the training images whose class was right. */
  readonly trainAccuracy: number;
  /** Undefined without a validation set. */
  readonly valLoss: number | undefined;
  /** Undefined without a validation set. */
  readonly valAccuracy: number | undefined;
  /** Of training and validation. */
  readonly seconds: number;
}

/** How a training went. */
export interface History {
  /** The finished epochs. */
  readonly epochs: readonly EpochReport[];
  /** Whether the signal ended it. */
  readonly aborted: boolean;
}

/** Options of `fit`. */
export interface FitOptions {
  /** How often the whole data set is shown. */
  readonly epochs: number;
  /** Has the parameters to train. */
  readonly optimizer: Optimizer;
  /** Images in a step. Default 32. The last batch of an epoch may be smaller: see `dropLast`. */
  readonly batchSize?: number;
  /**
   * Leaves out a last batch that is smaller than the others: other images each epoch, since they are shuffled. For batch
   * normalization, which cannot learn from a single value. Default false.
   */
  readonly dropLast?: boolean;
  /** Default: softmax cross-entropy. */
  readonly loss?: Loss;
  /** Evaluated after each epoch. Default: none. */
  readonly validation?: ImageDataset | undefined;
  /** Usually `channelStatistics(train)`. Default: none, pixels in [0, 1]. */
  readonly normalization?: Normalization | undefined;
  /** Random changes to the training images. Default: none. */
  readonly augmentation?: AugmentOptions | undefined;
  /** Of shuffling and augmentation; dropout follows the global `seed`. Default 0. */
  readonly seed?: number;
  /** Epochs made before, when training is resumed: the first one made now shuffles as the one after them. Default 0. */
  readonly epochsDone?: number;
  /** Ends the training after the step that runs: see `fit`. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** Called after each step. */
  readonly onStep?: ((report: StepReport) => void | Promise<void>) | undefined;
  /** Called after each epoch. */
  readonly onEpoch?: ((report: EpochReport) => void | Promise<void>) | undefined;
  /** Leaves the model as it was after its best epoch: by validation accuracy, ties by validation loss. Default false. */
  readonly restoreBest?: boolean;
  /** Stops after `patience` epochs in a row without a new best. Default: never. */
  readonly earlyStopping?: { readonly patience: number } | undefined;
}

const optionNames = [
  'epochs',
  'optimizer',
  'batchSize',
  'dropLast',
  'loss',
  'validation',
  'normalization',
  'augmentation',
  'seed',
  'epochsDone',
  'signal',
  'onStep',
  'onEpoch',
  'restoreBest',
  'earlyStopping',
] as const satisfies readonly (keyof FitOptions)[];

/**
 * Trains a model to give each image's class the highest score.
 *
 * Steps are made in training mode and validation in evaluation mode; no layer's own mode changes, so the model can be
 * asked for predictions, evaluated and saved while it trains.
 * The event loop gets a turn after each step, or every 50 ms where steps are shorter.
 *
 * When `signal` is aborted, the training stops after the step that runs and `fit` resolves: the history holds the
 * finished epochs and says `aborted: true`; the model keeps what it has learned so far, also with `restoreBest`.
 *
 * @throws OptionError, LabelError or DatasetError before anything is changed, when options or data do not fit, or the
 *   model cannot take the last, smaller batch; ShapeError when it cannot take any; ModelConfigError when it keeps layers
 *   or variables where they cannot be found
 * @throws NonFiniteStepError when a step gives a loss or gradients that are NaN or infinite: it names the step, the first
 *   bad operation and the likely cause. That step is not made; the model stays as the step before left it.
 * @throws NonFiniteError when an epoch ends with parameters, or a validation loss, that are NaN or infinite
 */
export async function fit(model: Module, train: ImageDataset, options: FitOptions): Promise<History> {
  checkOptions(model, train, options);
  return new Training(model, train, options).run();
}

class Training {
  readonly #model: Module;
  readonly #train: ImageDataset;
  readonly #options: FitOptions;
  readonly #batchSize: number;
  readonly #steps: number;
  readonly #step: TrainingStep;
  readonly #evaluator: DatasetEvaluator | undefined;
  readonly #pace = new Pace();
  readonly #started = performance.now();
  #stepsDone = 0;

  constructor(model: Module, train: ImageDataset, options: FitOptions) {
    const { batchSize = 32, loss = softmaxCrossEntropy, optimizer, normalization, validation } = options;
    const images = train.shape[0];
    const last = options.dropLast ? 0 : images % batchSize;
    this.#model = model;
    this.#train = train;
    this.#options = options;
    this.#batchSize = batchSize;
    this.#steps = Math.floor(images / batchSize) + Math.sign(last);
    this.#step = new TrainingStep(model, optimizer, loss, train);
    if (last > 0 && last < images) this.#rehearseLast(last);
    this.#evaluator =
      validation && new DatasetEvaluator(model, validation, { batchSize, normalization, loss });
  }

  /** @throws OptionError when the model takes the other batches, but not the last one */
  #rehearseLast(images: number): void {
    try {
      this.#step.rehearse(images);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      // A model that cannot take the others either says so itself.
      this.#step.rehearse(this.#batchSize);
      const all = this.#train.shape[0];
      throw new OptionError(
        {
          where: 'fit',
          got: `a last batch of ${images} of the ${all} images, which the model cannot take (${error.where}: got ${error.got})`,
          expected: `batches that it can: ${error.expected}`,
          cure: `Leave it out with dropLast: true, or choose a batchSize that leaves another rest than ${this.#batchSize} does.`,
        },
        { cause: error },
      );
    }
  }

  async run(): Promise<History> {
    const { epochs, epochsDone = 0, restoreBest, earlyStopping, onEpoch, signal } = this.#options;
    const reports: EpochReport[] = [];
    let best: { readonly report: EpochReport; readonly state: StateDict | undefined } | undefined;
    for (let epoch = epochsDone + 1; epoch <= epochsDone + epochs; epoch++) {
      const report = await this.#epoch(epoch);
      if (report === undefined) break;
      reports.push(report);
      if (isBetter(report, best?.report)) {
        best = { report, state: restoreBest ? await this.#model.stateDict() : undefined };
      }
      await onEpoch?.(report);
      if (earlyStopping && best && epoch - best.report.epoch >= earlyStopping.patience) break;
    }
    const aborted = signal?.aborted ?? false;
    if (best?.state && !aborted) await this.#model.loadStateDict(best.state);
    return { epochs: reports, aborted };
  }

  /** One epoch with its validation; undefined when the signal ended it. */
  async #epoch(epoch: number): Promise<EpochReport | undefined> {
    const started = performance.now();
    const { signal } = this.#options;
    const trained = await this.#trainOnce(epoch);
    await this.#requireFiniteParameters(epoch);
    if (signal?.aborted) return undefined;
    const validated = await this.#evaluator?.run(signal);
    if (signal?.aborted) return undefined;
    if (validated) requireFiniteLoss(epoch, validated.loss);
    return {
      epoch,
      trainLoss: trained.loss,
      trainAccuracy: trained.accuracy,
      valLoss: validated?.loss,
      valAccuracy: validated?.accuracy,
      seconds: (performance.now() - started) / 1000,
    };
  }

  async #trainOnce(epoch: number): Promise<{ loss: number; accuracy: number }> {
    const { optimizer, seed = 0, augmentation, normalization, signal, onStep } = this.#options;
    const { dropLast = false } = this.#options;
    // Streams of their own, so that neither depends on how much the other draws.
    const shuffle = new RandomGenerator(seed, 2 * epoch);
    const motion = new RandomGenerator(seed, 2 * epoch + 1);
    const [, height, width, channels] = this.#train.shape;
    let lossSum = 0;
    let correct = 0;
    let seen = 0;
    let step = 0;
    for (const indices of batchIndices(this.#train.shape[0], this.#batchSize, { shuffle, dropLast })) {
      if (signal?.aborted) break;
      step++;
      const batch = gatherBatch(this.#train, indices, normalization);
      if (augmentation) {
        augmentBatch(batch.images, [indices.length, height, width, channels], augmentation, motion);
      }
      const { learningRate } = optimizer;
      const result = await this.#step.run(batch, indices, { epoch, step, steps: this.#steps });
      this.#stepsDone++;
      lossSum += result.loss * indices.length;
      correct += result.correct;
      seen += indices.length;
      await onStep?.({
        epoch,
        step,
        steps: this.#steps,
        loss: lossSum / seen,
        accuracy: correct / seen,
        batchLoss: result.loss,
        learningRate,
        secondsLeft: this.#secondsLeft(),
      });
      await this.#pace.afterStep();
    }
    return { loss: lossSum / seen, accuracy: correct / seen };
  }

  /** Each step is looked at before it is made, but what the last one made of the parameters has no step after it. */
  async #requireFiniteParameters(epoch: number): Promise<void> {
    const { parameters, learningRate } = this.#options.optimizer;
    const values = await runtime().readAll(parameters);
    const wrong = values.map(firstNonFinite);
    const index = wrong.findIndex((value) => value !== undefined);
    if (index < 0) return;
    const { name } = parameters[index];
    throw new NonFiniteStepError(
      {
        where: `the end of epoch ${epoch}`,
        got: `"${name}" with ${wrong[index]}`,
        expected: 'finite parameters',
        cure: `A step took them beyond what float32 holds: lower the learning rate (${learningRate}), or set clipNorm, and train from an earlier state.`,
      },
      { epoch, step: this.#steps, finding: undefined },
    );
  }

  /** As if the remaining steps, with their validation, went as the ones before. */
  #secondsLeft(): number {
    const elapsed = (performance.now() - this.#started) / 1000;
    const stepsLeft = this.#options.epochs * this.#steps - this.#stepsDone;
    return (elapsed / this.#stepsDone) * stepsLeft;
  }
}

/** A loop: `find` takes six times as long. */
function firstNonFinite(data: NumericArray): number | undefined {
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return data[index];
  return undefined;
}

function requireFiniteLoss(epoch: number, loss: number): void {
  if (Number.isFinite(loss)) return;
  throw new NonFiniteError({
    where: `validation after epoch ${epoch}`,
    got: `loss ${loss}`,
    expected: 'a finite loss',
    cure: 'The parameters are finite, so the scores are too large: lower the learning rate, or look for the operation with findNonFinite.',
  });
}

function isBetter(report: EpochReport, best: EpochReport | undefined): boolean {
  if (report.valAccuracy === undefined || report.valLoss === undefined) return false;
  if (best === undefined || report.valAccuracy > best.valAccuracy!) return true;
  return report.valAccuracy === best.valAccuracy && report.valLoss < best.valLoss!;
}

function checkOptions(model: Module, train: ImageDataset, options: FitOptions): void {
  requireKnownOptions('fit', options, optionNames);
  const { batchSize = 32, seed = 0, epochsDone = 0, validation, normalization } = options;
  requireNumber('fit', 'epochs', options.epochs, 'a whole number of at least 1');
  requireNumber('fit', 'batchSize', batchSize, 'a whole number of at least 1');
  requireNumber('fit', 'seed', seed, 'a whole number of at least 0');
  requireNumber('fit', 'epochsDone', epochsDone, 'a whole number of at least 0');
  requireBoolean('fit', 'restoreBest', options.restoreBest ?? false);
  requireBoolean('fit', 'dropLast', options.dropLast ?? false);
  for (const name of ['loss', 'onStep', 'onEpoch'] as const) {
    if (options[name] !== undefined) requireFunction('fit', name, options[name]);
  }
  if (options.augmentation !== undefined) requireAugmentOptions('fit, augmentation', options.augmentation);
  validateLabels(train);
  if (validation !== undefined) {
    validateLabels(validation);
    requireSameImages(train, validation);
    requireSameClasses(train, validation);
  }
  if (options.dropLast && train.shape[0] < batchSize) {
    throw new OptionError({
      where: 'fit',
      got: `dropLast with batches of ${batchSize} for ${train.shape[0]} images`,
      expected: 'at least one whole batch',
      cure: 'Choose a smaller batchSize, or leave dropLast out.',
    });
  }
  requireUsablePixels('fit', train, train.shape[3], normalization);
  if (options.earlyStopping !== undefined) {
    requireKnownOptions('earlyStopping of fit', options.earlyStopping, ['patience']);
    requireNumber('fit', 'patience', options.earlyStopping.patience, 'a whole number of at least 1');
  }
  if (!validation && (options.restoreBest || options.earlyStopping)) {
    throw new OptionError({
      where: 'fit',
      got: `${options.restoreBest ? 'restoreBest' : 'earlyStopping'} without a validation set`,
      expected: 'validation: the best epoch is the one with the best validation accuracy',
      cure: 'Hold out a part of the data with stratifiedSplit and pass it as validation.',
    });
  }
  requireModule('fit', model);
  const parameters = new Set(model.parameters());
  requireOptimizer('fit', options.optimizer);
  if (options.optimizer.parameters.some((parameter) => parameters.has(parameter))) return;
  throw new OptionError({
    where: 'fit',
    got: 'an optimizer without any parameter of the model',
    expected: 'an optimizer of model.parameters()',
    cure: 'Make the optimizer from this model: new Adam(model.parameters()).',
  });
}

function requireSameClasses(train: ImageDataset, validation: ImageDataset): void {
  if (train.classNames.join('\n') === validation.classNames.join('\n')) return;
  throw new OptionError({
    where: 'fit',
    got: `classes ${validation.classNames.join(', ')} in ${validation.name}`,
    expected: `those of ${train.name}: ${train.classNames.join(', ')}`,
    cure: 'Validate on a part of the same data set.',
  });
}
