/** The settings of `weft train`, with the reason beside each. */
import { modelFacts } from '../models/index.ts';

export const trainDefaults = {
  data: 'digits',
  fit: 'stretch',
  model: 'conv-lstm',
  optimizer: 'adam',
  // One-cycle reaches its accuracy at the end of any length; 30 epochs of digits take a few seconds
  // on wasm, and more gain nothing that lasts over several seeds.
  schedule: 'one-cycle',
  epochs: 30,
  // Small enough for many updates in few epochs, large enough for efficient kernels.
  batch: 32,
  seed: 0,
  device: 'wasm',
} as const;

/** How far training images are moved at random: see `AugmentOptions`. */
export const augmentation = { shift: 1, rotation: 5 } as const;

/** Plain steps along the gradient go nowhere at rates that do not diverge: nearly everybody gives SGD this momentum. */
export const sgdMomentum = 0.9;

/** The highest learning rate at which a model trains without setbacks. SGD does not divide by the size of the gradients, and wants more. */
export function defaultLearningRate(model: string, optimizer: string = trainDefaults.optimizer): number {
  if (optimizer === 'sgd') return 0.03;
  return modelFacts(model).learningRate;
}
