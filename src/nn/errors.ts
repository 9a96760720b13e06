/** The errors that only layers and models raise. */
import { WeftError } from '../errors.ts';

/** A stored model description cannot be read, a model cannot be described, or has parts that cannot be found. */
export class ModelConfigError extends WeftError {
  override readonly name: string = 'ModelConfigError';
}
