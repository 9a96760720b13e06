/**
 * Rows that read or write at indices, at every step of a loop. Where each step has a table of its own, the tables lie
 * one behind the other as one of T times the length, and the indices of step t are moved by t lengths.
 */
import type { Pool2dAttributes } from '../../../kernels/pool2d/index.ts';
import { iotaPrimitive } from '../../tensor/leaves.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { apply, applyAll } from '../apply.ts';
import { reshape } from '../broadcast.ts';
import { add, greaterEqual, less, logicalOr, subtract, where } from '../elementwise.ts';
import { gatherPrimitive, scatterAddPrimitive } from '../indexing.ts';
import { permute } from '../movement.ts';
import { asStack, folded, foldedIntoBatch, foldedShape, type StepCall, shapeAtStep } from './step-call.ts';

/** t · length for the indices of step t, [T, 1, …]. */
function tableStarts(steps: number, length: number, rank: number): Tensor {
  const starts = apply(iotaPrimitive, [], { start: 0, step: length, length: steps, dtype: 'int32' });
  return reshape(starts, [steps, ...new Array<number>(rank - 1).fill(1)]);
}

/** Indices [T, …] into one table a step, as indices into all tables; what lies outside its own table becomes -1. */
function intoAllTables(indices: Tensor, steps: number, length: number): Tensor {
  const outside = logicalOr(less(indices, 0), greaterEqual(indices, length));
  return where(outside, -1, add(indices, tableStarts(steps, length, indices.rank)));
}

/**
 * One table: all indices at once, and the steps come to the front, which for axis 0 is where they are. The same indices in
 * every table: a gather along the next axis. Both stacked: along axis 0, where the tables are one.
 */
export function gatherAtSteps(call: StepCall<{ readonly axis: number }>): readonly Tensor[] | undefined {
  const { operands, attributes, steps } = call;
  const [table, indices] = operands;
  const { axis } = attributes;
  if (!table.stacked) {
    const found = apply(gatherPrimitive, [table.tensor, indices.tensor], { axis });
    const others = found.shape.map((_, k) => k).filter((k) => k !== axis);
    return [permute(found, [axis, ...others])];
  }
  if (!indices.stacked) {
    return [apply(gatherPrimitive, [table.tensor, indices.tensor], { ...attributes, axis: axis + 1 })];
  }
  if (axis !== 0) return undefined;
  const [length] = shapeAtStep(table);
  return [
    apply(gatherPrimitive, [folded(table, steps), intoAllTables(indices.tensor, steps, length)], { axis: 0 }),
  ];
}

type ScatterAttributes = { readonly axis: number; readonly length: number };

/** The same indices: along the next axis. Others at each step: along axis 0 into one table, updates in memory as they lie. */
export function scatterAddAtSteps(call: StepCall<ScatterAttributes>): readonly Tensor[] | undefined {
  const { operands, attributes, steps } = call;
  const [updates, indices] = operands;
  const { axis, length } = attributes;
  if (!indices.stacked) {
    return [apply(scatterAddPrimitive, [updates.tensor, indices.tensor], { axis: axis + 1, length })];
  }
  if (axis !== 0) return undefined;
  const all = apply(
    scatterAddPrimitive,
    [asStack(updates, steps), intoAllTables(indices.tensor, steps, length)],
    { axis: 0, length: steps * length },
  );
  return [reshape(all, [steps, length, ...all.shape.slice(1)])];
}

/** Σ over the steps: the steps are one more axis of the indices, whose updates are added up as it is. */
export function scatterAddSummedOverSteps({
  operands: [updates, indices],
  attributes,
  steps,
}: StepCall<ScatterAttributes>): Tensor | undefined {
  if (!indices.stacked || attributes.axis !== 0) return undefined;
  return apply(scatterAddPrimitive, [asStack(updates, steps), indices.tensor], attributes);
}

/** Positions count through all images of the kernel's batch: those of step t by t · N images more than at that step. */
export function maxPool2dAtSteps(call: StepCall<Pool2dAttributes>): readonly Tensor[] | undefined {
  const pooled = foldedIntoBatch(call);
  if (pooled === undefined) return undefined;
  const [y, positions] = pooled as [Tensor, Tensor];
  const size = sizeOf(shapeAtStep(call.operands[0]));
  return [y, subtract(positions, tableStarts(call.steps, size, positions.rank))];
}

export function maxPool2dInputGradientAtSteps(
  call: StepCall<Pool2dAttributes & { readonly shape: Shape }>,
): readonly Tensor[] | undefined {
  const { primitive, operands, attributes, steps } = call;
  const { shape } = attributes;
  const [dY, index] = operands;
  const positions = asStack(index, steps);
  const starts = tableStarts(steps, sizeOf(shape), positions.rank);
  const moved = { tensor: add(positions, starts), stacked: true };
  return applyAll(primitive, [folded(dY, steps), folded(moved, steps)], {
    ...attributes,
    shape: foldedShape(shape, steps),
  }).map((dX) => reshape(dX, [steps, ...shape]));
}
