/** The optimizers and schedules of `weft train`: what each is in words, and how it is made. */
import type { Module } from '../nn/index.ts';
import {
  Adam,
  AdamW,
  constant,
  cosine,
  type Optimizer,
  oneCycle,
  RMSprop,
  type Schedule,
  SGD,
  stepDecay,
} from '../optim/index.ts';
import type { OptimizerName, ScheduleName, TrainSettings } from './settings/setting-values.ts';

/** Plain steps along the gradient go nowhere at rates that do not diverge: nearly everybody gives SGD this momentum. */
const sgdMomentum = 0.9;

interface OptimizerChoice {
  /** In a sentence. */
  readonly title: string;
  readonly make: (model: Module, options: { learningRate: Schedule; weightDecay: number }) => Optimizer;
}

const optimizers: Readonly<Record<OptimizerName, OptimizerChoice>> = {
  adam: { title: 'Adam', make: (model, options) => new Adam(model.parameters(), options) },
  adamw: { title: 'AdamW', make: (model, options) => new AdamW(model.parameters(), options) },
  rmsprop: { title: 'RMSprop', make: (model, options) => new RMSprop(model.parameters(), options) },
  sgd: {
    title: `SGD with momentum ${sgdMomentum}`,
    make: (model, options) => new SGD(model.parameters(), { ...options, momentum: sgdMomentum }),
  },
};

interface ScheduleChoice {
  readonly make: (rate: number, steps: number) => Schedule;
  /** What the rate does, in a sentence. */
  readonly describe: (rate: number) => string;
}

const schedules: Readonly<Record<ScheduleName, ScheduleChoice>> = {
  'one-cycle': {
    make: oneCycle,
    describe: (rate) =>
      `one-cycle learning rate: from ${short(rate / 25)} up to ${rate} in 30 % of the steps, then down to almost 0`,
  },
  cosine: {
    make: cosine,
    describe: (rate) => `cosine learning rate: from ${rate} down to 0 along half a cosine`,
  },
  step: {
    make: (rate, steps) => stepDecay(rate, Math.ceil(steps / 3), 0.1),
    describe: (rate) =>
      `step learning rate: ${rate}, ${short(rate / 10)}, ${short(rate / 100)}, each for a third of the steps`,
  },
  constant: { make: constant, describe: (rate) => `constant learning rate ${rate}` },
};

function short(rate: number): number {
  return Number(rate.toPrecision(3));
}

/** What is on record of an optimizer. Runs of earlier versions had Adam, in other words. */
type OptimizerSettings = Pick<TrainSettings, 'weightDecay' | 'schedule' | 'learningRate'> & {
  readonly optimizer: string;
};

function kindOf(optimizer: string): OptimizerChoice | undefined {
  return Object.entries(optimizers).find(([name]) => name === optimizer)?.[1];
}

/** The optimizer in words. */
export function describeOptimizer({ optimizer, weightDecay }: OptimizerSettings): string {
  const title = kindOf(optimizer)?.title ?? optimizer;
  return `${title}${weightDecay > 0 ? ` and weight decay ${weightDecay}` : ''}`;
}

/** What the learning rate does, in words. */
export function describeSchedule({ schedule, learningRate }: OptimizerSettings): string {
  return schedules[schedule].describe(learningRate);
}

/** The optimizer of a model that is trained on so many images; its schedule ends with the last of the planned epochs. */
export function optimizerOf(
  settings: OptimizerSettings & Pick<TrainSettings, 'epochs' | 'batchSize'>,
  model: Module,
  images: number,
): Optimizer {
  const { optimizer, schedule, learningRate, weightDecay, epochs, batchSize } = settings;
  const steps = Math.ceil(images / batchSize) * epochs;
  const rate = schedules[schedule].make(learningRate, steps);
  return (kindOf(optimizer) ?? optimizers.adam).make(model, { learningRate: rate, weightDecay });
}
