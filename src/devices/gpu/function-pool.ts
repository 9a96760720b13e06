/**
 * Compiled functions by text and sizes. Compiling takes as long as a hundred small runs, so a function that nobody needs any
 * more waits for somebody who needs the same, up to a number of them.
 */
import type { ComposedPass } from '../../../kernels/support/gpu/gpu-kernel.ts';
import { createFunction, type GpuFunction, type GpuHandle, type GpuInstance } from './library.ts';

/** What a function is compiled from. */
export type FunctionText = Pick<ComposedPass, 'source' | 'functions' | 'size'>;

/** Functions that nobody uses are kept, at most so many, and with arrays of at most so many floats. */
const mostIdle = 512;
const mostIdleFloats = 1 << 24;

interface PooledFunction {
  readonly compiled: GpuFunction;
  readonly key: string;
  readonly shared: boolean;
  /** Floats of the array that it keeps. */
  readonly size: number;
  /** Plans that run it, and arrays of its making that are alive: gpu.js reads an array through its function. */
  users: number;
  /** The array of a function that is not shared. */
  result: GpuHandle | undefined;
}

export class FunctionPool {
  readonly #instance: GpuInstance;
  readonly #entries = new Map<GpuFunction, PooledFunction>();
  /** Shared functions, whether they are used or not. */
  readonly #shared = new Map<string, PooledFunction>();
  /** Functions that nobody uses, the one that was used last at the end. */
  readonly #idle = new Set<PooledFunction>();
  #idleFloats = 0;

  constructor(instance: GpuInstance) {
    this.#instance = instance;
  }

  /**
   * A function for one user, who releases it. A shared one serves others at the same time and gives a fresh array at every
   * call; another writes over its last result. `lengths` are those of the arrays it reads: shaders have them written in.
   */
  take(text: FunctionText, lengths: readonly number[], shared: boolean): GpuFunction {
    const key = `${text.size} ${lengths.join()} ${text.source}`;
    const entry = this.#find(key, shared) ?? this.#make(text, key, shared);
    this.#use(entry);
    return entry.compiled;
  }

  #find(key: string, shared: boolean): PooledFunction | undefined {
    if (shared) return this.#shared.get(key);
    for (const entry of this.#idle) if (!entry.shared && entry.key === key) return entry;
    return undefined;
  }

  #make(text: FunctionText, key: string, shared: boolean): PooledFunction {
    const compiled = createFunction(this.#instance, text, shared);
    const entry: PooledFunction = { compiled, key, shared, size: text.size, users: 0, result: undefined };
    this.#entries.set(compiled, entry);
    if (shared) this.#shared.set(key, entry);
    return entry;
  }

  #use(entry: PooledFunction): void {
    entry.users++;
    if (this.#idle.delete(entry)) this.#idleFloats -= entry.size;
  }

  /**
   * Takes the array that a function gave. That of a shared one is fresh, and a user of the function until it is released.
   * Another one gives its only array, on WebGPU by a new handle each time: there must be one, or its memory never goes.
   */
  received(
    compiled: GpuFunction,
    handle: GpuHandle,
  ): { readonly handle: GpuHandle; readonly fresh: boolean } {
    const entry = this.#entries.get(compiled);
    if (!entry) return { handle, fresh: false };
    if (entry.shared) {
      this.#use(entry);
      return { handle, fresh: true };
    }
    if (entry.result && entry.result !== handle) handle.delete();
    entry.result ??= handle;
    return { handle: entry.result, fresh: false };
  }

  /** Says that one user of a function is gone. */
  release(compiled: GpuFunction): void {
    const entry = this.#entries.get(compiled);
    if (!entry || --entry.users > 0) return;
    this.#idle.add(entry);
    this.#idleFloats += entry.size;
    while (this.#idle.size > mostIdle || this.#idleFloats > mostIdleFloats) {
      this.#destroy(this.#idle.values().next().value!);
    }
  }

  #destroy(entry: PooledFunction): void {
    if (this.#idle.delete(entry)) this.#idleFloats -= entry.size;
    this.#entries.delete(entry.compiled);
    if (entry.shared) this.#shared.delete(entry.key);
    entry.result?.delete();
    entry.compiled.destroy();
  }
}
