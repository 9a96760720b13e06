/**
 * The reduction with a reduced axis as the innermost one: a result is the total of four lanes that run along its rows, which
 * lie one behind the other.
 */

import { mergeAxes } from '../../elementwise/wasm/iteration-space.ts';
import { ProgramWalk, type Registers, visitPoints } from '../../elementwise/wasm/program-walk.ts';
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
import { blocksOf, combiningStage, pointsOf, type Reduction, range } from './blocks.ts';
import { countable, laneAccumulator, partialBytes } from './vector-accumulators.ts';

/** Items are results, or the blocks of one result after the other. */
export function alongRows(reduction: Reduction): WasmKernelCode {
  const { attributes, target, dtype, outputBytes, results } = reduction;
  const { operator, value } = attributes;
  // Every result's points one behind the other.
  const kept = mergeAxes(reduction.space.axes.filter((axis) => axis.kept)).filter(({ length }) => length > 1);
  const reduced = mergeAxes(reduction.space.axes.filter((axis) => !axis.kept));
  const space = { ...reduction.space, axes: [...kept, ...reduced] };
  const keptAxes = range(kept.length);
  const reducedAxes = reduced.map((_, at) => kept.length + at);
  const points = pointsOf(reduced);
  const { blocks, blockRows: blockLength } = blocksOf(reduction, points, 1, results);

  const write: WasmStage['write'] = (f, { first, end }, { inputs, outputs: [output], scratch }) => {
    const walk = new ProgramWalk(f, target, attributes, space, inputs);
    const result = laneAccumulator(f, operator, dtype);
    const laneNumbers = f.hoist(i32x4.constant(0, 1, 2, 3));
    const reducedOf = (registers: Registers): Local<'v128'> =>
      countable(f, operator, dtype, registers[value]);
    const positionsOf = (vector: number): Vector =>
      i32x4.add(i32x4.splat(i32.add(walk.column, vector * 4)), laneNumbers);
    const reduceStretch = (from: Integer, to: Integer): void => {
      result.start();
      visitPoints(
        f,
        walk,
        reducedAxes.slice(0, -1),
        { first: from, end: to },
        {
          several: (evaluate, vectors) => {
            const values = range(vectors).map((vector) => reducedOf(evaluate(vector)));
            const { merge } = result;
            if (merge) result.fold(mergeAll(f, values, merge), () => laneNumbers);
            else for (const [at, each] of values.entries()) result.fold(each, () => positionsOf(at));
          },
          one: (registers, count) => {
            const values = f.keep(reducedOf(registers));
            f.if(i32.less(count, 4), () => {
              const isThere = i32x4.less(laneNumbers, i32x4.splat(count));
              f.set(values, v128.select(values, result.neutral, isThere));
            });
            result.fold(values, () => positionsOf(0));
          },
        },
      );
    };
    const item = f.keep(first);
    if (blocks === 1) {
      walk.reset();
      walk.seek(keptAxes, first);
      f.while(i32.less(item, end), () => {
        reduceStretch(0, points);
        result.storeTotal(i32.add(output, i32.multiply(item, outputBytes)));
        walk.next(keptAxes, false);
        f.increase(item, 1);
      });
      return;
    }
    f.while(i32.less(item, end), () => {
      const from = f.keep(i32.multiply(i32.remainder(item, blocks), blockLength));
      const to = f.keep(i32.add(from, blockLength));
      f.set(to, i32.minimum(to, points));
      walk.reset();
      walk.seek(keptAxes, i32.divide(item, blocks));
      walk.seek(reducedAxes, from);
      reduceStretch(from, to);
      result.storePartialTotal(i32.add(scratch, i32.multiply(item, partialBytes(operator, dtype))));
      f.increase(item, 1);
    });
  };
  if (blocks === 1) return { stages: [{ items: results, elementsPerItem: 1, write }] };
  return {
    scratchBytes: results * blocks * partialBytes(operator, dtype),
    stages: [{ items: results * blocks, write }, combiningStage(reduction, blocks, 1, 1)],
  };
}

/** Pair by pair, so that sums in float32 stay short. */
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
