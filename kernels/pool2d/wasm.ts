/** Two-dimensional pooling in WebAssembly: rows of results, four channels at a time. */
import { scatterAddWasm } from '../gather/wasm.ts';
import { sizeOf, type TensorSpec } from '../support/contract.ts';
import type { WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { Pool2dAttributes } from './index.ts';

export { maxPool2dWasm } from './wasm/maximum.ts';
export { sumPool2dInputGradientWasm, sumPool2dWasm } from './wasm/sum.ts';

/** dX [N,H,W,C] from dY and index [N,OH,OW,C]: to add at indices is what scatterAdd does, and does fast. */
export const maxPool2dInputGradientWasm: WasmKernel<Pool2dAttributes> = ({ inputs, outputs }, target) => {
  const flat = ({ shape, dtype }: TensorSpec): TensorSpec => ({ shape: [sizeOf(shape)], dtype });
  const call = { inputs: inputs.map(flat), outputs: outputs.map(flat), attributes: { axis: 0 } };
  return scatterAddWasm(call, target);
};
