/** Training a model: epochs, validation, history, and when to stop. */
import type { ImageDataset } from '../data/dataset.ts';
import { NonFiniteError, OptionError, ShapeError } from '../errors.ts';
import type { AnyModule, Module } from '../nn/module.ts';
import type { StateDict } from '../nn/state-dict.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { runtime, type TensorTree } from '../tensor/runtime.ts';
import { printable } from '../text.ts';
import { Averaging } from './averaging.ts';
import { type BatchSource, type Examples, openExamples, type TensorAugmentation } from './batch-source.ts';
import { compareEpochs, describeEpoch, figureOf } from './best-epoch.ts';
import { NonFiniteStepError } from './errors.ts';
import { isImageDataset, ModelEvaluator } from './evaluate.ts';
import {
  type AnyFitOptions,
  checkFit,
  type EpochReport,
  type FitOptions,
  type History,
  requireWholeBatch,
  type TensorFitOptions,
} from './fit-options.ts';
import { type ImageAugmentation, ImageSource } from './image-source.ts';
import { type BatchMeans, Means } from './means.ts';
import { Objective } from './objective.ts';
import { Pace } from './pace.ts';
import { TrainingStep } from './step.ts';

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
export function fit(model: Module, train: ImageDataset, options: FitOptions): Promise<History>;
/**
 * Trains a model on anything else: on `{ inputs, targets }`, which are tensors, or arrays or objects of tensors, with the
 * examples along the first axis; or on batches of such, from an iterable or a function that gives one for each epoch. The model is
 * called with `inputs`, the loss with what it gives and `targets`. Without a loss, targets are int32 classes.
 *
 * ```ts
 * const inputs = randn([64, 4]);
 * const examples = { inputs, targets: inputs.sum(-1, { keepDims: true }) };
 * const line = new Dense(4, 1);
 * const optimizer = new Adam(line.parameters(), { learningRate: 0.1 });
 * await fit(line, examples, { epochs: 2, optimizer, loss: meanSquaredError, progress: false });
 * ```
 *
 * @throws as for pictures; ShapeError when inputs and targets, or one batch and the next, do not fit together
 */
export function fit<Inputs, Targets, Output>(
  model: Module<Inputs, Output>,
  train: Examples<Inputs, Targets>,
  options: TensorFitOptions<Inputs, Output, Targets>,
): Promise<History<undefined>>;
export async function fit(model: AnyModule, train: unknown, options: unknown): Promise<History<undefined>> {
  const given = options as AnyFitOptions;
  const images = isImageDataset(train) ? train : undefined;
  checkFit(model, images, given);
  const { epochs, batchSize = 32, validation, normalization, missing, seed, dropLast, stepsPerEpoch } = given;
  const sources = images
    ? {
        training: new ImageSource(images, {
          batchSize,
          dropLast,
          seed,
          normalization,
          missing,
          augmentation: given.augmentation as ImageAugmentation | undefined,
        }),
        validation: validation
          ? new ImageSource(validation as ImageDataset, { batchSize, normalization, missing })
          : undefined,
      }
    : {
        training: await openExamples('the training data', train, {
          batchSize,
          dropLast,
          seed,
          stepsPerEpoch,
          epochs,
          augmentation: given.augmentation as TensorAugmentation<TensorTree> | undefined,
        }),
        validation:
          validation === undefined
            ? undefined
            : await openExamples('the validation data', validation, { batchSize, epochs }),
      };
  const classes = images && { count: images.classNames.length, name: images.name };
  return new Training(model, sources, given, classes).run();
}

interface FitSources {
  readonly training: BatchSource;
  readonly validation: BatchSource | undefined;
}

class Training {
  readonly #model: AnyModule;
  readonly #train: BatchSource;
  readonly #options: AnyFitOptions;
  readonly #objective: Objective;
  readonly #averaging: Averaging | undefined;
  readonly #step: TrainingStep;
  readonly #evaluator: ModelEvaluator | undefined;
  readonly #pace = new Pace();
  readonly #started = performance.now();
  #stepsDone = 0;
  /** Of an epoch, as far as that is known. */
  #steps: number | undefined;

  constructor(
    model: AnyModule,
    { training, validation }: FitSources,
    options: AnyFitOptions,
    classes: { readonly count: number; readonly name: string } | undefined,
  ) {
    const { batchSize = 32, loss, metrics, optimizer, dropLast, average } = options;
    const { count } = training;
    this.#model = model;
    this.#train = training;
    this.#options = options;
    this.#steps = training.steps;
    this.#objective = new Objective({ loss, metrics, classes });
    this.#averaging = average && new Averaging(model, training, average);
    this.#step = new TrainingStep(model, optimizer, this.#objective, this.#averaging?.ofSteps);
    if (dropLast && count !== undefined) requireWholeBatch(count, batchSize);
    const last = dropLast || count === undefined ? 0 : count % batchSize;
    if (last > 0 && last < count!) this.#rehearseLast(last, batchSize);
    this.#evaluator = validation && new ModelEvaluator(model, validation, this.#objective);
  }

