/** Variables and the versions that expressions remember: nothing reads a newer value unasked, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import { compile, type Tensor, TraceError, tensor, Variable } from '../../src/index.ts';

describe('expressions of variables', () => {
  it('built on a waiting update stay good after it is applied', async () => {
    const w = new Variable(tensor([1, 2]), 'w');
    w.assign(w.add(1));
    const y = w.mul(10);
    expect(await w.data()).toEqual(Float32Array.of(2, 3));
    expect(await y.array()).toEqual([20, 30]);
    w.assign(w.add(1));
    await w.data();
    expect(await y.array()).toEqual([20, 30]);
    const z = w.mul(1);
    w.assign(w.add(1));
    const later = w.mul(2);
    await w.data();
    expect(await z.array()).toEqual([3, 4]);
    w.assign(w.add(1));
    await w.data();
    expect(await later.array()).toEqual([8, 10]);
  });

  it('cannot slip into a compiled function from outside', async () => {
    const v = new Variable(tensor([1]), 'v');
    const outside = v.mul(10);
    const leaky = compile((x: Tensor) => x.add(outside));
    await expect(leaky(tensor([0]))).rejects.toThrow(TraceError);
    await expect(leaky(tensor([0]))).rejects.toThrow(/multiply of "v"/);
    await outside.data();
    const kept = compile((x: Tensor) => x.add(outside));
    await v.set(Float32Array.of(5));
    expect(await (await kept(tensor([0]))).array()).toEqual([10]);
    const inside = compile((x: Tensor) => x.add(v.mul(10)));
    expect(await (await inside(tensor([0]))).array()).toEqual([50]);
    await v.set(Float32Array.of(6));
    expect(await (await inside(tensor([0]))).array()).toEqual([60]);
  });
});
