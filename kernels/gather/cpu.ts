/** The gather and scatterAdd kernels in plain loops. */
import type { CpuKernel, NumericArray } from '../support/contract.ts';
import { copyElements } from '../support/cpu/copy.ts';
import { IndexOutOfRangeError } from '../support/errors.ts';
import type { GatherAttributes } from './index.ts';
import { indexedRows } from './indexed-rows.ts';

/** y[o, i, :] = x[o, indices[i], :] */
export const gatherCpu: CpuKernel<GatherAttributes> = ({ inputs: [x, picks], attributes: { axis } }) => {
  const { outer, length, count, inner } = indexedRows(x, picks, axis);

  return ([source, indices], [output]) => {
    checkIndices('gather', indices, length);
    for (let o = 0, at = 0; o < outer; o++) {
      for (let i = 0; i < count; i++, at += inner) {
        copyElements(source, (o * length + indices[i]) * inner, output, at, inner);
      }
    }
  };
};

/** out[o, indices[i], :] += updates[o, i, :] */
export const scatterAddCpu: CpuKernel<GatherAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const { outer, length, count, inner } = indexedRows(outputs[0], inputs[1], axis);

  return ([updates, indices], [output]) => {
    checkIndices('scatterAdd', indices, length);
    output.fill(0);
    for (let o = 0, at = 0; o < outer; o++) {
      for (let i = 0; i < count; i++, at += inner) {
        const row = (o * length + indices[i]) * inner;
        for (let k = 0; k < inner; k++) output[row + k] += updates[at + k];
      }
    }
  };
};

/** Checked before anything is written, so that a failed call changes nothing. */
function checkIndices(kernel: string, indices: NumericArray, length: number): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] < 0 || indices[i] >= length) throw new IndexOutOfRangeError(kernel, indices[i], length);
  }
}
