/** compile: one capture a shape, fresh host values a call, refusals inside a trace, and results of every kind. */
import { describe, expect, it, vi } from 'vitest';
import {
  compile,
  dropout,
  full,
  ones,
  Parameter,
  rand,
  randn,
  SGD,
  seed,
  type Tensor,
  TraceError,
  tensor,
  transpose,
  Variable,
} from '../../src/index.ts';
import { leaf } from '../../src/tensor/leaves.ts';
import { hostValue } from '../../src/tensor/recorder.ts';
import { Numbers } from '../support/numbers.ts';

describe('capture', () => {
  it('runs the function once a combination of shapes and dtypes', async () => {
    let captures = 0;
    const f = compile((x: Tensor, y: Tensor) => {
      captures++;
      return x.sum().add(y.sum());
    });
    const numbers = new Numbers(6);
    for (let round = 0; round < 3; round++) {
      for (const shape of [[2], [3], [2, 2], [0]]) {
        const [x, y] = [numbers.real(shape), numbers.real([2])];
        expect(await (await f(x, y)).item()).toBeCloseTo(await x.sum().add(y.sum()).item(), 5);
      }
    }
    expect(captures).toBe(4);
    await f(numbers.ints([2], 0, 5), numbers.real([2]));
    expect(captures).toBe(5);
  });

  it('gives back the structure it was given', async () => {
    const f = compile((x: Tensor) => ({ sum: x.sum(), both: [x.neg(), { deep: x.exp() }] }));
    const { sum, both } = await f(tensor([0, 0]));
    expect(await sum.item()).toBe(0);
    expect(await (both[1] as { deep: Tensor }).deep.array()).toEqual([1, 1]);
  });

  it('reads variables as they are at each call', async () => {
    const w = new Variable(tensor([1, 1]));
    const f = compile((x: Tensor) => x.mul(w));
    const x = tensor([3, 4]);
    expect(await (await f(x)).array()).toEqual([3, 4]);
    w.assign(w.mul(2));
    expect(await (await f(x)).array()).toEqual([6, 8]);
    await w.set(Float32Array.of(0, 1));
    expect(await (await f(x)).array()).toEqual([0, 4]);
  });

  it('keeps calls apart that run at the same time', async () => {
    const total = new Variable(tensor(0));
    const f = compile((x: Tensor) => {
      total.assign(total.add(x));
      return total.snapshot();
    });
    const results = await Promise.all([1, 2, 3].map((value) => f(tensor(value))));
    expect(await Promise.all(results.map((each) => each.item()))).toEqual([1, 3, 6]);
  });

  it('hands out arrays that later calls do not change', async () => {
    const f = compile((x: Tensor) => x.mul(2));
    const first = await f(tensor([1]));
    await f(tensor([50]));
    expect(await first.array()).toEqual([2]);
  });
});

describe('results', () => {
  it('may be arguments, constants, views, duplicates and closures', async () => {
    const outside = tensor([9, 8]);
    const w = new Variable(tensor([5, 6]));
    const f = compile((x: Tensor) => {
      const y = x.exp();
      return [
        x,
        x,
        transpose(x),
        x.reshape(4),
        full([2], 3),
        y,
        y,
        transpose(y),
        y.flip(1),
        outside,
        w.snapshot(),
      ];
    });
    const x = tensor([
      [0, 1],
      [2, 3],
    ]);
    const results = await f(x);
    const y = x.exp();
    const expected = [
      x,
      x,
      transpose(x),
      x.reshape(4),
      full([2], 3),
      y,
      y,
      transpose(y),
      y.flip(1),
      outside,
      w,
    ];
    for (const [k, each] of expected.entries())
      expect(await results[k].array(), `${k}`).toEqual(await each.array());
    const data = await results[0].data();
    data[0] = 100;
    expect((await results[1].data())[0]).toBe(0);
    expect((await x.data())[0]).toBe(0);
  });

  it('may be nothing', async () => {
    const count = new Variable(tensor(0));
    const f = compile(() => {
      count.assign(count.add(1));
      return [];
    });
    await f();
    await f();
    expect(await count.item()).toBe(2);
  });

  it('are refused when they are not tensors', async () => {
    const f = compile((() => 5) as () => never);
    await expect(f()).rejects.toThrow(TraceError);
  });
});

