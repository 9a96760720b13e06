/** A variable of the `gpu` device: an array on the GPU, or one on the host until it is first needed there. */
import { type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import { decode, encode } from './encoding.ts';
import type { GpuFunctions } from './functions.ts';
import type { Cell, Journal, Journalled } from './journal.ts';
import type { GpuHandle } from './library.ts';

/** The array on the GPU, apart from the storage, so that it can be deleted when that is gone. */
export interface Held {
  handle: GpuHandle | undefined;
}

export class GpuStorage implements VariableStorage, Journalled {
  readonly device: string;
  /** What the journal knows of it. A value that is written by the host begins a new one. */
  cell: Cell;
  readonly held: Held = { handle: undefined };
  readonly #functions: GpuFunctions;
  readonly #journal: Journal;

  constructor(
    {
      name,
      functions,
      journal,
    }: { readonly name: string; readonly functions: GpuFunctions; readonly journal: Journal },
    spec: TensorSpec,
    data: NumericArray,
  ) {
    this.device = name;
    this.#functions = functions;
    this.#journal = journal;
    this.cell = { spec, value: data.slice() };
    journal.add(this);
  }

  /** The array on the GPU, uploaded if it is not there yet. */
  async handle(): Promise<GpuHandle> {
    if (!this.held.handle) {
      this.held.handle = await this.#functions.upload(encode(this.cell.value));
    }
    return this.held.handle;
  }

  /** Takes over an array as the new value. The old one is deleted. */
  replace(handle: GpuHandle): void {
    if (this.held.handle) this.#functions.delete(this.held.handle);
    this.held.handle = handle;
  }

  async read(): Promise<NumericArray> {
    const { spec, value } = this.cell;
    if (!this.held.handle) return value.slice();
    if (this.#functions.lost !== undefined) return (await this.#journal.recover(this.cell)).slice();
    const floats = await this.#functions.download(this.held.handle);
    return decode(floats, spec.dtype, sizeOf(spec.shape));
  }

  async write(data: NumericArray): Promise<void> {
    if (this.held.handle) this.#functions.delete(this.held.handle);
    this.held.handle = undefined;
    // The runs so far lead to other variables by way of the old value.
    this.cell = { spec: this.cell.spec, value: data.slice() };
  }
}
