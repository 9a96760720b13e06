/** RMSprop (Hinton 2012): divides each gradient by the root of its mean square. */
import { add, divide, maximum, multiply, sqrt, square, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Parameter } from '../tensor/variable.ts';
import type { OptimizerOptions, Update, UpdateCall } from './kind.ts';
import { Optimizer } from './optimizer.ts';
import type { GivenGroup } from './parameter-groups.ts';

/** What `RMSprop` can be told, for all parameters or for a group. */
export interface RMSpropSettings {
  /** How much of the mean square stays from step to step; PyTorch's alpha. Default 0.99. */
  readonly smoothing: number;
  /** Added to the root, not under it, as in PyTorch. Default 1e-8. */
  readonly epsilon: number;
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum: number;
  /** Divides by the deviation of the gradient instead of its root mean square. Default false. */
  readonly centered: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay: number;
}

/** Options of `RMSprop`. */
export type RMSpropOptions = OptimizerOptions & Partial<RMSpropSettings>;

/** PyTorch's RMSprop. Default learning rate 0.01. */
export class RMSprop extends Optimizer<RMSpropSettings> {
  /** @throws OptionError for an unknown option or one out of range */
  constructor(
    parameters: readonly Parameter[] | readonly GivenGroup<RMSpropSettings>[],
    options: RMSpropOptions = {},
  ) {
    super(parameters, options, {
      kind: 'rmsprop',
      defaults: { smoothing: 0.99, epsilon: 1e-8, momentum: 0, centered: false, weightDecay: 0 },
      learningRate: 0.01,
      check: (where, { smoothing, epsilon, momentum, centered, weightDecay }) => {
        requireNumber(where, 'smoothing', smoothing, 'a number from 0 to below 1');
        requireNumber(where, 'epsilon', epsilon, 'a number of at least 0');
        requireNumber(where, 'momentum', momentum, 'a number of at least 0');
        requireBoolean(where, 'centered', centered);
        requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
      },
    });
  }

  protected override slots({ centered, momentum }: RMSpropSettings): readonly string[] {
    return ['meanSquare', ...(centered ? ['meanGradient'] : []), ...(momentum > 0 ? ['velocity'] : [])];
  }

  protected override scalars(_step: number, learningRate: number): Record<string, number> {
    return { learningRate };
  }

  protected override update(
    { parameter, gradient, state, scalars }: UpdateCall,
    { smoothing, epsilon, momentum, centered, weightDecay }: RMSpropSettings,
  ): Update {
    const smoothed = (mean: Tensor, latest: Tensor): Tensor =>
      add(multiply(mean, smoothing), multiply(latest, 1 - smoothing));
    const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));
    const meanSquare = smoothed(state.meanSquare, square(decayed));
    const meanGradient = centered ? smoothed(state.meanGradient, decayed) : decayed;
    // Rounding can leave a variance just below zero, whose root would be NaN.
    const spread = centered ? maximum(subtract(meanSquare, square(meanGradient)), 0) : meanSquare;
    const scaled = divide(decayed, add(sqrt(spread), epsilon));
    const velocity = momentum > 0 ? add(multiply(state.velocity, momentum), scaled) : scaled;
    return {
      value: subtract(parameter, multiply(scalars.learningRate, velocity)),
      state: { meanSquare, meanGradient, velocity },
    };
  }
}
