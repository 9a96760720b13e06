/** The optimizers and schedules of `weft train`: what each is in words, and how it is made. */
import type { Module } from '../nn/index.ts';
import {
  Adagrad,
  Adam,
  AdamW,
  constant,
  cosine,
  decayGroups,
  exponential,
  type Optimizer,
  oneCycle,
  plateau,
  polynomial,
  RMSprop,
  type Schedule,
  SGD,
  stepDecay,
  warmRestarts,
  warmUp,
} from '../optim/index.ts';
import type { OptimizerName, ScheduleName, TrainSettings } from './settings/setting-values.ts';

/** What every optimizer of the command is told. */
interface OptimizerArguments {
  readonly learningRate: Schedule;
  readonly weightDecay: number;
  readonly clipNorm?: number;
}

/** What is on record of an optimizer. Runs of earlier versions had Adam, in other words. */
type OptimizerSettings = Pick<TrainSettings, 'weightDecay' | 'schedule' | 'learningRate'> &
  Partial<
    Pick<
      TrainSettings,
      'accumulate' | 'momentum' | 'nesterov' | 'decay' | 'clipNorm' | 'warmUp' | 'snapshots'
    >
  > & {
    readonly optimizer: string;
  };

interface OptimizerChoice {
  /** In a sentence. */
  readonly title: string;
  /** The momentum where none is on record; undefined of one that takes none. */
  readonly momentum?: number;
  readonly make: (
    parameters: ReturnType<typeof decayGroups>,
    options: OptimizerArguments,
    velocity: { readonly momentum: number; readonly nesterov: boolean },
  ) => Optimizer;
}

const optimizers: Readonly<Record<OptimizerName, OptimizerChoice>> = {
  adam: { title: 'Adam', make: (parameters, options) => new Adam(parameters, options) },
  adamw: { title: 'AdamW', make: (parameters, options) => new AdamW(parameters, options) },
  sgd: {
    title: 'SGD',
    momentum: 0.9,
    make: (parameters, options, velocity) => new SGD(parameters, { ...options, ...velocity }),
  },
  rmsprop: {
    title: 'RMSprop',
    momentum: 0,
    make: (parameters, options, { momentum }) => new RMSprop(parameters, { ...options, momentum }),
  },
  adagrad: { title: 'Adagrad', make: (parameters, options) => new Adagrad(parameters, options) },
};

/** Whether an optimizer has momentum to set. */
export function takesMomentum(optimizer: OptimizerName): boolean {
  return optimizers[optimizer].momentum !== undefined;
}

/** The steps of a training. */
interface Length {
  readonly steps: number;
  /** Share of the steps in which the rate rises. */
  readonly warmUpShare: number;
  /** Cycles of equal length of warm restarts; undefined: three, each twice as long as the one before. */
  readonly cycles: number | undefined;
}

interface ScheduleChoice {
  /** Share of the steps in which the rate rises where none is on record. Default 0. */
  readonly warmUp?: number;
  readonly make: (rate: number, length: Length) => Schedule;
  /** What the rate does after it rose, in a sentence. */
  readonly describe: (rate: number, warmUpShare: number, cycles: number | undefined) => string;
}

/** Cosines of `warm-restarts`, each twice as long as the one before: 1 + 2 + 4 parts of the steps. */
const restartParts = 7;
/** Epochs without a better figure after which `plateau` divides the rate by 10. */
export const plateauPatience = 5;

/** Steps in which a rate rises along a line. */
function risingSteps({ steps, warmUpShare }: Pick<Length, 'steps' | 'warmUpShare'>): number {
  return Math.round(warmUpShare * steps);
}

/** Whether there is a step in which the rate rises. */
export function rises(schedule: ScheduleName, warmUpShare: number, steps: number): boolean {
  // One-cycle has its highest rate at the end of this share, and begins with its lowest before.
  return schedule === 'one-cycle' ? warmUpShare * steps > 1 : risingSteps({ steps, warmUpShare }) > 0;
}

/** A schedule that rises along a line at first. */
function rising(schedule: Schedule, length: Length): Schedule {
  const first = risingSteps(length);
  return first < 1 ? schedule : warmUp(schedule, first);
}

