/** The cpu version of every kernel, by name. A kernel without one does not compile into this table. */
import { concatCpu } from '../../../kernels/concat/cpu.ts';
import { concat } from '../../../kernels/concat/index.ts';
import { conv2dCpu, conv2dInputGradientCpu, conv2dWeightGradientCpu } from '../../../kernels/conv2d/cpu.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from '../../../kernels/conv2d/index.ts';
import { cumulativeSumCpu } from '../../../kernels/cumulative/cpu.ts';
import { cumulativeSum } from '../../../kernels/cumulative/index.ts';
import { elementwiseCpu } from '../../../kernels/elementwise/cpu.ts';
import { elementwise } from '../../../kernels/elementwise/index.ts';
import { gatherCpu, scatterAddCpu } from '../../../kernels/gather/cpu.ts';
import { gather, scatterAdd } from '../../../kernels/gather/index.ts';
import { gruCpu, gruGradientCpu } from '../../../kernels/gru/cpu.ts';
import { gru, gruGradient } from '../../../kernels/gru/index.ts';
import { iotaCpu } from '../../../kernels/iota/cpu.ts';
import { iota } from '../../../kernels/iota/index.ts';
import { lstmCpu, lstmGradientCpu } from '../../../kernels/lstm/cpu.ts';
import { lstm, lstmGradient } from '../../../kernels/lstm/index.ts';
import { matmulCpu } from '../../../kernels/matmul/cpu.ts';
import { matmul } from '../../../kernels/matmul/index.ts';
import { padCpu } from '../../../kernels/pad/cpu.ts';
import { pad } from '../../../kernels/pad/index.ts';
import {
  maxPool2dCpu,
  maxPool2dInputGradientCpu,
  sumPool2dCpu,
  sumPool2dInputGradientCpu,
} from '../../../kernels/pool2d/cpu.ts';
import {
  maxPool2d,
  maxPool2dInputGradient,
  sumPool2d,
  sumPool2dInputGradient,
} from '../../../kernels/pool2d/index.ts';
import { randomCpu } from '../../../kernels/random/cpu.ts';
import { random } from '../../../kernels/random/index.ts';
import { reduceCpu } from '../../../kernels/reduce/cpu.ts';
import { reduce } from '../../../kernels/reduce/index.ts';
import { logSoftmaxCpu, softmaxCpu } from '../../../kernels/softmax/cpu.ts';
import { logSoftmax, softmax } from '../../../kernels/softmax/index.ts';
import { argSortCpu } from '../../../kernels/sort/cpu.ts';
import { argSort } from '../../../kernels/sort/index.ts';
import type { CpuKernel, KernelContract } from '../../../kernels/support/contract.ts';

const kernels = new Map<string, CpuKernel>();

/** Keeps a contract and its implementation to the same attributes. */
function add<Attributes extends object>(
  contract: KernelContract<Attributes>,
  kernel: CpuKernel<Attributes>,
): void {
  kernels.set(contract.name, (call) => kernel({ ...call, attributes: call.attributes as Attributes }));
}

add(argSort, argSortCpu);
add(concat, concatCpu);
add(conv2d, conv2dCpu);
add(conv2dInputGradient, conv2dInputGradientCpu);
add(conv2dWeightGradient, conv2dWeightGradientCpu);
add(cumulativeSum, cumulativeSumCpu);
add(elementwise, elementwiseCpu);
add(gather, gatherCpu);
add(scatterAdd, scatterAddCpu);
add(gru, gruCpu);
add(gruGradient, gruGradientCpu);
add(iota, iotaCpu);
add(lstm, lstmCpu);
add(lstmGradient, lstmGradientCpu);
add(matmul, matmulCpu);
add(pad, padCpu);
add(maxPool2d, maxPool2dCpu);
add(maxPool2dInputGradient, maxPool2dInputGradientCpu);
add(sumPool2d, sumPool2dCpu);
add(sumPool2dInputGradient, sumPool2dInputGradientCpu);
add(random, randomCpu);
add(reduce, reduceCpu);
add(logSoftmax, logSoftmaxCpu);
add(softmax, softmaxCpu);

/** The cpu version of a kernel. */
export function cpuKernel(name: string): CpuKernel {
  const kernel = kernels.get(name);
  if (kernel) return kernel;
  throw new Error(`the cpu device has no kernel "${name}"`);
}

/** Every kernel the device has. */
export function cpuKernelNames(): string[] {
  return [...kernels.keys()];
}
