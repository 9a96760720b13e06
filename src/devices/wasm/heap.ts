/** The heap of the `wasm` device: one growable memory, blocks given out and taken back. */
import { HeapExhaustedError } from '../../errors.ts';
import { formatBytes } from '../../text.ts';
import { aligned, controlBytes, padding } from './layout.ts';
import { type WasmMemory, WebAssembly } from './webassembly.ts';

const pageBytes = 65536;

/** Addresses stay below 2 GiB, so that signed and unsigned comparisons agree in kernels. */
export const maximumHeapBytes = 2 ** 31 - pageBytes;

/** The words for the threads need this much. */
export const minimumHeapBytes = pageBytes;

/** A free stretch of the heap. */
interface Gap {
  address: number;
  bytes: number;
}

export class Heap {
  readonly memory: WasmMemory;
  readonly maximumPages: number;
  readonly shared: boolean;
  /** Views of the whole memory; made anew when it has grown. */
  bytes: Uint8Array;
  floats: Float32Array;
  words: Int32Array;
  /** By address; no two touch. */
  readonly #gaps: Gap[] = [];
  /** Everything from here on is free and not counted in the gaps. */
  #top = controlBytes;

  /** @throws HeapExhaustedError if not even an empty memory with so high a limit can be had. */
  constructor(shared: boolean, limitBytes: number) {
    this.shared = shared;
    this.maximumPages = Math.floor(limitBytes / pageBytes);
    try {
      this.memory = new WebAssembly.Memory({ initial: 1, maximum: this.maximumPages, shared });
    } catch (cause) {
      throw new HeapExhaustedError(
        {
          where: 'the wasm device',
          got: `no memory that may grow to ${formatBytes(limitBytes)}`,
          expected: 'address space for it',
          cure: "Choose a lower limit: setDevice('wasm', { memoryLimit: bytes }).",
        },
        { cause },
      );
    }
    this.bytes = new Uint8Array(0);
    this.floats = new Float32Array(0);
    this.words = new Int32Array(0);
    this.#refresh();
  }

  /** Bytes taken from the system. It never shrinks, so this is also the peak. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * A block of at least `bytes`, with room behind it that may be read. Its contents are unknown.
   *
   * @throws HeapExhaustedError if it does not fit. Nothing has changed then.
   */
  allocate(bytes: number, purpose: string): number {
    const needed = this.#blockBytes(bytes);
    const at = this.#gaps.findIndex((gap) => gap.bytes >= needed);
    if (at >= 0) {
      const gap = this.#gaps[at];
      const { address } = gap;
      gap.address += needed;
      gap.bytes -= needed;
      if (gap.bytes === 0) this.#gaps.splice(at, 1);
      return address;
    }
    const address = this.#top;
    this.#grow(address + needed, bytes, purpose);
    this.#top = address + needed;
    return address;
  }

  /** Whether a block of so many bytes can be had, if the system has them. */
  hasRoom(bytes: number): boolean {
    const needed = this.#blockBytes(bytes);
    return (
      this.#top + needed <= this.maximumPages * pageBytes || this.#gaps.some((gap) => gap.bytes >= needed)
    );
  }

  /** Takes back the block of `bytes` at `address`. */
  free(address: number, bytes: number): void {
    const freed: Gap = { address, bytes: this.#blockBytes(bytes) };
    const next = this.#gaps.findIndex((gap) => gap.address > address);
    const at = next < 0 ? this.#gaps.length : next;
    this.#gaps.splice(at, 0, freed);
    this.#join(at);
    this.#join(at - 1);
    const last = this.#gaps.at(-1);
    if (last && last.address + last.bytes === this.#top) {
      this.#top = last.address;
      this.#gaps.pop();
    }
  }

  /** Joins gap number `at` with the next one if they touch. */
  #join(at: number): void {
    const [gap, next] = [this.#gaps[at], this.#gaps[at + 1]];
    if (!gap || !next || gap.address + gap.bytes !== next.address) return;
    gap.bytes += next.bytes;
    this.#gaps.splice(at + 1, 1);
  }

  #blockBytes(bytes: number): number {
    return aligned(bytes + padding);
  }

  #grow(end: number, asked: number, purpose: string): void {
    const missing = end - this.size;
    if (missing <= 0) return;
    // Some more than is asked for, since growing makes all views anew.
    const least = Math.ceil(missing / pageBytes);
    const generous = Math.ceil(Math.max(missing, this.size / 8) / pageBytes);
    for (const pages of [generous, least]) {
      try {
        this.memory.grow(pages);
        this.#refresh();
        return;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    const used = formatBytes(this.#top);
    throw new HeapExhaustedError({
      where: `the wasm device, ${purpose}`,
      got: `a need of ${formatBytes(asked)} with ${used} of the heap taken`,
      expected: `at most ${formatBytes(this.maximumPages * pageBytes)} together, and that the system has it`,
      cure: "Use smaller batches or a smaller model, raise setDevice('wasm', { memoryLimit }), or go on with setDevice('cpu').",
    });
  }

  #refresh(): void {
    const { buffer } = this.memory;
    this.bytes = new Uint8Array(buffer);
    this.floats = new Float32Array(buffer);
    this.words = new Int32Array(buffer);
  }
}
