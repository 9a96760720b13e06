/** The optimizers against plain float64 loops written from PyTorch's documentation, and their options. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import { GradientError, OptionError, Parameter, tensor } from '../../src/index.ts';
import { Adam, AdamW, type Optimizer, RMSprop, SGD } from '../../src/optim/index.ts';

const start = [0.5, -1.25, 2, 0.125];
const gradients = [
  [0.3, -2, 0.01, 5],
  [-0.1, -1, 0.02, 4],
  [0.7, 3, 0, -6],
  [0.2, 0.5, -0.03, 1],
  [-0.4, -0.25, 0.5, 2],
];

/** One element after all steps. `memory` starts empty. */
type Rule = (value: number, gradient: number, step: number, memory: Record<string, number>) => number;

function reference(rule: Rule): number[] {
  return start.map((first, index) => {
    const memory: Record<string, number> = {};
    return gradients.reduce((value, each, step) => rule(value, each[index], step, memory), first);
  });
}

async function run(make: (parameters: Parameter[]) => Optimizer): Promise<number[]> {
  const parameter = new Parameter(tensor(start), 'p');
  const optimizer = make([parameter]);
  for (const gradient of gradients) {
    parameter.grad = tensor(gradient);
    await optimizer.step();
    expect(parameter.grad).toBeUndefined();
  }
  expect(optimizer.stepCount).toBe(gradients.length);
  return Array.from(await parameter.data());
}

function adamRule({
  rate = 0.01,
  decay = 0,
  decoupled = false,
  amsgrad = false,
  beta1 = 0.9,
  beta2 = 0.999,
} = {}): Rule {
  return (value, gradient, step, memory) => {
    const shrunk = decoupled ? value * (1 - rate * decay) : value;
    const g = decoupled ? gradient : gradient + decay * value;
    memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * g;
    memory.v = beta2 * (memory.v ?? 0) + (1 - beta2) * g * g;
    memory.top = amsgrad ? Math.max(memory.top ?? 0, memory.v) : memory.v;
    const scale = Math.sqrt(memory.top) / Math.sqrt(1 - beta2 ** (step + 1)) + 1e-8;
    return shrunk - ((rate / (1 - beta1 ** (step + 1))) * memory.m) / scale;
  };
}

const sgdRule =
  ({ rate = 0.1, momentum = 0, dampening = 0, nesterov = false, decay = 0 }): Rule =>
  (value, gradient, step, memory) => {
    const g = gradient + decay * value;
    if (momentum === 0) return value - rate * g;
    memory.b = step === 0 ? g : momentum * memory.b + (1 - dampening) * g;
    return value - rate * (nesterov ? g + momentum * memory.b : memory.b);
  };

const rmspropRule =
  ({ rate = 0.01, alpha = 0.99, momentum = 0, centered = false, decay = 0 }): Rule =>
  (value, gradient, _step, memory) => {
    const g = gradient + decay * value;
    memory.s = alpha * (memory.s ?? 0) + (1 - alpha) * g * g;
    memory.a = alpha * (memory.a ?? 0) + (1 - alpha) * g;
    const spread = centered ? memory.s - memory.a ** 2 : memory.s;
    const scaled = g / (Math.sqrt(spread) + 1e-8);
    memory.b = momentum * (memory.b ?? 0) + scaled;
    return value - rate * memory.b;
  };

