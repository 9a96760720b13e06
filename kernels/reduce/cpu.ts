/**
 * The fused reduction in plain loops. With the axes of the space grouped into kept and reduced ones:
 *
 *     for (let base = 0; base < points; base += 512)     // a block of points, row by row
 *       values = program at points base … base + 511
 *       for each part of a row in the block              // a row: the innermost group of axes
 *         along:  for i:  total[out] ∘= values[i]             if that group is reduced
 *         across: for i:  total[out + column] ∘= values[i]    if it is kept; column is the index in it
 */
import { BlockEvaluator } from '../elementwise/cpu/block-evaluator.ts';
import { registerTypes } from '../elementwise/index.ts';
import { type CpuKernel, type NumericArray, sizeOf } from '../support/contract.ts';
import { type Accumulator, accumulators } from './cpu/accumulators.ts';
import type { ReduceAttributes } from './index.ts';

/** See the contract. */
export const reduceCpu: CpuKernel<ReduceAttributes> = ({ attributes, outputs }) => {
  const { shape, axes, operator, value } = attributes;
  const evaluator = new BlockEvaluator(attributes);
  const values = evaluator.register(value);
  const type = registerTypes(attributes)[value];
  const groups = groupAxes(shape, axes);
  const size = sizeOf(outputs[0].shape);

  return (inputArrays, [output]) => {
    // Made anew: plans are kept, and the totals of a large result are not worth keeping with them.
    const totals = accumulators[operator](type, size);
    const folder = new BlockFolder(groups, totals);
    totals.start(output);
    evaluator.run(inputArrays, (base, count) => folder.fold(values.array, values.offset, base, count));
    totals.finish(output);
  };
};

/** Neighboring axes that are all kept or all reduced: [N,H,W,C] over (0, 1, 2) is N·H·W reduced, then C kept. */
interface AxisGroup {
  readonly length: number;
  readonly isReduced: boolean;
  /** Points of the space from one index to the next. */
  readonly pointStride: number;
  /** Results from one index to the next; 0 for a reduced group. */
  readonly resultStride: number;
}

/** The groups, outermost first: at least one. Axes of length 1 are left out. */
function groupAxes(shape: readonly number[], axes: readonly number[]): AxisGroup[] {
  const groups: AxisGroup[] = [];
  let [points, results] = [1, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis];
    if (length === 1) continue;
    const isReduced = axes.includes(axis);
    if (groups[0]?.isReduced === isReduced) groups[0] = { ...groups[0], length: groups[0].length * length };
    else groups.unshift({ length, isReduced, pointStride: points, resultStride: isReduced ? 0 : results });
    points *= length;
    if (!isReduced) results *= length;
  }
  return groups.length > 0 ? groups : [{ length: 1, isReduced: true, pointStride: 1, resultStride: 0 }];
}

/** Folds blocks of the space into an accumulator. */
class BlockFolder {
  private readonly accumulator: Accumulator;
  private readonly outer: readonly AxisGroup[];
  private readonly inner: AxisGroup;
  /** Points that one call of the accumulator may take: a row, or of [reduced, kept] alone all rows. */
  private readonly longest: number;

  constructor(groups: readonly AxisGroup[], accumulator: Accumulator) {
    this.accumulator = accumulator;
    this.outer = groups.slice(0, -1);
    this.inner = groups[groups.length - 1];
    const isOneColumnSet = groups.length === 2 && groups[0].isReduced;
    this.longest = isOneColumnSet ? groups[0].length * this.inner.length : this.inner.length;
  }

  /** Folds points [base, base + count), whose values begin at `values[at]`. */
  fold(values: NumericArray, at: number, base: number, count: number): void {
    const { accumulator, inner, longest } = this;
    for (let done = 0; done < count; ) {
      const point = base + done;
      const column = point % inner.length;
      const taken = Math.min(longest - (point % longest), count - done);
      const out = this.outputOfRow(point);
      if (inner.isReduced) accumulator.along(values, at + done, taken, out, column);
      else accumulator.across(values, at + done, taken, out, column, inner.length, this.reducedIndex(point));
      done += taken;
    }
  }

  /** The result of the row of a point: its first one, if the row is kept. */
  private outputOfRow(point: number): number {
    let rest = point;
    let out = 0;
    for (const { pointStride, resultStride } of this.outer) {
      const index = Math.floor(rest / pointStride);
      rest -= index * pointStride;
      out += index * resultStride;
    }
    return out;
  }

  /** If the row is kept: the index of a point in the reduced group next to it, which argMax reports. */
  private reducedIndex(point: number): number {
    const group = this.outer.at(-1);
    return group ? Math.floor(point / group.pointStride) % group.length : 0;
  }
}
