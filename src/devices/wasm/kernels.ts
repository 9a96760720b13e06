/** The wasm version of every kernel, by name. A kernel without one does not compile into this table. */
import { concat } from '../../../kernels/concat/index.ts';
import { concatWasm } from '../../../kernels/concat/wasm.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from '../../../kernels/conv2d/index.ts';
import {
  conv2dInputGradientWasm,
  conv2dWasm,
  conv2dWeightGradientWasm,
} from '../../../kernels/conv2d/wasm.ts';
import { cumulativeSum } from '../../../kernels/cumulative/index.ts';
import { cumulativeSumWasm } from '../../../kernels/cumulative/wasm.ts';
import { elementwise } from '../../../kernels/elementwise/index.ts';
import { elementwiseWasm } from '../../../kernels/elementwise/wasm.ts';
import { gather, scatterAdd } from '../../../kernels/gather/index.ts';
import { gatherWasm, scatterAddWasm } from '../../../kernels/gather/wasm.ts';
import { gru, gruGradient } from '../../../kernels/gru/index.ts';
import { gruGradientWasm, gruWasm } from '../../../kernels/gru/wasm.ts';
import { iota } from '../../../kernels/iota/index.ts';
import { iotaWasm } from '../../../kernels/iota/wasm.ts';
import { lstm, lstmGradient } from '../../../kernels/lstm/index.ts';
import { lstmGradientWasm, lstmWasm } from '../../../kernels/lstm/wasm.ts';
import { matmul } from '../../../kernels/matmul/index.ts';
import { matmulWasm } from '../../../kernels/matmul/wasm.ts';
import { pad } from '../../../kernels/pad/index.ts';
import { padWasm } from '../../../kernels/pad/wasm.ts';
import {
  maxPool2d,
  maxPool2dInputGradient,
  sumPool2d,
  sumPool2dInputGradient,
} from '../../../kernels/pool2d/index.ts';
import {
  maxPool2dInputGradientWasm,
  maxPool2dWasm,
  sumPool2dInputGradientWasm,
  sumPool2dWasm,
} from '../../../kernels/pool2d/wasm.ts';
import { random } from '../../../kernels/random/index.ts';
import { randomWasm } from '../../../kernels/random/wasm.ts';
import { reduce } from '../../../kernels/reduce/index.ts';
import { reduceWasm } from '../../../kernels/reduce/wasm.ts';
import { logSoftmax, softmax } from '../../../kernels/softmax/index.ts';
import { logSoftmaxWasm, softmaxWasm } from '../../../kernels/softmax/wasm.ts';
import { argSort } from '../../../kernels/sort/index.ts';
import { argSortWasm } from '../../../kernels/sort/wasm.ts';
import type { KernelCall, KernelContract } from '../../../kernels/support/contract.ts';
import type { Target } from '../../../kernels/support/wasm/assembler/index.ts';
import type { WasmKernel, WasmKernelCode } from '../../../kernels/support/wasm/wasm-kernel.ts';

const kernels = new Map<string, WasmKernel>();

/** Keeps a contract and its implementation to the same attributes. */
function add<Attributes extends object>(
  contract: KernelContract<Attributes>,
  kernel: WasmKernel<Attributes>,
): void {
  kernels.set(contract.name, (call, target) =>
    kernel({ ...call, attributes: call.attributes as Attributes }, target),
  );
}

add(argSort, argSortWasm);
add(concat, concatWasm);
add(conv2d, conv2dWasm);
add(conv2dInputGradient, conv2dInputGradientWasm);
add(conv2dWeightGradient, conv2dWeightGradientWasm);
add(cumulativeSum, cumulativeSumWasm);
add(elementwise, elementwiseWasm);
add(gather, gatherWasm);
add(scatterAdd, scatterAddWasm);
add(gru, gruWasm);
add(gruGradient, gruGradientWasm);
add(iota, iotaWasm);
add(lstm, lstmWasm);
add(lstmGradient, lstmGradientWasm);
add(matmul, matmulWasm);
add(pad, padWasm);
add(maxPool2d, maxPool2dWasm);
add(maxPool2dInputGradient, maxPool2dInputGradientWasm);
add(sumPool2d, sumPool2dWasm);
add(sumPool2dInputGradient, sumPool2dInputGradientWasm);
add(random, randomWasm);
add(reduce, reduceWasm);
add(logSoftmax, logSoftmaxWasm);
add(softmax, softmaxWasm);

/** The code of one call of a kernel. */
export function wasmKernelCode(name: string, call: KernelCall, target: Target): WasmKernelCode {
  const kernel = kernels.get(name);
  if (kernel) return kernel(call, target);
  throw new Error(`the wasm device has no kernel "${name}"`);
}

/** Every kernel the device has. */
export function wasmKernelNames(): string[] {
  return [...kernels.keys()];
}
