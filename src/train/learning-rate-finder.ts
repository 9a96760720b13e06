/** Looking for a learning rate: some steps at rates that grow, and what becomes of the loss. */
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import { OptionError } from '../errors.ts';
import { type AnyModule, type Module, requireModule } from '../nn/module.ts';
import { type Optimizer, requireOptimizer } from '../optim/optimizer.ts';
import { requireNumber } from '../options.ts';
import type { Variable } from '../tensor/variable.ts';
import { NonFiniteStepError } from './errors.ts';
import type { Examples } from './example-source.ts';
import { fit } from './fit.ts';
import type { FitOptions, TensorFitOptions } from './fit-options.ts';
import { remember } from './putting-back.ts';
import type { StepReport } from './reports.ts';

/** Options of fit that the search decides itself, or that say what becomes of a training. */
const ownOptions = [
  'epochs',
  'epochsDone',
  'validation',
  'metrics',
  'average',
  'checkpoint',
  'resume',
  'onStep',
  'onEpoch',
  'progress',
  'restoreBest',
  'earlyStopping',
  'monitor',
] as const satisfies readonly (keyof FitOptions)[];

/** What `findLearningRate` can be told besides how steps are made. */
interface SearchOptions {
  /** The first rate. Default 1e-6. */
  readonly lowest?: number;
  /** The last rate, if the loss does not diverge before. Default 1. */
  readonly highest?: number;
  /** From the first to the last rate, each so many times the one before. At most 1000; default 100. */
  readonly steps?: number;
}

/** Options of `findLearningRate` on pictures: those of `fit` that say how steps are made. */
export type FindLearningRateOptions = Omit<FitOptions, (typeof ownOptions)[number]> & SearchOptions;

/** Options of `findLearningRate` on other examples. */
export type TensorFindLearningRateOptions<Inputs, Output, Targets> = Omit<
  TensorFitOptions<Inputs, Output, Targets>,
  (typeof ownOptions)[number]
> &
  SearchOptions;

/** What became of the loss. */
export interface LearningRateSearch {
  /** The rate of each step, growing. */
  readonly rates: readonly number[];
  /** The loss of each step's batch, before the step. */
  readonly losses: readonly number[];
  /** The losses without most of what differs from batch to batch. */
  readonly smoothed: readonly number[];
  /** Whether the loss grew to four times its least, or was no longer finite: the search ended there. */
  readonly diverged: boolean;
  /**
   * A tenth of the rate with the least smoothed loss: for the highest rate of a schedule, or a constant one. Undefined where
   * the loss hardly falls.
   */
  readonly suggestion: number | undefined;
}

/**
 * The learning-rate range test (Smith 2017), as fastai's `lr_find`: trains for some steps at rates that grow from `lowest` to
 * `highest`, until the loss diverges. Afterwards model, optimizer and random generator are as they were, bit for bit. Options
 * are those of `fit` that say how steps are made, and `signal`, which ends the search after the step that runs; groups with rates of their
 * own keep their proportion to the optimizer's.
 *
 * ```ts
 * const inputs = randn([64, 4]);
 * const examples = { inputs, targets: inputs.sum(-1, { keepDims: true }) };
 * const line = new Dense(4, 1);
 * const optimizer = new Adam(line.parameters());
 * const { suggestion } = await findLearningRate(line, examples, { optimizer, loss: meanSquaredError });
 * if (suggestion !== undefined) optimizer.learningRate = suggestion;
 * ```
 *
 * @throws OptionError for options out of range, and as `fit` does before its first step
 */
