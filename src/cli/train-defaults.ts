/** The settings of `weft train`, with the reason beside each. */
export const trainDefaults = {
  data: 'digits',
  model: 'conv-lstm',
  // One-cycle reaches its accuracy at the end of any length; 12 epochs of digits take about a minute on cpu.
  epochs: 12,
  // Small enough for many updates in few epochs, large enough for efficient kernels.
  batch: 32,
  // The highest rate that trained without setbacks in PyTorch.
  lr: 6e-3,
  seed: 0,
  device: 'cpu',
} as const;

/** How far training images are moved at random: see `AugmentOptions`. */
export const augmentation = { shift: 1, rotation: 5 } as const;