const cases: [name: string, make: (parameters: Parameter[]) => Optimizer, rule: Rule][] = [
  ['SGD', (p) => new SGD(p, { learningRate: 0.1 }), sgdRule({})],
  ['SGD, momentum', (p) => new SGD(p, { learningRate: 0.1, momentum: 0.9 }), sgdRule({ momentum: 0.9 })],
  [
    'SGD, dampening',
    (p) => new SGD(p, { learningRate: 0.1, momentum: 0.9, dampening: 0.5 }),
    sgdRule({ momentum: 0.9, dampening: 0.5 }),
  ],
  [
    'SGD, Nesterov and decay',
    (p) => new SGD(p, { learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    sgdRule({ momentum: 0.9, nesterov: true, decay: 0.01 }),
  ],
  ['Adam', (p) => new Adam(p, { learningRate: 0.01 }), adamRule()],
  [
    'Adam, decay and other betas',
    (p) => new Adam(p, { learningRate: 0.01, weightDecay: 0.1, beta1: 0.8, beta2: 0.99 }),
    adamRule({ decay: 0.1, beta1: 0.8, beta2: 0.99 }),
  ],
  [
    'Adam, amsgrad',
    (p) => new Adam(p, { learningRate: 0.01, amsgrad: true, beta2: 0.9 }),
    adamRule({ amsgrad: true, beta2: 0.9 }),
  ],
  [
    'AdamW',
    (p) => new AdamW(p, { learningRate: 0.01, weightDecay: 0.1 }),
    adamRule({ decay: 0.1, decoupled: true }),
  ],
  ['RMSprop', (p) => new RMSprop(p), rmspropRule({})],
  [
    'RMSprop, momentum',
    (p) => new RMSprop(p, { smoothing: 0.95, momentum: 0.5, weightDecay: 0.1 }),
    rmspropRule({ alpha: 0.95, momentum: 0.5, decay: 0.1 }),
  ],
  [
    'RMSprop, centered',
    (p) => new RMSprop(p, { smoothing: 0.9, centered: true }),
    rmspropRule({ alpha: 0.9, centered: true }),
  ],
];

describe('the rules', () => {
  test.each(cases)('%s', async (_name, make, rule) => {
    const got = await run(make);
    reference(rule).forEach((want, index) => {
      expect(Math.abs(got[index] - want)).toBeLessThan(2e-6 * Math.max(1, Math.abs(want)));
    });
  });

  test('a centered variance that rounds below zero does not turn NaN', async () => {
    const parameter = new Parameter(tensor([1]), 'p');
    const optimizer = new RMSprop([parameter], { centered: true, smoothing: 0.5 });
    for (let step = 0; step < 60; step++) {
      parameter.grad = tensor([0.1]);
      await optimizer.step();
    }
    expect(await parameter.data()).toSatisfy((data: Float32Array) => data.every(Number.isFinite));
  });
});

describe('clipping', () => {
  test('clipValue, then clipNorm over all parameters', async () => {
    const a = new Parameter(tensor([0, 0]), 'a');
    const b = new Parameter(tensor([0]), 'b');
    const optimizer = new SGD([a, b], { learningRate: 1, clipValue: 4, clipNorm: 2.5 });
    a.grad = tensor([3, 100]);
    b.grad = tensor([0]);
    await optimizer.step();
    // [3, 4] has norm 5: half of it stays.
    expect(Array.from(await a.data())[0]).toBeCloseTo(-1.5, 6);
    expect(Array.from(await a.data())[1]).toBeCloseTo(-2, 6);
  });

  test('gradients below the norm stay as they are', async () => {
    const a = new Parameter(tensor([0, 0]), 'a');
    const optimizer = new SGD([a], { learningRate: 1, clipNorm: 100 });
    a.grad = tensor([3, 4]);
    await optimizer.step();
    expect(Array.from(await a.data())).toEqual([-3, -4]);
  });
});

describe('options', () => {
  const parameters = () => [new Parameter(tensor([1]), 'p')];

  test('unknown names and values out of range are refused by name', () => {
    expect(() => new Adam(parameters(), { lr: 0.1 } as object)).toThrow(/unknown option "lr"/);
    expect(() => new SGD(parameters(), { beta1: 0.9 } as object)).toThrow(OptionError);
    expect(() => new Adam(parameters(), { beta1: 1 })).toThrow(/beta1 1/);
    expect(() => new Adam(parameters(), { learningRate: -1 })).toThrow(/learningRate -1/);
    expect(() => new Adam(parameters(), { learningRate: Number.NaN })).toThrow(OptionError);
    expect(() => new Adam(parameters(), { clipNorm: 0 })).toThrow(/clipNorm 0/);
    expect(() => new Adam(parameters(), { amsgrad: 1 } as object)).toThrow(/amsgrad 1/);
    expect(() => new RMSprop(parameters(), { smoothing: 2 })).toThrow(/smoothing 2/);
    expect(() => new SGD(parameters(), { nesterov: true })).toThrow(/momentum/);
    expect(() => new SGD([])).toThrow(/no parameters/);
    const [one] = parameters();
    expect(() => new SGD([one, one])).toThrow(/twice/);
  });

  test('a step without any gradient says so', () => {
    expect(() => new SGD(parameters()).step()).toThrow(GradientError);
  });

  test('parameters without a gradient are skipped', async () => {
    const a = new Parameter(tensor([1]), 'a');
    const b = new Parameter(tensor([1]), 'b');
    const optimizer = new Adam([a, b], { weightDecay: 0.1 });
    a.grad = tensor([1]);
    await optimizer.step();
    expect(await b.array()).toEqual([1]);
    expect(Object.keys((await optimizer.stateDict()).variables)).toEqual([
      'adam.firstMoment.a',
      'adam.secondMoment.a',
    ]);
  });

  test('the learning rate can be set to a number or a schedule', async () => {
    const [p] = parameters();
    const optimizer = new SGD([p], { learningRate: (step) => 0.1 / (step + 1) });
    expect(optimizer.learningRate).toBe(0.1);
    p.grad = tensor([0]);
    await optimizer.step();
    expect(optimizer.learningRate).toBe(0.05);
    optimizer.learningRate = 0.5;
    expect(optimizer.learningRate).toBe(0.5);
    optimizer.learningRate = () => Number.NaN;
    p.grad = tensor([0]);
    expect(() => optimizer.step()).toThrow(/schedule of SGD at step 1/);
  });
});
