/**
 * What the tests know of each optimizer of the package, a row each: its rule for one element in float64, written from the
 * paper or PyTorch's documentation, and options to try it with. An optimizer without a row does not compile here, and
 * every-optimizer.test.ts names it.
 */
import type * as updateRules from '../../src/optim/update-rules.ts';

type UpdateRules = typeof updateRules;
type OptionsOf<Name extends keyof UpdateRules> = NonNullable<ConstructorParameters<UpdateRules[Name]>[1]>;

/** The new value of one element. `step` counts from 0; `memory` starts empty. */
type Rule<Settings> = (
  settings: Settings,
  value: number,
  gradient: number,
  step: number,
  memory: Record<string, number>,
) => number;

/** A row. */
export interface OptimizerExample<Options> {
  /** With the defaults of the optimizer for what is not given. */
  readonly rule: Rule<Options & { readonly learningRate?: number }>;
  /** No options, and combinations in which each occurs. */
  readonly variants: readonly Options[];
}

const adam: Rule<
  updateRules.AdamOptions & { readonly learningRate?: number; readonly decoupled: boolean }
> = (
  { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, amsgrad, decoupled },
  value,
  gradient,
  step,
  memory,
) => {
  const shrunk = decoupled ? value * (1 - learningRate * weightDecay) : value;
  const g = decoupled ? gradient : gradient + weightDecay * value;
  memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * g;
  memory.v = beta2 * (memory.v ?? 0) + (1 - beta2) * g * g;
  memory.top = amsgrad ? Math.max(memory.top ?? 0, memory.v) : memory.v;
  const scale = Math.sqrt(memory.top) / Math.sqrt(1 - beta2 ** (step + 1)) + epsilon;
  return shrunk - ((learningRate / (1 - beta1 ** (step + 1))) * memory.m) / scale;
};

export const optimizerExamples: {
  readonly [Name in keyof UpdateRules]: OptimizerExample<OptionsOf<Name>>;
} = {
  SGD: {
    rule: (
      { learningRate = 1e-3, momentum = 0, dampening = 0, nesterov, weightDecay = 0 },
      value,
      gradient,
      step,
      memory,
    ) => {
      const g = gradient + weightDecay * value;
      if (momentum === 0) return value - learningRate * g;
      memory.b = step === 0 ? g : momentum * memory.b + (1 - dampening) * g;
      return value - learningRate * (nesterov ? g + momentum * memory.b : memory.b);
    },
    variants: [
      {},
      { momentum: 0.9 },
      { momentum: 0.9, dampening: 0.5 },
      { momentum: 0.9, nesterov: true, weightDecay: 0.01 },
    ],
  },

  Adagrad: {
    rule: (
      { learningRate = 0.01, epsilon = 1e-10, initialSum = 0, weightDecay = 0 },
      value,
      gradient,
      _step,
      memory,
    ) => {
      const g = gradient + weightDecay * value;
      memory.s = (memory.s ?? initialSum) + g * g;
      return value - (learningRate * g) / (Math.sqrt(memory.s) + epsilon);
    },
    variants: [{}, { epsilon: 1e-6, initialSum: 0.1, weightDecay: 0.1 }],
  },

  RMSprop: {
    rule: (
      { learningRate = 0.01, smoothing = 0.99, epsilon = 1e-8, momentum = 0, centered, weightDecay = 0 },
      value,
      gradient,
      _step,
      memory,
    ) => {
      const g = gradient + weightDecay * value;
      memory.s = smoothing * (memory.s ?? 0) + (1 - smoothing) * g * g;
      memory.a = smoothing * (memory.a ?? 0) + (1 - smoothing) * g;
      const spread = centered ? memory.s - memory.a ** 2 : memory.s;
      memory.b = momentum * (memory.b ?? 0) + g / (Math.sqrt(spread) + epsilon);
      return value - learningRate * memory.b;
    },
    variants: [
      {},
      { smoothing: 0.95, momentum: 0.5, weightDecay: 0.1 },
      { smoothing: 0.9, epsilon: 1e-6, centered: true, momentum: 0.5 },
    ],
  },

  Adam: {
    rule: (settings, ...rest) => adam({ ...settings, decoupled: false }, ...rest),
    variants: [
      {},
      { weightDecay: 0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
      { amsgrad: true, beta2: 0.9 },
    ],
  },

  AdamW: {
    rule: ({ weightDecay = 0.01, ...rest }, ...given) =>
      adam({ ...rest, weightDecay, decoupled: true }, ...given),
    variants: [
      {},
      { weightDecay: 0.1, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 },
      { amsgrad: true, beta2: 0.9 },
    ],
  },
};
