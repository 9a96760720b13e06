/** The settings of `weft train`, with the reason beside each. */
export const trainDefaults = {
  data: 'digits',
  model: 'conv-lstm',
  // One-cycle reaches its accuracy at the end of any length; 30 epochs of digits take a few seconds
  // on wasm, and more gain nothing that lasts over several seeds.
  epochs: 30,
  // Small enough for many updates in few epochs, large enough for efficient kernels.
  batch: 32,
  seed: 0,
  device: 'wasm',
} as const;

/** How far training images are moved at random: see `AugmentOptions`. */
export const augmentation = { shift: 1, rotation: 5 } as const;

/** The highest learning rate at which a model trains without setbacks: LSTMs that read raw pixels bear half as much. */
export function defaultLearningRate(model: string): number {
  return model.startsWith('conv') || model === 'cnn' ? 6e-3 : 3e-3;
}