const schedules: Readonly<Record<ScheduleName, ScheduleChoice>> = {
  'one-cycle': {
    warmUp: 0.3,
    make: (rate, { steps, warmUpShare }) => oneCycle(rate, steps, { warmUpShare }),
    describe: (rate, share) =>
      share > 0
        ? `one-cycle learning rate: from ${short(rate / 25)} up to ${rate} in ${short(share * 100)} % of the steps, then down to almost 0`
        : `one-cycle learning rate: from ${rate} down to almost 0`,
  },
  cosine: {
    make: (rate, length) => rising(cosine(rate, length.steps), length),
    describe: (rate) => `cosine learning rate: from ${rate} down to 0 along half a cosine`,
  },
  'warm-restarts': {
    make: (rate, { cycles, ...length }) =>
      rising(
        cycles === undefined
          ? warmRestarts(rate, Math.ceil(length.steps / restartParts), 2)
          : warmRestarts(rate, length.steps / cycles),
        { ...length, cycles },
      ),
    describe: (rate, _, cycles) =>
      cycles === undefined
        ? `learning rate with warm restarts: three times from ${rate} down to 0 along half a cosine, each time in twice as many steps`
        : `learning rate with warm restarts: ${cycles} times from ${rate} down to 0 along half a cosine; the model at the end of each is kept`,
  },
  polynomial: {
    make: (rate, length) => rising(polynomial(rate, length.steps), length),
    describe: (rate) => `polynomial learning rate: from ${rate} straight down to 0`,
  },
  exponential: {
    make: (rate, length) => rising(exponential(rate, length.steps, 0.01), length),
    describe: (rate) =>
      `exponential learning rate: from ${rate} down to ${short(rate / 100)}, by the same share at each step`,
  },
  step: {
    make: (rate, length) => rising(stepDecay(rate, Math.ceil(length.steps / 3), 0.1), length),
    describe: (rate) =>
      `step learning rate: ${rate}, ${short(rate / 10)}, ${short(rate / 100)}, each for a third of the steps`,
  },
  plateau: {
    make: (rate, length) => rising(plateau(rate, { patience: plateauPatience }), length),
    describe: (rate) =>
      `learning rate ${rate}, divided by 10 after more than ${plateauPatience} epochs in a row without a better one`,
  },
  constant: {
    make: (rate, length) => rising(constant(rate), length),
    describe: (rate) => `constant learning rate ${rate}`,
  },
};

function short(rate: number): number {
  return Number(rate.toPrecision(3));
}

function choiceOf(optimizer: string): OptimizerChoice | undefined {
  return Object.entries(optimizers).find(([name]) => name === optimizer)?.[1];
}

/** The optimizer in words. */
export function describeOptimizer(settings: OptimizerSettings): string {
  const { optimizer, weightDecay, nesterov = false, decay = 'all', clipNorm = 0 } = settings;
  const { title = optimizer, momentum: usual = 0 } = choiceOf(optimizer) ?? {};
  const { momentum = usual } = settings;
  return [
    `${title}${momentum > 0 ? ` with ${nesterov ? 'Nesterov ' : ''}momentum ${momentum}` : ''}`,
    ...(weightDecay > 0
      ? [`weight decay ${weightDecay}${decay === 'all' ? '' : ' (no biases, norms or decays)'}`]
      : []),
    ...(clipNorm > 0 ? [`gradients of norm ${clipNorm} at most`] : []),
  ].join(', ');
}

/** What the learning rate does, in words. */
export function describeSchedule({
  schedule,
  learningRate,
  warmUp: share,
  snapshots,
}: OptimizerSettings): string {
  const { warmUp: usual = 0, describe } = schedules[schedule];
  const warmUpShare = share ?? usual;
  const isRising = schedule !== 'one-cycle' && warmUpShare > 0;
  return `${describe(learningRate, warmUpShare, snapshots)}${isRising ? `; in the first ${short(warmUpShare * 100)} % of the steps it rises from 0` : ''}`;
}

/** Steps of a training on so many images. */
export function stepsOf(
  images: number,
  { epochs, batchSize, accumulate = 1 }: Pick<TrainSettings, 'epochs' | 'batchSize' | 'accumulate'>,
): number {
  return Math.ceil(images / (batchSize * accumulate)) * epochs;
}

/** The optimizer of a model that is trained on so many images; its schedule ends with the last of the planned epochs. */
export function optimizerOf(
  settings: OptimizerSettings & Pick<TrainSettings, 'epochs' | 'batchSize'>,
  model: Module,
  images: number,
): Optimizer {
  const {
    optimizer,
    schedule,
    learningRate,
    weightDecay,
    nesterov = false,
    decay = 'all',
    clipNorm = 0,
  } = settings;
  const steps = stepsOf(images, settings);
  const { warmUp: usual = 0, make } = schedules[schedule];
  const rate = make(learningRate, {
    ...{ steps, warmUpShare: settings.warmUp ?? usual, cycles: settings.snapshots },
  });
  const choice = choiceOf(optimizer) ?? optimizers.adam;
  const { momentum = choice.momentum ?? 0 } = settings;
  const parameters = model.parameters();
  return choice.make(
    decay === 'all' ? [{ parameters }] : decayGroups(parameters),
    { learningRate: rate, weightDecay, ...(clipNorm > 0 ? { clipNorm } : {}) },
    { momentum, nesterov },
  );
}
