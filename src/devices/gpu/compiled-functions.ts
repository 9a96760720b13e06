/**
 * The compiled functions of one GPU, and the traffic with it. Two kinds: a resident one belongs to one pass of one plan
 * and writes over its own result at every run; a shared one serves every pass with the same text and sizes, and gives a
 * fresh array at every call, which is somebody's to delete: the new value of a variable, a step of a sequence.
 */
import { DeviceLostError } from '../../errors.ts';
import type { GpuCounters } from './counters.ts';
import { FunctionPool, type FunctionText } from './function-pool.ts';
import type { Backend } from './gpu-options.ts';
import type { Hardware } from './hardware.ts';
import { type GpuArgument, type GpuFunction, type GpuHandle, type GpuInstance, letGo } from './library.ts';

/** Copies what it is given. */
const uploading = (size: number): FunctionText => ({
  source: 'function (array0) {\n  return array0[this.thread.x];\n}',
  functions: [],
  size,
});

/** A GPU goes when neither its device nor any of its variables is used any more. */
const abandoned = new FinalizationRegistry<GpuInstance>((instance) => void letGo(instance));

export class GpuFunctions {
  readonly backend: Backend;
  readonly #pool: FunctionPool;
  readonly #counters = {
    uploads: 0,
    uploadedBytes: 0,
    downloads: 0,
    downloadedBytes: 0,
    passes: 0,
    compiled: 0,
    milliseconds: { compile: 0, upload: 0, kernel: 0, download: 0 },
  };
  /** Why nothing can be computed any more, once that is so. */
  #lost: string | undefined;
  readonly #hardware: () => Hardware | undefined;

  /** `hardware` is known once a function has run. */
  constructor(backend: Backend, instance: GpuInstance, hardware: () => Hardware | undefined) {
    this.backend = backend;
    this.#pool = new FunctionPool(instance);
    abandoned.register(this, instance);
    this.#hardware = hardware;
  }

  get counters(): GpuCounters {
    return { ...this.#counters, milliseconds: { ...this.#counters.milliseconds } };
  }

  get lost(): string | undefined {
    this.#lost ??= this.#hardware()?.loss();
    return this.#lost;
  }

  /** A function for one pass alone, which writes over its own result. `lengths` are those of the arrays it reads. */
  resident(text: FunctionText, lengths: readonly number[]): GpuFunction {
    return this.#pool.take(text, lengths, false);
  }

  /** The function that all passes with this text share, which gives a fresh array at every call. */
  shared(text: FunctionText, lengths: readonly number[]): GpuFunction {
    return this.#pool.take(text, lengths, true);
  }

  /** To be called once for every function that was got, when it is not needed any more. */
  release(compiled: GpuFunction): void {
    this.#pool.release(compiled);
  }

  /** Runs a function; the first run compiles it. */
  async run(compiled: GpuFunction, values: GpuArgument[]): Promise<GpuHandle> {
    this.#counters.passes++;
    return this.#call(compiled, values, 'kernel');
  }

  async #call(compiled: GpuFunction, values: GpuArgument[], part: 'kernel' | 'upload'): Promise<GpuHandle> {
    const isNew = !this.#known.has(compiled);
    const start = performance.now();
    const handle = this.#made(compiled, await this.#guarded(async () => compiled(...values)));
    if (isNew) {
      if (compiled.fallbackReason) throw new Error(`gpu.js fell back to the CPU: ${compiled.fallbackReason}`);
      this.#known.add(compiled);
      this.#counters.compiled++;
    }
    this.#counters.milliseconds[isNew ? 'compile' : part] += performance.now() - start;
    return handle;
  }

  /** Functions that have run. */
  readonly #known = new WeakSet<GpuFunction>();

  /** The shared functions behind arrays. */
  readonly #makers = new WeakMap<GpuHandle, GpuFunction>();

  #made(compiled: GpuFunction, given: GpuHandle): GpuHandle {
    const { handle, fresh } = this.#pool.received(compiled, given);
    if (fresh) this.#makers.set(handle, compiled);
    return handle;
  }

  /** Lets go of a fresh array. */
  delete(handle: GpuHandle): void {
    handle.delete();
    const maker = this.#makers.get(handle);
    if (maker) this.#pool.release(maker);
    this.#makers.delete(handle);
  }

  /** A function that uploads arrays of one length, over and over to the same place. */
  residentUpload(size: number): GpuFunction {
    return this.resident(uploading(size), [size]);
  }

  /** Copies floats to the GPU, to a fresh array, or with a resident function to its own. */
  async upload(floats: Float32Array, resident?: GpuFunction): Promise<GpuHandle> {
    const { length } = floats;
    const compiled = resident ?? this.shared(uploading(length), [length]);
    try {
      const handle = await this.#call(compiled, [floats], 'upload');
      this.countUpload(length);
      return handle;
    } finally {
      if (!resident) this.release(compiled);
    }
  }

  /** Counts numbers that go to the GPU as arguments. */
  countUpload(length: number): void {
    this.#counters.uploads++;
    this.#counters.uploadedBytes += 4 * length;
  }

  /** Downloads under way, and since when there have been any. */
  #pending = 0;
  #pendingSince = 0;

  /** Copies an array to the host. */
  async download(handle: GpuHandle): Promise<Float32Array> {
    // Downloads that overlap are waited for once.
    if (this.#pending++ === 0) this.#pendingSince = performance.now();
    let floats: Float32Array;
    try {
      floats = await this.#guarded(async () => {
        const array = (await handle.toArray()) as Float32Array;
        this.#lost ??= this.#hardware()?.fault();
        return array;
      });
    } finally {
      if (--this.#pending === 0) {
        this.#counters.milliseconds.download += performance.now() - this.#pendingSince;
      }
    }
    this.#counters.downloads++;
    this.#counters.downloadedBytes += floats.byteLength;
    return floats;
  }

  /** Turns the ways in which a lost device shows into one error. */
  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.lost !== undefined) throw this.lossError();
    try {
      const result = await work();
      if (this.lost !== undefined) throw this.lossError();
      return result;
    } catch (error) {
      // What was going on may fail before the loss itself is told, which is done in a task of its own.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (this.lost !== undefined && !(error instanceof DeviceLostError)) throw this.lossError(error);
      throw error;
    }
  }

  lossError(cause?: unknown): DeviceLostError {
    return new DeviceLostError(
      {
        where: `the gpu device (${this.backend})`,
        got: `the loss of the GPU: ${this.lost}`,
        expected: 'a GPU that goes on computing',
        cure: "Parameters go on from the last completed step: use setDevice('wasm'), or await setDevice('gpu') again.",
      },
      cause === undefined ? {} : { cause },
    );
  }
}
