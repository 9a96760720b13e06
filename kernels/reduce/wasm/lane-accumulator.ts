/**
 * What a reduction keeps in vector registers: four lanes, each of which folds every fourth value of one result, or the
 * values of a result of its own. Bools are masks: all ones or all zeros.
 *
 * Sums of floats have two levels: `collect` adds in float32, and after at most `mostCollected` vectors `settle` adds that
 * to the float64 totals. For the other operators `collect` is `fold`, and `settle` writes nothing.
 */
import { storeFour, storeSome } from '../../elementwise/wasm/loads.ts';
import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  type Local,
  type Vector,
} from '../../support/wasm/assembler/index.ts';

/** Vectors that are added up in float32 before their sum goes to float64: the bound in the contract. */
export const mostCollected = 16;

/** Four lanes of a reduction. Each method writes code. */
export abstract class LaneAccumulator {
  /** What changes no fold, for lanes without a value. */
  abstract readonly neutral: Local<'v128'>;
  /** Of two vectors of values one, to be folded instead of both; absent where that would lose positions. */
  readonly merge?: (a: Vector, b: Vector) => Vector;
  /** Whether `collect` differs from `fold`. */
  readonly collects: boolean = false;
  protected readonly f: FunctionBuilder;

  constructor(f: FunctionBuilder) {
    this.f = f;
  }

  /** The values to fold, of a register of the program: where bools are counted, integers 1 and 0. */
  valuesOf(register: Local<'v128'>): Local<'v128'> {
    return register;
  }

  /** lanes = neutral */
  abstract start(): void;
  /** lanes ∘= values. `positions`, the index of each value on the reduced axis, is for argMax. */
  abstract fold(values: Local<'v128'>, positions: () => Vector): void;

  collect(values: Local<'v128'>, positions: () => Vector): void {
    this.fold(values, positions);
  }

  settle(): void {}

  /** Stores the one result of all lanes: lane 0 ∘ lane 1 ∘ lane 2 ∘ lane 3. */
  abstract storeTotal(address: Integer): void;
  /** Stores the results of the lanes, of the first `count` (1 to 4) or of all four. */
  abstract storeLanes(address: Integer, count?: Local<'i32'>): void;
  /** Writes the settled lanes to memory as they are, 4 · `savedBytes` bytes. */
  abstract saveLanes(address: Integer): void;
  /** Reads what `saveLanes` wrote. */
  abstract restoreLanes(address: Integer): void;

  /** Stores results of a dtype: the first `count` (1 to 4) lanes of `results`, or all four. */
  protected storeResults(dtype: DType, address: Integer, results: Vector, count?: Local<'i32'>): void {
    const { f } = this;
    if (count === undefined) {
      storeFour(f, dtype, address, results);
      return;
    }
    const [to, kept] = [f.keep(i32.add(address, 0)), f.keep(results)];
    f.if(
      i32.equal(count, 4),
      () => storeFour(f, dtype, to, kept),
      () => storeSome(f, dtype, to, kept, count),
    );
  }
}

/** One whose results can be computed in blocks, which are combined afterwards. */
export abstract class BlockAccumulator extends LaneAccumulator {
  /** Writes lane 0 ∘ lane 1 ∘ lane 2 ∘ lane 3 in the form of one saved lane, `savedBytes` bytes. */
  abstract saveTotal(address: Integer): void;
}

/** Saved lanes of one result: `count` of them, `step` bytes apart. */
export interface SavedLanes {
  readonly from: Integer;
  readonly step: number;
  readonly count: number;
}
