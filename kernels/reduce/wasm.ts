/**
 * The fused reduction as WebAssembly. Vectors lie along the innermost axis, and the axes are put into the order that
 * serves best:
 *
 *     a reduced axis innermost (innermost-reduced.ts): four lanes fold values of one result, and are folded at its end
 *     a kept axis innermost (innermost-kept.ts):       four lanes are four results
 *
 * The innermost axis is the last reduced one or the last kept one: that along which more loads have a stride of −1, 0 or 1. If
 * as many have, or if the kept axis has less than four indices, it is the one that is the last of the space.
 *
 *     sum over axis 1 of [1000, 10]    strides: kept 10, reduced 1     reduced innermost
 *     sum over axis 0 of [1000, 10]    strides: kept 1, reduced 10     kept innermost
 *
 * Few results of many values are computed in blocks, which a second stage combines (row-blocks.ts).
 */
import { registerTypes } from '../elementwise/index.ts';
import { iterationSpaceOf, type Space, type SpaceAxis } from '../elementwise/wasm/iteration-space.ts';
import { bytesPerElement, type DType, type KernelCall, sizeOf } from '../support/contract.ts';
import { i32 } from '../support/wasm/assembler/index.ts';
import type { WasmKernel, WasmKernelCode } from '../support/wasm/wasm-kernel.ts';
import type { ReduceAttributes } from './index.ts';
import { keptInnermost } from './wasm/innermost-kept.ts';
import { reducedInnermost } from './wasm/innermost-reduced.ts';
import { laneReductions } from './wasm/lane-reductions.ts';

/** See the contract. */
export const reduceWasm: WasmKernel<ReduceAttributes> = (call, target) => {
  const { attributes } = call;
  const { shape, axes, value } = attributes;
  const results = sizeOf(call.outputs[0].shape);
  if (results === 0) return { stages: [] };
  const dtype = registerTypes(attributes)[value];
  const outputBytes = bytesPerElement[call.outputs[0].dtype];
  if (sizeOf(shape) === 0) return ofNothing(call, dtype);
  const space = iterationSpaceOf(attributes, axes);
  const operator = laneReductions[attributes.operator];
  const reduction = { attributes, operator, target, dtype, outputBytes, results, space };
  const columnAxis = columnAxisOf(space);
  return columnAxis ? keptInnermost(reduction, columnAxis) : reducedInnermost(reduction);
};

/** The last kept axis, if it is to be the innermost one, instead of the last reduced one. */
function columnAxisOf({ axes, loads }: Space): SpaceAxis | undefined {
  const kept = axes.filter((axis) => axis.kept).at(-1);
  const reduced = axes.filter((axis) => !axis.kept).at(-1);
  if (!kept || !reduced) return kept;
  // A stride of 0 is as good: one element serves a whole vector.
  const nearby = ({ strides }: SpaceAxis): number =>
    strides.filter((stride, load) => loads[load].kind === 'walked' && Math.abs(stride) <= 1).length;
  const difference = nearby(kept) - nearby(reduced);
  // Otherwise the innermost, as it is the nearer one in memory.
  const isKept = difference === 0 || kept.length < 4 ? axes[axes.length - 1] === kept : difference > 0;
  return isKept ? kept : undefined;
}

/** Reductions of no values: what an accumulator starts with. */
function ofNothing({ attributes, outputs }: KernelCall<ReduceAttributes>, dtype: DType): WasmKernelCode {
  const bytes = bytesPerElement[outputs[0].dtype];
  return {
    stages: [
      {
        items: sizeOf(outputs[0].shape),
        elementsPerItem: 1,
        write: (f, { first, end }, { outputs: [output] }) => {
          const result = laneReductions[attributes.operator].accumulator(f, dtype);
          result.start();
          f.for(first, end, 1, (item) => result.storeTotal(i32.add(output, i32.multiply(item, bytes))));
        },
      },
    ],
  };
}
