/** Stochastic gradient descent, with momentum (classical or Nesterov's) and weight decay. */
import { OptionError } from '../errors.ts';
import { add, multiply, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Parameter } from '../tensor/variable.ts';
import { Optimizer, type OptimizerOptions, type Update, type UpdateCall } from './optimizer.ts';

/** Options of `SGD`. */
export interface SGDOptions extends OptimizerOptions {
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum?: number;
  /** The part of the gradient that does not enter the velocity, except at the first step. Default 0. */
  readonly dampening?: number;
  /** Looks ahead along the velocity; needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay?: number;
}

/** PyTorch's SGD. Default learning rate 1e-3. */
export class SGD extends Optimizer {
  protected override readonly kind = 'sgd';
  protected override readonly slots: readonly string[];
  readonly #momentum: number;
  readonly #dampening: number;
  readonly #nesterov: boolean;
  readonly #weightDecay: number;

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: readonly Parameter[], options: SGDOptions = {}) {
    super(parameters, options, ['momentum', 'dampening', 'nesterov', 'weightDecay']);
    const { momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
    this.#momentum = requireNumber('SGD', 'momentum', momentum, 'a number of at least 0');
    this.#dampening = requireNumber('SGD', 'dampening', dampening, 'a number from 0 to 1');
    this.#nesterov = requireBoolean('SGD', 'nesterov', nesterov);
    this.#weightDecay = requireNumber('SGD', 'weightDecay', weightDecay, 'a number of at least 0');
    if (dampening !== 0 && momentum === 0) {
      throw new OptionError({
        where: 'SGD',
        got: `dampening ${dampening} without momentum`,
        expected: 'dampening only with momentum',
        cure: 'Set momentum (0.9 is usual), or leave dampening out.',
      });
    }
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new OptionError({
        where: 'SGD',
        got: `nesterov with momentum ${momentum} and dampening ${dampening}`,
        expected: 'momentum above 0 and dampening 0',
        cure: 'Set momentum (0.9 is usual) and leave dampening out.',
      });
    }
    this.slots = momentum === 0 ? [] : ['velocity'];
  }

  protected override scalars(step: number, learningRate: number): Record<string, number> {
    return { learningRate, gradientShare: step === 0 ? 1 : 1 - this.#dampening };
  }

  protected override update({ parameter, gradient, state, scalars }: UpdateCall): Update {
    const { learningRate, gradientShare } = scalars;
    const decayed =
      this.#weightDecay === 0 ? gradient : add(gradient, multiply(parameter, this.#weightDecay));
    if (this.#momentum === 0) return { value: subtract(parameter, multiply(learningRate, decayed)), state };
    const share = this.#dampening === 0 ? decayed : multiply(gradientShare, decayed);
    const velocity = add(multiply(state.velocity, this.#momentum), share);
    const direction = this.#nesterov ? add(decayed, multiply(velocity, this.#momentum)) : velocity;
    return { value: subtract(parameter, multiply(learningRate, direction)), state: { velocity } };
  }
}
