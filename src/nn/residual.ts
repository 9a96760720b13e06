/** Residual: what its modules compute, added to what they were given. */

import { ShapeError } from '../errors.ts';
import { add } from '../ops/elementwise.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { describeShape } from './checks.ts';
import { Module } from './module.ts';
import { type NamedModules, Sequential } from './sequential.ts';

/**
 * A residual connection (He et al. 2016): x + f(x), where f is a module, or several that follow each other as in
 * `Sequential`. f keeps the shape of x.
 *
 * ```ts
 * const block = new Residual({ norm: new LayerNorm(16), mix: new Dense(16, 16), gelu: new GELU() });
 * block.call(ones([2, 5, 16])).shape; // [2, 5, 16]
 * ```
 *
 * A single module is called `module`.
 *
 * @throws as `Sequential`; ShapeError if the modules give another shape than x has.
 */
export class Residual extends Sequential {
  static override readonly ofLibrary = true;

  /**
   * x → x + f(x), of the same shape; f is `module`, or several one after the other.
   *
   * @throws OptionError for names that cannot be, and what is no module
   */
  constructor(module: Module | readonly Module[] | NamedModules) {
    super(module instanceof Module ? { module } : module);
  }

  override get kind(): string {
    return 'residual';
  }

  override with(modules: NamedModules): Residual {
    return new Residual({ ...this.modules, ...modules });
  }

  override forward(x: Tensor): Tensor {
    const y = super.forward(x);
    if (sameShape(x.shape, y.shape)) return add(x, y);
    throw new ShapeError({
      where: this.describe(),
      got: `${describeShape(y.shape)} of its modules, for an input ${describeShape(x.shape)}`,
      expected: 'the shape of the input: both are added',
      cure: 'Let the last module give as many features or channels as come in, and pad convolutions so that they keep the size.',
    });
  }
}