describe('host values', () => {
  it('are read once a call, and once for all outside', async () => {
    let reads = 0;
    const read = () =>
      leaf(
        [1],
        'float32',
        hostValue(() => () => Float32Array.of(++reads)),
      );
    const f = compile((x: Tensor) => x.add(read()));
    const values: number[] = [];
    for (let call = 0; call < 3; call++) values.push(await (await f(tensor([0]))).item());
    expect(values).toEqual([1, 2, 3]);
    const fixed = read();
    expect([await fixed.add(0).item(), await fixed.add(1).item()]).toEqual([4, 5]);
  });

  it('give new random numbers a call, and the sequence of the uncompiled code', async () => {
    const draw = (x: Tensor) => [rand([3]).add(x), randn([2]), dropout(ones([2, 5]), 0.5)];
    const listOf = async (results: readonly Tensor[]) => Promise.all(results.map((each) => each.array()));
    seed(11);
    const compiled = compile(draw);
    const calls = [await listOf(await compiled(tensor(0))), await listOf(await compiled(tensor(0)))];
    seed(11);
    const plain = [await listOf(draw(tensor(0))), await listOf(draw(tensor(0)))];
    expect(calls[0]).not.toEqual(calls[1]);
    expect(calls).toEqual(plain);
    seed(11);
    const again = compile(draw);
    expect([await listOf(await again(tensor(0))), await listOf(await again(tensor(0)))]).toEqual(calls);
  });

  it('stay the same for a tensor made outside, whenever it is awaited', async () => {
    seed(3);
    const x = rand([4]);
    const y = rand([4]);
    const late = await y.array();
    seed(3);
    expect(await rand([4]).array()).toEqual(await x.array());
    expect(await rand([4]).array()).toEqual(late);
  });
});

describe('inside a capture', () => {
  it.each<[string, (x: Tensor, w: Variable) => Promise<unknown>]>([
    ['awaiting data', (x) => x.data()],
    ['awaiting an item', (x) => x.sum().item()],
    ['awaiting a result', (x) => x.exp().array()],
    ['reading a variable', (_, w) => w.data()],
    ['setting a variable', (_, w) => w.set(Float32Array.of(1))],
  ])('%s is refused', async (_, misuse) => {
    const w = new Variable(tensor([1]));
    const f = compile(async (x: Tensor) => {
      await misuse(x, w);
      return x;
    });
    await expect(f(tensor([1]))).rejects.toThrow(TraceError);
    // Nothing of the failed capture is left behind.
    expect(await w.array()).toEqual([1]);
    expect(await tensor([2]).exp().log().item()).toBeCloseTo(2, 5);
  });

  it('a tensor kept from the capture cannot be awaited later', async () => {
    const kept: Tensor[] = [];
    const f = compile((x: Tensor) => {
      kept.push(x.exp());
      return x;
    });
    await f(tensor([1]));
    await expect(kept[0].data()).rejects.toThrow(TraceError);
  });

  it('an update of a failed capture is forgotten', async () => {
    const w = new Variable(tensor([1]));
    const f = compile((x: Tensor) => {
      w.assign(x);
      throw new Error('on purpose');
    });
    await expect(f(tensor([5]))).rejects.toThrow('on purpose');
    expect(await w.array()).toEqual([1]);
  });
});

describe('a compiled function', () => {
  it('that waits for a turn that comes after its own is refused', async () => {
    vi.useFakeTimers();
    try {
      const other = tensor([1, 2]).add(1);
      const waiting = compile(async (x: Tensor) => {
        await Promise.resolve();
        await other.data();
        return x;
      });
      const refused = expect(waiting(tensor([1]))).rejects.toThrow(/still waits for something/);
      await vi.advanceTimersByTimeAsync(5000);
      await refused;
      expect(await other.array()).toEqual([2, 3]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is captured anew when what it noticed has changed, and keeps what it captured before', async () => {
    const [a, b] = [new Parameter(tensor([1])), new Parameter(tensor([1]))];
    const optimizer = new SGD([a, b], { learningRate: 1 });
    let captures = 0;
    const step = compile(() => {
      captures++;
      const loss = a.mul(2).add(b.mul(3)).sum();
      loss.backward();
      void optimizer.step();
      return loss;
    });
    for (const [trainable, expected] of [
      [true, [-1, -2]],
      [false, [-3, -2]],
      [false, [-5, -2]],
      [true, [-7, -5]],
    ] as const) {
      b.trainable = trainable;
      await step();
      expect([await a.item(), await b.item()]).toEqual(expected);
    }
    expect(captures).toBe(2);
  });

  it('leaves nothing behind that means something elsewhere', async () => {
    const w = new Parameter(tensor([1, 2]));
    const kept: Tensor[] = [];
    const first = compile((x: Tensor) => {
      if (kept.length === 0) kept.push(x.mul(2), w.mul(2), rand([2]), w.reshape([2]));
      return x.add(kept[0]);
    });
    expect(await (await first(tensor([1, 2]))).array()).toEqual([3, 6]);
    for (const left of kept) {
      await expect(left.data()).rejects.toThrow(TraceError);
      await expect(left.add(1).data()).rejects.toThrow(TraceError);
      await expect(compile((x: Tensor) => x.add(left))(tensor([5, 5]))).rejects.toThrow(TraceError);
      await expect(compile(() => left)()).rejects.toThrow(TraceError);
    }
    // Of another shape it is captured anew, and finds what it kept from before.
    await expect(first(tensor([[1, 2]]))).rejects.toThrow(TraceError);
    expect(await (await first(tensor([1, 2]))).array()).toEqual([3, 6]);
  });
});
