/** Optimizers in training loops: compiled and not, counted, saved, resumed, and without leaks. */
import '../../src/index.ts';
import { describe, expect, test } from 'vitest';
import {
  compile,
  gather,
  IndexError,
  log,
  matmul,
  memory,
  NonFiniteError,
  OptionError,
  Parameter,
  randn,
  ShapeError,
  seed,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Adam, cosine, type Optimizer, type OptimizerState, RMSprop, SGD } from '../../src/optim/index.ts';

const xs = Array.from({ length: 8 }, (_, step) => tensor([[Math.sin(step), Math.cos(step), 1]]));

interface Model {
  readonly parameters: Parameter[];
  loss(x: Tensor): Tensor;
}

function makeModel(): Model {
  seed(0);
  const weight = new Parameter(randn([3, 4]), 'weight');
  const head = new Parameter(randn([4, 1]), 'head');
  return {
    parameters: [weight, head],
    loss: (x) => matmul(matmul(x, weight).tanh(), head).sub(0.5).square().sum(),
  };
}

const optimizers: [name: string, make: (parameters: Parameter[]) => Optimizer][] = [
  ['Adam', (p) => new Adam(p, { learningRate: cosine(0.05, 8), clipNorm: 0.5 })],
  ['SGD', (p) => new SGD(p, { learningRate: cosine(0.05, 8), momentum: 0.9, dampening: 0.1 })],
  ['RMSprop', (p) => new RMSprop(p, { learningRate: cosine(0.05, 8), centered: true, momentum: 0.5 })],
];

function eagerStep(model: Model, optimizer: Optimizer): (x: Tensor) => Promise<number> {
  return async (x) => {
    const loss = model.loss(x);
    loss.backward();
    await optimizer.step();
    return loss.item();
  };
}

function compiledStep(model: Model, optimizer: Optimizer): (x: Tensor) => Promise<number> {
  const step = compile((x: Tensor) => {
    const loss = model.loss(x);
    loss.backward();
    void optimizer.step();
    return loss;
  });
  return async (x) => (await step(x)).item();
}

async function values({ parameters }: Model): Promise<number[][]> {
  return Promise.all(parameters.map(async (parameter) => Array.from(await parameter.data())));
}

describe.each(optimizers)('%s', (_name, make) => {
  test('compiled and uncompiled steps agree bit for bit, mixed ones too', async () => {
    const results = [];
    for (const kind of ['eager', 'compiled', 'mixed']) {
      const model = makeModel();
      const optimizer = make(model.parameters);
      const eager = eagerStep(model, optimizer);
      const compiled = compiledStep(model, optimizer);
      const losses: number[] = [];
      for (const [index, x] of xs.entries()) {
        const useEager = kind === 'eager' || (kind === 'mixed' && index % 3 !== 1);
        losses.push(await (useEager ? eager : compiled)(x));
      }
      expect(optimizer.stepCount).toBe(xs.length);
      results.push({ losses, values: await values(model) });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(results[0].losses.every(Number.isFinite)).toBe(true);
  });

  test('resumed from its state, training goes on bit for bit', async () => {
    const whole = makeModel();
    const wholeStep = compiledStep(whole, make(whole.parameters));
    for (const x of xs) await wholeStep(x);

    const first = makeModel();
    const firstOptimizer = make(first.parameters);
    const firstStep = compiledStep(first, firstOptimizer);
    for (const x of xs.slice(0, 3)) await firstStep(x);
    const state: OptimizerState = structuredClone(await firstOptimizer.stateDict());

    const second = makeModel();
    const secondOptimizer = make(second.parameters);
    const secondStep = compiledStep(second, secondOptimizer);
    // Steps before loading, so that the compiled step holds state of its own: loading has to reach it.
    for (const x of xs.slice(0, 2)) await secondStep(x);
    await secondOptimizer.loadStateDict(state);
    for (const [index, parameter] of second.parameters.entries()) {
      await parameter.set(await first.parameters[index].data());
    }
    for (const x of xs.slice(3)) await secondStep(x);
    expect(await values(second)).toEqual(await values(whole));
    expect(secondOptimizer.stepCount).toBe(xs.length);
  });
});

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
    const model = makeModel();
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
    const model = makeModel();
    const optimizer = new Adam(model.parameters);
    const loss = model.loss(xs[0]);
    loss.backward();
    await optimizer.step();
    expect(loss.node.inputs).toEqual([]);
    expect(await loss.item()).toBeGreaterThan(0);
  });

  test('steps hold nothing: variables and arena stay as large as after the first', async () => {
    for (const make of [eagerStep, compiledStep]) {
      const model = makeModel();
      const step = make(model, new Adam(model.parameters));
      await step(xs[0]);
      const before = memory();
      for (let time = 0; time < 200; time++) await step(xs[time % xs.length]);
      expect(memory().arenaBytes).toBe(before.arenaBytes);
      expect(memory().variableBytes).toBeLessThanOrEqual(before.variableBytes);
    }
  });
});
