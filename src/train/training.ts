/** A training: epochs of steps, validation, history, when to stop, and the state from which it goes on. */
import { OptionError, ShapeError } from '../errors.ts';
import type { AnyModule } from '../nn/module.ts';
import type { StateDict } from '../nn/state-dict.ts';
import { randomState, setRandomState } from '../tensor/random.ts';
import { printable } from '../text.ts';
import { Averaging } from './averaging.ts';
import type { BatchSource } from './batch-source.ts';
import { compareEpochs, describeEpoch, figureOf } from './best-epoch.ts';
import { Checkpoints } from './checkpoints.ts';
import { ModelEvaluator } from './evaluate.ts';
import { firstNonFinite, requireFiniteLoss, requireFiniteParameters } from './finite.ts';
import { type AnyFitOptions, requireNoParts, requireWholeBatch } from './fit-options.ts';
import { Means } from './means.ts';
import { Objective } from './objective.ts';
import { Pace } from './pace.ts';
import type { EpochReport, History } from './reports.ts';
import { TrainingStep } from './step.ts';
import { type BatchPlan, requireResumable, type TrainingState } from './training-state.ts';

/** Where the batches of a training come from. */
export interface TrainingSources {
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

/** One call of `fit`, whose options and data are checked. */
export class Training {
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
    { training, validation }: TrainingSources,
    options: AnyFitOptions,
    classes: { readonly count: number; readonly name: string } | undefined,
  ) {
    const { batchSize = 32, accumulate = 1, seed = 0, loss, metrics, optimizer, dropLast } = options;
    const { average, checkpoint, resume, teacher } = options;
    const { count } = training;
    const partSize = accumulate > 1 ? batchSize : undefined;
    this.#plan = { examples: count, steps: training.steps, batchSize: batchSize * accumulate, seed };
    if (resume !== undefined) requireResumable(resume, this.#plan, options);
    this.#checkpoints = checkpoint && new Checkpoints(checkpoint);
    this.#improved = resume?.improved ?? options.epochsDone ?? 0;
    this.#model = model;
    this.#train = training;
    this.#options = options;
    this.#steps = training.steps;
    this.#objective = new Objective({ loss, metrics, classes });
    this.#averaging = average && new Averaging(model, training, average, partSize);
    this.#step = new TrainingStep(model, optimizer, this.#objective, {
      average: this.#averaging?.ofSteps,
      teacher,
      partSize,
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
    if (validated) requireFiniteLoss(epoch, this.#now.step, validated.loss);
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
