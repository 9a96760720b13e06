/** Training a model: epochs, validation, history, and when to stop. */
import type { ImageDataset } from '../data/dataset.ts';
import { isStreamed, type StreamedDataset } from '../data/stream/streamed-dataset.ts';
import { OptionError, ShapeError } from '../errors.ts';
import type { AnyModule, Module } from '../nn/module.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { randomState, setRandomState } from '../tensor/random.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { printable } from '../text.ts';
import { Averaging } from './averaging.ts';
import { type BatchSource, type Examples, openExamples, type TensorAugmentation } from './batch-source.ts';
import { compareEpochs, describeEpoch, figureOf } from './best-epoch.ts';
import { Checkpoints } from './checkpoints.ts';
import { isImageDataset, ModelEvaluator } from './evaluate.ts';
import { firstNonFinite, requireFiniteLoss, requireFiniteParameters } from './finite.ts';
import {
  type AnyFitOptions,
  checkFit,
  type FitOptions,
  requireNoParts,
  requireWholeBatch,
  type TensorFitOptions,
} from './fit-options.ts';
import { type ImageAugmentation, ImageSource } from './image-source.ts';
import { Means } from './means.ts';
import { Objective } from './objective.ts';
import { Pace } from './pace.ts';
import type { EpochReport, History } from './reports.ts';
import { TrainingStep } from './step.ts';
import { requireUnused } from './training-files.ts';
import { type BatchPlan, requireResumable, type TrainingState } from './training-state.ts';

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
 * With `checkpoint` the training is saved while it goes on. Made again in the same way, in another process after a crash for
 * example, and given the last state as `resume`, it goes on from there and ends with the same bits: weights, history and all.
 *
 * @throws OptionError, LabelError or DatasetError before anything is changed, when options or data do not fit, or the
 *   model cannot take the last, smaller batch; ShapeError when it cannot take any; ModelConfigError when it keeps layers
 *   or variables where they cannot be found
 * @throws NonFiniteStepError when a step gives a loss or gradients that are NaN or infinite: it names the step, the first
 *   bad operation and the likely cause. That step is not made; the model stays as the step before left it.
 * @throws NonFiniteError when an epoch ends with parameters, or a validation loss, that are NaN or infinite
 */
export function fit(
  model: Module,
  train: ImageDataset | StreamedDataset,
  options: FitOptions,
): Promise<History>;
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
  const folder = given.resume === undefined ? given.checkpoint?.folder : undefined;
  if (folder !== undefined) await requireUnused(folder);
  const { epochs, accumulate = 1, validation, normalization, missing, seed, dropLast, stepsPerEpoch } = given;
  const { batchSize: partSize = 32, workers } = given;
  // What makes one step; it is computed in parts of `partSize`.
  const batchSize = partSize * accumulate;
  const { mix, sampling } = given;
  const sources = images
    ? {
        training: new ImageSource(images, {
          batchSize,
          dropLast,
          seed,
          normalization,
          missing,
          mix,
          sampling,
          workers,
          augmentation: given.augmentation as ImageAugmentation | undefined,
        }),
        validation: validation
          ? new ImageSource(validation as ImageDataset | StreamedDataset, {
              batchSize: partSize,
              normalization,
              missing,
              workers: isStreamed(validation) ? workers : 0,
            })
          : undefined,
      }
    : {
        training: await openExamples('the training data', train, {
          batchSize,
          dropLast,
          seed,
          stepsPerEpoch,
          epochs,
          resumed: given.resume !== undefined,
          augmentation: given.augmentation as TensorAugmentation<TensorTree> | undefined,
        }),
        validation:
          validation === undefined
            ? undefined
            : await openExamples('the validation data', validation, { batchSize: partSize, epochs }),
      };
  const classes = images && { count: images.classNames.length, name: images.name };
  try {
    return await new Training(model, sources, given, classes).run();
  } finally {
    sources.training.close?.();
    sources.validation?.close?.();
  }
}

interface FitSources {
  readonly training: BatchSource;
  readonly validation: BatchSource | undefined;
}

