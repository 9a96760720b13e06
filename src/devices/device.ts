/**
 * The device contract: all that the engine asks of a place that computes. A device owns the memory of variables and
 * turns plans into something that runs; it knows nothing of tensors, gradients or layers.
 */
import type { Plan } from '../plan/plan.ts';
import type { NumericArray, TensorSpec } from '../tensor/dtype.ts';
import type { VariableStorage } from '../tensor/runtime.ts';
import type { GpuCounters } from './gpu/counters.ts';

/** A device, in words. */
export interface DeviceInfo {
  /** The device that really runs, never the one that was wished for. */
  readonly name: string;
  /** What it runs on, for people. */
  readonly description: string;
  /** How many threads of the processor compute. */
  readonly threads: number;
  /** The way to the GPU: webgpu, webgl2, webgl or headlessgl. Only of the gpu device. */
  readonly backend?: string;
  /** The GPU, as its driver names it. Only of the gpu device. */
  readonly adapter?: string;
  /** What bounds a plan there. Only of the gpu device. */
  readonly limits?: {
    /** The most floats in one buffer or texture: larger arrays are cut into segments. */
    readonly arrayFloats: number;
    /** The most buffers or textures that one kernel reads. */
    readonly arraysRead: number;
  };
  /** The largest error of a small matrix product, relative to its largest element, when the device was chosen. */
  readonly precision?: number;
}

/** What a device holds. */
export interface DeviceMemory {
  /** Bytes of parameters and other variables now alive. */
  readonly variableBytes: number;
  /**
   * Bytes of the arena and scratch memory that all plans share: the largest needs so far. On gpu, where plans share no
   * memory, of the arrays that they keep.
   */
  readonly arenaBytes: number;
  /** Bytes taken from the system for all of that. */
  readonly heapBytes: number;
}

/** What a plan is given for one run. */
export interface RunBindings {
  /** One array per input of the plan. Not changed. */
  readonly inputs: readonly NumericArray[];
  /** One storage per variable of the plan; the updated ones are changed. */
  readonly variables: readonly VariableStorage[];
  /**
   * The plan with the labels of the model that runs, for what is said about the run: models of one structure share a plan,
   * and their layers may have other names. Default: the plan as it was prepared.
   */
  readonly labeled?: () => Plan;
}

/** A plan made ready. */
export interface Executable {
  /**
   * Runs the plan and returns its outputs in fresh arrays. If `guard` is given, the run stops before the first update
   * of a variable when that output holds a NaN or infinity: variables stay as they were, and `completed` is false.
   */
  run(bindings: RunBindings, guard?: number): Promise<{ outputs: NumericArray[]; completed: boolean }>;
}

/** A place that computes. */
export interface Device {
  /** No two devices that live at once have the same: by it plans and variables know where they are. */
  readonly name: string;
  info(): DeviceInfo;
  memory(): DeviceMemory;
  /** What has crossed between host and GPU. Only of devices that compute on a GPU. */
  readonly counters?: GpuCounters | undefined;
  /**
   * To be awaited before variables of so many bytes are allocated: gives back what nobody holds any more, which the
   * garbage collector may not have noticed. Undefined where there is room.
   */
  makeRoom?(bytes: number): Promise<void> | undefined;
  /** Waits for what takes part in its runs once it is there: workers. */
  whenReady?(): Promise<void> | undefined;
  /** Memory for a variable, holding a copy of `data`. Freed when the storage is garbage. */
  allocate(spec: TensorSpec, data: NumericArray): VariableStorage;
  /** @throws DeviceLimitError or HeapExhaustedError for a plan that cannot fit whatever else is let go. */
  prepare(plan: Plan): Executable;
}
