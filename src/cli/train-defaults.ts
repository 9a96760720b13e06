/** What `weft train` does where nothing else is asked for, with the reason beside each. */
import { modelFacts } from '../models/index.ts';
import type { PlannedSettings, Settings } from './settings/setting-values.ts';

/** What holds before the data are known. */
export const trainDefaults = {
  data: 'digits',
  fit: 'stretch',
  model: 'conv-lstm',
  // Small enough for many updates in few epochs, large enough for efficient kernels.
  batchSize: 32,
  seed: 0,
  device: 'wasm',
} as const;

/** The defaults that `defaultsFor` decides, in words, for the help. */
export const defaultTexts = {
  epochs: '30',
  batchSize: `${trainDefaults.batchSize}`,
  optimizer: 'adam',
  momentum: '0.9 of sgd, 0 of rmsprop',
  learningRate: "the model's own, mostly 0.003 or 0.006; 0.03 with sgd",
  schedule: 'one-cycle',
  weightDecay: '0, or 0.01 with adamw',
  clipNorm: '0',
  mixup: '0',
  cutmix: '0',
  labelSmoothing: '0',
  average: 'none',
  views: 'none',
  augmentation: 'shift=1,rotation=5',
} as const;

/** What the defaults of a training follow from. */
export interface DefaultsOptions {
  readonly model: string;
  /** Number of training images. */
  readonly images: number;
  /** `[height, width, channels]` */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly classes: number;
  /** What was asked for: the optimizer decides on the learning rate, for example. */
  readonly given?: Settings;
}

/** What `defaultsFor` decides: always how it is trained, and whatever else of the settings, sizes of the model included. */
export type TrainDefaults = Settings & Omit<PlannedSettings, 'data' | 'device' | 'model' | 'seed'>;

/**
 * The settings of a training that were not asked for: what is printed, recorded and repeated. Each is what holds where that one is not
 * given, also where it is: the command that repeats a run says what differs from these.
 */
export function defaultsFor({ model, given = {} }: DefaultsOptions): TrainDefaults {
  const usualOptimizer = 'adam';
  const { optimizer = usualOptimizer } = given;
  const weightDecay = optimizer === 'adamw' ? 0.01 : 0;
  return {
    // One-cycle reaches its accuracy at the end of any length; 30 epochs of digits take a few seconds
    // on wasm, and more gain nothing that lasts over several seeds.
    schedule: 'one-cycle',
    epochs: 30,
    batchSize: trainDefaults.batchSize,
    optimizer: usualOptimizer,
    // The highest at which the model trains without setbacks. SGD does not divide by the size of the gradients, and wants more.
    learningRate: optimizer === 'sgd' ? 0.03 : modelFacts(model).learningRate,
    weightDecay,
    ...((given.weightDecay ?? weightDecay) > 0 ? { decay: 'matrices' } : {}),
    // Plain steps along the gradient go nowhere at rates that do not diverge: nearly everybody gives SGD this momentum.
    ...(optimizer === 'sgd' ? { momentum: 0.9 } : {}),
    augmentation: { shift: 1, rotation: 5 },
  };
}
