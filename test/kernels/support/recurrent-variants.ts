/** The variants of a recurrent kernel that its wasm version is held to the cpu's in: sizes, masks, directions, targets. */
import type { NumericArray } from '../../../kernels/support/contract.ts';
import { maskOf, type SequenceSizes, sequenceSizes } from './recurrent.ts';
import { targets } from './wasm.ts';

export const cases: readonly SequenceSizes[] = [
  ...sequenceSizes,
  { batch: 1, time: 7, hidden: 10 },
  { batch: 4, time: 1, hidden: 4 },
  { batch: 7, time: 2, hidden: 5 },
  { batch: 17, time: 3, hidden: 8 },
  { batch: 18, time: 2, hidden: 33 },
  { batch: 37, time: 3, hidden: 42 },
];

/** Where every choice of cotangents is tried. */
export const fewCases: readonly SequenceSizes[] = [...sequenceSizes, { batch: 7, time: 2, hidden: 5 }];

export const booleans = [false, true];
/** Whether there is a mask: `padded` has rows of all kinds, `nothing` masks out every step. */
const masks = ['none', 'padded', 'nothing'] as const;
type Mask = (typeof masks)[number];
export const variants = targets.flatMap((target) =>
  booleans.flatMap((reverse) => masks.map((mask) => ({ ...target, reverse, mask }))),
);

export function maskArray(mask: Mask, sizes: SequenceSizes): Uint8Array | undefined {
  if (mask === 'none') return undefined;
  return mask === 'padded' ? maskOf(sizes) : new Uint8Array(sizes.batch * sizes.time);
}

/** NaN in every step [width] that is masked out: it must not be looked at. */
export function spoilMasked(array: NumericArray, mask: Uint8Array | undefined, width: number): NumericArray {
  mask?.forEach((isReal, step) => {
    if (!isReal) array.fill(Number.NaN, step * width, (step + 1) * width);
  });
  return array;
}
