/** Optimizers beyond their examples (every-optimizer.test.ts): options, rates and parameters without gradients. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import { GradientError, OptionError, Parameter, tensor } from '../../src/index.ts';
import { Adam, RMSprop, SGD } from '../../src/optim/index.ts';

test('a centered variance that rounds below zero does not turn NaN', async () => {
  const parameter = new Parameter(tensor([1]), 'p');
  const optimizer = new RMSprop([parameter], { centered: true, smoothing: 0.5 });
  for (let step = 0; step < 60; step++) {
    parameter.grad = tensor([0.1]);
    await optimizer.step();
  }
  expect(await parameter.data()).toSatisfy((data: Float32Array) => data.every(Number.isFinite));
});

describe('options', () => {
  const parameters = () => [new Parameter(tensor([1]), 'p')];

  test('that do not go together are refused', () => {
    expect(() => new SGD(parameters(), { beta1: 0.9 } as object)).toThrow(OptionError);
    expect(() => new Adam(parameters(), { beta1: 1 })).toThrow(/beta1 1/);
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
