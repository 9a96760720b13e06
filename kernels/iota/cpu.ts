/** The iota kernel in plain loops. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import type { Progression } from './index.ts';

export const iotaCpu: CpuKernel<Progression> = ({ outputs, attributes: { start, step } }) => {
  const size = sizeOf(outputs[0].shape);
  return (_inputs, [output]) => {
    for (let i = 0; i < size; i++) output[i] = start + i * step;
  };
};