  /** @throws OptionError when the model takes the other batches, but not the last one */
  #rehearseLast(examples: number, batchSize: number): void {
    const { blank, count } = { blank: (size: number) => this.#train.blank(size)!, count: this.#train.count };
    try {
      this.#step.rehearse(blank(examples));
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      // A model that cannot take the others either says so itself.
      this.#step.rehearse(blank(batchSize));
      throw new OptionError(
        {
          where: 'fit',
          got: `a last batch of ${examples} of the ${count} examples, which the model cannot take (${error.where}: got ${error.got})`,
          expected: `batches that it can: ${error.expected}`,
          cure: `Leave it out with dropLast: true, or choose a batchSize that leaves another rest than ${batchSize} does.`,
        },
        { cause: error },
      );
    }
  }

  async run(): Promise<History<undefined>> {
    try {
      return await this.#run();
    } catch (error) {
      await this.#averaging?.hide();
      throw error;
    }
  }

  async #run(): Promise<History<undefined>> {
    const {
      epochs,
      epochsDone = 0,
      restoreBest,
      earlyStopping,
      onStep,
      onEpoch,
      signal,
      monitor,
    } = this.#options;
    const { progress = onStep === undefined && onEpoch === undefined } = this.#options;
    const last = epochsDone + epochs;
    const reports: EpochReport<undefined>[] = [];
    let best: { readonly report: EpochReport<undefined>; readonly state: StateDict | undefined } | undefined;
    let improved = epochsDone;
    for (let epoch = epochsDone + 1; epoch <= last; epoch++) {
      const report = await this.#epoch(epoch);
      if (report === undefined) break;
      reports.push(report);
      const standing = compareEpochs(report, best?.report, monitor);
      if (standing === 'better') improved = epoch;
      this.#options.optimizer.observe(figureOf(report, monitor) ?? report.trainLoss);
      if (standing !== 'worse') {
        best = { report, state: restoreBest ? await this.#model.stateDict() : undefined };
      }
      if (progress) console.log(printable(describeEpoch(report, last)));
      await onEpoch?.(report);
      if (earlyStopping && best && epoch - improved >= earlyStopping.patience) break;
      if (epoch < last) await this.#averaging?.hide();
    }
    const aborted = signal?.aborted ?? false;
    // A training that is broken off ends without another pass over the data.
    await this.#averaging?.show();
    if (best?.state && !aborted) await this.#model.loadStateDict(best.state);
    return { epochs: reports, aborted };
  }

  /** One epoch with its validation; undefined when the signal ended it. */
  async #epoch(epoch: number): Promise<EpochReport<undefined> | undefined> {
    const started = performance.now();
    const { signal } = this.#options;
    const trained = await this.#trainOnce(epoch);
    await this.#requireFiniteParameters(epoch);
    if (signal?.aborted) return undefined;
    await this.#averaging?.endEpoch(epoch);
    const validated = await this.#evaluator?.run(signal);
    if (signal?.aborted) return undefined;
    if (validated) requireFiniteLoss(epoch, validated.loss);
    return {
      epoch,
      trainLoss: trained.loss,
      trainAccuracy: trained.accuracy,
      valLoss: validated?.loss,
      valAccuracy: validated?.accuracy,
      ...(this.#options.metrics && { trainMetrics: trained.metrics }),
      ...(this.#options.metrics && validated && { valMetrics: validated.metrics }),
      seconds: (performance.now() - started) / 1000,
    };
  }

  async #trainOnce(epoch: number): Promise<BatchMeans> {
    const { optimizer, signal, onStep } = this.#options;
    const means = new Means(this.#objective.metricNames);
    const { steps } = this.#train;
    let step = 0;
    for await (const batch of this.#train.batches(epoch)) {
      if (signal?.aborted) break;
      step++;
      const { learningRate } = optimizer;
      const result = await this.#step.run(batch, { epoch, step, steps });
      this.#stepsDone++;
      means.add(batch.size, result);
      if (onStep) {
        const { loss, accuracy } = means.read();
        const secondsLeft = this.#secondsLeft();
        await onStep({
          epoch,
          step,
          steps,
          loss,
          accuracy,
          batchLoss: result.loss,
          learningRate,
          secondsLeft,
        });
      }
      await this.#pace.afterStep();
    }
    this.#steps ??= step;
    return means.read();
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
      { epoch, step: this.#steps ?? 0, finding: undefined },
    );
  }

  /** As if the remaining steps, with their validation, went as the ones before. */
  #secondsLeft(): number | undefined {
    if (this.#steps === undefined) return undefined;
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
