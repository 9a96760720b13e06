/** Updates of variables: in place, after the last read of the old value, all from the values before the step. */
import { describe, expect, it } from 'vitest';
import {
  compile,
  matmul,
  NonFiniteError,
  Parameter,
  type Tensor,
  tensor,
  transpose,
  Variable,
} from '../../src/index.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import { makePlan } from '../../src/plan/planner.ts';
import { eagerRecorder } from '../../src/tensor/recorder.ts';
import { runtime } from '../../src/tensor/runtime.ts';
import { Numbers } from '../support/numbers.ts';

/** The ways a step may run. */
const ways = [
  ['compiled', (step: () => Tensor[]) => compile(step)],
  [
    'uncompiled',
    (step: () => Tensor[]) => async () => {
      const results = step();
      await runtime().evaluate(results);
      return results;
    },
  ],
] as const;

it('writes a product that is assigned straight to the variable, unless it reads the variable', () => {
  const [a, product] = [new Variable(tensor([[1, 2]])), new Variable(tensor([[0, 0]]))];
  const weight = new Variable(
    tensor([
      [0, 1],
      [1, 0],
    ]),
  );
  const stepsOf = (variable: Variable, value: Tensor) => {
    const { steps, firstUpdateStep } = makePlan(captureGraph([], new Map([[variable, value]])).graph);
    return { labels: steps.map(({ label }) => label), firstUpdateStep };
  };
  expect(stepsOf(product, matmul(a, weight))).toEqual({ labels: ['matmul'], firstUpdateStep: 0 });
  expect(stepsOf(a, matmul(a, weight)).labels).toEqual(['matmul', 'copy to variable']);
});

