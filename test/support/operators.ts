/** The table of elementwise operators as lists, for tests that go over all of it. */
import type { BinaryOperator, Instruction, UnaryOperator } from '../../kernels/elementwise/index.ts';
import {
  binaryOperators,
  comparisonOperators,
  unaryOperators,
} from '../../kernels/elementwise/operators/index.ts';
import type { BinaryRow, ComparisonRow, UnaryRow } from '../../kernels/elementwise/operators/row.ts';
import type { DType } from '../../kernels/support/contract.ts';

export const unaryRows: Readonly<Record<UnaryOperator, UnaryRow>> = unaryOperators;
export const binaryRows: Readonly<Record<BinaryOperator, BinaryRow | ComparisonRow>> = binaryOperators;
export const unaryNames = Object.keys(unaryRows) as UnaryOperator[];
export const binaryNames = Object.keys(binaryRows) as BinaryOperator[];

/** Every operator that is defined on a dtype, as an instruction on registers `a` and, where it takes two, `b`. */
export function instructionsOn(dtype: DType, a: number, b: number): Instruction[] {
  return [
    ...unaryNames
      .filter((operator) => unaryRows[operator][dtype])
      .map((operator): Instruction => ({ operator, a, dtype })),
    ...binaryNames
      .filter((operator) => binaryRows[operator][dtype])
      .map(
        (operator): Instruction => ({
          operator,
          a,
          b,
          dtype: operator in comparisonOperators ? 'bool' : dtype,
        }),
      ),
  ];
}
