/**
 * An arithmetic progression: out[i] = start + i · step.
 *
 * cpu computes every element in float64: the definition.
 * wasm computes four at a time, each from its own index, so that none waits for another; whole numbers in integers.
 * gpu has no float64, so float32 elements are rounded after the product and after the sum; whole numbers of an int32 are
 * exact.
 */
import { type KernelContract, sizeOf } from '../support/contract.ts';

export interface Progression {
  /** Element 0. */
  readonly start: number;
  readonly step: number;
}

/** No inputs; output: float32 or int32 [N]; each element is rounded once. */
export const iota: KernelContract<Progression> = {
  name: 'iota',
  flops: ({ outputs: [{ shape, dtype }] }) => (dtype === 'float32' ? 2 * sizeOf(shape) : 0),
};
