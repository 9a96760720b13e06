/** The arrays of a plan while it runs, or of the body of a loop: one in each slot, some of them fresh. */
import type { GpuFunctions } from './compiled-functions.ts';
import type { GpuHandle } from './library.ts';

/** An array on the GPU, by its segments. None, if it has no elements. */
export type SegmentHandles = readonly GpuHandle[];

export class Frame {
  readonly functions: GpuFunctions;
  readonly #handles = new Map<number, GpuHandle>();
  /** Fresh arrays that nobody has taken over. */
  readonly #fresh = new Set<GpuHandle>();

  constructor(functions: GpuFunctions) {
    this.functions = functions;
  }

  /** What is in a slot. */
  handle(slot: number): GpuHandle | undefined {
    return this.#handles.get(slot);
  }

  /** What is in slots: fewer segments than slots, if not all of them were computed. */
  array(slots: readonly number[]): SegmentHandles {
    return slots.flatMap((slot) => this.#handles.get(slot) ?? []);
  }

  put(slots: readonly number[], array: SegmentHandles): void {
    array.forEach((handle, segment) => {
      this.#handles.set(slots[segment], handle);
    });
  }

  /** Becomes the owner of fresh arrays: those that nobody takes over are deleted when the frame is left. */
  own(array: SegmentHandles): void {
    for (const handle of array) this.#fresh.add(handle);
  }

  /** Gives up fresh arrays to a new owner. Returns whether they were this frame's. */
  handOver(array: SegmentHandles): boolean {
    return array.every((handle) => this.#fresh.delete(handle));
  }

  /** Deletes what is fresh and this frame's. */
  delete(array: Iterable<GpuHandle>): void {
    for (const handle of array) if (this.#fresh.delete(handle)) this.functions.delete(handle);
  }

  /** Deletes what the run made and nobody keeps. */
  leave(): void {
    this.delete([...this.#fresh]);
  }
}
