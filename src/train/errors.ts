/** The errors of training and of saved models. */
import { type ErrorParts, NonFiniteError, WeftError } from '../errors.ts';
import type { NonFiniteFinding } from './diagnose.ts';

/** A saved model is missing, damaged, or of another format. */
export class CheckpointError extends WeftError {
  override readonly name: string = 'CheckpointError';
}

/**
 * A training step gave a loss or gradients that are NaN or infinite, and was not made; or the last step of an epoch left
 * parameters, or scores of the validation images, that are.
 */
export class NonFiniteStepError extends NonFiniteError {
  override readonly name: string = 'NonFiniteStepError';
  /** The epoch, from 1. */
  readonly epoch: number;
  /** The step in the epoch, from 1. */
  readonly step: number;
  /** The first operation that was not finite, where it could be found. */
  readonly finding: NonFiniteFinding | undefined;

  /** `cause`: the error that the step itself threw. */
  constructor(
    parts: ErrorParts,
    details: {
      readonly epoch: number;
      readonly step: number;
      readonly finding: NonFiniteFinding | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(parts, { cause: details.cause });
    this.epoch = details.epoch;
    this.step = details.step;
    this.finding = details.finding;
  }
}
