/** Groups of parameters: settings and rates of their own, and that they are saved and loaded with the optimizer. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  AdamW,
  Optimizer,
  OptionError,
  Parameter,
  SGD,
  tensor,
  type Update,
  type UpdateCall,
} from '../../src/index.ts';

const ones = (name: string) => new Parameter(tensor([1, 1]), name);

async function afterStep(optimizer: Optimizer): Promise<number[]> {
  for (const parameter of optimizer.parameters) parameter.grad = tensor([1, 1]);
  await optimizer.step();
  return Promise.all(optimizer.parameters.map(async (parameter) => (await parameter.data())[0]));
}

describe('groups', () => {
  it('have settings of their own, and those of the optimizer where they say nothing', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(ones);
    const optimizer = new SGD(
      [
        { parameters: [a, b], weightDecay: 1 },
        { parameters: [c], learningRate: 0.5 },
      ],
      { learningRate: 0.25, weightDecay: 0 },
    );
    expect(optimizer.parameters).toEqual([a, b, c]);
    expect(await afterStep(optimizer)).toEqual([0.5, 0.5, 0.5]);
    expect(optimizer.stepCount).toBe(1);
  });

  it('follow the rate of the optimizer until they are given their own', () => {
    const optimizer = new Adam([{ parameters: [ones('a')] }, { parameters: [ones('b')], learningRate: 0.5 }]);
    optimizer.learningRate = 0.25;
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([0.25, 0.5]);
    optimizer.groups[0].learningRate = (step) => step + 1;
    optimizer.learningRate = 0.125;
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([1, 0.5]);
    expect(() => {
      optimizer.groups[0].learningRate = -1;
    }).toThrow(OptionError);
  });

  it('are saved and loaded with the optimizer', async () => {
    const make = (decay: number, rate: number) => {
      const [a, b] = ['a', 'b'].map(ones);
      return new AdamW(
        [
          { parameters: [a], weightDecay: decay },
          { parameters: [b], learningRate: rate },
        ],
        { learningRate: rate },
      );
    };
    const [first, second] = [make(0.5, 0.25), make(0, 0.125)];
    await afterStep(first);
    const state = structuredClone(await first.stateDict());
    expect(state.groups).toEqual([
      {
        parameters: ['a'],
        settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.5, amsgrad: false },
        learningRate: 0.25,
      },
      {
        parameters: ['b'],
        settings: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, amsgrad: false },
        learningRate: 0.25,
      },
    ]);
    await second.loadStateDict(state);
    expect(await second.stateDict()).toEqual(state);
    for (const parameter of second.parameters) {
      const other = first.parameters.find(({ name }) => name === parameter.name)!;
      await parameter.set(await other.data());
    }
    expect(await afterStep(second)).toEqual(await afterStep(first));
    const single = new AdamW(second.parameters);
    await expect(single.loadStateDict(state)).rejects.toThrow(/2 groups, of 1, 1 parameters/);
  });

  it('are refused where a parameter is in two, a setting is unknown or out of range', () => {
    const [a, b] = ['a', 'b'].map(ones);
    const untyped = (groups: unknown): readonly Parameter[] => groups as readonly Parameter[];
    for (const [groups, message] of [
      [[{ parameters: [a] }, { parameters: [a, b] }], /a parameter that occurs twice/],
      [[{ parameters: [a], momentun: 1 }, { parameters: [b] }], /group 0: got unknown option "momentun"/],
      [[{ parameters: [a] }, { parameters: [b], momentum: -1 }], /group 1: got momentum -1/],
      [[{ parameters: [] }], /no parameters/],
      [[{ parameters: a }], /no list of parameters/],
      [[{ parameters: [a] }, b], /something else among the parameters/],
    ] as const) {
      expect(() => new SGD(untyped(groups))).toThrow(message);
      expect(() => new SGD(untyped(groups))).toThrow(OptionError);
    }
  });
});

describe('an optimizer of one’s own', () => {
  class Sign extends Optimizer<{ readonly scale: number }> {
    readonly seen: unknown[] = [];
    constructor(parameters: readonly Parameter[]) {
      super(
        parameters,
        {},
        { kind: 'sign', defaults: { scale: 2 }, check: () => undefined, learningRate: 0.5 },
      );
    }
    protected override slots(): readonly string[] {
      return ['last'];
    }
    protected override scalars(_step: number, learningRate: number): Record<string, number> {
      return { learningRate };
    }
    protected override update(
      { parameter, gradient, state, scalars }: UpdateCall,
      { scale }: { scale: number },
    ): Update {
      this.seen.push(gradient.mul(state['last'].add(1)));
      return {
        value: parameter.sub(gradient.sign().mul(scale).mul(scalars['learningRate'])),
        state: { last: gradient },
      };
    }
  }

  it('may keep what its rule is given, which means what it meant', async () => {
    const parameter = ones('p');
    const optimizer = new Sign([parameter]);
    for (const expected of [0, -1, -2]) {
      parameter.mul(3).sum().backward();
      await optimizer.step();
      expect(await parameter.array()).toEqual([expected, expected]);
    }
    const seen = optimizer.seen as { array(): Promise<unknown> }[];
    expect(await Promise.all(seen.map((each) => each.array()))).toEqual([
      [3, 3],
      [12, 12],
      [12, 12],
    ]);
  });
});
