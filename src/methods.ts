/** The methods of tensors: each hands over to the function of the operation. */
import { backward } from './autograd/grad.ts';
import { elu, gelu, leakyRelu, relu, silu, softplus } from './ops/activations.ts';
import { broadcastTo, reshape, sum } from './ops/broadcast.ts';
import * as elementwise from './ops/elementwise.ts';
import { gather, oneHot, takeAlongAxis } from './ops/indexing.ts';
import { matmul } from './ops/matmul.ts';
import { expandDims, flip, pad, permute, slice, split, squeeze, tile, transpose } from './ops/movement.ts';
import { argMax, argMin, cumulativeSum, logSumExp, max, mean, min, norm, variance } from './ops/reduce.ts';
import { logSoftmax, softmax } from './ops/softmax.ts';
import type { TensorMethods } from './tensor/methods.ts';
import type { Shape } from './tensor/shape.ts';
import type { Tensor } from './tensor/tensor.ts';

/** A function of a tensor and more as a method of the tensor. */
function method<Rest extends unknown[], Result>(operation: (x: Tensor, ...rest: Rest) => Result) {
  return function (this: Tensor, ...rest: Rest): Result {
    return operation(this, ...rest);
  };
}

/** All methods, to be handed to the Tensor class once, by src/index.ts. */
export const tensorMethods: TensorMethods & ThisType<Tensor> = {
  add: method(elementwise.add),
  sub: method(elementwise.subtract),
  mul: method(elementwise.multiply),
  div: method(elementwise.divide),
  pow: method(elementwise.power),
  mod: method(elementwise.remainder),
  maximum: method(elementwise.maximum),
  minimum: method(elementwise.minimum),
  equal: method(elementwise.equal),
  notEqual: method(elementwise.notEqual),
  less: method(elementwise.less),
  lessEqual: method(elementwise.lessEqual),
  greater: method(elementwise.greater),
  greaterEqual: method(elementwise.greaterEqual),
  and: method(elementwise.logicalAnd),
  or: method(elementwise.logicalOr),
  not: method(elementwise.logicalNot),
  where: method(elementwise.where),
  neg: method(elementwise.negate),
  abs: method(elementwise.abs),
  sign: method(elementwise.sign),
  floor: method(elementwise.floor),
  ceil: method(elementwise.ceil),
  round: method(elementwise.round),
  exp: method(elementwise.exp),
  log: method(elementwise.log),
  sqrt: method(elementwise.sqrt),
  rsqrt: method(elementwise.rsqrt),
  reciprocal: method(elementwise.reciprocal),
  square: method(elementwise.square),
  sin: method(elementwise.sin),
  cos: method(elementwise.cos),
  erf: method(elementwise.erf),
  clamp: method(elementwise.clamp),
  sigmoid: method(elementwise.sigmoid),
  tanh: method(elementwise.tanh),
  relu: method(relu),
  leakyRelu: method(leakyRelu),
  elu: method(elu),
  gelu: method(gelu),
  silu: method(silu),
  softplus: method(softplus),
  sum: method(sum),
  mean: method(mean),
  variance: method(variance),
  norm: method(norm),
  max: method(max),
  min: method(min),
  argMax: method(argMax),
  argMin: method(argMin),
  cumulativeSum: method(cumulativeSum),
  logSumExp: method(logSumExp),
  softmax: method(softmax),
  logSoftmax: method(logSoftmax),
  matmul: method(matmul),
  reshape(...shape: number[] | [Shape]): Tensor {
    return reshape(this, typeof shape[0] === 'object' ? shape[0] : (shape as number[]));
  },
  permute(...order: number[]): Tensor {
    return permute(this, order);
  },
  transpose: method(transpose),
  broadcastTo: method(broadcastTo),
  squeeze: method(squeeze),
  expandDims: method(expandDims),
  slice: method(slice),
  pad: method(pad),
  flip: method(flip),
  tile: method(tile),
  split: method(split),
  gather: method(gather),
  takeAlongAxis: method(takeAlongAxis),
  oneHot: method(oneHot),
  cast: method(elementwise.cast),
  stopGradient: method(elementwise.stopGradient),
  backward: method(backward),
};
