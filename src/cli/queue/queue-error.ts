/** The error of trainings on queues. */
import { WeftError } from '../../errors.ts';

/** Thrown when a Redis server cannot be used, or what a training needs does not get to another machine. */
export class QueueError extends WeftError {
  override readonly name: string = 'QueueError';
}
