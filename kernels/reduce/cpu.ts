/** The fused reduction in plain loops: evaluate a block of the program, fold it into the outputs, go on. */
import { BlockEvaluator, blockSize, registerTypes } from '../elementwise/cpu/block-evaluator.ts';
import { type CpuKernel, type NumericArray, sizeOf } from '../support/contract.ts';
import { denseStrides } from '../support/view.ts';
import { type Accumulator, accumulator } from './cpu/accumulators.ts';
import type { ReduceAttributes } from './index.ts';

/** The iteration space as alternating groups of kept and reduced axes: [N, H, W, C] over (0, 1, 2) is [R, K]. */
interface Groups {
  readonly shape: readonly number[];
  readonly reduced: readonly boolean[];
  /** Steps in the output; 0 for a reduced group. */
  readonly outStrides: readonly number[];
}

function groupAxes(shape: readonly number[], axes: readonly number[]): Groups {
  const lengths: number[] = [];
  const reduced: boolean[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const isReduced = axes.includes(axis);
    const outer = lengths.length - 1;
    if (outer >= 0 && reduced[outer] === isReduced) lengths[outer] *= length;
    else {
      lengths.push(length);
      reduced.push(isReduced);
    }
  });
  if (lengths.length === 0) return { shape: [1], reduced: [true], outStrides: [0] };
  const keptStrides = denseStrides(lengths.map((length, group) => (reduced[group] ? 1 : length)));
  return {
    shape: lengths,
    reduced,
    outStrides: keptStrides.map((stride, group) => (reduced[group] ? 0 : stride)),
  };
}

/** Folds blocks of the iteration space, given in row-major order, into an accumulator. */
class BlockFolder {
  private readonly groups: Groups;
  private readonly accumulator: Accumulator;
  private readonly spaceStrides: readonly number[];
  /** The innermost groups that make one run: [.., R] and [.., K] one row, [R, K] alone the whole space. */
  private readonly runLength: number;

  constructor(groups: Groups, target: Accumulator) {
    this.groups = groups;
    this.accumulator = target;
    this.spaceStrides = denseStrides(groups.shape);
    const { shape, reduced } = groups;
    const leading = shape.length === 2 && reduced[0];
    this.runLength = leading ? shape[0] * shape[1] : shape[shape.length - 1];
  }

  fold(values: NumericArray, at: number, base: number, count: number): void {
    const { shape, reduced } = this.groups;
    const innermost = shape.length - 1;
    const inner = shape[innermost];
    for (let done = 0; done < count; ) {
      const point = base + done;
      const start = point % inner;
      const run = Math.min(this.runLength - (point % this.runLength), count - done);
      const out = this.rowOutput(point);
      if (reduced[innermost]) this.accumulator.along(values, at + done, run, out, start);
      else this.accumulator.across(values, at + done, run, out, start, inner, this.reducedIndex(point));
      done += run;
    }
  }

  /** The output of the row of `point`: its first, where the innermost group is kept. */
  private rowOutput(point: number): number {
    const { shape, outStrides } = this.groups;
    let rest = point;
    let out = 0;
    for (let group = 0; group < shape.length - 1; group++) {
      const index = Math.floor(rest / this.spaceStrides[group]);
      rest -= index * this.spaceStrides[group];
      out += index * outStrides[group];
    }
    return out;
  }

  /** Where the innermost group is kept: the index in the reduced group next to it, which argMax reports. */
  private reducedIndex(point: number): number {
    const { shape } = this.groups;
    const group = shape.length - 2;
    return group < 0 ? 0 : Math.floor(point / this.spaceStrides[group]) % shape[group];
  }
}

export const reduceCpu: CpuKernel<ReduceAttributes> = ({ attributes, outputs }) => {
  const { shape, axes, operator, value } = attributes;
  const evaluator = new BlockEvaluator(attributes);
  const type = registerTypes(attributes)[value];
  const groups = groupAxes(shape, axes);
  const size = sizeOf(outputs[0].shape);

  return (inputArrays, [output]) => {
    // Made anew: plans are kept, and the sums of a large result are not worth keeping with them.
    const target = accumulator(operator, type, size);
    const folder = new BlockFolder(groups, target);
    target.start(output);
    if (evaluator.size > 0) evaluator.begin(inputArrays);
    for (let base = 0; base < evaluator.size; base += blockSize) {
      const count = Math.min(blockSize, evaluator.size - base);
      evaluator.evaluate(base, count);
      folder.fold(evaluator.arrays[value], evaluator.offsets[value], base, count);
    }
    evaluator.end();
    target.finish(output);
  };
};
