/** Adam (Kingma & Ba 2015), its AMSGrad variant (Reddi et al. 2018), and AdamW (Loshchilov & Hutter 2019). */
import { add, divide, maximum, multiply, sqrt, square, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Parameter } from '../tensor/variable.ts';
import { Optimizer, type OptimizerOptions, type Update, type UpdateCall } from './optimizer.ts';

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean gradient stays from step to step. Default 0.9. */
  readonly beta1?: number;
  /** How much of the mean squared gradient stays from step to step. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean squared gradient. Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0 for Adam, which adds it times the parameter to the gradient; 0.01 for AdamW, which shrinks the parameter. */
  readonly weightDecay?: number;
  /** Divides by the largest mean squared gradient so far instead of the latest. Default false. */
  readonly amsgrad?: boolean;
}

/** What both have in common; they differ in where weight decay enters. */
abstract class AdamFamily extends Optimizer {
  protected override readonly slots: readonly string[];
  protected readonly weightDecay: number;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #amsgrad: boolean;

  constructor(where: string, parameters: readonly Parameter[], options: AdamOptions, usualDecay: number) {
    super(parameters, options, ['beta1', 'beta2', 'epsilon', 'weightDecay', 'amsgrad']);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
    const { weightDecay = usualDecay } = options;
    this.#beta1 = requireNumber(where, 'beta1', beta1, 'a number from 0 to below 1');
    this.#beta2 = requireNumber(where, 'beta2', beta2, 'a number from 0 to below 1');
    this.#epsilon = requireNumber(where, 'epsilon', epsilon, 'a number of at least 0');
    this.weightDecay = requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
    this.#amsgrad = requireBoolean(where, 'amsgrad', amsgrad);
    this.slots = ['firstMoment', 'secondMoment', ...(amsgrad ? ['largestSecondMoment'] : [])];
  }

  /**
   * The moments start at zero; dividing them by 1 - beta^steps takes that bias out. With r the root of the second
   * correction, m / (√v / r + ε) is written r · m / (√v + r · ε), which costs each element one division less.
   */
  protected override scalars(step: number, learningRate: number): Record<string, number> {
    const rootCorrection = Math.sqrt(1 - this.#beta2 ** (step + 1));
    return {
      stepSize: (learningRate * rootCorrection) / (1 - this.#beta1 ** (step + 1)),
      epsilon: this.#epsilon * rootCorrection,
      kept: 1 - learningRate * this.weightDecay,
    };
  }

  protected moments({ parameter, gradient, state, scalars }: UpdateCall): Update {
    const beta1 = this.#beta1;
    const beta2 = this.#beta2;
    const firstMoment = add(multiply(state.firstMoment, beta1), multiply(gradient, 1 - beta1));
    const secondMoment = add(multiply(state.secondMoment, beta2), multiply(square(gradient), 1 - beta2));
    const largestSecondMoment = this.#amsgrad
      ? maximum(state.largestSecondMoment, secondMoment)
      : secondMoment;
    const scale = add(sqrt(largestSecondMoment), scalars.epsilon);
    const value = subtract(parameter, multiply(scalars.stepSize, divide(firstMoment, scale)));
    return { value, state: { firstMoment, secondMoment, largestSecondMoment } };
  }
}

/** PyTorch's Adam. Default learning rate 1e-3. */
export class Adam extends AdamFamily {
  protected override readonly kind = 'adam';

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: readonly Parameter[], options: AdamOptions = {}) {
    super('Adam', parameters, options, 0);
  }

  protected override update(call: UpdateCall): Update {
    if (this.weightDecay === 0) return this.moments(call);
    const gradient = add(call.gradient, multiply(call.parameter, this.weightDecay));
    return this.moments({ ...call, gradient });
  }
}

/** PyTorch's AdamW: the parameter shrinks by learningRate · weightDecay, apart from the gradient. Default rate 1e-3. */
export class AdamW extends AdamFamily {
  protected override readonly kind = 'adamw';

  /** @throws OptionError for an unknown option or one out of range */
  constructor(parameters: readonly Parameter[], options: AdamOptions = {}) {
    super('AdamW', parameters, options, 0.01);
  }

  protected override update(call: UpdateCall): Update {
    return this.moments({ ...call, parameter: multiply(call.parameter, call.scalars.kept) });
  }
}
