/** The errors that only layers and models raise. */
import { WeftError } from '../errors.ts';

/** A stored model description cannot be read, or a model cannot be described. */
export class ModelConfigError extends WeftError {
  override readonly name: string = 'ModelConfigError';
}
