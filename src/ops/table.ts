/** The primitive table: every row the engine is built from. Tests and devices are generated from it. */
import type { Operator } from '../../kernels/elementwise/index.ts';
import { fillPrimitive, inputLeaf, iotaPrimitive, randomPrimitive, variableLeaf } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { broadcastPrimitive, reshapePrimitive, sumPrimitive } from './broadcast.ts';
import {
  conv2dInputGradientPrimitive,
  conv2dPrimitive,
  conv2dWeightGradientPrimitive,
} from './convolution.ts';
import * as elementwise from './elementwise.ts';
import { gatherPrimitive, scatterAddPrimitive } from './indexing.ts';
import { linearRecurrencePrimitive } from './linear-recurrence.ts';
import { matmulPrimitive } from './matmul.ts';
import {
  concatPrimitive,
  flipPrimitive,
  padPrimitive,
  permutePrimitive,
  slicePrimitive,
} from './movement.ts';
import { argSortPrimitive } from './ordering.ts';
import {
  maxPool2dInputGradientPrimitive,
  maxPool2dPrimitive,
  sumPool2dInputGradientPrimitive,
  sumPool2dPrimitive,
} from './pooling.ts';
import { cumulativeProductPrimitive } from './products.ts';
import { gruGradientPrimitive, gruPrimitive, lstmGradientPrimitive, lstmPrimitive } from './recurrent.ts';
import { argMaxPrimitive, cumulativeSumPrimitive, maxPrimitive } from './reduce.ts';
import { scanPrimitive } from './scan-primitive.ts';
import { logSoftmaxPrimitive, softmaxPrimitive } from './softmax.ts';

/** Every operator of the kernel has an operation of its name, and none that there is not can be asked for. */
elementwise satisfies { readonly [Name in Operator]: { readonly primitive: { readonly name: Name } } };

const elementwisePrimitives = Object.values(elementwise).flatMap((operation) =>
  'primitive' in operation ? [operation.primitive] : [],
);

/** Every primitive, leaves first. */
export const primitiveTable: readonly Primitive[] = [
  inputLeaf,
  variableLeaf,
  fillPrimitive,
  iotaPrimitive,
  randomPrimitive,
  ...elementwisePrimitives,
  sumPrimitive,
  maxPrimitive,
  argMaxPrimitive,
  cumulativeSumPrimitive,
  cumulativeProductPrimitive,
  argSortPrimitive,
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
  scanPrimitive,
  linearRecurrencePrimitive,
];
