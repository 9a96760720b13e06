/** The gather and scatterAdd kernels in plain loops, over x as [outer, length, inner]. */
import { type CpuKernel, type NumericArray, sizeOf, type TensorSpec } from '../support/contract.ts';
import { copyElements } from '../support/cpu/copy.ts';
import { IndexOutOfRangeError } from '../support/errors.ts';
import type { GatherAttributes } from './index.ts';

function sizesAround(x: TensorSpec, axis: number): { outer: number; length: number; inner: number } {
  return {
    outer: sizeOf(x.shape.slice(0, axis)),
    length: x.shape[axis],
    inner: sizeOf(x.shape.slice(axis + 1)),
  };
}

/** Checked before anything is written, so that a failed call changes nothing. */
function checkIndices(kernel: string, indices: NumericArray, length: number): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] < 0 || indices[i] >= length) throw new IndexOutOfRangeError(kernel, indices[i], length);
  }
}

export const gatherCpu: CpuKernel<GatherAttributes> = ({ inputs: [x, picks], attributes: { axis } }) => {
  const { outer, length, inner } = sizesAround(x, axis);
  const count = sizeOf(picks.shape);

  return ([source, indices], [output]) => {
    checkIndices('gather', indices, length);
    for (let o = 0, at = 0; o < outer; o++) {
      for (let i = 0; i < count; i++, at += inner) {
        copyElements(source, (o * length + indices[i]) * inner, output, at, inner);
      }
    }
  };
};

export const scatterAddCpu: CpuKernel<GatherAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const { outer, length, inner } = sizesAround(outputs[0], axis);
  const count = sizeOf(inputs[1].shape);

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
