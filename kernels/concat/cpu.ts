/** The concat kernel in plain loops: each input is, for every outer index, one run of the output. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import { copyElements } from '../support/cpu/copy.ts';
import type { ConcatAttributes } from './index.ts';

export const concatCpu: CpuKernel<ConcatAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const outer = sizeOf(outputs[0].shape.slice(0, axis));
  const outRow = sizeOf(outputs[0].shape.slice(axis));
  const rows = inputs.map(({ shape }) => sizeOf(shape.slice(axis)));

  return (sources, [output]) => {
    let rowStart = 0;
    for (let k = 0; k < rows.length; k++) {
      const row = rows[k];
      for (let o = 0; o < outer; o++) copyElements(sources[k], o * row, output, o * outRow + rowStart, row);
      rowStart += row;
    }
  };
};
