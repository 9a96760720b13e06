/** What all devices make of values they computed: whether they are finite, and the error of an index out of range. */
import type { NumericArray } from '../../kernels/support/contract.ts';
import { IndexError } from '../errors.ts';

/** Whether an array holds neither NaN nor infinities. */
export function allFinite(array: NumericArray): boolean {
  for (let index = 0; index < array.length; index++) if (!Number.isFinite(array[index])) return false;
  return true;
}

/** The error of a step, in the words of its layer and operations, that met an index outside [0, length). */
export function indexFault(label: string, index: number, length: number, cause?: unknown): IndexError {
  return new IndexError(
    {
      where: label,
      got: `index ${index}`,
      expected: `0 to ${length - 1}, as the indexed axis has ${length} elements`,
      cure: 'Look at what computes the indices; they count from 0 and never from the end.',
    },
    cause === undefined ? {} : { cause },
  );
}
