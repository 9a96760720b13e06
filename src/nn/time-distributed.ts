/** TimeDistributed: modules at every step of a sequence. */

import { ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { describeShape, requireTensorFor } from './checks.ts';
import { Module } from './module.ts';
import { type NamedModules, Sequential } from './sequential.ts';

/**
 * Applies a module to each step by itself: x [N, T, …] → [N, T, …], the module taking and giving what a step has after N.
 * Several modules follow each other, as in `Sequential`. All steps are one batch of N·T, so that batch normalization takes
 * its statistics over all of them.
 *
 * ```ts
 * // Frames [N, T, 20, 20, 1] to features [N, T, 8·18·18].
 * const frames = new TimeDistributed([new Conv2d(1, 8, 3), new ReLU(), new Flatten()]);
 * ```
 *
 * A single module is called `module`. `Dense`, activations and normalizations of the last axis need no such layer: they
 * take sequences as they are.
 *
 * @throws as `Sequential`; ShapeError for an input of fewer than two axes, or a module that gives fewer than one.
 */
export class TimeDistributed extends Sequential {
  static override readonly ofLibrary = true;

  /**
   * Applies `module`, or several one after the other, to each step of x [N, T, …] by itself → [N, T, …].
   *
   * @throws OptionError for names that cannot be, and what is no module
   */
  constructor(module: Module | readonly Module[] | NamedModules) {
    super(module instanceof Module ? { module } : module);
  }

  override get kind(): string {
    return 'timeDistributed';
  }

  override with(modules: NamedModules): TimeDistributed {
    return new TimeDistributed({ ...this.modules, ...modules });
  }

  override forward(x: Tensor): Tensor {
    if (requireTensorFor(this, x).rank < 2) {
      throw new ShapeError({
        where: this.describe(),
        got: `${describeShape(x.shape)} (rank ${x.rank})`,
        expected: '[N, T, …] (rank 2 or more)',
        cure: 'The first axes are the batch and the steps; add the missing one with expandDims.',
      });
    }
    const [n, steps, ...rest] = x.shape;
    const y = super.forward(reshape(x, [n * steps, ...rest]));
    return reshape(y, [n, steps, ...y.shape.slice(1)]);
  }
}
