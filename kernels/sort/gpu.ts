/**
 * Merge sort on the GPU: sorted runs of positions, of length 1, 2, 4, …, are merged in pairs, one pass for each length. A
 * thread writes one place of a merged run. How many of the elements before that place come from the left run it finds by
 * bisection (Odeh et al. 2012, "merge path"); then the next one of either run is its own.
 *
 *     before = place - first place of the pair
 *     n      = how many of the elements before come from the left run: the least n with left[n] > right[before - n - 1],
 *              from max(0, before - elements of right) on; min(before, elements of left) if there is none
 *     taken  = left[n] or right[before - n], whichever is less; left[n] if they are equal
 *
 * Left 2 5 7, right 3 5 8, before = 3: n = 2, since left[1] > right[1] is false (5 > 5) and left[2] > right[0] true (7 > 3).
 * The three before are 2 3 5, and the place takes right[1] = 5.
 */
import { type DType, sizeOf } from '../support/contract.ts';
import { fillPass } from '../support/gpu/common-passes.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuKernel,
  type GpuPass,
  input,
  output,
  pass,
  temporary,
} from '../support/gpu/gpu-kernel.ts';
import { halfOfWhole } from '../support/gpu/index-functions.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import type { SortAttributes } from './index.ts';

export const argSortGpu: GpuKernel<SortAttributes> = ({ inputs: [{ shape, dtype }], attributes }) => {
  const size = sizeOf(shape);
  if (size === 0) return { passes: [] };
  const length = shape[shape.length - 1];
  if (length === 1) return { passes: [fillPass(output(0), floatsOf('int32', size), 0)] };
  const merges = Math.ceil(Math.log2(length));
  const passes = Array.from({ length: merges }, (_, number): GpuPass => {
    const to = number === merges - 1 ? output(0) : temporary(number);
    return pass(to, floatsOf('int32', size), (f) => {
      const { index, plane } = f.planes('int32', size);
      const [row, place] = f.coordinates(index, [size / length, length]);
      const start = f.whole(f.offset([row], [length]), 'start');
      /** The position at a place of a row. Before the first merge it is the place. */
      const positionAt = (at: string): string =>
        number === 0 ? at : f.readWhole(temporary(number - 1), f.offset([start, at], [1, 1]), size);
      const goesFirst = comparisonOf(f, { dtype, size, start, positionAt, ...attributes });
      f.return(f.call(halfOfWhole, positionAt(merged(f, place, length, 2 ** number, goesFirst)), plane));
    });
  });
  return { passes };
};

/** Whether the element of the left run at one place of a row goes before that of the right run at another: a condition. */
type GoesFirst = (left: string, right: string) => string;

/** The place in two runs of `width` from which a place of the merged run takes its element. */
function merged(f: ThreadSource, place: string, length: number, width: number, goesFirst: GoesFirst): string {
  // Of the pair of runs: its first place, and where its left run and its right run end.
  const pair = f.whole(f.offset([f.whole(f.quotient(place, 2 * width), 'pair')], [2 * width]), 'pair');
  const limit = (end: string): string => {
    const limited = f.wholeVariable(end, 'end');
    f.if(`${limited} > ${length}`, () => f.set(limited, `${length}`));
    return limited;
  };
  const middle = limit(f.offset([pair], [1], width));
  const end = limit(f.offset([pair], [1], 2 * width));
  const before = f.whole(f.offset([place, pair], [1, -1]), 'before');
  // Of the elements before the place, `least` to `most` come from the left run.
  const least = f.wholeVariable(f.offset([before, end, middle], [1, -1, 1]), 'least');
  f.if(`${least} < 0`, () => f.set(least, '0'));
  const most = f.wholeVariable(before, 'most');
  f.if(`${most} > ${middle} - ${pair}`, () => f.set(most, `${middle} - ${pair}`));
  f.loop(Math.ceil(Math.log2(width + 1)), () => {
    f.if(`${least} < ${most}`, () => {
      const half = f.whole(f.quotient(f.whole(`${least} + ${most}`, 'sum'), 2), 'half');
      const left = f.whole(f.offset([pair, half], [1, 1]), 'left');
      const right = f.whole(`${middle} + ${before} - ${half} - 1`, 'right');
      f.if(
        goesFirst(left, right),
        () => f.set(least, `${half} + 1`),
        () => f.set(most, half),
      );
    });
  });
  const left = f.whole(`${pair} + ${least}`, 'left');
  const right = f.whole(`${middle} + ${before} - ${least}`, 'right');
  const taken = f.wholeVariable(left, 'taken');
  f.if(
    `${left} >= ${middle}`,
    () => f.set(taken, right),
    () => {
      f.if(`${right} < ${end}`, () => {
        f.if(
          goesFirst(left, right),
          () => f.set(taken, left),
          () => f.set(taken, right),
        );
      });
    },
  );
  return taken;
}

/** What is needed to compare the elements at two places of a row. */
interface RowOfPositions extends SortAttributes {
  readonly dtype: DType;
  readonly size: number;
  readonly start: string;
  readonly positionAt: (place: string) => string;
}

/** Equal elements keep their order: the left one goes first. */
function comparisonOf(f: ThreadSource, row: RowOfPositions): GoesFirst {
  const { dtype, size, start, positionAt, descending } = row;
  const from: GpuArray = input(0);
  const elementAt = (place: string): string[] =>
    f
      .readElement(from, dtype, f.offset([start, positionAt(place)], [1, 1]), size)
      .map((half) => f.keep(half, 'element'));
  return (left, right) => {
    const [a, b] = [elementAt(left), elementAt(right)];
    const [lower, upper] = descending ? [b, a] : [a, b];
    if (dtype === 'int32') {
      const [[lowerLow, lowerHigh], [upperLow, upperHigh]] = [lower, upper];
      return `${lowerHigh} < ${upperHigh} || (${lowerHigh} == ${upperHigh} && ${lowerLow} <= ${upperLow})`;
    }
    return `${lower[0]} <= ${upper[0]} || !(${upper[0]} == ${upper[0]})`;
  };
}
