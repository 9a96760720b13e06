/** Copying a run of consecutive elements, which is most of what the movement kernels do. */
import type { NumericArray } from '../contract.ts';

/** Below this many elements a loop beats the fixed cost of `subarray` and `set`. */
const shortRun = 64;

/** `out[outAt + i] = source[at + i]` for `i < count`; the arrays are of one type and do not overlap. */
export function copyElements(
  source: NumericArray,
  at: number,
  out: NumericArray,
  outAt: number,
  count: number,
): void {
  if (count < shortRun) for (let i = 0; i < count; i++) out[outAt + i] = source[at + i];
  else out.set(source.subarray(at, at + count), outAt);
}
