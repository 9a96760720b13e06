/** The elementwise kernel with a program of one operator on float32, on cpu and wasm. */
import { elementwiseCpu } from '../../../kernels/elementwise/cpu.ts';
import type { ElementwiseAttributes, Instruction } from '../../../kernels/elementwise/index.ts';
import { comparisonOperators } from '../../../kernels/elementwise/operators/index.ts';
import { elementwiseWasm } from '../../../kernels/elementwise/wasm.ts';
import {
  allocate,
  type DType,
  type KernelCall,
  type NumericArray,
} from '../../../kernels/support/contract.ts';
import type { Target } from '../../../kernels/support/wasm/assembler/index.ts';
import type { FloatOperator } from '../../support/accuracy.ts';
import { specOf } from './run.ts';
import { runWasmKernel } from './wasm.ts';

function callOf({ name, isBinary }: FloatOperator, length: number): KernelCall<ElementwiseAttributes> {
  const dtype: DType = name in comparisonOperators ? 'bool' : 'float32';
  const inputs = isBinary ? [0, 1] : [0];
  const instruction = { operator: name, a: 0, ...(isBinary ? { b: 1 } : {}), dtype } as Instruction;
  return {
    inputs: inputs.map(() => specOf([length])),
    outputs: [specOf([length], dtype)],
    attributes: {
      shape: [length],
      loads: inputs.map((input) => ({ input, view: { offset: 0, strides: [1] }, dtype: 'float32' })),
      instructions: [instruction],
      stores: [inputs.length],
    },
  };
}

export function runOnCpu(operator: FloatOperator, operands: readonly Float32Array[]): NumericArray {
  const call = callOf(operator, operands[0].length);
  const output = allocate(call.outputs[0].dtype, operands[0].length);
  elementwiseCpu(call)(operands, [output], new Float32Array(0));
  return output;
}

export function runOnWasm(
  operator: FloatOperator,
  operands: readonly Float32Array[],
  target: Target,
): NumericArray {
  return runWasmKernel(elementwiseWasm, callOf(operator, operands[0].length), operands, { target })[0];
}
