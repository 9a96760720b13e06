/**
 * The fused reduction on the GPU: a thread folds the values of one result, evaluating the program at each point. Where
 * there are few results, threads fold parts of them, and a second pass folds those.
 */
import { constant, convert } from '../elementwise/gpu/instructions.ts';
import {
  bindProgram,
  cut,
  evaluate,
  type ThreadProgram,
  typesOf,
} from '../elementwise/gpu/thread-program.ts';
import { type DType, sizeOf } from '../support/contract.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuKernel,
  type GpuPass,
  type GpuTarget,
  output,
  pass,
  temporary,
} from '../support/gpu/gpu-kernel.ts';
import { partsOf } from '../support/gpu/partial-sums.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { denseStrides } from '../support/view.ts';
import { beginFold, type Fold } from './gpu/fold.ts';
import type { ReduceAttributes, ReduceOperator } from './index.ts';

export const reduceGpu: GpuKernel<ReduceAttributes> = ({ inputs, attributes }, target) => {
  const { axes, operator, value } = attributes;
  const program = bindProgram(attributes, inputs, target);
  return { passes: reducePasses({ program, value, axes, operator }, output(0), target).passes };
};

/** What is reduced: a register of a program, over some axes of its space. */
export interface Reduction {
  readonly program: ThreadProgram;
  readonly value: number;
  readonly axes: readonly number[];
  readonly operator: ReduceOperator;
}

/** The passes of a reduction. Temporary arrays are numbered from `temporaries`; the number of those used is given back. */
export function reducePasses(
  { program: whole, value, axes, operator }: Reduction,
  writes: GpuArray,
  target: GpuTarget,
  temporaries = 0,
): { readonly passes: readonly GpuPass[]; readonly temporaries: number } {
  const { shape } = whole;
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const folded = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
  const [results, terms] = [sizeOf(kept), sizeOf(folded)];
  const dtype = typesOf(whole)[value];
  // A sum of bools counts.
  const folds: DType = operator === 'sum' && dtype === 'bool' ? 'int32' : dtype;
  const type: DType = operator === 'argMax' ? 'int32' : folds;
  if (results === 0) return { passes: [], temporaries };
  if (terms === 0) return { passes: [emptyReduction(operator, type, writes, results)], temporaries };

  const { program, register, passes, temporaries: used } = cut(whole, value, target, temporaries);
  const strides = denseStrides(shape);
  /** Composes taking in the value at a place along the folded axes. */
  const take = (f: ThreadSource, fold: Fold, corner: string, place: string): void => {
    const at = f.coordinates(place, folded);
    const index = f.whole(f.offset([corner, ...at], [1, ...strides]), 'point');
    const value = evaluate(f, program, register, index);
    fold.add(folds === dtype ? value : convert(f, value, dtype, folds), place);
  };
  /** The point of the space with the coordinates of a result along the kept axes, and 0 along the others. */
  const cornerOf = (f: ThreadSource, result: string): string =>
    f.whole(f.offset(f.coordinates(result, kept), strides), 'corner');
  const { parts, length } = partsOf(results, terms);

  if (parts === 1) {
    const only = pass(writes, floatsOf(type, results), (f) => {
      const { index, plane } = f.planes(type, results);
      const corner = cornerOf(f, index);
      const fold = beginFold(f, operator, folds);
      f.loop(terms, (place) => take(f, fold, corner, place));
      f.returnHalf(fold.result(), plane);
    });
    return { passes: [...passes, only], temporaries: used };
  }

  const partial = temporary(used);
  const first = pass(partial, floatsOf(type, results * parts), (f) => {
    const { index, plane } = f.planes(type, results * parts);
    const [part, result] = f.coordinates(index, [parts, results]);
    const corner = cornerOf(f, result);
    const start = f.whole(f.offset([part], [length]), 'start');
    const fold = beginFold(f, operator, folds);
    f.loop(length, (turn) => {
      const place = f.whole(f.offset([start, turn], [1, 1]), 'place');
      if (parts * length === terms) take(f, fold, corner, place);
      else f.if(`${place} < ${terms}`, () => take(f, fold, corner, place));
    });
    f.returnHalf(fold.result(), plane);
  });
  const second = pass(writes, floatsOf(type, results), (f) => {
    const { index, plane } = f.planes(type, results);
    const placeOf = (part: string): string => f.whole(f.offset([index, part], [1, results]), 'at');
    const at = (part: string, half: number): string =>
      f.keep(f.read(partial, f.offset([placeOf(part)], [1], half * results * parts)));
    if (operator !== 'argMax') {
      const fold = beginFold(f, operator, folds);
      f.loop(parts, (part) => {
        fold.add(type === 'int32' ? [at(part, 0), at(part, 1)] : [at(part, 0)], '0');
      });
      f.returnHalf(fold.result(), plane);
      return;
    }
    // Parts found places: the values there are compared again.
    const corner = cornerOf(f, index);
    const fold = beginFold(f, operator, folds);
    f.loop(parts, (part) => {
      take(f, fold, corner, f.readWhole(partial, placeOf(part), results * parts));
    });
    f.returnHalf(fold.result(), plane);
  });
  return { passes: [...passes, first, second], temporaries: used + 1 };
}

/** What a reduction of nothing gives: sum 0, max -Infinity. */
function emptyReduction(operator: ReduceOperator, type: DType, writes: GpuArray, results: number): GpuPass {
  return pass(writes, floatsOf(type, results), (f) => {
    const { plane } = f.planes(type, results);
    const value = constant(f, operator === 'max' ? Number.NEGATIVE_INFINITY : 0, type);
    f.returnHalf(value, plane);
  });
}
