/** The primitive table: every row the engine is built from. Tests and devices are generated from it. */
import { fillPrimitive, inputLeaf, iotaPrimitive, randomPrimitive, variableLeaf } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { broadcastPrimitive, reshapePrimitive, sumPrimitive } from './broadcast.ts';
import {
  conv2dInputGradientPrimitive,
  conv2dPrimitive,
  conv2dWeightGradientPrimitive,
} from './convolution.ts';
import { binary, castPrimitive, stopGradientPrimitive, unary, wherePrimitive } from './elementwise.ts';
import { gatherPrimitive, scatterAddPrimitive } from './indexing.ts';
import { matmulPrimitive } from './matmul.ts';
import {
  concatPrimitive,
  flipPrimitive,
  padPrimitive,
  permutePrimitive,
  slicePrimitive,
} from './movement.ts';
import {
  maxPool2dInputGradientPrimitive,
  maxPool2dPrimitive,
  sumPool2dInputGradientPrimitive,
  sumPool2dPrimitive,
} from './pooling.ts';
import { gruGradientPrimitive, gruPrimitive, lstmGradientPrimitive, lstmPrimitive } from './recurrent.ts';
import { argMaxPrimitive, cumulativeSumPrimitive, maxPrimitive } from './reduce.ts';
import { logSoftmaxPrimitive, softmaxPrimitive } from './softmax.ts';

/** Every primitive, leaves first. */
export const primitiveTable: readonly Primitive[] = [
  inputLeaf,
  variableLeaf,
  fillPrimitive,
  iotaPrimitive,
  randomPrimitive,
  ...Object.values(unary),
  ...Object.values(binary),
  wherePrimitive,
  castPrimitive,
  stopGradientPrimitive,
  sumPrimitive,
  maxPrimitive,
  argMaxPrimitive,
  cumulativeSumPrimitive,
  reshapePrimitive,
  permutePrimitive,
  broadcastPrimitive,
  slicePrimitive,
  padPrimitive,
  flipPrimitive,
  concatPrimitive,
  gatherPrimitive,
  scatterAddPrimitive,
  matmulPrimitive,
  conv2dPrimitive,
  conv2dInputGradientPrimitive,
  conv2dWeightGradientPrimitive,
  maxPool2dPrimitive,
  maxPool2dInputGradientPrimitive,
  sumPool2dPrimitive,
  sumPool2dInputGradientPrimitive,
  softmaxPrimitive,
  logSoftmaxPrimitive,
  lstmPrimitive,
  lstmGradientPrimitive,
  gruPrimitive,
  gruGradientPrimitive,
];
