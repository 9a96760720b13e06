/**
 * The reduction with a reduced axis innermost. The points of a result, R of them, are counted row by row over the reduced
 * axes; without blocks, [from, to) is [0, R):
 *
 *     for result                                        // items: results, or results · blocks
 *       for point = from; point < to; point += 16       // four vectors, whose values are merged before they are folded,
 *         lanes ∘= merged values of points point … + 15 //   as float sums in pairs; fewer if the program is long
 *       for the rest of each row, in fours              // lanes without a point hold what changes nothing
 *         lanes ∘= values
 *       out[result] = lane 0 ∘ lane 1 ∘ lane 2 ∘ lane 3
 */
import { mergeAxes } from '../../elementwise/wasm/iteration-space.ts';
import { ProgramWalk } from '../../elementwise/wasm/program-walk.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import type { WasmKernelCode, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { LaneAccumulator } from './lane-accumulator.ts';
import { combiningStage, numbersTo, pointsOf, rowBlocksOf, type VectorReduction } from './row-blocks.ts';

/** Items are results, or result · blocks + block. */
export function reducedInnermost(reduction: VectorReduction): WasmKernelCode {
  const { attributes, operator, target, dtype, outputBytes, results } = reduction;
  const kept = mergeAxes(reduction.space.axes.filter((axis) => axis.kept)).filter(({ length }) => length > 1);
  const reduced = mergeAxes(reduction.space.axes.filter((axis) => !axis.kept));
  const space = { ...reduction.space, axes: [...kept, ...reduced] };
  const keptAxes = numbersTo(kept.length);
  const reducedAxes = reduced.map((_, at) => kept.length + at);
  const points = pointsOf(reduced);
  const blocks = rowBlocksOf(operator, points, 1, results);

  /** Folds the next `count` points of the result at which the walk stands. */
  const foldPoints = (
    f: FunctionBuilder,
    walk: ProgramWalk,
    lanes: LaneAccumulator,
    laneNumbers: Local<'v128'>,
    count: Integer,
  ): void => {
    const positionsOf = (vector: number): Vector =>
      i32x4.add(i32x4.splat(i32.add(walk.column, vector * 4)), laneNumbers);
    lanes.start();
    walk.visit(reducedAxes.slice(0, -1), count, {
      several: (evaluate, vectors) => {
        const values = numbersTo(vectors).map((vector) => lanes.valuesOf(evaluate(vector)[attributes.value]));
        const { merge } = lanes;
        if (merge) lanes.fold(mergeAll(f, values, merge), () => laneNumbers);
        else for (const [at, each] of values.entries()) lanes.fold(each, () => positionsOf(at));
      },
      one: (registers, count) => {
        const values = f.keep(lanes.valuesOf(registers[attributes.value]));
        f.if(i32.less(count, 4), () => {
          const isThere = i32x4.less(laneNumbers, i32x4.splat(count));
          f.set(values, v128.select(values, lanes.neutral, isThere));
        });
        lanes.fold(values, () => positionsOf(0));
      },
    });
  };

  if (!blocks) {
    const write: WasmStage['write'] = (f, { first, end }, { inputs, outputs: [output] }) => {
      const walk = new ProgramWalk(f, target, attributes, space, inputs);
      const lanes = operator.accumulator(f, dtype);
      const laneNumbers = f.hoist(i32x4.constant(0, 1, 2, 3));
      const result = f.keep(first);
      walk.goTo({ axes: keptAxes, position: first });
      f.while(i32.less(result, end), () => {
        foldPoints(f, walk, lanes, laneNumbers, points);
        lanes.storeTotal(i32.add(output, i32.multiply(result, outputBytes)));
        walk.nextInColumn(keptAxes);
        f.increase(result, 1);
      });
    };
    return { stages: [{ items: results, elementsPerItem: 1, write }] };
  }
  const savedBytes = blocks.operator.savedBytes(dtype);
  const write: WasmStage['write'] = (f, { first, end }, { inputs, scratch }) => {
    const walk = new ProgramWalk(f, target, attributes, space, inputs);
    const lanes = blocks.operator.accumulator(f, dtype);
    const laneNumbers = f.hoist(i32x4.constant(0, 1, 2, 3));
    const item = f.keep(first);
    f.while(i32.less(item, end), () => {
      const from = f.keep(i32.multiply(i32.remainder(item, blocks.count), blocks.rows));
      const to = f.keep(i32.add(from, blocks.rows));
      f.set(to, i32.minimum(to, points));
      walk.goTo(
        { axes: keptAxes, position: i32.divide(item, blocks.count) },
        { axes: reducedAxes, position: from },
      );
      foldPoints(f, walk, lanes, laneNumbers, i32.subtract(to, from));
      lanes.saveTotal(i32.add(scratch, i32.multiply(item, savedBytes)));
      f.increase(item, 1);
    });
  };
  return {
    scratchBytes: results * blocks.count * savedBytes,
    stages: [{ items: results * blocks.count, write }, combiningStage(reduction, blocks, 1, 1)],
  };
}

/** ((v₀ ∘ v₂) ∘ (v₁ ∘ v₃)): in pairs, so that float32 sums stay short. */
function mergeAll(
  f: FunctionBuilder,
  vectors: readonly Local<'v128'>[],
  merge: (a: Vector, b: Vector) => Vector,
): Local<'v128'> {
  if (vectors.length === 1) return vectors[0];
  const half = vectors.length / 2;
  const pairs = vectors.slice(0, half).map((vector, at) => f.keep(merge(vector, vectors[half + at])));
  return mergeAll(f, pairs, merge);
}
