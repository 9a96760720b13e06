/** The `cpu` device: plain TypeScript loops over one ArrayBuffer. It runs anywhere and is the oracle for the others. */
import { allocate, type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import { type Place, type Plan, stepAt } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Device, DeviceInfo, DeviceMemory, Executable, RunBindings } from '../device.ts';
import { noMemory } from '../needs.ts';
import { allFinite, indexFault } from '../results.ts';
import { viewOf } from './array-view.ts';
import { PreparedSteps } from './prepared-steps.ts';
import { noArray, StepFault } from './step-runner.ts';

/** A variable's memory: a typed array. */
class CpuStorage implements VariableStorage {
  readonly device = 'cpu';
  readonly array: NumericArray;

  constructor(array: NumericArray) {
    this.array = array;
  }

  async read(): Promise<NumericArray> {
    return this.array.slice();
  }

  async write(data: NumericArray): Promise<void> {
    this.array.set(data);
  }
}

/** The memory that all plans share. Only one plan runs at a time, and only one step of it. */
class Arena {
  /** Where plans keep their values. */
  memory = new ArrayBuffer(0);
  /** Scratch memory of the step that runs. */
  workspace = new Float32Array(0);
  /** Executables that hold views of the memory; they let go of them when it moves. */
  readonly #users = new Set<WeakRef<CpuExecutable>>();
  readonly #gone = new FinalizationRegistry<WeakRef<CpuExecutable>>((user) => this.#users.delete(user));

  join(executable: CpuExecutable): void {
    const user = new WeakRef(executable);
    this.#users.add(user);
    this.#gone.register(executable, user);
  }

  get bytes(): number {
    return this.memory.byteLength + this.workspace.byteLength;
  }

  /** Makes room for at least `bytes` of values and `workspaceSize` elements of scratch memory. */
  grow(bytes: number, workspaceSize: number): void {
    if (this.workspace.length < workspaceSize) this.workspace = new Float32Array(workspaceSize);
    if (this.memory.byteLength >= bytes) return;
    this.memory = new ArrayBuffer(bytes);
    for (const user of this.#users) {
      user.deref()?.leaveArena();
    }
  }
}

export class CpuDevice implements Device {
  readonly name = 'cpu';
  readonly #arena = new Arena();
  #variableBytes = 0;
  readonly #freed = new FinalizationRegistry<number>((bytes) => {
    this.#variableBytes -= bytes;
  });

  info(): DeviceInfo {
    return { name: 'cpu', description: 'plain TypeScript loops', threads: 1 };
  }

  memory(): DeviceMemory {
    const variableBytes = this.#variableBytes;
    const arenaBytes = this.#arena.bytes;
    return { variableBytes, arenaBytes, heapBytes: variableBytes + arenaBytes };
  }

  allocate({ dtype, shape }: TensorSpec, data: NumericArray): VariableStorage {
    const array = allocate(dtype, sizeOf(shape));
    array.set(data);
    this.#variableBytes += array.byteLength;
    this.#freed.register(array, array.byteLength);
    return new CpuStorage(array);
  }

  prepare(plan: Plan): Executable {
    const executable = new CpuExecutable(plan, this.#arena);
    this.#arena.join(executable);
    return executable;
  }
}

class CpuExecutable implements Executable {
  readonly #plan: Plan;
  readonly #arena: Arena;
  readonly #steps: PreparedSteps;
  /** The arena that the steps hold views of, if any. */
  #memory: ArrayBuffer | undefined;

  constructor(plan: Plan, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
    this.#steps = new PreparedSteps(plan);
  }

  async run(bindings: RunBindings, guard?: number): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    const { labeled = () => this.#plan } = bindings;
    const outputs = this.#allocate(labeled);
    this.#bind(({ kind, index }) => {
      if (kind === 'output') return outputs[index];
      return kind === 'input' ? bindings.inputs[index] : arrayOf(bindings.variables[index]);
    });
    try {
      return { outputs, completed: this.#runSteps(outputs, guard, labeled) };
    } finally {
      // A plan that is kept must not keep the arrays of its last run.
      this.#bind(() => noArray);
    }
  }

  /** All memory of a run, or none. */
  #allocate(labeled: () => Plan): NumericArray[] {
    try {
      this.#enterArena();
      return this.#plan.outputs.map(({ dtype, shape }) => allocate(dtype, sizeOf(shape)));
    } catch (error) {
      // What engines throw when they do not have the memory, or count no further.
      throw error instanceof RangeError ? noMemory('cpu', labeled(), error) : error;
    }
  }

  /** Forgets the views of an arena that has moved. */
  leaveArena(): void {
    if (this.#memory === undefined) return;
    this.#memory = undefined;
    this.#plan.buffers.forEach(({ place }, buffer) => {
      if (place.kind === 'arena') this.#steps.put(buffer, noArray);
    });
  }

  /** Returns whether the run went to its end: false if the guarded output is not finite. */
  #runSteps(outputs: readonly NumericArray[], guard: number | undefined, labeled: () => Plan): boolean {
    const { steps, firstUpdateStep } = this.#plan;
    const { workspace } = this.#arena;
    try {
      this.#steps.run(0, firstUpdateStep, workspace);
      if (guard !== undefined && !allFinite(outputs[guard])) return false;
      this.#steps.run(firstUpdateStep, steps.length, workspace);
    } catch (error) {
      if (!(error instanceof StepFault)) throw error;
      const { path, fault } = error;
      throw indexFault(stepAt(labeled(), path).label, fault.index, fault.length, fault);
    }
    return true;
  }

  /** Puts this run's arrays of inputs, variables and outputs in their places. */
  #bind(arrayFor: (place: Exclude<Place, { kind: 'arena' }>) => NumericArray): void {
    this.#plan.buffers.forEach(({ place }, buffer) => {
      if (place.kind !== 'arena') this.#steps.put(buffer, arrayFor(place));
    });
  }

  #enterArena(): void {
    this.#arena.grow(this.#plan.arenaBytes, this.#steps.workspaceSize);
    const { memory } = this.#arena;
    if (this.#memory === memory) return;
    this.#memory = memory;
    this.#plan.buffers.forEach((planned, buffer) => {
      if (planned.place.kind === 'arena')
        this.#steps.put(buffer, viewOf(memory, planned.spec, planned.place.offset));
    });
  }
}

function arrayOf(storage: VariableStorage): NumericArray {
  if (storage instanceof CpuStorage) return storage.array;
  throw new Error(`the cpu device was given memory of the ${storage.device} device`);
}
