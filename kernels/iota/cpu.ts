/** The iota kernel in plain loops. */
import { type CpuKernel, sizeOf } from '../support/contract.ts';
import type { IotaAttributes } from './index.ts';

export const iotaCpu: CpuKernel<IotaAttributes> = ({ outputs, attributes: { start, step } }) => {
  const size = sizeOf(outputs[0].shape);
  return (_inputs, [output]) => {
    for (let i = 0; i < size; i++) output[i] = start + i * step;
  };
};
