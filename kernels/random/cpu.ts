/** The random kernel in plain loops: one Threefry block for every two elements. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import { threefry2x32 } from '../support/threefry.ts';
import type { NoAttributes } from './index.ts';

export const randomCpu: CpuKernel<NoAttributes> = ({ outputs }) => {
  const size = sizeOf(outputs[0].shape);
  const block = new Uint32Array(2);

  return ([[key0, key1, counter0, counter1]], [output]) => {
    let low = counter0 >>> 0;
    let high = counter1 >>> 0;
    for (let i = 0; i < size; i += 2) {
      threefry2x32(key0, key1, low, high, block, 0);
      output[i] = block[0] >>> 8;
      if (i + 1 < size) output[i + 1] = block[1] >>> 8;
      low = (low + 1) >>> 0;
      if (low === 0) high = (high + 1) >>> 0;
    }
  };
};
