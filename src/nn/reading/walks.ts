/**
 * Walks over the pixels of a grid, each pixel once: the numbers row · width + column [height · width] in the order of the walk.
 * All but the last start in the upper left corner.
 */
import { claimHostNumbers, keepingRandom, seed } from '../../tensor/random.ts';

/** A walk over a grid of any size. */
export type Walk = (height: number, width: number) => Int32Array;

/** Rows in turn from left to right and from right to left. */
export const snake: Walk = (height, width) =>
  Int32Array.from({ length: height * width }, (_, step) => {
    const [row, along] = [Math.floor(step / width), step % width];
    return row * width + (row % 2 === 0 ? along : width - 1 - along);
  });

/** Clockwise along the border, then along the border of what is left. */
export const spiral: Walk = (height, width) => {
  const walk: number[] = [];
  for (let ring = 0; 2 * ring < Math.min(height, width); ring++) {
    const [top, left, bottom, right] = [ring, ring, height - 1 - ring, width - 1 - ring];
    for (let column = left; column <= right; column++) walk.push(top * width + column);
    for (let row = top + 1; row <= bottom; row++) walk.push(row * width + right);
    // A ring of one row or column has no way back.
    if (top < bottom)
      for (let column = right - 1; column >= left; column--) walk.push(bottom * width + column);
    if (left < right) for (let row = bottom - 1; row > top; row--) walk.push(row * width + left);
  }
  return Int32Array.from(walk);
};

/** Diagonals row + column = 0, 1, …, each from its upper right end to its lower left one. */
export const diagonal: Walk = (height, width) => {
  const walk: number[] = [];
  for (let sum = 0; sum <= height + width - 2; sum++) {
    const last = Math.min(height - 1, sum);
    for (let row = Math.max(0, sum - width + 1); row <= last; row++) walk.push(row * width + sum - row);
  }
  return Int32Array.from(walk);
};

/** All pixels in the order of random numbers, which the seed alone decides. */
export function permuted(height: number, width: number, value: number): Int32Array {
  const keys = keepingRandom(() => {
    seed(value);
    return claimHostNumbers(height * width);
  });
  return Int32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
}

/** A step on the grid, or several in one direction. */
type Move = readonly [rows: number, columns: number];

/**
 * Hilbert's curve on a grid of any size (Červený, "gilbert", 2018): every step is to a neighbor, and pixels that are near on
 * the walk are near in the picture. It ends at the other end of the upper row if that can be (such a walk makes width - 1
 * steps to the right and an even number besides: height · width - 1 in all), otherwise at the other end of the left column.
 */
export const hilbert: Walk = (height, width) => {
  const walk: number[] = [];
  const [down, right]: Move[] = [
    [height, 0],
    [0, width],
  ];
  const alongRow = width % 2 === 0 || height % 2 === 1;
  const visit = ([row, column]: Move): void => {
    walk.push(row * width + column);
  };
  if (alongRow) curve([0, 0], right, down, visit);
  else curve([0, 0], down, right, visit);
  return Int32Array.from(walk);
};

/** Visits the pixels of a rectangle from one corner to the end of `main`, the one of its sides that starts there; `other` is the other. */
function curve(start: Move, main: Move, other: Move, visit: (pixel: Move) => void): void {
  const [length, width] = [lengthOf(main), lengthOf(other)];
  const [ahead, aside] = [unit(main), unit(other)];
  if (width === 1 || length === 1) {
    const [steps, step] = width === 1 ? [length, ahead] : [width, aside];
    for (let done = 0; done < steps; done++) visit(plus(start, step, done));
    return;
  }
  if (2 * length > 3 * width) {
    // Long: two halves, one after the other.
    const half = scaled(ahead, evenHalf(length));
    curve(start, half, other, visit);
    curve(plus(start, half), plus(main, half, -1), other, visit);
    return;
  }
  // Aside along a part, ahead along the rest, and back along the part that is left.
  const [half, part] = [scaled(ahead, Math.floor(length / 2)), scaled(aside, evenHalf(width))];
  curve(start, part, half, visit);
  curve(plus(start, part), main, plus(other, part, -1), visit);
  const last = plus(plus(plus(plus(start, main), ahead, -1), part), aside, -1);
  curve(last, scaled(part, -1), plus(half, main, -1), visit);
}

/** Half of a length, an even number where there is a choice. */
function evenHalf(length: number): number {
  const half = Math.floor(length / 2);
  return half % 2 === 1 && length > 2 ? half + 1 : half;
}

function lengthOf([rows, columns]: Move): number {
  return Math.abs(rows + columns);
}

function unit([rows, columns]: Move): Move {
  return [Math.sign(rows), Math.sign(columns)];
}

function scaled([rows, columns]: Move, times: number): Move {
  return [rows * times, columns * times];
}

function plus([row, column]: Move, [rows, columns]: Move, times = 1): Move {
  return [row + rows * times, column + columns * times];
}
