/** Optimizers in training loops: how steps are counted, which states fit, and that nothing leaks. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import {
  compile,
  gather,
  IndexError,
  log,
  memory,
  NonFiniteError,
  OptionError,
  Parameter,
  ShapeError,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Adam, cosine, type OptimizerState, SGD } from '../../src/optim/index.ts';
import { compiledStep, eagerStep, Model, xs } from './support.ts';

describe('counting', () => {
  test('a step that requireFinite refuses is not counted and changes nothing', async () => {
    const parameter = new Parameter(tensor([2]), 'p');
    const rates: number[] = [];
    const optimizer = new Adam([parameter], {
      learningRate: (step) => {
        rates.push(step);
        return 0.1;
      },
    });
    const step = compile(
      (x: Tensor) => {
        const loss = log(x).mul(parameter).sum();
        loss.backward();
        void optimizer.step();
        return loss;
      },
      { requireFinite: true },
    );
    await step(tensor([2]));
    const before = { value: await parameter.data(), state: await optimizer.stateDict() };
    for (let time = 0; time < 3; time++) {
      await expect(step(tensor([-1]))).rejects.toThrow(NonFiniteError);
      expect(optimizer.stepCount).toBe(1);
    }
    expect({ value: await parameter.data(), state: await optimizer.stateDict() }).toEqual(before);
    // Changing the parameter from outside must not look like a step.
    await parameter.set(new Float32Array([3]));
    expect(optimizer.stepCount).toBe(1);
    await step(tensor([2]));
    expect(optimizer.stepCount).toBe(2);
    expect(rates).toEqual([0, 1, 1, 1, 1]);
  });

  test('two steps in one compiled function count as two', async () => {
    const run = async (compiled: boolean): Promise<{ value: number[]; steps: number }> => {
      const parameter = new Parameter(tensor([1, -2]), 'p');
      const optimizer = new Adam([parameter], { learningRate: cosine(0.1, 10) });
      const record = (x: Tensor): Tensor => {
        const loss = parameter.mul(x).square().sum();
        loss.backward();
        return loss;
      };
      const twice = compile((x: Tensor) => {
        const loss = record(x);
        void optimizer.step();
        record(x);
        void optimizer.step();
        return loss;
      });
      for (let time = 0; time < 2; time++) {
        if (compiled) await twice(tensor([1, 2]));
        else {
          for (let inner = 0; inner < 2; inner++) {
            record(tensor([1, 2]));
            await optimizer.step();
          }
        }
      }
      return { value: Array.from(await parameter.data()), steps: optimizer.stepCount };
    };
    const compiled = await run(true);
    expect(compiled.steps).toBe(4);
    expect(compiled).toEqual(await run(false));
  });

  test('an uncompiled step that fails is not counted', async () => {
    const parameter = new Parameter(tensor([2]), 'p');
    const optimizer = new SGD([parameter]);
    const outside = tensor([2.5]).add(0.5).cast('int32');
    parameter
      .mul(gather(tensor([1, 2]), outside))
      .sum()
      .backward();
    await expect(optimizer.step()).rejects.toThrow(IndexError);
    expect([optimizer.stepCount, await parameter.array()]).toEqual([0, [2]]);
    parameter.square().sum().backward();
    await optimizer.step();
    expect(optimizer.stepCount).toBe(1);
  });
});

describe('state', () => {
  test('only a state that fits is loaded', async () => {
    const model = new Model();
    const adam = new Adam(model.parameters);
    await eagerStep(model, adam)(xs[0]);
    const good = await adam.stateDict();
    const rename = (from: string, to: string): OptimizerState => ({
      ...good,
      variables: Object.fromEntries(
        Object.entries(good.variables).map(([name, entry]) => [name === from ? to : name, entry]),
      ),
    });
    await expect(new SGD(model.parameters, { momentum: 0.9 }).loadStateDict(good)).rejects.toThrow(
      OptionError,
    );
    await expect(
      adam.loadStateDict(rename('adam.firstMoment.head', 'adam.firstMoment.other')),
    ).rejects.toThrow(/"adam.secondMoment.head" without|unknown entry/);
    await expect(adam.loadStateDict({ ...good, stepCount: -1 })).rejects.toThrow(/stepCount -1/);
    const entry = good.variables['adam.firstMoment.head'];
    const wrong = { ...good.variables, 'adam.firstMoment.head': { ...entry, shape: [2, 2] } };
    await expect(adam.loadStateDict({ stepCount: 1, variables: wrong })).rejects.toThrow(ShapeError);
    for (const entry of [null, undefined, {}]) {
      const variables = JSON.parse(JSON.stringify({ 'adam.firstMoment.head': entry ?? null }));
      await expect(adam.loadStateDict({ stepCount: 1, variables })).rejects.toThrow(OptionError);
    }
    const [name, saved] = Object.entries(good.variables)[0];
    const withData = (data: unknown) => ({
      ...good,
      variables: { ...good.variables, [name]: { ...saved, data } },
    });
    const untyped = (state: unknown) => state as OptimizerState;
    await expect(adam.loadStateDict(untyped(withData(undefined)))).rejects.toThrow(OptionError);
    await expect(adam.loadStateDict(untyped(withData(saved.data.slice(1))))).rejects.toThrow(ShapeError);
    expect(await adam.stateDict()).toEqual(good);
  });

  test('parameters of one name get names of their own', async () => {
    const twins = [new Parameter(tensor([1])), new Parameter(tensor([2]))];
    const optimizer = new SGD(twins, { momentum: 0.9 });
    for (const twin of twins) twin.grad = tensor([1]);
    await optimizer.step();
    expect(Object.keys((await optimizer.stateDict()).variables)).toEqual([
      'sgd.velocity.parameter#0',
      'sgd.velocity.parameter#1',
    ]);
  });
});

describe('memory', () => {
  test('a loss stays readable after the step and lets go of its graph', async () => {
    const model = new Model();
    const optimizer = new Adam(model.parameters);
    const loss = model.loss(xs[0]);
    await optimizer.step();
    expect(loss.node.inputs).toEqual([]);
    expect(await loss.item()).toBeGreaterThan(0);
  });

  test('steps hold nothing: variables and arena stay as large as after the first', async () => {
    for (const make of [eagerStep, compiledStep]) {
      const model = new Model();
      const step = make(model, new Adam(model.parameters));
      await step(xs[0]);
      const before = memory();
      for (let time = 0; time < 200; time++) await step(xs[time % xs.length]);
      expect(memory().arenaBytes).toBe(before.arenaBytes);
      expect(memory().variableBytes).toBeLessThanOrEqual(before.variableBytes);
    }
  });
});
