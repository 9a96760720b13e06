/**
 * The fused reduction on the GPU. With results numbered row by row over the kept axes and terms over the reduced ones:
 *
 *     one pass, a thread for each result:
 *       out[result] = fold over term 0 … terms - 1 of value(result, term)
 *
 *     two passes where results are few; part p has the terms from p · length on:
 *       partial[p, result] = fold over term p · length … (p + 1) · length - 1 of value(result, term)
 *       out[result] = fold over p of partial[p, result]
 *
 * Where the fold finds places (argMax), partial holds the place that each part found, and the second pass computes the
 * values at those places again, to compare them.
 */
import { constant, convert } from '../elementwise/gpu/instructions.ts';
import { splitProgram } from '../elementwise/gpu/split-program.ts';
import { bindProgram, evaluate, type ThreadProgram } from '../elementwise/gpu/thread-program.ts';
import { registerTypes } from '../elementwise/index.ts';
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
import { type Fold, threadReductions } from './gpu/thread-folds.ts';
import { type ReduceAttributes, type ReduceOperator, reduceRules } from './index.ts';

/** See the contract. */
export const reduceGpu: GpuKernel<ReduceAttributes> = ({ inputs, attributes }, target) => {
  const { axes, operator, value } = attributes;
  const program = bindProgram(attributes, inputs, target);
  return { passes: reducePasses({ program, value, axes, operator }, output(0), target).passes };
};

/** What is reduced: a register of a program, over some axes of its space. */
export interface ReducedProgram {
  readonly program: ThreadProgram;
  readonly value: number;
  readonly axes: readonly number[];
  readonly operator: ReduceOperator;
}

/** The passes of a reduction. Temporary arrays are numbered from `temporaries`; the number of those used is given back. */
export function reducePasses(
  { program: whole, value, axes, operator }: ReducedProgram,
  writes: GpuArray,
  target: GpuTarget,
  temporaries = 0,
): { readonly passes: readonly GpuPass[]; readonly temporaries: number } {
  const { shape } = whole;
  const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const folded = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
  const [results, terms] = [sizeOf(kept), sizeOf(folded)];
  const { begin, findsPlace } = threadReductions[operator];
  const { foldedAs, ofNothing } = reduceRules[operator];
  const computedAs = registerTypes(whole)[value];
  const values = foldedAs(computedAs);
  const type: DType = findsPlace ? 'int32' : values;
  if (results === 0) return { passes: [], temporaries };
  if (terms === 0) {
    const empty = pass(writes, floatsOf(type, results), (f) => {
      const { plane } = f.planes(type, results);
      f.returnHalf(constant(f, ofNothing(computedAs), type), plane);
    });
    return { passes: [empty], temporaries };
  }

  const { program, register, passes, temporaries: used } = splitProgram(whole, value, target, temporaries);
  const strides = denseStrides(shape);
  /** The point of the space at a result and term 0. */
  const cornerOf = (f: ThreadSource, result: string): string =>
    f.whole(f.offset(f.coordinates(result, kept), strides), 'corner');
  /** Composes taking in the value at a result, given by its corner, and a term. */
  const take = (f: ThreadSource, fold: Fold, corner: string, term: string): void => {
    const at = f.coordinates(term, folded);
    const index = f.whole(f.offset([corner, ...at], [1, ...strides]), 'point');
    const value = evaluate(f, program, register, index);
    fold.add(values === computedAs ? value : convert(f, value, computedAs, values), term);
  };
  const { parts, length } = partsOf(results, terms);

  if (parts === 1) {
    const only = pass(writes, floatsOf(type, results), (f) => {
      const { index, plane } = f.planes(type, results);
      const corner = cornerOf(f, index);
      const fold = begin(f, values);
      f.loop(terms, (term) => take(f, fold, corner, term));
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
    const fold = begin(f, values);
    f.loop(length, (turn) => {
      const term = f.whole(f.offset([start, turn], [1, 1]), 'place');
      if (parts * length === terms) take(f, fold, corner, term);
      else f.if(`${term} < ${terms}`, () => take(f, fold, corner, term));
    });
    f.returnHalf(fold.result(), plane);
  });
  const second = pass(writes, floatsOf(type, results), (f) => {
    const { index, plane } = f.planes(type, results);
    const placeOf = (part: string): string => f.whole(f.offset([index, part], [1, results]), 'at');
    if (findsPlace) {
      const corner = cornerOf(f, index);
      const fold = begin(f, values);
      f.loop(parts, (part) => {
        take(f, fold, corner, f.readWhole(partial, placeOf(part), results * parts));
      });
      f.returnHalf(fold.result(), plane);
      return;
    }
    const half = (part: string, plane: number): string =>
      f.keep(f.read(partial, f.offset([placeOf(part)], [1], plane * results * parts)));
    const fold = begin(f, values);
    f.loop(parts, (part) => {
      fold.add(type === 'int32' ? [half(part, 0), half(part, 1)] : [half(part, 0)], '0');
    });
    f.returnHalf(fold.result(), plane);
  });
  return { passes: [...passes, first, second], temporaries: used + 1 };
}
