/** The elementwise kernel in plain loops: evaluate a block of the program, store its outputs, go on. */
import type { CpuKernel, NumericArray } from '../support/contract.ts';
import { BlockEvaluator, blockSize, registerTypes } from './cpu/block-evaluator.ts';
import { copyLoop } from './cpu/instruction-loops.ts';
import type { ElementwiseAttributes } from './index.ts';

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
  const copies = stores.map((register) => copyLoop(types[register]));
  /** Which outputs are stored at the end of each block, because their register could not be computed in place. */
  const deferred = stores.map(() => false);

  return (inputs, outputs) => {
    if (evaluator.size === 0) return;
    evaluator.begin(inputs);
    for (let i = 0; i < stores.length; i++) {
      // An output that shares memory with an input waits until all of the block has been read.
      deferred[i] = overlapsAny(outputs[i], inputs) || !evaluator.computeInto(stores[i], outputs[i]);
    }
    const { arrays, offsets } = evaluator;
    for (let base = 0; base < evaluator.size; base += blockSize) {
      const count = Math.min(blockSize, evaluator.size - base);
      evaluator.evaluate(base, count);
      for (let i = 0; i < stores.length; i++) {
        if (!deferred[i]) continue;
        const array = arrays[stores[i]];
        const at = offsets[stores[i]];
        copies[i](count, outputs[i], base, array, at, array, at, array, at);
      }
    }
    evaluator.end();
  };
};
