/** How a GPU thread folds values into one result: by operator, its variables, and the code that takes in one more value. */

import type { Register } from '../../elementwise/operators/row.ts';
import type { DType } from '../../support/contract.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import type { ReduceOperator } from '../index.ts';

/** A fold under way. A register is the name of a float, or the names of the two halves of an int32. */
export interface Fold {
  /** Composes total ∘= value; `place` is the index of the value along the folded axes, a whole number. */
  add(value: Register, place: string): void;
  /** Composes the result. */
  result(): Register;
}

/** An operator on the GPU. */
export interface ThreadReduction {
  /** Declares the variables of a fold of values of a dtype. */
  readonly begin: (f: ThreadSource, values: DType) => Fold;
  /** Whether the result is the place of a value, as an int32, instead of a value. */
  readonly findsPlace: boolean;
}

/** By operator. */
export const threadReductions = {
  sum: { begin: (f, values) => (values === 'int32' ? wholeSum(f) : floatSum(f)), findsPlace: false },
  max: { begin: (f, values) => bestValue(bestOf(f, values, greatest)), findsPlace: false },
  argMax: { begin: (f, values) => bestPlace(f, bestOf(f, values, greatest)), findsPlace: true },
} satisfies Record<ReduceOperator, ThreadReduction>;

function floatSum(f: ThreadSource): Fold {
  const total = f.variable('0.0', 'sum');
  return { add: ([value]) => f.set(total, `${total} + ${value}`), result: () => [total] };
}

/** A sum of int32, which wraps. Its halves are kept in [0, 2^16) and [-2^15, 2^15), so that no sum of them is inexact. */
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

/** Which of two values is better, and a value that none is worse than: as a float, and as the halves of an int32. */
interface Preference {
  readonly better: '>' | '<';
  readonly worst: number;
  readonly worstHalves: readonly [low: string, high: string];
}

const greatest: Preference = {
  better: '>',
  worst: Number.NEGATIVE_INFINITY,
  worstHalves: ['0.0', '0.0 - 32768.0'],
};

/** The best value so far. */
interface Best {
  readonly value: Register;
  /** Composes: if `value` is better, it is the best from now on, and `then` happens. */
  take(value: Register, then: () => void): void;
}

/** The first of the best values. A NaN is better than every number. */
function bestOf(f: ThreadSource, values: DType, { better, worst, worstHalves }: Preference): Best {
  if (values === 'int32') {
    const low = f.variable(worstHalves[0], 'low');
    const high = f.variable(worstHalves[1], 'high');
    return {
      value: [low, high],
      take: ([valueLow, valueHigh], then) => {
        const isBetter = `${valueHigh} ${better} ${high} || (${valueHigh} == ${high} && ${valueLow} ${better} ${low})`;
        f.if(isBetter, () => {
          f.set(low, valueLow);
          f.set(high, valueHigh);
          then();
        });
      },
    };
  }
  const best = f.variable(f.number(worst), 'best');
  return {
    value: [best],
    take: ([value], then) => {
      f.if(`${value} ${better} ${best} || (!(${value} == ${value}) && ${best} == ${best})`, () => {
        f.set(best, value);
        then();
      });
    },
  };
}

function bestValue(best: Best): Fold {
  return { add: (value) => best.take(value, () => undefined), result: () => best.value };
}

function bestPlace(f: ThreadSource, best: Best): Fold {
  const found = f.wholeVariable('0', 'found');
  return {
    add: (value, place) => best.take(value, () => f.set(found, place)),
    result: () => f.halvesOf(found),
  };
}
