/** Softmax and its logarithm over the last axis, fused because both are read in one pass; composed forms beside. */
import { logSoftmax as logSoftmaxContract, softmax as softmaxContract } from '../../kernels/softmax/index.ts';
import { likeFirst, type Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { normalizeAxis } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireDType } from './apply.ts';
import { sum } from './broadcast.ts';
import { exp, multiply, subtract } from './elementwise.ts';
import { transpose } from './movement.ts';
import { logSumExp } from './reduce.ts';

/** y = exp(x) / Σ exp(x); dX = y·(dY - Σ dY·y). */
export const softmaxPrimitive: Primitive = {
  name: 'softmax',
  kind: 'kernel',
  outputs: likeFirst,
  gradient: ({ dY, output: y }) => [multiply(y, subtract(dY, sum(multiply(dY, y), -1, { keepDims: true })))],
  composed: ([x]) => [exp(subtract(x, logSumExp(x, -1, { keepDims: true })))],
  contract: softmaxContract,
};

/** y = x - log Σ exp(x); dX = dY - exp(y)·Σ dY. */
export const logSoftmaxPrimitive: Primitive = {
  name: 'logSoftmax',
  kind: 'kernel',
  outputs: likeFirst,
  gradient: ({ dY, output: y }) => [subtract(dY, multiply(exp(y), sum(dY, -1, { keepDims: true })))],
  composed: ([x]) => [subtract(x, logSumExp(x, -1, { keepDims: true }))],
  contract: logSoftmaxContract,
};

function alongAxis(name: string, primitive: Primitive, x: Tensor, axis: number): Tensor {
  requireDType(name, x, 'float32');
  const target = normalizeAxis(inScope(name), axis, x.rank);
  if (target === x.rank - 1) return apply(primitive, [x], {});
  return transpose(apply(primitive, [transpose(x, target, -1)], {}), target, -1);
}

/** exp(x) / Σ exp(x) along `axis` (default: the last); finite for any finite x. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis('softmax', softmaxPrimitive, x, axis);
}

/** log of `softmax`, computed without taking the logarithm of a rounded 0. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis('logSoftmax', logSoftmaxPrimitive, x, axis);
}
