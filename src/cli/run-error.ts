/** The error of run folders: not there, not a run, or not to be written. */
import { WeftError } from '../errors.ts';

export class RunError extends WeftError {
  override readonly name: string = 'RunError';
}
