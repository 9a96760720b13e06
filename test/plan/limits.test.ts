/** What engines bound is bounded by the planner: large and deep graphs become plans of kernels that any engine takes. */
import { afterAll, describe, expect, it } from 'vitest';
import type { ElementwiseAttributes } from '../../kernels/elementwise/index.ts';
import {
  compile,
  concat,
  Dense,
  DeviceLimitError,
  grad,
  ones,
  type Plan,
  planOf,
  RNN,
  Sequential,
  SGD,
  setDevice,
  softmaxCrossEntropy,
  stack,
  type Tensor,
  TraceError,
  tensor,
  zeros,
} from '../../src/index.ts';
import { mostElements, mostOperands, mostWork } from '../../src/plan/limits.ts';

afterAll(() => setDevice('wasm'));

/** Applies a function so many times. */
function chain(length: number, start: Tensor, next: (x: Tensor, k: number) => Tensor): Tensor {
  let x = start;
  for (let k = 0; k < length; k++) x = next(x, k);
  return x;
}

/** What the kernel that reads most reads, and the instructions of the longest one. */
function largestOf({ steps }: Plan): { operands: number; instructions: number } {
  const of = (count: (step: Plan['steps'][number]) => number): number =>
    steps.reduce((most, step) => Math.max(most, count(step)), 0);
  return {
    operands: of(({ inputs }) => inputs.length),
    instructions: of(
      ({ call }) => (call.attributes as Partial<ElementwiseAttributes>).instructions?.length ?? 0,
    ),
  };
}

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  it('a thousand values add up, in kernels that read few enough', async () => {
    setDevice(device);
    const values = Array.from({ length: 1000 }, (_, k) => tensor(Math.sin(k)));
    const total = () => values.reduce((sum, each) => sum.add(each));
    expect(largestOf(await planOf(total())).operands).toBeLessThanOrEqual(mostOperands);
    let expected = Math.fround(0);
    for (const each of values) expected = Math.fround(expected + (await each.item()));
    expect(await total().item()).toBe(expected);
  });

  it('long lists are joined in groups, along any axis', async () => {
    setDevice(device);
    const rows = Array.from({ length: 700 }, (_, k) => tensor([k, k + 0.5]));
    expect(largestOf(await planOf(stack(rows))).operands).toBeLessThanOrEqual(mostOperands);
    const data = await stack(rows).data();
    expect([...data]).toEqual(rows.flatMap((_, k) => [k, k + 0.5]));
    const columns = await concat(
      rows.map((row) => row.reshape([2, 1])),
      1,
    ).data();
    expect([...columns]).toEqual([...rows.map((_, k) => k), ...rows.map((_, k) => k + 0.5)]);
  });

  it('a chain is as long as it likes', async () => {
    setDevice(device);
    expect(await chain(3000, tensor(0), (x) => x.add(1)).item()).toBe(3000);
    // Each value is used twice: who walks both ways walks 2^60.
    expect(await chain(60, tensor(1), (x) => x.add(x)).item()).toBe(2 ** 60);
  });

  it('so is its gradient, with the bits of one step after the other', async () => {
    setDevice(device);
    const start = tensor([0.5]);
    const slope = await grad(chain(300, start, (x) => x.mul(1.01).tanh()).sum(), start).item();
    const states = [start];
    for (let k = 0; k < 300; k++) {
      const next = states[k].mul(1.01).tanh();
      await next.data();
      states.push(next);
    }
    let expected = ones([1]);
    for (let k = 299; k >= 0; k--) {
      const x = tensor([...(await states[k].data())]);
      expected = grad(x.mul(1.01).tanh(), x, expected);
      await expected.data();
    }
    expect(slope).toBe((await expected.data())[0]);
  });

  it('more elements than can be counted are refused, stored or not', async () => {
    setDevice(device);
    // Few enough to be a shape, and too many for the threads to share out.
    const large = [ones([46340, 1]), ones([1, 46341])] as const;
    const error = await large[0]
      .add(large[1])
      .sum()
      .item()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeviceLimitError);
    expect((error as DeviceLimitError).message).toContain('[46340, 46341]');
    expect((error as DeviceLimitError).message).toContain(`${mostElements}`);
  });
});

describe('a plan', () => {
  it('has no kernel that compilers choke on, and loses no bit by that', async () => {
    setDevice('wasm');
    const [x] = [tensor([0.1, 1, 10, 1000])];
    const sines = chain(100, x, (each) => each.sin());
    const plan = await planOf(sines);
    expect(plan.steps.length).toBeGreaterThan(1);
    expect(largestOf(plan).instructions).toBeLessThanOrEqual(mostWork / 8);
    let expected: Tensor = x;
    for (let k = 0; k < 100; k++) {
      expected = expected.sin();
      await expected.data();
    }
    expect(await sines.data()).toEqual(await expected.data());
    const additions = await planOf(chain(1000, x, (each, k) => each.add(k)));
    expect(largestOf(additions).instructions).toBeLessThanOrEqual(2 * mostWork);
  });

  it('orders kernels that follow each other around', async () => {
    const one = tensor([[1]]);
    const products = Array.from({ length: 2000 }, (_, k) => tensor([[k]]).matmul(one));
    const sums = products.slice(1).map((product, k) => product.add(products[k]));
    const plan = await planOf(sums);
    const written = new Set<number>();
    for (const { inputs, outputs } of plan.steps) {
      for (const buffer of inputs) {
        expect(plan.buffers[buffer].place.kind === 'input' || written.has(buffer)).toBe(true);
      }
      for (const buffer of outputs) written.add(buffer);
    }
  });

  it('of a recurrent training step merges nothing in a circle', async () => {
    const model = new Sequential([new RNN(4, 8), new Dense(8, 3)]);
    const optimizer = new SGD(model.parameters());
    const plan = await planOf(
      (x: Tensor, y: Tensor) => {
        const loss = softmaxCrossEntropy(model.call(x), y);
        loss.backward();
        void optimizer.step();
        return loss;
      },
      zeros([2, 5, 4]),
      zeros([2], 'int32'),
    );
    expect(plan.updated.length).toBe(model.parameters().length);
  });

  it('in more pieces than one function takes gives the same, and stops where an index is wrong', async () => {
    setDevice('wasm');
    const start = tensor([1, 0, 0]);
    const sums = await chain(1500, start, (x) => x.cumulativeSum(0)).data();
    expect([...sums]).toEqual([1, 1500, (1500 * 1501) / 2]);
    const wrong = chain(1200, start.add(tensor([2, 0, 0])), (x) =>
      x.gather(tensor([0, 1, 2], { dtype: 'int32' })),
    );
    const behind = chain(100, wrong.gather(wrong.cast('int32')), (x) => x.cumulativeSum(0));
    await expect(behind.data()).rejects.toThrow('index 3');
  });
});

it('results that lie in themselves, or too deep, are refused', async () => {
  const inItself: unknown[] = [];
  inItself.push(inItself);
  const call = compile(() => inItself as Tensor[]);
  await expect(call()).rejects.toThrow(TraceError);
});
