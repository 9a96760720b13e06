/** An arithmetic progression. */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface IotaAttributes {
  /** Element 0. */
  readonly start: number;
  readonly step: number;
}

/** No inputs; output: float32 or int32 [N], element i = start + i·step, rounded once. */
export const iota: KernelContract<IotaAttributes> = {
  name: 'iota',
  flops: ({ outputs: [{ shape, dtype }] }) => (dtype === 'float32' ? 2 * sizeOf(shape) : 0),
};
