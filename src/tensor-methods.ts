/** The methods of tensors: each hands over to the function of the operation. */
import { backward } from './autograd/grad.ts';
import { OptionError } from './errors.ts';
import { elu, gelu, leakyRelu, relu, silu, softplus } from './ops/activations.ts';
import { broadcastTo, reshape, sum } from './ops/broadcast.ts';
import * as elementwise from './ops/elementwise.ts';
import { gather, oneHot, takeAlongAxis } from './ops/indexing.ts';
import { matmul } from './ops/matmul.ts';
import { expandDims, flip, pad, permute, slice, split, squeeze, tile, transpose } from './ops/movement.ts';
import { argMax, argMin, cumulativeSum, logSumExp, max, mean, min, norm, variance } from './ops/reduce.ts';
import { logSoftmax, softmax } from './ops/softmax.ts';
import type { TensorMethods } from './tensor/method-types.ts';
import { inScope } from './tensor/scope.ts';
import type { Shape } from './tensor/shape.ts';
import type { Tensor } from './tensor/tensor.ts';

/**
 * A function of a tensor and more as a method of the tensor, which takes no more than `most` arguments: one too many was
 * meant to do something, `x.squeeze(0, 1)` for example. (Functions let it pass as JavaScript does, for `list.map(relu)`
 * gives them three.)
 */
function method<Rest extends unknown[], Result>(
  name: keyof TensorMethods,
  operation: (x: Tensor, ...rest: Rest) => Result,
  most: Rest['length'],
) {
  return function (this: Tensor, ...rest: Rest): Result {
    if (rest.length <= most) return operation(this, ...rest);
    throw new OptionError({
      where: inScope(name),
      got: `${rest.length} arguments`,
      expected: most === 0 ? 'none' : `at most ${most}`,
      cure: 'Several axes or lengths go into one array, options into one object.',
    });
  };
}

/** All methods, to be handed to the Tensor class once, by src/index.ts. */
export const tensorMethods: TensorMethods & ThisType<Tensor> = {
  add: method('add', elementwise.add, 1),
  sub: method('sub', elementwise.subtract, 1),
  mul: method('mul', elementwise.multiply, 1),
  div: method('div', elementwise.divide, 1),
  pow: method('pow', elementwise.power, 1),
  mod: method('mod', elementwise.remainder, 1),
  maximum: method('maximum', elementwise.maximum, 1),
  minimum: method('minimum', elementwise.minimum, 1),
  equal: method('equal', elementwise.equal, 1),
  notEqual: method('notEqual', elementwise.notEqual, 1),
  less: method('less', elementwise.less, 1),
  lessEqual: method('lessEqual', elementwise.lessEqual, 1),
  greater: method('greater', elementwise.greater, 1),
  greaterEqual: method('greaterEqual', elementwise.greaterEqual, 1),
  and: method('and', elementwise.logicalAnd, 1),
  or: method('or', elementwise.logicalOr, 1),
  not: method('not', elementwise.logicalNot, 0),
  where: method('where', elementwise.where, 2),
  neg: method('neg', elementwise.negate, 0),
  abs: method('abs', elementwise.abs, 0),
  sign: method('sign', elementwise.sign, 0),
  floor: method('floor', elementwise.floor, 0),
  ceil: method('ceil', elementwise.ceil, 0),
  round: method('round', elementwise.round, 0),
  exp: method('exp', elementwise.exp, 0),
  log: method('log', elementwise.log, 0),
  sqrt: method('sqrt', elementwise.sqrt, 0),
  rsqrt: method('rsqrt', elementwise.rsqrt, 0),
  reciprocal: method('reciprocal', elementwise.reciprocal, 0),
  square: method('square', elementwise.square, 0),
  sin: method('sin', elementwise.sin, 0),
  cos: method('cos', elementwise.cos, 0),
  erf: method('erf', elementwise.erf, 0),
  clamp: method('clamp', elementwise.clamp, 2),
  sigmoid: method('sigmoid', elementwise.sigmoid, 0),
  tanh: method('tanh', elementwise.tanh, 0),
  relu: method('relu', relu, 0),
  leakyRelu: method('leakyRelu', leakyRelu, 1),
  elu: method('elu', elu, 1),
  gelu: method('gelu', gelu, 0),
  silu: method('silu', silu, 0),
  softplus: method('softplus', softplus, 0),
  sum: method('sum', sum, 2),
  mean: method('mean', mean, 2),
  variance: method('variance', variance, 2),
  norm: method('norm', norm, 2),
  max: method('max', max, 2),
  min: method('min', min, 2),
  argMax: method('argMax', argMax, 1),
  argMin: method('argMin', argMin, 1),
  cumulativeSum: method('cumulativeSum', cumulativeSum, 2),
  logSumExp: method('logSumExp', logSumExp, 2),
  softmax: method('softmax', softmax, 1),
  logSoftmax: method('logSoftmax', logSoftmax, 1),
  matmul: method('matmul', matmul, 1),
  reshape(...shape: number[] | [Shape]): Tensor {
    return reshape(this, shape.length === 1 && Array.isArray(shape[0]) ? shape[0] : (shape as number[]));
  },
  permute(...order: number[]): Tensor {
    return permute(this, order);
  },
  transpose: method('transpose', transpose, 2),
  broadcastTo: method('broadcastTo', broadcastTo, 1),
  squeeze: method('squeeze', squeeze, 1),
  expandDims: method('expandDims', expandDims, 1),
  slice: method('slice', slice, Number.POSITIVE_INFINITY),
  pad: method('pad', pad, 2),
  flip: method('flip', flip, 1),
  tile: method('tile', tile, 1),
  split: method('split', split, 2),
  gather: method('gather', gather, 2),
  takeAlongAxis: method('takeAlongAxis', takeAlongAxis, 2),
  oneHot: method('oneHot', oneHot, 2),
  cast: method('cast', elementwise.cast, 1),
  stopGradient: method('stopGradient', elementwise.stopGradient, 0),
  backward: method('backward', backward, 1),
};
