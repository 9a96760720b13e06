/** What is recorded between evaluations: updates, gradients and traces stay apart, and nothing is lost or kept. */
import { describe, expect, it } from 'vitest';
import {
  compile,
  explain,
  gather,
  grad,
  IndexError,
  memory,
  Parameter,
  SGD,
  type Tensor,
  TraceError,
  tensor,
  Variable,
  zeros,
} from '../../src/index.ts';

const values = async (t: Tensor) => Array.from(await t.data());
const collectGarbage = (globalThis as { gc?: () => void }).gc!;

describe('compiled functions', () => {
  it('cannot be called inside one another', async () => {
    const inner = compile((x: Tensor) => x.mul(2));
    const outer = compile((x: Tensor) => {
      void inner(x).catch(() => undefined);
      return x;
    });
    expect(await values(await outer(tensor([1])))).toEqual([1]);
    const waiting = compile(async (x: Tensor) => inner(x));
    await expect(waiting(tensor([1]))).rejects.toThrow(TraceError);
  });

  it('return the new value of a variable they assign', async () => {
    const v = new Variable(tensor([0]), 'v');
    const step = compile(() => {
      v.assign(v.add(1));
      return [v, v.add(0)];
    });
    const [direct, computed] = await step();
    expect([await values(direct), await values(computed)]).toEqual([[1], [1]]);
    expect(await values(v)).toEqual([1]);
  });

  it('have gradients of their own', async () => {
    const p = new Parameter(tensor([1]), 'p');
    const optimizer = new SGD([p], { learningRate: 1 });
    p.mul(100).sum().backward();
    await p.grad!.data();
    const step = compile(() => {
      const loss = p.mul(1).sum();
      loss.backward();
      void optimizer.step();
      return loss;
    });
    await step();
    expect(await values(p)).toEqual([0]);
    const failing = compile((): Tensor => {
      p.mul(1).sum().backward();
      throw new Error('stop');
    });
    await expect(failing()).rejects.toThrow('stop');
    p.grad = undefined;
    p.mul(2).sum().backward();
    await explain(() => {
      p.mul(1).sum().backward();
      return p;
    });
    await optimizer.step();
    expect(await values(p)).toEqual([-2]);
  });

  it('do not listen to code that runs while they wait', async () => {
    const [v, stranger] = [new Variable(tensor([1]), 'v'), new Variable(tensor([1]), 'stranger')];
    const step = compile(async (x: Tensor) => {
      const y = x.mul(v);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return y;
    });
    const running = step(tensor([3]));
    await Promise.resolve();
    stranger.assign(stranger.add(1));
    expect(await values(stranger)).toEqual([2]);
    expect(await values(await running)).toEqual([3]);
    await step(tensor([3]));
    expect(await values(stranger)).toEqual([2]);
    const late = compile(async (x: Tensor) => {
      await Promise.resolve();
      return x.mul(2);
    });
    await expect(late(tensor([1]))).rejects.toThrow(/multiply that was built after an await/);
  });
});

describe('gradients', () => {
  it('are of the value that was read, also while an update waits', async () => {
    const p = new Parameter(tensor([3]), 'p');
    const loss = p.mul(p).sum();
    p.assign(p.sub(1));
    expect(await values(grad(loss, p))).toEqual([6]);
    expect(await values(p)).toEqual([2]);
  });

  it('share the forward pass of a loss that is awaited before its step', async () => {
    const p = new Parameter(tensor([3]), 'p');
    const optimizer = new SGD([p], { learningRate: 0.5 });
    const loss = p.mul(p).sum();
    loss.backward();
    expect(await loss.item()).toBe(9);
    expect(p.grad!.node.values[0]).toEqual(Float32Array.of(6));
    await optimizer.step();
    expect(loss.node.released).toBe(true);
    expect(await values(p)).toEqual([0]);
  });
});

describe('updates', () => {
  it('are applied although something else fails', async () => {
    const v = new Variable(tensor([1]), 'v');
    v.assign(v.add(1));
    const bad = gather(tensor([1, 2]), tensor([7], { dtype: 'int32' }));
    await expect(bad.data()).rejects.toThrow(IndexError);
    expect(await values(v)).toEqual([2]);
  });

  it('take the value a variable was made from, whatever happens to the source', async () => {
    const source = new Parameter(tensor([1]), 'source');
    const shadow = new Variable(source, 'shadow');
    source.assign(source.add(1));
    expect([await values(shadow), await values(source)]).toEqual([[1], [2]]);
  });
});

describe('requests', () => {
  it('made together are computed together, and fail apart', async () => {
    const x = tensor([1, 2, 3]);
    const bad = gather(x, tensor([9], { dtype: 'int32' }));
    const results = await Promise.allSettled([x.mul(2).data(), bad.data(), x.sum().item()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[2] as PromiseFulfilledResult<number>).value).toBe(6);
  });

  it('for one output of several do not compute the operation again for what follows', async () => {
    const { maxPool2d, randn } = await import('../../src/index.ts');
    const pooled = maxPool2d(randn([1, 4, 4, 1]), 2);
    await pooled.data();
    expect(await explain(pooled.mul(2))).not.toContain('maxPool2d');
  });
});

describe('memory', () => {
  async function stays(references: readonly WeakRef<object>[]): Promise<number> {
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      collectGarbage();
    }
    return references.filter((reference) => reference.deref() !== undefined).length;
  }

  it('is not kept by plans: neither inputs, nor results, nor variables', async () => {
    const references: WeakRef<object>[] = [];
    const work = async (size: number) => {
      const input = zeros([size]).add(1);
      const v = new Variable(tensor(new Float32Array(size)), 'v');
      const data = await input.data();
      v.assign(v.add(input));
      const result = await input.mul(v).data();
      references.push(new WeakRef(data), new WeakRef(result), new WeakRef(v), new WeakRef(v.storage!));
    };
    for (let index = 0; index < 5; index++) await work(1000 + index);
    expect(await stays(references)).toBe(0);
  });

  it('of an arena that was outgrown is let go', async () => {
    const needs = (size: number) =>
      zeros([size, 4])
        .add(1)
        .sum(1)
        .exp()
        .reshape(-1, 1)
        .matmul(zeros([1, 2]))
        .data();
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 1; index <= 10; index++) await needs(100_000 * index);
    await stays([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * memory().arenaBytes);
  });

  it('of an initial value is let go once the variable has it', async () => {
    const v = new Variable(tensor(new Float32Array(1000)).add(1), 'v');
    const reference = new WeakRef(v.initial!);
    await v.data();
    expect(await stays([reference])).toBe(0);
  });
});
