/** A bound for the variables that are made: what a file describes is held against what the file holds. */
import { OptionError } from '../errors.ts';
import { type Shape, sizeOf } from './shape.ts';

/** What may be made. */
export interface VariableBudget {
  /** How many variables. */
  readonly variables: number;
  /** How many elements they have in all. */
  readonly elements: number;
}

let left: { variables: number; elements: number } | undefined;

/** Runs `body`, in which no more variables can be made than the budget allows. */
export function withinBudget<Result>(budget: VariableBudget, body: () => Result): Result {
  const outer = left;
  left = { ...budget };
  try {
    return body();
  } finally {
    left = outer;
  }
}

/**
 * To be asked before a variable of a shape is made, or its value drawn.
 *
 * @throws OptionError when the budget does not hold it
 */
export function requireBudget(shape: Shape): void {
  if (left === undefined || (left.variables > 0 && sizeOf(shape) <= left.elements)) return;
  throw new OptionError({
    where: 'the variables of the model',
    got: left.variables > 0 ? `one of ${sizeOf(shape)} elements` : 'too many of them',
    expected: 'no more than its file holds',
    cure: 'The description does not belong to the weights: copy or save both again.',
  });
}

/** Takes a variable from the budget. */
export function takeFromBudget(shape: Shape): void {
  requireBudget(shape);
  if (left === undefined) return;
  left.variables--;
  left.elements -= sizeOf(shape);
}
