/** The gpu version of every kernel, by name. A kernel without one does not compile into this table. */
import { concatGpu } from '../../../kernels/concat/gpu.ts';
import { concat } from '../../../kernels/concat/index.ts';
import { conv2dGpu, conv2dInputGradientGpu, conv2dWeightGradientGpu } from '../../../kernels/conv2d/gpu.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from '../../../kernels/conv2d/index.ts';
import { cumulativeSumGpu } from '../../../kernels/cumulative/gpu.ts';
import { cumulativeSum } from '../../../kernels/cumulative/index.ts';
import { elementwiseGpu } from '../../../kernels/elementwise/gpu.ts';
import { elementwise } from '../../../kernels/elementwise/index.ts';
import { gatherGpu, scatterAddGpu } from '../../../kernels/gather/gpu.ts';
import { gather, scatterAdd } from '../../../kernels/gather/index.ts';
import { gruGpu, gruGradientGpu } from '../../../kernels/gru/gpu.ts';
import { gru, gruGradient } from '../../../kernels/gru/index.ts';
import { iotaGpu } from '../../../kernels/iota/gpu.ts';
import { iota } from '../../../kernels/iota/index.ts';
import { lstmGpu, lstmGradientGpu } from '../../../kernels/lstm/gpu.ts';
import { lstm, lstmGradient } from '../../../kernels/lstm/index.ts';
import { matmulGpu } from '../../../kernels/matmul/gpu.ts';
import { matmul } from '../../../kernels/matmul/index.ts';
import { padGpu } from '../../../kernels/pad/gpu.ts';
import { pad } from '../../../kernels/pad/index.ts';
import {
  maxPool2dGpu,
  maxPool2dInputGradientGpu,
  sumPool2dGpu,
  sumPool2dInputGradientGpu,
} from '../../../kernels/pool2d/gpu.ts';
import {
  maxPool2d,
  maxPool2dInputGradient,
  sumPool2d,
  sumPool2dInputGradient,
} from '../../../kernels/pool2d/index.ts';
import { randomGpu } from '../../../kernels/random/gpu.ts';
import { random } from '../../../kernels/random/index.ts';
import { reduceGpu } from '../../../kernels/reduce/gpu.ts';
import { reduce } from '../../../kernels/reduce/index.ts';
import { logSoftmaxGpu, softmaxGpu } from '../../../kernels/softmax/gpu.ts';
import { logSoftmax, softmax } from '../../../kernels/softmax/index.ts';
import { argSortGpu } from '../../../kernels/sort/gpu.ts';
import { argSort } from '../../../kernels/sort/index.ts';
import type { KernelCall, KernelContract } from '../../../kernels/support/contract.ts';
import type { GpuKernel, GpuKernelCode, GpuTarget } from '../../../kernels/support/gpu/gpu-kernel.ts';

const kernels = new Map<string, GpuKernel>();

/** Keeps a contract and its implementation to the same attributes. */
function add<Attributes extends object>(
  contract: KernelContract<Attributes>,
  kernel: GpuKernel<Attributes>,
): void {
  kernels.set(contract.name, (call, target) =>
    kernel({ ...call, attributes: call.attributes as Attributes }, target),
  );
}

add(argSort, argSortGpu);
add(concat, concatGpu);
add(conv2d, conv2dGpu);
add(conv2dInputGradient, conv2dInputGradientGpu);
add(conv2dWeightGradient, conv2dWeightGradientGpu);
add(cumulativeSum, cumulativeSumGpu);
add(elementwise, elementwiseGpu);
add(gather, gatherGpu);
add(scatterAdd, scatterAddGpu);
add(iota, iotaGpu);
add(gru, gruGpu);
add(gruGradient, gruGradientGpu);
add(lstm, lstmGpu);
add(lstmGradient, lstmGradientGpu);
add(matmul, matmulGpu);
add(pad, padGpu);
add(maxPool2d, maxPool2dGpu);
add(maxPool2dInputGradient, maxPool2dInputGradientGpu);
add(sumPool2d, sumPool2dGpu);
add(sumPool2dInputGradient, sumPool2dInputGradientGpu);
add(random, randomGpu);
add(reduce, reduceGpu);
add(logSoftmax, logSoftmaxGpu);
add(softmax, softmaxGpu);

/** The passes of one call of a kernel. */
export function gpuKernelCode(name: string, call: KernelCall, target: GpuTarget): GpuKernelCode {
  const kernel = kernels.get(name);
  if (kernel) return kernel(call, target);
  throw new Error(`the gpu device has no kernel "${name}"`);
}

/** Every kernel the device has. */
export function gpuKernelNames(): string[] {
  return [...kernels.keys()];
}
