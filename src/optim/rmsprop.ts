/** RMSprop (Hinton 2012): divides each gradient by the root of its mean square. */
import { add, divide, maximum, multiply, sqrt, square, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter } from '../tensor/variable.ts';
import { Optimizer, type OptimizerOptions, type Update, type UpdateCall } from './optimizer.ts';

/** Options of `RMSprop`. */
export interface RMSpropOptions extends OptimizerOptions {
  /** How much of the mean square stays from step to step; PyTorch's alpha. Default 0.99. */
  readonly smoothing?: number;
  /** Added to the root, not under it, as in PyTorch. Default 1e-8. */
  readonly epsilon?: number;
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum?: number;
  /** Divides by the deviation of the gradient instead of its root mean square. Default false. */
  readonly centered?: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/** PyTorch's RMSprop. Default learning rate 0.01. */
export class RMSprop extends Optimizer {
  protected override readonly kind = 'rmsprop';
  protected override readonly slots: readonly string[];
  readonly #smoothing: number;
  readonly #epsilon: number;
  readonly #momentum: number;
  readonly #centered: boolean;
  readonly #weightDecay: number;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: readonly Parameter[], options: RMSpropOptions = {}) {
    super(parameters, options, ['smoothing', 'epsilon', 'momentum', 'centered', 'weightDecay'], 0.01);
    const { smoothing = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
    this.#smoothing = requireNumber('RMSprop', 'smoothing', smoothing, 'a number from 0 to below 1');
    this.#epsilon = requireNumber('RMSprop', 'epsilon', epsilon, 'a number of at least 0');
    this.#momentum = requireNumber('RMSprop', 'momentum', momentum, 'a number of at least 0');
    this.#centered = requireBoolean('RMSprop', 'centered', centered);
    this.#weightDecay = requireNumber('RMSprop', 'weightDecay', weightDecay, 'a number of at least 0');
    this.slots = ['meanSquare', ...(centered ? ['meanGradient'] : []), ...(momentum > 0 ? ['velocity'] : [])];
  }

  protected override scalars(_step: number, learningRate: number): Record<string, number> {
    return { learningRate };
  }

  protected override update({ parameter, gradient, state, scalars }: UpdateCall): Update {
    const { learningRate } = scalars;
    const decayed =
      this.#weightDecay === 0 ? gradient : add(gradient, multiply(parameter, this.#weightDecay));
    const meanSquare = this.#smoothed(state.meanSquare, square(decayed));
    const meanGradient = this.#centered ? this.#smoothed(state.meanGradient, decayed) : decayed;
    // Rounding can leave a variance just below zero, whose root would be NaN.
    const spread = this.#centered ? maximum(subtract(meanSquare, square(meanGradient)), 0) : meanSquare;
    const scaled = divide(decayed, add(sqrt(spread), this.#epsilon));
    const velocity = this.#momentum > 0 ? add(multiply(state.velocity, this.#momentum), scaled) : scaled;
    return {
      value: subtract(parameter, multiply(learningRate, velocity)),
      state: { meanSquare, meanGradient, velocity },
    };
  }

  #smoothed(mean: Tensor, latest: Tensor): Tensor {
    return add(multiply(mean, this.#smoothing), multiply(latest, 1 - this.#smoothing));
  }
}
