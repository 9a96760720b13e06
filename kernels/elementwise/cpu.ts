/** The elementwise kernel in plain loops: evaluate a block of the program, store its outputs, go on. */
import type { CpuKernel, NumericArray } from '../support/contract.ts';
import { BlockEvaluator } from './cpu/block-evaluator.ts';
import { copyLoop } from './cpu/instruction-loops.ts';
import { type ElementwiseAttributes, registerTypes } from './index.ts';

function overlapsAny(output: NumericArray, inputs: readonly NumericArray[]): boolean {
  const { buffer, byteOffset: start } = output;
  const end = start + output.byteLength;
  for (const input of inputs) {
    if (input === output) return true;
    if (input.buffer !== buffer) continue;
    if (input.byteOffset < end && start < input.byteOffset + input.byteLength) return true;
  }
  return false;
}

export const elementwiseCpu: CpuKernel<ElementwiseAttributes> = ({ attributes }) => {
  const { stores } = attributes;
  const evaluator = new BlockEvaluator(attributes, stores);
  const types = registerTypes(attributes);
  const stored = stores.map((register) => ({
    register: evaluator.register(register),
    copy: copyLoop(types[register]),
  }));

  return (inputs, outputs) => {
    if (evaluator.size === 0) return;
    const storeBlock = (base: number, count: number): void => {
      stored.forEach(({ register: { array, offset }, copy }, output) => {
        if (array === outputs[output]) return;
        copy(count, outputs[output], base, array, offset, array, offset, array, offset);
      });
    };
    // An output that shares memory with an input waits until all of a block has been read.
    const apart = outputs.map((output) => (overlapsAny(output, inputs) ? undefined : output));
    evaluator.run(inputs, storeBlock, apart);
  };
};
