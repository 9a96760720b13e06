/**
 * The table of elementwise operators: one row an operator, which holds all that devices, the planner and tests know of it
 * (row.ts). What makes it an operation with a gradient is in src/ops/elementwise.ts.
 */
import type { DType } from '../../support/contract.ts';
import * as arithmetic from './arithmetic.ts';
import * as comparison from './comparison.ts';
import * as exponential from './exponential.ts';
import * as hyperbolic from './hyperbolic.ts';
import * as inverseTrigonometric from './inverse-trigonometric.ts';
import * as logical from './logical.ts';
import * as powers from './powers.ts';
import * as rounding from './rounding.ts';
import type { BinaryRow, ComparisonRow, UnaryRow } from './row.ts';
import * as special from './special.ts';
import * as trigonometric from './trigonometric.ts';

/** Of one operand, whose dtype is the result's. */
export const unaryOperators = {
  ...arithmetic.unary,
  ...rounding.unary,
  ...exponential.unary,
  ...powers.unary,
  ...trigonometric.unary,
  ...inverseTrigonometric.unary,
  ...hyperbolic.unary,
  ...special.unary,
  ...logical.unary,
};
export type UnaryOperator = keyof typeof unaryOperators;

/** Of two operands of one dtype, whose result is bool. */
export const comparisonOperators = comparison.comparison;
export type ComparisonOperator = keyof typeof comparisonOperators;

/** Of two operands of one dtype, which is also the result's, but for comparisons. */
export const binaryOperators = {
  ...arithmetic.binary,
  ...powers.binary,
  ...inverseTrigonometric.binary,
  ...comparison.binary,
  ...comparisonOperators,
  ...logical.binary,
};
export type BinaryOperator = keyof typeof binaryOperators;

export type Operator = UnaryOperator | BinaryOperator;

/** The rows as devices see them: any may lack a dtype. */
const unaryRows: Readonly<Record<UnaryOperator, UnaryRow>> = unaryOperators;
const binaryRows: Readonly<Record<BinaryOperator, BinaryRow | ComparisonRow>> = binaryOperators;

/** An operator on operands of one dtype. */
export function unaryVersion<Type extends DType>(
  operator: UnaryOperator,
  dtype: Type,
): NonNullable<UnaryRow[Type]> {
  const version = unaryRows[operator][dtype];
  if (version) return version;
  throw undefinedOn(operator, dtype);
}

/** An operator on operands of one dtype. */
export function binaryVersion<Type extends DType>(
  operator: BinaryOperator,
  dtype: Type,
): NonNullable<(BinaryRow | ComparisonRow)[Type]> {
  const version = binaryRows[operator][dtype];
  if (version) return version;
  throw undefinedOn(operator, dtype);
}

function undefinedOn(operator: Operator, dtype: DType): TypeError {
  return new TypeError(`elementwise: operator "${operator}" is not defined on ${dtype}`);
}

const rows = new Map<string, UnaryRow | BinaryRow | ComparisonRow>([
  ...Object.entries(unaryOperators),
  ...Object.entries(binaryOperators),
]);

const dtypes = ['bool', 'int32', 'float32'] as const;

/** The least dtype that an operator is defined on: operands of a lesser one are converted. */
export function leastDType(operator: Operator): DType {
  return dtypes.find((dtype) => rows.get(operator)![dtype] !== undefined)!;
}

/** How many plain instructions an operator is worth; 1 for what is none, such as a constant. */
export function workOfOperator(operator: string): number {
  return rows.get(operator)?.work ?? 1;
}
