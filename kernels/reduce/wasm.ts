/**
 * The fused reduction as WebAssembly: vectors lie along a reduced axis (wasm/rows.ts) or along a kept one
 * (wasm/columns.ts), whichever is contiguous in memory. Few results over much input are computed in blocks (wasm/blocks.ts), which a second stage combines.
 */

import { type Axis, type Space, spaceOf } from '../elementwise/wasm/iteration-space.ts';
import { bytesPerElement, type DType, type KernelCall, sizeOf } from '../support/contract.ts';
import { i32 } from '../support/wasm/assembler/index.ts';
import type { WasmKernel, WasmKernelCode } from '../support/wasm/wasm-kernel.ts';
import type { ReduceAttributes } from './index.ts';
import { alongColumns } from './wasm/columns.ts';
import { alongRows } from './wasm/rows.ts';
import { laneAccumulator } from './wasm/vector-accumulators.ts';

/** See the contract. */
export const reduceWasm: WasmKernel<ReduceAttributes> = (call, target) => {
  const { attributes } = call;
  const { shape, axes, loads, instructions, value } = attributes;
  const results = sizeOf(call.outputs[0].shape);
  if (results === 0) return { stages: [] };
  const dtype = [...loads, ...instructions][value].dtype;
  const outputBytes = bytesPerElement[call.outputs[0].dtype];
  if (sizeOf(shape) === 0) return ofNothing(call, dtype);
  const space = spaceOf(attributes, axes);
  const reduction = { attributes, target, dtype, outputBytes, results, space };
  return runsAlongColumns(space) ? alongColumns(reduction) : alongRows(reduction);
};

/** Whether vectors are to lie along the last kept axis, instead of the last reduced one. */
function runsAlongColumns({ axes, loads }: Space): boolean {
  const kept = axes.filter((axis) => axis.kept).at(-1);
  const reduced = axes.filter((axis) => !axis.kept).at(-1);
  if (!kept || !reduced) return kept !== undefined;
  const contiguous = ({ strides }: Axis): number =>
    strides.filter((stride, load) => loads[load].kind === 'walked' && Math.abs(stride) <= 1).length;
  const difference = contiguous(kept) - contiguous(reduced);
  // Otherwise the innermost, as it is the nearer one in memory.
  if (difference === 0 || kept.length < 4) return axes[axes.length - 1] === kept;
  return difference > 0;
}

/** Reductions of no values. */
function ofNothing({ attributes, outputs }: KernelCall<ReduceAttributes>, dtype: DType): WasmKernelCode {
  const bytes = bytesPerElement[outputs[0].dtype];
  return {
    stages: [
      {
        items: sizeOf(outputs[0].shape),
        elementsPerItem: 1,
        write: (f, { first, end }, { outputs: [output] }) => {
          const result = laneAccumulator(f, attributes.operator, dtype);
          result.start();
          f.for(first, end, 1, (item) => result.storeTotal(i32.add(output, i32.multiply(item, bytes))));
        },
      },
    ],
  };
}
