/**
 * Two-dimensional pooling in WebAssembly. A result is made of a rectangle of its source: of the pixels of a window, or of
 * the windows that cover a pixel.
 *
 *     for image, row                                    // items: rows of the result
 *       for column
 *         for channel = 0; channel < C; channel += 4      // four lanes
 *           for sourceRow in the rectangle
 *             for sourceColumn in the rectangle
 *               lanes ∘= source[image, sourceRow, sourceColumn, channel … channel + 3]
 *
 * These loops, over any rectangle, are in wasm/pooled-rows.ts. Windows that touch no padding all look alike: for them the
 * two inner loops are written out (wasm/whole-windows.ts).
 */
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
