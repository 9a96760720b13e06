/** How a GPU thread folds values into a result: the start, one more value, and, for argMax, where it was found. */

import type { Register } from '../../elementwise/operators/row.ts';
import type { DType } from '../../support/contract.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import type { ReduceOperator } from '../index.ts';

/** A fold under way: its variables, and the code that takes in a value. */
export interface Fold {
  /** Composes taking in a value; `place` is its number along the folded axes, a whole number. */
  add(value: Register, place: string): void;
  /** Composes the result, or its halves if it is int32. */
  result(): Register;
}

/** Begins a fold over values of a dtype. */
export function beginFold(f: ThreadSource, operator: ReduceOperator, dtype: DType): Fold {
  if (operator === 'sum') return dtype === 'int32' ? wholeSum(f) : sum(f);
  const best = dtype === 'int32' ? wholeMaximum(f) : maximum(f);
  if (operator === 'max')
    return { add: (value) => best.take(value, () => undefined), result: () => best.names };
  const found = f.wholeVariable('0', 'found');
  return {
    add: (value, place) => best.take(value, () => f.set(found, place)),
    result: () => f.halvesOf(found),
  };
}

function sum(f: ThreadSource): Fold {
  const total = f.variable('0.0', 'sum');
  return { add: ([value]) => f.set(total, `${total} + ${value}`), result: () => [total] };
}

/** Halves are kept in their ranges, so that no sum of them is inexact; the sum wraps. */
function wholeSum(f: ThreadSource): Fold {
  const low = f.variable('0.0', 'low');
  const high = f.variable('0.0', 'high');
  return {
    add: ([valueLow, valueHigh]) => {
      f.set(low, `${low} + ${valueLow}`);
      f.set(high, `${high} + ${valueHigh}`);
      f.if(`${low} >= 65536.0`, () => {
        f.set(low, `${low} - 65536.0`);
        f.set(high, `${high} + 1.0`);
      });
      f.if(`${high} >= 32768.0`, () => f.set(high, `${high} - 65536.0`));
      f.if(`${high} < 0.0 - 32768.0`, () => f.set(high, `${high} + 65536.0`));
    },
    result: () => [low, high],
  };
}

/** The largest value so far. */
interface Best {
  readonly names: Register;
  /** Takes a value if it is larger, and then does something more. */
  take(value: Register, then: () => void): void;
}

/** A NaN is larger than everything, and the first one stays. */
function maximum(f: ThreadSource): Best {
  const best = f.variable(f.number(Number.NEGATIVE_INFINITY), 'best');
  return {
    names: [best],
    take: ([value], then) => {
      f.if(`${value} > ${best} || (!(${value} == ${value}) && ${best} == ${best})`, () => {
        f.set(best, value);
        then();
      });
    },
  };
}

function wholeMaximum(f: ThreadSource): Best {
  const low = f.variable('0.0', 'low');
  const high = f.variable('0.0 - 32768.0', 'high');
  return {
    names: [low, high],
    take: ([valueLow, valueHigh], then) => {
      f.if(`${valueHigh} > ${high} || (${valueHigh} == ${high} && ${valueLow} > ${low})`, () => {
        f.set(low, valueLow);
        f.set(high, valueHigh);
        then();
      });
    },
  };
}