/** An epoch that goes on. */
interface EpochInProgress {
  /** From 1. */
  readonly epoch: number;
  /** Steps that are made. */
  step: number;
  readonly means: Means;
  /** When, by performance.now(): one that was resumed began so much earlier as it took before. */
  readonly started: number;
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
  readonly #checkpoints: Checkpoints | undefined;
  readonly #plan: BatchPlan;
  /** Made by this process. */
  #stepsDone = 0;
  /** Of an epoch, as far as that is known. */
  #steps: number | undefined;
  readonly #reports: EpochReport<undefined>[] = [];
  #best: { readonly report: EpochReport<undefined>; readonly model: StateDict | undefined } | undefined;
  /** The last epoch that was better than all before. */
  #improved: number;
  /** What goes on now. */
  #now: EpochInProgress;
  /**
   * The training as it is now, where that is kept: it is saved when a step from it, or validation, has shown that it is good, since
   * a NaN mostly begins a step or some before it shows.
   */
  #unproven: TrainingState | undefined;

  constructor(
    model: AnyModule,
    { training, validation }: FitSources,
    options: AnyFitOptions,
    classes: { readonly count: number; readonly name: string } | undefined,
  ) {
    const { batchSize = 32, accumulate = 1, seed = 0, loss, metrics, optimizer, dropLast } = options;
    const { average, checkpoint, resume } = options;
    const { count } = training;
    this.#plan = { examples: count, steps: training.steps, batchSize: batchSize * accumulate, seed };
    if (resume !== undefined) requireResumable(resume, this.#plan, options);
    this.#checkpoints = checkpoint && new Checkpoints(checkpoint);
    this.#improved = resume?.improved ?? options.epochsDone ?? 0;
    this.#model = model;
    this.#train = training;
    this.#options = options;
    this.#steps = training.steps;
    this.#objective = new Objective({ loss, metrics, classes });
    this.#averaging = average && new Averaging(model, training, average);
    this.#step = new TrainingStep(model, optimizer, this.#objective, {
      average: this.#averaging?.ofSteps,
      partSize: accumulate > 1 ? batchSize : undefined,
    });
    if (count === undefined) requireNoParts(accumulate);
    else if (dropLast) requireWholeBatch(count, batchSize * accumulate);
    const last = dropLast || count === undefined ? 0 : count % batchSize;
    if (last > 0 && last < count!) this.#rehearseLast(last, batchSize);
    this.#evaluator = validation && new ModelEvaluator(model, validation, this.#objective);
    this.#now = this.#begin((options.epochsDone ?? 0) + 1);
  }

  #begin(epoch: number): EpochInProgress {
    return { epoch, step: 0, means: new Means(this.#objective.metricNames), started: performance.now() };
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
      resume,
    } = this.#options;
    const { progress = onStep === undefined && onEpoch === undefined } = this.#options;
    if (resume) await this.#takeUp(resume);
    const last = epochsDone + epochs;
    const hasStalled = (): boolean =>
      earlyStopping !== undefined &&
      this.#best !== undefined &&
      this.#now.epoch - 1 - this.#improved >= earlyStopping.patience;
    while (this.#now.epoch <= last && !hasStalled()) {
      const figures = await this.#epoch();
      if (figures === undefined) break;
      this.#unproven = undefined;
      const standing = compareEpochs(figures, this.#best?.report, monitor);
      const report = { ...figures, best: standing !== 'worse' };
      this.#reports.push(report);
      if (standing === 'better') this.#improved = report.epoch;
      this.#options.optimizer.observe(figureOf(report, monitor) ?? report.trainLoss);
      if (report.best) {
        const kept = restoreBest || this.#checkpoints;
        this.#best = { report, model: kept ? await this.#model.stateDict() : undefined };
      }
      this.#now = this.#begin(report.epoch + 1);
      if (progress) console.log(printable(describeEpoch(report, last)));
      await onEpoch?.(report);
      await this.#averaging?.hide();
      const ended = this.#now.epoch > last || hasStalled();
      if (ended || !this.#checkpoints?.isDue('epoch')) continue;
      if (this.#evaluator) await this.#save();
      else this.#unproven = await this.#state();
    }
    await this.#averaging?.hide();
    await this.#save();
    const aborted = signal?.aborted ?? false;
    // A training that is broken off ends without another pass over the data.
    await this.#averaging?.show();
    if (restoreBest && this.#best && !aborted) await this.#model.loadStateDict(this.#best.model!);
    return { epochs: this.#reports, aborted };
  }

  /** Goes on where another training was. */
  async #takeUp(state: TrainingState): Promise<void> {
    const { model, optimizer, average, random, epoch, step, means, seconds, history, best } = state;
    await this.#model.loadStateDict(model);
    await this.#options.optimizer.loadStateDict(optimizer);
    if (average) await this.#averaging?.average.loadStateDict(average);
    setRandomState(random);
    this.#reports.push(...history);
    const report = history.find((each) => each.epoch === best?.epoch);
    this.#best = report && { report, model: best!.model };
    this.#now = {
      epoch,
      step,
      means: new Means(this.#objective.metricNames, means),
      started: performance.now() - seconds * 1000,
    };
  }

  /** Saves the training as it is now, unless the last step spoiled it: then the state before stays. */
  async #save(): Promise<void> {
    if (this.#checkpoints === undefined) return;
    const state = this.#unproven ?? (await this.#state());
    this.#unproven = undefined;
    const values = this.#model.namedParameters().map(([path]) => state.model[path].data);
    if (values.every((each) => firstNonFinite(each) === undefined)) await this.#checkpoints.save(state);
  }

  async #saveProven(): Promise<void> {
    const state = this.#unproven;
    this.#unproven = undefined;
    if (state) await this.#checkpoints?.save(state);
  }

  /** The training between two steps. */
  async #state(): Promise<TrainingState> {
    const { epoch, step, means, started } = this.#now;
    // All of one moment: what is asked for in one turn.
    const random = randomState();
    const [model, optimizer, average] = await Promise.all([
      this.#model.stateDict(),
      this.#options.optimizer.stateDict(),
      this.#averaging?.average.stateDict(),
    ]);
    return {
      epoch,
      step,
      means: means.state,
      seconds: (performance.now() - started) / 1000,
      model,
      optimizer,
      average,
      random,
      history: [...this.#reports],
      best: this.#best && { epoch: this.#best.report.epoch, model: this.#best.model! },
      improved: this.#improved,
      plan: this.#plan,
    };
  }

  /** The rest of an epoch with its validation; undefined when the signal ended it. */
  async #epoch(): Promise<Omit<EpochReport<undefined>, 'best'> | undefined> {
    const { epoch, means, started } = this.#now;
    const { signal } = this.#options;
    await this.#trainOnce();
    await requireFiniteParameters(this.#options.optimizer, epoch, this.#now.step);
    if (signal?.aborted) return undefined;
    // What a signal ends from here on is made again from here.
    if (this.#checkpoints) this.#unproven = await this.#state();
    await this.#averaging?.endEpoch(epoch);
    const validated = await this.#evaluator?.run(signal);
    if (signal?.aborted) return undefined;
    if (validated) requireFiniteLoss(epoch, validated.loss);
    const trained = means.read();
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

  async #trainOnce(): Promise<void> {
    const { optimizer, signal, onStep } = this.#options;
    const { epoch, means } = this.#now;
    const { steps } = this.#train;
    for await (const batch of this.#train.batches(epoch, this.#now.step)) {
      if (signal?.aborted) break;
      const step = this.#now.step + 1;
      const { learningRate } = optimizer;
      const result = await this.#step.run(batch, { epoch, step, steps });
      this.#stepsDone++;
      this.#now.step = step;
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
      await this.#saveProven();
      if (this.#checkpoints?.isDue('step')) this.#unproven = await this.#state();
      await this.#pace.afterStep();
    }
    if (!signal?.aborted) this.#steps ??= this.#now.step;
  }

  /** As if the remaining steps, with their validation, went as the ones before. */
  #secondsLeft(): number | undefined {
    if (this.#steps === undefined) return undefined;
    const elapsed = (performance.now() - this.#started) / 1000;
    const { epochs, epochsDone = 0 } = this.#options;
    const epochsLeft = epochsDone + epochs - this.#now.epoch + 1;
    return (elapsed / this.#stepsDone) * (epochsLeft * this.#steps - this.#now.step);
  }
}
