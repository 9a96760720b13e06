/** The gpu version of every kernel of index.ts: a table of its own, since only programs that use a GPU load it. */
import { concatGpu } from './concat/gpu.ts';
import { conv2dGpu, conv2dInputGradientGpu, conv2dWeightGradientGpu } from './conv2d/gpu.ts';
import { cumulativeGpu } from './cumulative/gpu.ts';
import { elementwiseGpu } from './elementwise/gpu.ts';
import { gatherGpu, scatterAddGpu } from './gather/gpu.ts';
import { gruGpu, gruGradientGpu } from './gru/gpu.ts';
import type { Kernel, KernelName, kernels } from './index.ts';
import { iotaGpu } from './iota/gpu.ts';
import { linearRecurrenceGpu } from './linear-recurrence/gpu.ts';
import { lstmGpu, lstmGradientGpu } from './lstm/gpu.ts';
import { matmulGpu } from './matmul/gpu.ts';
import { padGpu } from './pad/gpu.ts';
import {
  maxPool2dGpu,
  maxPool2dInputGradientGpu,
  sumPool2dGpu,
  sumPool2dInputGradientGpu,
} from './pool2d/gpu.ts';
import { randomGpu } from './random/gpu.ts';
import { reduceGpu } from './reduce/gpu.ts';
import { logSoftmaxGpu, softmaxGpu } from './softmax/gpu.ts';
import { argSortGpu } from './sort/gpu.ts';
import type { KernelContract } from './support/contract.ts';
import type { GpuKernel } from './support/gpu/gpu-kernel.ts';

type AttributesOf<Name extends KernelName> =
  (typeof kernels)[Name] extends Kernel<infer Attributes> ? Attributes : never;

const gpuVersions: { readonly [Name in KernelName]: GpuKernel<AttributesOf<Name>> } = {
  argSort: argSortGpu,
  concat: concatGpu,
  conv2d: conv2dGpu,
  conv2dInputGradient: conv2dInputGradientGpu,
  conv2dWeightGradient: conv2dWeightGradientGpu,
  cumulative: cumulativeGpu,
  elementwise: elementwiseGpu,
  gather: gatherGpu,
  scatterAdd: scatterAddGpu,
  gru: gruGpu,
  gruGradient: gruGradientGpu,
  iota: iotaGpu,
  linearRecurrence: linearRecurrenceGpu,
  lstm: lstmGpu,
  lstmGradient: lstmGradientGpu,
  matmul: matmulGpu,
  pad: padGpu,
  maxPool2d: maxPool2dGpu,
  maxPool2dInputGradient: maxPool2dInputGradientGpu,
  sumPool2d: sumPool2dGpu,
  sumPool2dInputGradient: sumPool2dInputGradientGpu,
  random: randomGpu,
  reduce: reduceGpu,
  logSoftmax: logSoftmaxGpu,
  softmax: softmaxGpu,
};

/** The gpu version of the kernel with a contract. */
export function gpuVersionOf({ name }: KernelContract): GpuKernel {
  return gpuVersions[name as KernelName] as GpuKernel;
}
