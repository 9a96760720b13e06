/** What a sample of a row is: operands that its shape rule accepts, with attributes. */

import type { Shape } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** One call of a primitive. */
export interface Sample {
  readonly title: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: object;
  /** The shapes that must come out, worked out by hand. Default: that of the first input. */
  readonly shapes?: readonly Shape[];
}
