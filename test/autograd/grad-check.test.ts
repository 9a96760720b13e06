/** gradCheck itself: what it accepts, what it refuses, and what its report and error say. */
import { expect, it } from 'vitest';
import {
  concat,
  GradientError,
  grad,
  gradCheck,
  matmul,
  power,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { lstmPrimitive } from '../../src/ops/recurrent.ts';
import { Numbers } from '../support/numbers.ts';

const numbers = new Numbers(4);

it('accepts right gradients of several inputs and reports the largest error', async () => {
  const f = (a: Tensor, b: Tensor) => matmul(a, b).tanh();
  const report = await gradCheck(f, [numbers.real([2, 3]), numbers.real([3, 4])], { order: 2 });
  expect(report.maxError).toBeLessThan(1e-4);
  expect(report.worst?.index).toHaveLength(2);
});

it('names input, element, both values and the tolerance when a gradient is wrong', async () => {
  const half = (x: Tensor) => x.mul(x.stopGradient());
  const x = tensor([[0.5, -3, 1]]);
  const failure = await gradCheck(half, [x], { tolerance: 1e-2 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(GradientError);
  const { message } = failure as GradientError;
  expect(message).toMatch(/derivative with respect to input 0 \[1, 3\] at \[0, \d\]/);
  expect(message).toContain('within 0.01');
  expect(message).toContain('from the gradient rules');
});

it('tells second derivatives apart', async () => {
  // The first derivative is right: 2x; the second is not, because x is a constant for it.
  const f = (x: Tensor) => {
    const frozen = x.stopGradient();
    return x.mul(frozen).mul(2).sub(frozen.mul(frozen));
  };
  await expect(gradCheck(f, [tensor([1, 2])])).resolves.toBeDefined();
  await expect(gradCheck(f, [tensor([1, 2])], { order: 2 })).rejects.toThrow('second derivative');
});

it('takes several results, leaves integers alone, and has nothing to say of empty inputs', async () => {
  const f = (x: Tensor, rows: Tensor) => [x.gather(rows), x.exp(), x.argMax(0)];
  const rows = tensor(Int32Array.of(1, 1, 0));
  const { maxError } = await gradCheck(f, [numbers.real([2, 3]), rows], { order: 2 });
  expect(maxError).toBeLessThan(1e-4);
  const empty = await gradCheck((x) => x.exp(), [numbers.real([0, 3])]);
  expect(empty).toEqual({ maxError: 0, worst: undefined });
});

it('counts a NaN as a failure', async () => {
  await expect(gradCheck((x) => x.sqrt(), [tensor([-1])])).rejects.toThrow(GradientError);
});

it('differentiates a composed form once where its inputs coincide or depend on each other', async () => {
  // The two cotangents of h and c are one tensor here, and the second derivative goes through the composed gradient.
  const f = (z: Tensor, weight: Tensor, w: Tensor) => {
    const start = z.slice(null, 0, [0, 2]).reshape(2, 2);
    const [h, c] = applyAll(lstmPrimitive, [z, weight, start, start], { reverse: false, masked: false });
    return h.add(c).mul(w);
  };
  const inputs = [numbers.real([2, 3, 8]), numbers.real([2, 8]), numbers.real([2, 3, 2])];
  expect((await gradCheck(f, inputs, { order: 2 })).maxError).toBeLessThan(1e-3);
});

it('a third derivative of a fused sequence exists', async () => {
  const f = (z: Tensor, weight: Tensor) => {
    const zero = tensor([[0.1, -0.2]]);
    const outputs = applyAll(lstmPrimitive, [z, weight, zero, zero], { reverse: true, masked: false });
    const slopes = grad(concat(outputs, 2).square().sum(), [z, weight]);
    return slopes;
  };
  const inputs = [numbers.real([1, 2, 8]), numbers.real([2, 8])];
  expect((await gradCheck(f, inputs, { order: 2 })).maxError).toBeLessThan(1e-3);
});

it.each([
  [0, [1, 0, 0]],
  [1, [0, 1, 0]],
  [2, [0, 0, 2]],
])('0 to the power %d: value, first and second derivative are finite', async (exponent, expected) => {
  const x = tensor([0]);
  const y = power(x, exponent).sum();
  const slope = grad(y, x);
  const bend = grad(slope.sum(), x);
  // Adding 0 makes 0 of -0.
  expect([await y.item(), await slope.item(), (await bend.item()) + 0]).toEqual(expected);
});
