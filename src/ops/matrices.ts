/** Matrices of vectors and parts of matrices: outer products, diagonals, triangles. */
import { ShapeError } from '../errors.ts';
import { requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireTensor } from './apply.ts';
import { reshape } from './broadcast.ts';
import { add, greaterEqual, lessEqual, multiply, where } from './elementwise.ts';
import { iota } from './indexing.ts';
import { dilate, expandDims, pad, slice } from './movement.ts';

/**
 * All products of the elements of two vectors: a [M] and b [N] give [M, N]. dtypes promote.
 *
 * @throws ShapeError unless both are vectors
 */
export function outer(a: Tensor, b: Tensor): Tensor {
  for (const [name, vector] of Object.entries({ a, b })) {
    if (requireTensor('outer', vector).rank === 1) continue;
    throw new ShapeError({
      where: inScope('outer'),
      got: `${name} ${formatShape(vector.shape)}`,
      expected: 'vectors, [M] and [N]',
      cure: 'Flatten it with reshape, or multiply tensors that broadcast.',
    });
  }
  checkSize('outer', [a.size, b.size]);
  return multiply(expandDims(a, 1), b);
}

/** Throws unless `offset` is the number of a diagonal: 0 the main one, 1 the one above it, -1 the one below. */
function requireOffset(operation: string, offset: number): void {
  requireNumber(inScope(operation), 'offset', offset, 'a whole number');
}

/**
 * A vector [N] as diagonal number `offset` (default 0: the main one; above it from 1 on, below it from -1 on) of a square
 * matrix of zeros [N + |offset|, N + |offset|]; or that diagonal of a matrix [M, N] as a vector, which is empty for an
 * offset outside the matrix.
 *
 * @throws ShapeError for another rank, or a matrix that is too large; OptionError for an offset that is no whole number
 */
export function diag(x: Tensor, offset = 0): Tensor {
  requireTensor('diag', x);
  requireOffset('diag', offset);
  if (x.rank === 1) return onDiagonal(x, offset);
  if (x.rank === 2) return diagonalOf(x, offset);
  throw new ShapeError({
    where: inScope('diag'),
    got: formatShape(x.shape),
    expected: 'a vector [N] or a matrix [M, N]',
    cure: 'Take one matrix of a batch with slice, or a triangle of each with tril and triu.',
  });
}

/** Neighbors on a diagonal of a matrix [M, N] are N + 1 elements apart in row-major order. */
function onDiagonal(x: Tensor, offset: number): Tensor {
  const length = x.size + Math.abs(offset);
  checkSize('diag', [length, length]);
  const spread = x.size > 1 ? dilate(x, [length]) : x;
  const before = offset >= 0 ? offset : -offset * length;
  const flat = pad(spread, [[before, length * length - before - spread.size]]);
  return reshape(flat, [length, length]);
}

function diagonalOf(x: Tensor, offset: number): Tensor {
  const [rows, columns] = x.shape;
  const count = Math.max(
    0,
    offset >= 0 ? Math.min(rows, columns - offset) : Math.min(rows + offset, columns),
  );
  const first = offset >= 0 ? offset : -offset * columns;
  const step = columns + 1;
  return slice(reshape(x, [x.size]), count === 0 ? [0, 0] : [first, first + (count - 1) * step + 1, step]);
}

/** Zeros where the column of an element of the last two axes does not stand to row + offset as `isKept` wants. */
function triangle(
  operation: string,
  x: Tensor,
  offset: number,
  isKept: (column: Tensor, diagonal: Tensor) => Tensor,
): Tensor {
  requireTensor(operation, x);
  requireOffset(operation, offset);
  if (x.rank < 2) {
    throw new ShapeError({
      where: inScope(operation),
      got: formatShape(x.shape),
      expected: 'matrices […, M, N]',
      cure: 'Use diag to make a matrix of a vector.',
    });
  }
  const [rows, columns] = x.shape.slice(-2);
  // Beyond the matrix every offset says the same, and is one that an int32 holds.
  const inside = Math.max(-rows, Math.min(columns, offset));
  const kept = isKept(iota(columns), expandDims(add(iota(rows), inside), 1));
  return where(kept, x, false);
}

/**
 * The lower triangle of matrices […, M, N]: zeros above diagonal number `offset` (default 0: the main one).
 *
 * @throws ShapeError for a vector or a scalar; OptionError for an offset that is no whole number
 */
export function tril(x: Tensor, offset = 0): Tensor {
  return triangle('tril', x, offset, lessEqual);
}

/**
 * The upper triangle of matrices […, M, N]: zeros below diagonal number `offset` (default 0: the main one).
 *
 * @throws ShapeError for a vector or a scalar; OptionError for an offset that is no whole number
 */
export function triu(x: Tensor, offset = 0): Tensor {
  return triangle('triu', x, offset, greaterEqual);
}
