/** What `scan` promises to its users: a test a promise, held to a plain loop over slices. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  concat,
  Dense,
  dropout,
  grad,
  LSTM,
  layerNorm,
  matmul,
  multiply,
  ones,
  Parameter,
  rand,
  relu,
  Sequential,
  scan,
  seed,
  setDevice,
  square,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from '../../src/index.ts';
import type { TensorTree } from '../../src/tensor/runtime.ts';
import { flattenTree } from '../../src/tensor/tree.ts';
import { expectClose, values } from '../nn/support.ts';
import { type UnrolledBody, type UnrolledOptions, unrolled } from '../support/unrolled.ts';

const [batch, steps, features] = [3, 5, 2];
const x = values([batch, steps, features]);
const h0 = values([batch, features], 1);
const w = values([features, features], 2);
const b = values([features], 3);

const cell = (h: Tensor, xt: Tensor) => {
  const next = tanh(add(add(xt, matmul(h, w)), b));
  return { carry: next, output: next };
};

/** A loss in which each element of each result counts differently. */
function lossOf(results: readonly Tensor[]): Tensor {
  return results
    .map((each, k) => sum(multiply(square(each.cast('float32')), values(each.shape, k + 7))))
    .reduce(add);
}

/** What `scan` and the plain loop give: results and the gradients of their loss in `targets` are the same. */
async function expectSame(
  body: unknown,
  options: UnrolledOptions & { readonly recompute?: number },
  targets: readonly Tensor[],
  plain: unknown = body,
): Promise<Tensor[]> {
  const found = scan(body as never, options as never) as { carry: TensorTree; outputs: TensorTree };
  const expected = unrolled(plain as UnrolledBody, options);
  const all = ({ carry, outputs }: typeof found) => [
    ...flattenTree(carry).tensors,
    ...flattenTree(outputs).tensors,
  ];
  const [results, wanted] = [all(found), all(expected)];
  expect(results.map(({ shape, dtype }) => [dtype, ...shape])).toEqual(
    wanted.map(({ shape, dtype }) => [dtype, ...shape]),
  );
  for (const [k, result] of results.entries()) await expectClose(result, wanted[k]);
  const [gradients, others] = [grad(lossOf(results), targets), grad(lossOf(wanted), targets)];
  for (const [k, gradient] of gradients.entries()) await expectClose(gradient, others[k]);
  return [...results, ...gradients];
}

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  beforeAll(() => {
    setDevice(device);
  });
  afterAll(() => {
    setDevice('wasm');
  });

  it.each([0, 1, 2])('time is axis %i', async (axis) => {
    const shape = [2, 2, 2];
    shape.splice(axis, 0, steps);
    const body = (h: Tensor, xt: Tensor) => {
      const next = tanh(add(xt, multiply(h, 0.5)));
      return { carry: next, output: add(next, xt) };
    };
    const [initial, inputs] = [values([2, 2, 2], 1), values(shape)];
    const [, outputs] = await expectSame(body, { initial, inputs, axis }, [initial, inputs]);
    expect(outputs.shape).toEqual(shape);
  });

  it.each([1, 2, 5])('of %i steps', async (length) => {
    const inputs = values([batch, length, features]);
    await expectSame(cell, { initial: h0, inputs }, [h0, inputs, w, b]);
    await expectSame(cell, { initial: h0, inputs, reverse: true }, [h0, inputs, w, b]);
  });

  it('of no steps: the carry as it was, empty outputs, gradients that are zero', async () => {
    const inputs = values([batch, 0, features]);
    const { carry, outputs } = scan(cell, { initial: h0, inputs });
    await expectClose(carry, h0);
    expect(outputs.shape).toEqual([batch, 0, features]);
    const [dH, dX, dW] = grad(add(sum(carry), sum(outputs)), [h0, inputs, w]);
    await expectClose(dH, ones(h0.shape));
    expect(dX.shape).toEqual(inputs.shape);
    await expectClose(dW, zeros(w.shape));
    const recomputed = scan(cell, { initial: h0, inputs, recompute: 2 });
    expect(recomputed.outputs.shape).toEqual([batch, 0, features]);
    await expectClose(recomputed.carry, h0);
  });

  it('runs `steps` steps without inputs', async () => {
    const body = (h: Tensor) => ({ carry: multiply(h, 1.5), output: h });
    const [carry] = await expectSame(body, { initial: h0, steps: 3 }, [h0]);
    await expectClose(carry, h0.mul(1.5 ** 3));
    const two = scan((h: Tensor) => ({ carry: h.mul(2) }), { initial: ones([]), steps: 10 });
    expect(await two.carry.item()).toBe(1024);
    expect(two.outputs).toEqual([]);
  });

  it('tells the body the number of the step, int32', async () => {
    const body = (count: Tensor, _: unknown, t: Tensor) => {
      expect(t.dtype).toBe('int32');
      expect(t.shape).toEqual([]);
      return { carry: add(count, t), output: multiply(count, t) };
    };
    const initial = tensor(5, { dtype: 'int32' });
    for (const reverse of [false, true]) {
      const { carry, outputs } = scan(body, { initial, steps: 4, axis: 0, reverse });
      expect(carry.dtype).toBe('int32');
      expect(await carry.item()).toBe(5 + 6);
      expect(Array.from(await outputs.data())).toEqual(reverse ? [0, 10, 16, 15] : [0, 5, 12, 24]);
    }
  });

  it('keeps the carry and gives zeros where the mask is false, without gradients', async () => {
    const mask = tensor([
      [true, true, true, false, false],
      [false, true, false, true, true],
      [false, false, false, false, false],
    ]);
    const body = (state: { h: Tensor; n: Tensor }, xt: Tensor) => {
      const next = cell(state.h, xt).carry;
      const n = add(state.n, 1);
      return { carry: { h: next, n }, output: [next, n] };
    };
    const initial = { h: h0, n: zeros([batch]).cast('int32') };
    for (const reverse of [false, true]) {
      for (const recompute of [undefined, 2]) {
        const options = { initial, inputs: x, mask, reverse, ...(recompute && { recompute }) };
        const [h, n, outputs, counts, , dX] = await expectSame(body, options, [h0, x, w, b]);
        expect(Array.from(await n.data())).toEqual([3, 3, 0]);
        await expectClose(h.slice(2), h0.slice(2), 1e-9);
        expect(await outputs.slice(2).abs().sum().item()).toBe(0);
        expect(await counts.slice(2).sum().item()).toBe(0);
        const real = mask.cast('float32').reshape([batch, steps, 1]);
        const gone = await multiply(dX, add(1, multiply(real, -1)))
          .abs()
          .sum()
          .item();
        expect(gone).toBe(0);
      }
    }
  });

  it('NaN at steps that are not real goes nowhere', async () => {
    const mask = tensor([[true, true, false]]);
    const padded = tensor([[0.5, 0.25, Number.NaN]]);
    const k = tensor([0.5]);
    const body = (h: Tensor, xt: Tensor) => ({ carry: add(multiply(h, k), xt), output: multiply(xt, k) });
    const { carry, outputs } = scan(body, { initial: zeros([1]), inputs: padded, mask });
    expect(Array.from(await carry.data())).toEqual([0.5]);
    expect(Array.from(await outputs.data())).toEqual([0.25, 0.125, 0]);
  });

  it('carries, inputs and outputs are trees', async () => {
    const body = (
      state: { cells: readonly [Tensor, Tensor]; n: Tensor },
      { a, b: second }: { a: Tensor; b: readonly [Tensor] },
    ) => {
      const [p, q] = state.cells;
      const next = tanh(add(p, multiply(a, second[0])));
      return {
        // In another order than that of `initial`.
        carry: { n: add(state.n, 1), cells: [add(q, next), p] },
        output: { deep: [{ next }, q], n: state.n },
      };
    };
    const initial = { cells: [h0, values(h0.shape, 9)], n: ones([batch]) };
    const inputs = { a: x, b: [values(x.shape, 4)] };
    await expectSame(body, { initial, inputs }, [h0, initial.cells[1], x, inputs.b[0]]);
  });

  it.each([1, 2, 3, 5, 7, 100])('recompute: %i changes nothing', async (recompute) => {
    const inputs = values([batch, 7, features]);
    const body = (h: Tensor, xt: Tensor) => {
      const next = tanh(add(matmul(add(xt, multiply(h, b)), w), h));
      return { carry: next, output: [multiply(next, xt), matmul(xt, w)] };
    };
    for (const reverse of [false, true]) {
      const options = { initial: h0, inputs, reverse };
      const targets = [h0, inputs, w, b];
      const found = await expectSame(body, { ...options, recompute }, targets);
      const usual = await expectSame(body, options, targets);
      for (const [k, each] of found.entries()) await expectClose(each, usual[k], 1e-6);
    }
  });

  it('recomputes masked and random loops as they were', async () => {
    const mask = tensor([[true, true, false, true, true, true, false]]);
    const inputs = values([1, 7, 4]);
    const gradientsOf = async (recompute: number | undefined) => {
      seed(3);
      const { carry, outputs } = scan(
        (h, xt) => {
          const next = tanh(dropout(add(h, xt), 0.5));
          return { carry: next, output: multiply(next, rand([4])) };
        },
        { initial: ones([1, 4]), inputs, mask, ...(recompute && { recompute }) },
      );
      const [dX] = grad(lossOf([carry, outputs]), [inputs]);
      return [await dX.data(), await outputs.data()];
    };
    expect(await gradientsOf(3)).toEqual(await gradientsOf(undefined));
  });

  it('sums the gradients of what the body reads from outside', async () => {
    const parameter = new Parameter(values([features, features], 5), 'w');
    const scale = values([features], 6);
    const body = (h: Tensor, xt: Tensor) => {
      const next = tanh(multiply(add(matmul(xt, parameter), matmul(h, parameter)), scale));
      return { carry: next, output: multiply(next, scale) };
    };
    await expectSame(body, { initial: h0, inputs: x }, [parameter, scale, x, h0]);
    const { outputs } = scan(body, { initial: h0, inputs: x });
    outputs.sum().backward();
    const [expected] = grad(scan(body, { initial: h0, inputs: x }).outputs.sum(), [parameter]);
    await expectClose(parameter.grad!, expected);
  });

  it('what was computed outside from a parameter is one value at all steps', async () => {
    const parameter = new Parameter(values([features, features], 5), 'w');
    const doubled = parameter.mul(2).transpose();
    const body = (h: Tensor, xt: Tensor) => ({ carry: tanh(add(matmul(h, doubled), xt)) });
    await expectSame(body, { initial: h0, inputs: x }, [parameter]);
  });

  it('layers are called in the body', async () => {
    const layer = new Sequential({ first: new Dense(2 * features, 6), second: new Dense(6, features) });
    const body = (h: Tensor, xt: Tensor) => {
      const next = layerNorm(relu(layer.call(concat([h, xt], 1))));
      return { carry: add(next, h), output: next };
    };
    await expectSame(body, { initial: h0, inputs: x }, [x, h0, ...layer.parameters()]);
  });

  it('a fused recurrent layer in the body, and scan in scan', async () => {
    const layer = new LSTM(features, features);
    const inputs = values([batch, 3, 4, features]);
    const fused = (h: Tensor, rows: Tensor) => {
      const next = add(h, layer.call(rows));
      return { carry: next, output: next };
    };
    await expectSame(fused, { initial: h0, inputs }, [inputs, h0, ...layer.parameters()]);
    const inScan = (h: Tensor, rows: Tensor) => {
      const { carry, outputs } = scan(cell, { initial: h, inputs: rows });
      return { carry, output: outputs };
    };
    const inLoop = (h: Tensor, rows: Tensor) => {
      const { carry, outputs } = unrolled(cell as UnrolledBody, { initial: h, inputs: rows });
      return { carry, output: outputs };
    };
    for (const recompute of [undefined, 2]) {
      const options = { initial: h0, inputs, ...(recompute && { recompute }) };
      await expectSame(inScan, options, [inputs, h0, w, b], inLoop);
    }
  });

  it('gradients of gradients', async () => {
    const penalty = (run: typeof scan | typeof unrolled) => {
      const { carry, outputs } = run(cell as never, { initial: h0, inputs: x }) as {
        carry: Tensor;
        outputs: Tensor;
      };
      const [dX, dW] = grad(add(sum(square(outputs)), sum(carry)), [x, w]);
      return grad(add(sum(square(dX)), sum(square(dW))), [x, w, h0]);
    };
    const [found, expected] = [penalty(scan), penalty(unrolled)];
    for (const [k, each] of found.entries()) await expectClose(each, expected[k]);
  });

  it('outputs that are the carry, the input, constant, or one tensor twice', async () => {
    const k = values([features, 3], 4);
    const body = (h: Tensor, xt: Tensor) => {
      const next = add(matmul(multiply(h, 0.5), matmul(k, k.transpose())), xt);
      const output = [h, xt, k, next, next, xt, ones([2]), multiply(k, 2), xt.transpose(), h.slice(null, 0)];
      return { carry: next, output };
    };
    await expectSame(body, { initial: h0, inputs: x }, [h0, x, k]);
    await expectSame(body, { initial: h0, inputs: x, recompute: 2 }, [h0, x, k]);
    await expectSame(body, { initial: h0, inputs: x, reverse: true, axis: 1 }, [h0, x, k]);
  });

  it('a carry that is the slice before, a constant, or that of another', async () => {
    const k = values([batch, features], 4);
    const body = ([before, a, c, d]: readonly [Tensor, Tensor, Tensor, Tensor], xt: Tensor) => ({
      carry: [xt, k, d, c],
      output: multiply(before, add(a, multiply(c, xt))),
    });
    const initial = [h0, values([batch, features], 5), values([batch, features], 6), h0];
    await expectSame(body, { initial, inputs: x }, [x, k, ...initial.slice(0, 3)]);
    await expectSame(body, { initial, inputs: x, recompute: 3 }, [x, k, ...initial.slice(0, 3)]);
  });
});
