/** What `weft train` does where nothing else is asked for, with the reason beside each. */

import type { NamedChanges } from '../data/augment/augment-options.ts';
import { modelFacts } from '../models/index.ts';
import { usualShare } from '../train/teacher.ts';
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
  epochs: 'the fewer the more images: 16 of the digits',
  batchSize: `${trainDefaults.batchSize}`,
  optimizer: 'adamw',
  momentum: '0.9 of sgd, 0 of rmsprop',
  learningRate: "the model's own, mostly 0.003; 0.03 with sgd",
  schedule: 'one-cycle',
  weightDecay: '0.05 with adamw, else 0',
  clipNorm: '0',
  mixup: '0',
  cutmix: '0',
  labelSmoothing: '0.1',
  average: 'ema:0.99',
  distill: `${usualShare}`,
  views: 'none',
  augmentation: 'by size, colors and symmetry: crop=2,rotation=10,scale=0.1,unmoved=0.5 for the digits',
} as const;

/** What the defaults of a training follow from. */
export interface DefaultsOptions {
  readonly model: string;
  /** Number of training images. */
  readonly images: number;
  /** `[height, width, channels]` */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly classes: number;
  /** Whether the images of each class are as likely mirrored as not: see `isMirrorLike`. */
  readonly mirrorLike: boolean;
  /** What was asked for: the optimizer decides on the learning rate, for example. */
  readonly given?: Settings;
}

/** What `defaultsFor` decides: always how it is trained, and whatever else of the settings, sizes of the model included. */
export type TrainDefaults = Settings & Omit<PlannedSettings, 'data' | 'device' | 'model' | 'seed'>;

/**
 * The settings of a training that were not asked for: what is printed, recorded and repeated. Each is what holds where that one is not
 * given, also where it is: the command that repeats a run says what differs from these.
 */
export function defaultsFor({
  model,
  images,
  imageShape,
  mirrorLike,
  given = {},
}: DefaultsOptions): TrainDefaults {
  return {
    ...learningDefaults(given),
    epochs: epochsFor(images, imageShape),
    learningRate: usualRate(model, given.optimizer),
    augmentation: changesFor(imageShape, mirrorLike),
  };
}

/** The highest learning rate at which a model trains without setbacks. SGD does not divide by the size of the gradients, and wants more. */
export function usualRate(model: string, optimizer: Settings['optimizer']): number {
  return optimizer === 'sgd' ? 0.03 : modelFacts(model).learningRate;
}

/** Those of the defaults that follow from what was asked for alone, whatever the images and the model are. */
export function learningDefaults(given: Settings) {
  const usualOptimizer = 'adamw';
  const { optimizer = usualOptimizer } = given;
  const weightDecay = optimizer === 'adamw' ? 0.05 : 0;
  return {
    // One-cycle reaches its accuracy at the end of any length.
    schedule: 'one-cycle',
    batchSize: trainDefaults.batchSize,
    optimizer: usualOptimizer,
    weightDecay,
    ...((given.weightDecay ?? weightDecay) > 0 ? { decay: 'matrices' } : {}),
    // Plain steps along the gradient go nowhere at rates that do not diverge: nearly everybody gives SGD this momentum.
    ...(optimizer === 'sgd' ? { momentum: 0.9 } : {}),
    // Few images are learned by heart: answers that need not be certain, and the mean of the last hundred steps, are steadier.
    ...(given.loss === undefined || given.loss === 'cross-entropy' ? { labelSmoothing: 0.1 } : {}),
    average: 'ema:0.99',
  } as const satisfies Settings;
}

/** Pixels that a training looks at in all, at most: some minutes of a conv-lstm on two cores. Colors cost it next to nothing. */
const mostPixels = 7e8;

/**
 * An epoch of few images has few steps, so they need more of them; larger images, and photographs, are harder to tell apart than small ones
 * in gray. The embedded digits have 16 epochs, half a minute on two cores.
 */
function epochsFor(images: number, [height, width, channels]: DefaultsOptions['imageShape']): number {
  const hardness = (Math.sqrt(height * width) / 20) * (channels === 3 ? 2 : 1);
  const wanted = 16 * Math.max(Math.sqrt(3800 / images), 1) * hardness;
  const affordable = mostPixels / (images * height * width);
  return Math.max(Math.round(Math.min(wanted, affordable, 200)), 4);
}

/** Moves by a tenth of the image; a mirror image where that can be one of the class; other light where there are colors. */
function changesFor(
  [height, width, channels]: DefaultsOptions['imageShape'],
  mirrorLike: boolean,
): NamedChanges {
  const crop = Math.round(Math.min(height, width) / 12);
  return {
    ...{ rotation: 10, scale: 0.1 },
    ...(mirrorLike && { flip: true }),
    ...(crop > 0 && { crop }),
    ...(channels === 3 && { brightness: 0.2, contrast: 0.2, saturation: 0.2 }),
    // The others are seen as sharp as they are.
    unmoved: 0.5,
  };
}
