/** The concat kernel in plain loops. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import { copyElements } from '../support/cpu/copy.ts';
import type { ConcatAttributes } from './index.ts';

export const concatCpu: CpuKernel<ConcatAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const outer = sizeOf(outputs[0].shape.slice(0, axis));
  const row = sizeOf(outputs[0].shape.slice(axis));
  const runs = inputs.map(({ shape }) => sizeOf(shape.slice(axis)));

  return (sources, [output]) => {
    let start = 0;
    runs.forEach((run, input) => {
      for (let o = 0; o < outer; o++) copyElements(sources[input], o * run, output, o * row + start, run);
      start += run;
    });
  };
};
