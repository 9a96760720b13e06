/** Stochastic gradient descent, with momentum (classical or Nesterov's) and weight decay. */
import { OptionError } from '../errors.ts';
import { add, multiply, subtract } from '../ops/elementwise.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import type { Parameter } from '../tensor/variable.ts';
import type { OptimizerOptions, Update, UpdateCall } from './kind.ts';
import { Optimizer } from './optimizer.ts';
import type { GivenGroup } from './parameter-groups.ts';

/** What `SGD` can be told, for all parameters or for a group. */
export interface SGDSettings {
  /** The part of the previous velocity that stays. Default 0: no momentum. */
  readonly momentum: number;
  /** The part of the gradient that does not enter the velocity, except at the first step. Default 0. */
  readonly dampening: number;
  /** Looks ahead along the velocity; needs momentum and no dampening. Default false. */
  readonly nesterov: boolean;
  /** Adds this times the parameter to its gradient. Default 0. */
  readonly weightDecay: number;
}

/** Options of `SGD`. */
export type SGDOptions = OptimizerOptions & Partial<SGDSettings>;

/** PyTorch's SGD. Default learning rate 1e-3. */
export class SGD extends Optimizer<SGDSettings> {
  /** @throws OptionError for an unknown option or one out of range */
  constructor(
    parameters: readonly Parameter[] | readonly GivenGroup<SGDSettings>[],
    options: SGDOptions = {},
  ) {
    super(parameters, options, {
      kind: 'sgd',
      defaults: { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
      check: checkSettings,
    });
  }

  protected override slots({ momentum }: SGDSettings): readonly string[] {
    return momentum === 0 ? [] : ['velocity'];
  }

  protected override scalars(
    step: number,
    learningRate: number,
    { dampening }: SGDSettings,
  ): Record<string, number> {
    return { learningRate, gradientShare: step === 0 ? 1 : 1 - dampening };
  }

  protected override update(
    { parameter, gradient, state, scalars }: UpdateCall,
    { momentum, dampening, nesterov, weightDecay }: SGDSettings,
  ): Update {
    const { learningRate, gradientShare } = scalars;
    const decayed = weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));
    if (momentum === 0) return { value: subtract(parameter, multiply(learningRate, decayed)), state };
    const share = dampening === 0 ? decayed : multiply(gradientShare, decayed);
    const velocity = add(multiply(state.velocity, momentum), share);
    const direction = nesterov ? add(decayed, multiply(velocity, momentum)) : velocity;
    return { value: subtract(parameter, multiply(learningRate, direction)), state: { velocity } };
  }
}

function checkSettings(where: string, settings: SGDSettings): void {
  const { momentum, dampening, nesterov, weightDecay } = settings;
  requireNumber(where, 'momentum', momentum, 'a number of at least 0');
  requireNumber(where, 'dampening', dampening, 'a number from 0 to 1');
  requireBoolean(where, 'nesterov', nesterov);
  requireNumber(where, 'weightDecay', weightDecay, 'a number of at least 0');
  if (dampening !== 0 && momentum === 0) {
    throw new OptionError({
      where,
      got: `dampening ${dampening} without momentum`,
      expected: 'dampening only with momentum',
      cure: 'Set momentum (0.9 is usual), or leave dampening out.',
    });
  }
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new OptionError({
      where,
      got: `nesterov with momentum ${momentum} and dampening ${dampening}`,
      expected: 'momentum above 0 and dampening 0',
      cure: 'Set momentum (0.9 is usual) and leave dampening out.',
    });
  }
}