export function findLearningRate(
  model: Module,
  train: PictureDataset,
  options: FindLearningRateOptions,
): Promise<LearningRateSearch>;
export function findLearningRate<Inputs, Targets, Output>(
  model: Module<Inputs, Output>,
  train: Examples<Inputs, Targets>,
  options: TensorFindLearningRateOptions<Inputs, Output, Targets>,
): Promise<LearningRateSearch>;
export async function findLearningRate(
  model: AnyModule,
  train: unknown,
  options: unknown,
): Promise<LearningRateSearch> {
  requireModule('findLearningRate', model);
  const { lowest = 1e-6, highest = 1, steps = 100, ...training } = checked(options);
  const { optimizer } = training;
  const factor = (highest / lowest) ** (1 / (steps - 1));
  const rates = Array.from({ length: steps }, (_, step) => lowest * factor ** step);
  const losses: number[] = [];
  const smoothed: number[] = [];
  let diverged = false;
  const signal = { aborted: false };
  const onStep = ({ batchLoss }: StepReport<undefined>): void => {
    losses.push(batchLoss);
    smoothed.push(smoothedLoss(losses));
    diverged = smoothed.at(-1)! > divergence * Math.min(...smoothed);
    signal.aborted = diverged || losses.length === steps || (training.signal?.aborted ?? false);
  };
  const restore = await rememberTraining(model, optimizer);
  try {
    followRates(optimizer, rates);
    // An epoch has a step at least.
    await fit(model as Module, train as PictureDataset, { ...training, epochs: steps, signal, onStep });
  } catch (error) {
    if (!(error instanceof NonFiniteStepError)) throw error;
    diverged = true;
  } finally {
    await restore();
  }
  const made = rates.slice(0, losses.length);
  return { rates: made, losses, smoothed, diverged, suggestion: suggested(made, smoothed) };
}

/** How many times its least the loss is when it has diverged; fastai's. */
const divergence = 4;

function checked(options: unknown): FindLearningRateOptions {
  const given = options as FindLearningRateOptions;
  const where = 'findLearningRate';
  const { lowest = 1e-6, highest = 1, steps = 100, optimizer } = given ?? {};
  requireOptimizer(where, optimizer);
  const wrong = ownOptions.find((name) => name in given);
  if (wrong !== undefined) {
    throw new OptionError({
      where,
      got: `the option ${wrong}`,
      expected: 'options of fit that say how steps are made',
      cure: 'Leave it out: it is for the training that follows.',
    });
  }
  requireNumber(where, 'lowest', lowest, 'a number above 0');
  requireNumber(where, 'highest', highest, 'a number above 0');
  requireNumber(where, 'steps', steps, 'a whole number from 1 to 1000');
  if (lowest < highest && steps > 1) return given;
  throw new OptionError({
    where,
    got: `${steps} steps from ${lowest} to ${highest}`,
    expected: 'at least 2 steps, from a lower rate to a higher one',
    cure: 'Correct lowest, highest or steps; 100 steps from 1e-6 to 1 are usual.',
  });
}

/** Makes all groups follow rates from the next step on. */
function followRates(optimizer: Optimizer, rates: readonly number[]): void {
  const { stepCount, learningRate: base } = optimizer;
  const proportions = optimizer.groups.map(({ rate, learningRate }) =>
    rate === undefined || base === 0 ? 1 : learningRate / base,
  );
  optimizer.groups.forEach((group, index) => {
    group.learningRate = (step) => rates[Math.min(step - stepCount, rates.length - 1)] * proportions[index];
  });
}

/** Remembers all that steps change, and gives what puts it back. */
async function rememberTraining(model: AnyModule, optimizer: Optimizer): Promise<() => Promise<void>> {
  const own = model.namedVariables().map(([, variable]) => variable);
  const variables = [...new Set<Variable>([...own, ...optimizer.parameters])];
  const [putBack, state] = [await remember(variables), await optimizer.stateDict()];
  const rates = optimizer.groups.map(({ rate }) => rate);
  return async () => {
    optimizer.groups.forEach((group, index) => {
      group.rate = rates[index];
    });
    await putBack();
    await optimizer.loadStateDict(state);
  };
}

/** How much of the smoothed loss stays from step to step. */
const smoothing = 0.9;

/** The mean of the losses so far, of which later ones count more. */
function smoothedLoss(losses: readonly number[]): number {
  let [total, weight] = [0, 0];
  for (const loss of losses) {
    total = smoothing * total + loss;
    weight = smoothing * weight + 1;
  }
  return total / weight;
}

/** The part of the first losses that the least one has to be below, so that there is something to go by. */
const fallen = 0.9;

/** A tenth of the rate with the least loss: there the loss falls fast, and what is around it does not diverge either. */
function suggested(rates: readonly number[], losses: readonly number[]): number | undefined {
  const first = losses.slice(0, Math.ceil(rates.length / 10));
  const start = first.reduce((sum, loss) => sum + loss, 0) / first.length;
  const least = Math.min(...losses);
  if (!(least < fallen * start)) return undefined;
  return Number((rates[losses.indexOf(least)] / 10).toPrecision(2));
}
