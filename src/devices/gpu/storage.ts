/** A variable of the `gpu` device: an array on the GPU, or one on the host until it is first needed there. */
import { type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { GpuFunctions } from './compiled-functions.ts';
import { decode, encode } from './float-encoding.ts';
import type { Journal, JournalCell, Journaled } from './journal.ts';
import type { GpuHandle } from './library.ts';
import { downloadSegments, segmentsOfFloats } from './segments.ts';

/** The array on the GPU, apart from the storage, so that it can be deleted when that is gone. */
export interface Held {
  /** Its segments, or none while it is not there. */
  handles: readonly GpuHandle[];
}

/** What a variable needs of its device. */
interface StorageHost {
  readonly name: string;
  readonly functions: GpuFunctions;
  readonly journal: Journal;
  /** The most floats of a segment. */
  readonly mostFloats: number;
}

export class GpuStorage implements VariableStorage, Journaled {
  readonly device: string;
  /** What the journal knows of it. A value that is written by the host begins a new one. */
  cell: JournalCell;
  readonly held: Held = { handles: [] };
  readonly #functions: GpuFunctions;
  readonly #journal: Journal;
  readonly #mostFloats: number;

  constructor({ name, functions, journal, mostFloats }: StorageHost, spec: TensorSpec, data: NumericArray) {
    this.device = name;
    this.#functions = functions;
    this.#journal = journal;
    this.#mostFloats = mostFloats;
    this.cell = { spec, value: data.slice() };
    journal.add(this);
  }

  /** The segments of the array on the GPU, uploaded if it is not there yet. */
  async handles(): Promise<readonly GpuHandle[]> {
    if (this.held.handles.length === 0) {
      const uploaded: GpuHandle[] = [];
      try {
        for (const segment of segmentsOfFloats(encode(this.cell.value), this.#mostFloats)) {
          uploaded.push(await this.#functions.upload(segment));
        }
      } catch (error) {
        for (const handle of uploaded) this.#functions.delete(handle);
        throw error;
      }
      this.held.handles = uploaded;
    }
    return this.held.handles;
  }

  /** Takes over an array as the new value. The old one is deleted. */
  replace(handles: readonly GpuHandle[]): void {
    for (const handle of this.held.handles) this.#functions.delete(handle);
    this.held.handles = handles;
  }

  async read(): Promise<NumericArray> {
    const { spec, value } = this.cell;
    if (this.held.handles.length === 0) return value.slice();
    if (this.#functions.lost !== undefined) return (await this.#journal.recover(this.cell)).slice();
    const floats = await downloadSegments(this.#functions, this.held.handles);
    return decode(floats, spec.dtype, sizeOf(spec.shape));
  }

  async write(data: NumericArray): Promise<void> {
    this.replace([]);
    // The runs so far lead to other variables by way of the old value.
    this.#journal.leave(this.cell);
    this.cell = { spec: this.cell.spec, value: data.slice() };
  }
}
