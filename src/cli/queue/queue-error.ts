/** The errors of trainings on queues. */
import { WeftError } from '../../errors.ts';

/** Thrown when a Redis server cannot be used, or what a training needs does not get to another machine. */
export class QueueError extends WeftError {
  override readonly name: string = 'QueueError';
}

/** Thrown when data are missing on this machine that others may have: the training is not to blame, and goes to one of them. */
export class MissingDataError extends QueueError {
  override readonly name = 'MissingDataError';
}
