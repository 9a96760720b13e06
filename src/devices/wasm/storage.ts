/** Variables on the heap of the `wasm` device, and the ways of arrays into and out of it. */
import { type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Heap } from './heap.ts';

/** A copy of the array at an address. */
export function readArray(heap: Heap, address: number, { dtype, shape }: TensorSpec): NumericArray {
  const size = sizeOf(shape);
  if (dtype === 'float32') return heap.floats.slice(address >> 2, (address >> 2) + size);
  if (dtype === 'int32') return heap.words.slice(address >> 2, (address >> 2) + size);
  return heap.bytes.slice(address, address + size);
}

/** Copies an array to an address. */
export function writeArray(heap: Heap, address: number, array: NumericArray): void {
  if (array instanceof Float32Array) heap.floats.set(array, address >> 2);
  else if (array instanceof Int32Array) heap.words.set(array, address >> 2);
  else heap.bytes.set(array, address);
}

/** A variable's block. */
export class WasmStorage implements VariableStorage {
  readonly device = 'wasm';
  readonly address: number;
  readonly #heap: Heap;
  readonly #spec: TensorSpec;

  constructor(heap: Heap, spec: TensorSpec, address: number) {
    this.#heap = heap;
    this.#spec = spec;
    this.address = address;
  }

  async read(): Promise<NumericArray> {
    return readArray(this.#heap, this.address, this.#spec);
  }

  async write(data: NumericArray): Promise<void> {
    writeArray(this.#heap, this.address, data);
  }
}