describe.each(ways)('%s', (_, run) => {
  it('swaps two variables', async () => {
    const [a, b] = [new Variable(tensor([1, 2])), new Variable(tensor([3, 4]))];
    const step = run(() => {
      const [oldA, oldB] = [a.snapshot(), b.snapshot()];
      a.assign(oldB);
      b.assign(oldA);
      return [oldA.sum()];
    });
    for (const expected of [3, 7, 3]) expect(await (await step())[0].item()).toBe(expected);
    expect([await a.array(), await b.array()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it('rotates three variables through arithmetic', async () => {
    const [a, b, c] = [1, 10, 100].map((value) => new Variable(tensor([value, -value]))) as [
      Variable,
      Variable,
      Variable,
    ];
    const step = run(() => {
      const [x, y, z] = [a.snapshot(), b.snapshot(), c.snapshot()];
      a.assign(y.add(1));
      b.assign(z.add(1));
      c.assign(x.add(1));
      return [];
    });
    await step();
    await step();
    expect([await a.array(), await b.array(), await c.array()]).toEqual([
      [102, -98],
      [3, 1],
      [12, -8],
    ]);
  });

  it('reads the value before and the value after in one output', async () => {
    const w = new Variable(tensor([1, 2]));
    const step = run(() => {
      const before = w.snapshot();
      w.assign(before.mul(2));
      return [before.neg(), w.add(before), w.snapshot()];
    });
    const results = await step();
    expect(await Promise.all(results.map((each) => each.array()))).toEqual([
      [-1, -2],
      [3, 6],
      [2, 4],
    ]);
    expect(await w.array()).toEqual([2, 4]);
  });

  it('gives one value to two variables and to an output', async () => {
    const [a, b] = [new Variable(tensor([0, 0])), new Variable(tensor([0, 0]))];
    const step = run(() => {
      const value = a.add(b).add(1);
      a.assign(value);
      b.assign(value);
      return [value];
    });
    await step();
    const [value] = await step();
    expect([await value.array(), await a.array(), await b.array()]).toEqual([
      [3, 3],
      [3, 3],
      [3, 3],
    ]);
  });

  it('updates from a permuted, a flipped and a shifted read of itself', async () => {
    const w = new Variable(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    const v = new Variable(tensor([1, 2, 3]));
    const u = new Variable(tensor([1, 2, 3]));
    const step = run(() => {
      w.assign(w.add(transpose(w)));
      v.assign(v.flip().sub(v));
      u.assign(
        u
          .slice([1, 3])
          .pad([[1, 0]])
          .add(u),
      );
      return [];
    });
    await step();
    expect([await w.array(), await v.array(), await u.array()]).toEqual([
      [
        [2, 5],
        [5, 8],
      ],
      [2, 0, -2],
      [1, 4, 6],
    ]);
  });

  it('updates two variables from each other, transposed, in one kernel space', async () => {
    const a = new Variable(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    const b = new Variable(
      tensor([
        [5, 6],
        [7, 8],
      ]),
    );
    const c = tensor([
      [10, 20],
      [30, 40],
    ]);
    const step = run(() => {
      const [x, y] = [a.snapshot(), b.snapshot()];
      a.assign(x.add(transpose(y)).add(c));
      b.assign(y.add(transpose(x)).add(c));
      return [];
    });
    await step();
    expect([await a.array(), await b.array()]).toEqual([
      [
        [16, 29],
        [39, 52],
      ],
      [
        [16, 29],
        [39, 52],
      ],
    ]);
  });

  it('takes a reduction, a matrix product, a constant or another leaf as the new value', async () => {
    const sumOf = new Variable(tensor([0]));
    const product = new Variable(
      tensor([
        [1, 1],
        [0, 1],
      ]),
    );
    const fixed = new Variable(tensor([5, 5]));
    const given = new Variable(tensor([0, 0]));
    const data = tensor([7, 8]);
    const step = run(() => {
      sumOf.assign(sumOf.add(product.sum()).sum(0, { keepDims: true }));
      product.assign(product.matmul(product));
      fixed.assign(fixed.mul(0).add(tensor([1, 1]).sum()));
      given.assign(data);
      return [];
    });
    await step();
    await step();
    const values = [sumOf, product, fixed, given].map((each) => each.array());
    expect(await Promise.all(values)).toEqual([
      [7],
      [
        [1, 4],
        [0, 1],
      ],
      [2, 2],
      [7, 8],
    ]);
    expect(await data.array()).toEqual([7, 8]);
  });

  it('agrees with plain tensors in random steps', async () => {
    for (let recipe = 0; recipe < 60; recipe++) {
      const start = [0, 1, 2, 3].map((k) => new Numbers(recipe * 4 + k).real([3, 3]));
      const variables = start.map((value) => new Variable(value));
      const results = await run(() => {
        const { values, outputs } = randomStep(
          recipe,
          variables.map((each) => each.snapshot()),
        );
        variables.forEach((variable, k) => {
          if (values[k]) variable.assign(values[k]);
        });
        return outputs;
      })();
      const expected = randomStep(recipe, start);
      for (const [k, output] of expected.outputs.entries()) {
        expect(await results[k].data(), `recipe ${recipe}, output ${k}`).toEqual(await output.data());
      }
      for (const [k, variable] of variables.entries()) {
        const value = expected.values[k] ?? start[k];
        expect(await variable.data(), `recipe ${recipe}, variable ${k}`).toEqual(await value.data());
      }
    }
  });
});

/** New values for some of four variables [3, 3], and outputs, out of each other. */
function randomStep(recipe: number, old: readonly Tensor[]) {
  const numbers = new Numbers(recipe);
  const made = [...old];
  const moves = [
    (x: Tensor) => transpose(x),
    (x: Tensor) => x.flip(0),
    (x: Tensor) => x.mul(0.5),
    (x: Tensor) => x.tanh(),
    (x: Tensor) => x.sum(0).add(x),
    (x: Tensor) => x.matmul(x).mul(0.25),
    (x: Tensor) => x.add(numbers.pick(made)),
    (x: Tensor) => x.sub(transpose(numbers.pick(made))),
  ];
  for (let step = 0; step < 8; step++) made.push(numbers.pick(moves)(numbers.pick(made)));
  const values = old.map(() => (numbers.next() < 0.8 ? numbers.pick(made) : undefined));
  return { values, outputs: [numbers.pick(made), numbers.pick(made)] };
}

describe('in place', () => {
  it('writes an elementwise update over the old value without a copy', () => {
    const w = new Variable(tensor([1, 2]));
    const { graph } = captureGraph([], new Map([[w, w.mul(2)]]));
    const plan = makePlan(graph);
    expect(plan.steps).toHaveLength(1);
    expect(plan.arenaBytes).toBe(0);
    expect(plan.firstUpdateStep).toBe(0);
  });

  it('runs updates after everything else', () => {
    const w = new Variable(tensor([1, 2]));
    const old = w.snapshot();
    const updated = old.mul(2);
    const { graph } = captureGraph([old.exp().sum(), old.neg()], new Map([[w, updated]]));
    const plan = makePlan(graph);
    const writes = plan.steps.findIndex(({ outputs }) =>
      outputs.some((buffer) => plan.buffers[buffer].place.kind === 'variable'),
    );
    expect(writes).toBe(plan.firstUpdateStep);
    expect(writes).toBe(plan.steps.length - 1);
  });
});

describe('a tensor', () => {
  it('means what it meant when it was built, after the parameter changed', async () => {
    const w = new Parameter(tensor([1, 2]), 'w');
    const early = w.mul(10);
    const known = w.mul(20);
    await known.data();
    w.assign(w.add(1));
    await w.data();
    expect(await early.array()).toEqual([10, 20]);
    expect(await known.array()).toEqual([20, 40]);
    expect(await w.mul(10).array()).toEqual([20, 30]);
  });

  it('computes what is awaited together with the update from the old value', async () => {
    const w = new Parameter(tensor([1, 2]), 'w');
    const before = w.mul(10);
    w.assign(w.add(1));
    expect(await before.array()).toEqual([10, 20]);
    expect(await w.array()).toEqual([2, 3]);
  });

  it('does so after set as well', async () => {
    const w = new Parameter(tensor([1, 2]), 'w');
    const early = w.neg();
    await w.set(Float32Array.of(5, 6));
    expect(await early.array()).toEqual([-1, -2]);
    expect(await w.array()).toEqual([5, 6]);
    expect(eagerRecorder().updates.size).toBe(0);
  });
});

describe('requireFinite', () => {
  it('leaves every variable as it was when the first result is not finite', async () => {
    const w = new Parameter(tensor([1, 2]), 'w');
    const seen = new Variable(tensor([0]), 'seen');
    const step = compile(
      (x: Tensor) => {
        const loss = w.mul(x).log().sum();
        w.assign(transpose(w.reshape(1, 2)).reshape(2).sub(x));
        seen.assign(seen.add(1));
        return loss;
      },
      { requireFinite: true },
    );
    await step(tensor([0.5, 0.5]));
    for (const bad of [
      [-1, 1],
      [0, 1],
      [Number.NaN, 1],
    ]) {
      await expect(step(tensor(bad))).rejects.toThrow(NonFiniteError);
      expect([await w.array(), await seen.array()]).toEqual([[0.5, 1.5], [1]]);
    }
    await step(tensor([0.25, 0.25]));
    expect([await w.array(), await seen.array()]).toEqual([[0.25, 1.25], [2]]);
  });

  it('guards a loss that is also written to a variable', async () => {
    const last = new Variable(tensor(1), 'last');
    const step = compile(
      (x: Tensor) => {
        const loss = x.log().sum();
        last.assign(loss);
        return loss;
      },
      { requireFinite: true },
    );
    await expect(step(tensor([-1]))).rejects.toThrow(NonFiniteError);
    expect(await last.item()).toBe(1);
    await step(tensor([1]));
    expect(await last.item()).toBe(0);
  });
});
