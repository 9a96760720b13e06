/**
 * A GPU for tests without one: texts are run as the JavaScript they are, for one number after the other. What is read after it
 * was deleted, or deleted twice, is an error, and so is a result that nobody deleted.
 */
import { GpuFunctions } from '../../src/devices/gpu/compiled-functions.ts';
import type { GpuHost } from '../../src/devices/gpu/executable.ts';
import { Journal } from '../../src/devices/gpu/journal.ts';
import type { GpuArgument, GpuFunction, GpuHandle, GpuInstance } from '../../src/devices/gpu/library.ts';
import type { PassLimits } from '../../src/devices/gpu/pass-limits.ts';

/** An array of the emulated GPU. */
class EmulatedArray implements GpuHandle {
  readonly floats: Float32Array;
  isDeleted = false;

  constructor(size: number) {
    this.floats = new Float32Array(size);
  }

  read(): Float32Array {
    if (this.isDeleted) throw new Error('an array is read that was deleted');
    return this.floats;
  }

  toArray(): Float32Array {
    return this.read().slice();
  }

  delete(): void {
    if (this.isDeleted) throw new Error('an array is deleted twice');
    this.isDeleted = true;
  }
}

/** An emulated GPU. */
export interface EmulatedGpu extends GpuHost {
  /** Fresh arrays that nobody has deleted. */
  alive(): number;
  /** The most of them at once. */
  mostAlive(): number;
  /** Has calls fail after so many more. */
  failAfter(calls: number): void;
}

export function emulatedGpu(limits: Partial<PassLimits> = {}): EmulatedGpu {
  const fresh = new Set<EmulatedArray>();
  let [most, callsLeft] = [0, Number.POSITIVE_INFINITY];
  const createKernel: GpuInstance['createKernel'] = (source, { output: [size], immutable, functions }) => {
    const texts = functions.map((each) => each.source);
    const compute = new Function(`${texts.join('\n')}\nreturn ${source};`)() as (
      this: { readonly thread: { x: number } },
      ...values: (Float32Array | number)[]
    ) => number;
    const resident = new EmulatedArray(size);
    const run = (...values: GpuArgument[]): GpuHandle => {
      if (callsLeft-- <= 0) throw new Error('this call fails on purpose');
      const result = immutable ? new EmulatedArray(size) : resident;
      const given = values.map((value) => {
        if (value instanceof EmulatedArray) return value.read();
        if (value instanceof Float32Array || typeof value === 'number') return value;
        throw new Error('a function is called with nothing');
      });
      if (given.includes(result.floats)) throw new Error('a function reads the array that it writes');
      const thread = { x: 0 };
      for (; thread.x < size; thread.x++) result.floats[thread.x] = compute.call({ thread }, ...given);
      if (immutable) fresh.add(result);
      for (const each of fresh) if (each.isDeleted) fresh.delete(each);
      most = Math.max(most, fresh.size);
      return result;
    };
    const kernel: GpuFunction['kernel'] = { constructor: { mode: 'emulated' } };
    return Object.assign(run, { kernel, destroy: () => undefined });
  };
  const instance: GpuInstance = { createKernel, destroy: async () => undefined };
  return {
    functions: new GpuFunctions('webgpu', instance, () => undefined),
    journal: new Journal(),
    mostReads: 7,
    mostFloats: 1 << 24,
    ...limits,
    makeRoom: () => undefined,
    addResident: () => undefined,
    alive: () => [...fresh].filter((each) => !each.isDeleted).length,
    mostAlive: () => most,
    failAfter: (calls) => {
      callsLeft = calls;
    },
  };
}
