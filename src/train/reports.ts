/** What `fit` tells: of each step, of each epoch, and in the end. */

/** What is known after each step. `Unknown` is undefined where not pictures but other examples are trained on. */
export interface StepReport<Unknown = never> {
  /** From 1. */
  readonly epoch: number;
  /** In the epoch, from 1. */
  readonly step: number;
  /** Steps of an epoch. Of an iterator unknown, but for `stepsPerEpoch`. */
  readonly steps: number | Unknown;
  /** The mean over the epoch so far. */
  readonly loss: number;
  /** The part of the epoch's labels so far whose class was right. */
  readonly accuracy: number | Unknown;
  /** Of this batch alone. */
  readonly batchLoss: number;
  /** The rate this step was made with. */
  readonly learningRate: number;
  /** An estimate for the rest of the training, validation included. Of an iterator unknown in the first epoch. */
  readonly secondsLeft: number | Unknown;
}

/**
 * One epoch. Training figures are means over the epoch, while the model was changing. `Unknown` is undefined where targets are no
 * classes.
 */
export interface EpochReport<Unknown = never> {
  /** From 1. */
  readonly epoch: number;
  /** The mean over the training examples. */
  readonly trainLoss: number;
  /** The part of the training labels whose class was right. */
  readonly trainAccuracy: number | Unknown;
  /** Undefined without a validation set. */
  readonly valLoss: number | undefined;
  /** Undefined without a validation set, and where there are no classes. */
  readonly valAccuracy: number | undefined;
  /** Metrics of one's own, by name: means over the training examples. Undefined where there are none. */
  readonly trainMetrics?: Readonly<Record<string, number>>;
  /** The same on the validation set. Undefined without one. */
  readonly valMetrics?: Readonly<Record<string, number>>;
  /** Whether no epoch before was better: see `monitor`. False without a validation set. */
  readonly best: boolean;
  /** Of training and validation. */
  readonly seconds: number;
}

/** How a training went. */
export interface History<Unknown = never> {
  /** The finished epochs. */
  readonly epochs: readonly EpochReport<Unknown>[];
  /** Whether the signal ended it. */
  readonly aborted: boolean;
}
