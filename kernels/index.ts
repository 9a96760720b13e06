/**
 * Every kernel there is, a row each: its contract, and its version on the devices that are always there. The versions for
 * GPUs, which are loaded when one opens, are rows of gpu-versions.ts. A kernel that lacks a version, or has one for other
 * attributes than its contract's, does not compile.
 *
 * Only devices import these tables: everybody else needs no more than contracts.
 */
import { concatCpu } from './concat/cpu.ts';
import { concat } from './concat/index.ts';
import { concatWasm } from './concat/wasm.ts';
import { conv2dCpu, conv2dInputGradientCpu, conv2dWeightGradientCpu } from './conv2d/cpu.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from './conv2d/index.ts';
import { conv2dInputGradientWasm, conv2dWasm, conv2dWeightGradientWasm } from './conv2d/wasm.ts';
import { cumulativeCpu } from './cumulative/cpu.ts';
import { cumulative } from './cumulative/index.ts';
import { cumulativeWasm } from './cumulative/wasm.ts';
import { elementwiseCpu } from './elementwise/cpu.ts';
import { elementwise } from './elementwise/index.ts';
import { elementwiseWasm } from './elementwise/wasm.ts';
import { gatherCpu, scatterAddCpu } from './gather/cpu.ts';
import { gather, scatterAdd } from './gather/index.ts';
import { gatherWasm, scatterAddWasm } from './gather/wasm.ts';
import { gruCpu, gruGradientCpu } from './gru/cpu.ts';
import { gru, gruGradient } from './gru/index.ts';
import { gruGradientWasm, gruWasm } from './gru/wasm.ts';
import { iotaCpu } from './iota/cpu.ts';
import { iota } from './iota/index.ts';
import { iotaWasm } from './iota/wasm.ts';
import { linearRecurrenceCpu } from './linear-recurrence/cpu.ts';
import { linearRecurrence } from './linear-recurrence/index.ts';
import { linearRecurrenceWasm } from './linear-recurrence/wasm.ts';
import { lstmCpu, lstmGradientCpu } from './lstm/cpu.ts';
import { lstm, lstmGradient } from './lstm/index.ts';
import { lstmGradientWasm, lstmWasm } from './lstm/wasm.ts';
import { matmulCpu } from './matmul/cpu.ts';
import { matmul } from './matmul/index.ts';
import { matmulWasm } from './matmul/wasm.ts';
import { padCpu } from './pad/cpu.ts';
import { pad } from './pad/index.ts';
import { padWasm } from './pad/wasm.ts';
import {
  maxPool2dCpu,
  maxPool2dInputGradientCpu,
  sumPool2dCpu,
  sumPool2dInputGradientCpu,
} from './pool2d/cpu.ts';
import { maxPool2d, maxPool2dInputGradient, sumPool2d, sumPool2dInputGradient } from './pool2d/index.ts';
import {
  maxPool2dInputGradientWasm,
  maxPool2dWasm,
  sumPool2dInputGradientWasm,
  sumPool2dWasm,
} from './pool2d/wasm.ts';
import { randomCpu } from './random/cpu.ts';
import { random } from './random/index.ts';
import { randomWasm } from './random/wasm.ts';
import { reduceCpu } from './reduce/cpu.ts';
import { reduce } from './reduce/index.ts';
import { reduceWasm } from './reduce/wasm.ts';
import { logSoftmaxCpu, softmaxCpu } from './softmax/cpu.ts';
import { logSoftmax, softmax } from './softmax/index.ts';
import { logSoftmaxWasm, softmaxWasm } from './softmax/wasm.ts';
import { argSortCpu } from './sort/cpu.ts';
import { argSort } from './sort/index.ts';
import { argSortWasm } from './sort/wasm.ts';
import type { CpuKernel, KernelContract } from './support/contract.ts';
import type { WasmKernel } from './support/wasm/wasm-kernel.ts';

/** A row of the table. */
export interface Kernel<Attributes extends object = object> {
  readonly contract: KernelContract<Attributes>;
  readonly cpu: CpuKernel;
  readonly wasm: WasmKernel;
}

/** A row, held to the attributes of its contract: a call has those of the contract that it names. */
function kernel<Attributes extends object>(
  contract: KernelContract<Attributes>,
  cpu: CpuKernel<NoInfer<Attributes>>,
  wasm: WasmKernel<NoInfer<Attributes>>,
): Kernel<Attributes> {
  return { contract, cpu: cpu as CpuKernel, wasm: wasm as WasmKernel };
}

/** Each row by the name in its contract. */
export const kernels = {
  argSort: kernel(argSort, argSortCpu, argSortWasm),
  concat: kernel(concat, concatCpu, concatWasm),
  conv2d: kernel(conv2d, conv2dCpu, conv2dWasm),
  conv2dInputGradient: kernel(conv2dInputGradient, conv2dInputGradientCpu, conv2dInputGradientWasm),
  conv2dWeightGradient: kernel(conv2dWeightGradient, conv2dWeightGradientCpu, conv2dWeightGradientWasm),
  cumulative: kernel(cumulative, cumulativeCpu, cumulativeWasm),
  elementwise: kernel(elementwise, elementwiseCpu, elementwiseWasm),
  gather: kernel(gather, gatherCpu, gatherWasm),
  scatterAdd: kernel(scatterAdd, scatterAddCpu, scatterAddWasm),
  gru: kernel(gru, gruCpu, gruWasm),
  gruGradient: kernel(gruGradient, gruGradientCpu, gruGradientWasm),
  iota: kernel(iota, iotaCpu, iotaWasm),
  linearRecurrence: kernel(linearRecurrence, linearRecurrenceCpu, linearRecurrenceWasm),
  lstm: kernel(lstm, lstmCpu, lstmWasm),
  lstmGradient: kernel(lstmGradient, lstmGradientCpu, lstmGradientWasm),
  matmul: kernel(matmul, matmulCpu, matmulWasm),
  pad: kernel(pad, padCpu, padWasm),
  maxPool2d: kernel(maxPool2d, maxPool2dCpu, maxPool2dWasm),
  maxPool2dInputGradient: kernel(
    maxPool2dInputGradient,
    maxPool2dInputGradientCpu,
    maxPool2dInputGradientWasm,
  ),
  sumPool2d: kernel(sumPool2d, sumPool2dCpu, sumPool2dWasm),
  sumPool2dInputGradient: kernel(
    sumPool2dInputGradient,
    sumPool2dInputGradientCpu,
    sumPool2dInputGradientWasm,
  ),
  random: kernel(random, randomCpu, randomWasm),
  reduce: kernel(reduce, reduceCpu, reduceWasm),
  logSoftmax: kernel(logSoftmax, logSoftmaxCpu, logSoftmaxWasm),
  softmax: kernel(softmax, softmaxCpu, softmaxWasm),
};

export type KernelName = keyof typeof kernels;

/** The row of a contract. */
export function kernelOf({ name }: KernelContract): Kernel {
  const rows: Readonly<Record<string, Kernel | undefined>> = kernels;
  const row = rows[name];
  if (row) return row;
  throw new Error(`kernels/index.ts has no row ${name}`);
}
