/** The shapes of the operator loops: what each is given, whatever it computes. */
import type { NumericArray } from '../../support/contract.ts';

/** `out[outAt + i] = f(a[aAt + i])` for `i < count`. `out` may be `a` itself at the same place. */
export type UnaryLoop<In extends NumericArray, Out extends NumericArray = In> = (
  count: number,
  out: Out,
  outAt: number,
  a: In,
  aAt: number,
) => void;

/** `out[outAt + i] = f(a[aAt + i], b[bAt + i])`. */
export type BinaryLoop<In extends NumericArray, Out extends NumericArray = In> = (
  count: number,
  out: Out,
  outAt: number,
  a: In,
  aAt: number,
  b: In,
  bAt: number,
) => void;

/** `out[outAt + i] = f(a[aAt + i], b[bAt + i], c[cAt + i])`, where `a` is bool. */
export type WhereLoop<Value extends NumericArray> = (
  count: number,
  out: Value,
  outAt: number,
  a: Uint8Array,
  aAt: number,
  b: Value,
  bAt: number,
  c: Value,
  cAt: number,
) => void;

/**
 * Any of the loops. Written as a method, whose parameters TypeScript compares both ways: a program pairs every loop
 * with registers of its own dtypes (`findLoop`), which a table over all dtypes cannot express.
 */
export type Loop = {
  run(
    count: number,
    out: NumericArray,
    outAt: number,
    a: NumericArray,
    aAt: number,
    b: NumericArray,
    bAt: number,
    c: NumericArray,
    cAt: number,
  ): void;
}['run'];
