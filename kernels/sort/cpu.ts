/** The argSort kernel by the engine's own sort, which is stable. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import type { SortAttributes } from './index.ts';

export const argSortCpu: CpuKernel<SortAttributes> = ({ inputs: [{ shape }], attributes }) => {
  const length = shape[shape.length - 1];
  const rows = length === 0 ? 0 : sizeOf(shape) / length;
  const sign = attributes.descending ? -1 : 1;

  return ([input], [output]) => {
    for (let row = 0; row < rows; row++) {
      const elements = input.subarray(row * length, (row + 1) * length);
      const positions = output.subarray(row * length, (row + 1) * length);
      for (let i = 0; i < length; i++) positions[i] = i;
      positions.sort((i, j) => sign * compare(elements[i], elements[j]));
    }
  };
};

/** Below 0 where a comes first, 0 where they are equal; NaN comes last. */
function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
