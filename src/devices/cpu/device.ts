/** The `cpu` device: plain TypeScript loops over one ArrayBuffer. It runs anywhere and is the oracle for the others. */
import { kernelOf } from '../../../kernels/index.ts';
import { allocate, type CpuRun, type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import { IndexOutOfRangeError } from '../../../kernels/support/errors.ts';
import type { Place, Plan, PlanBuffer } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Device, DeviceInfo, DeviceMemory, Executable, RunBindings } from '../device.ts';
import { noMemory } from '../needs.ts';
import { allFinite, indexFault } from '../results.ts';

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

/** One step with the arrays it works on. */
interface PreparedStep {
  readonly run: CpuRun;
  readonly inputs: NumericArray[];
  readonly outputs: NumericArray[];
}

/** A place in a step that holds a buffer's array. */
type Slot = (array: NumericArray) => void;

const nothing = new Float32Array(0);

class CpuExecutable implements Executable {
  readonly #plan: Plan;
  readonly #arena: Arena;
  readonly #steps: readonly PreparedStep[];
  /** Elements of scratch memory for the step that needs most. */
  readonly #workspaceSize: number;
  /** Where each buffer is used. */
  readonly #slots: readonly Slot[][];
  /** The arena that the steps hold views of, if any. */
  #memory: ArrayBuffer | undefined;

  constructor(plan: Plan, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
    const slots: Slot[][] = plan.buffers.map(() => []);
    this.#steps = plan.steps.map((step) => {
      const prepared: PreparedStep = {
        run: kernelOf(step.contract).cpu(step.call),
        inputs: step.inputs.map(() => nothing),
        outputs: step.outputs.map(() => nothing),
      };
      const use = (arrays: NumericArray[]) => (buffer: number, position: number) =>
        slots[buffer].push((array) => {
          arrays[position] = array;
        });
      step.inputs.forEach(use(prepared.inputs));
      step.outputs.forEach(use(prepared.outputs));
      return prepared;
    });
    this.#workspaceSize = this.#steps.reduce((most, { run }) => Math.max(most, run.workspaceSize ?? 0), 0);
    this.#slots = slots;
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
      this.#bind(() => nothing);
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
      if (place.kind === 'arena') this.#put(buffer, nothing);
    });
  }

  /** Returns whether the run went to its end: false if the guarded output is not finite. */
  #runSteps(outputs: readonly NumericArray[], guard: number | undefined, labeled: () => Plan): boolean {
    const { steps, firstUpdateStep } = this.#plan;
    for (let index = 0; index < steps.length; index++) {
      if (index === firstUpdateStep && guard !== undefined && !allFinite(outputs[guard])) return false;
      const { run, inputs, outputs: results } = this.#steps[index];
      try {
        run(inputs, results, this.#arena.workspace);
      } catch (error) {
        if (!(error instanceof IndexOutOfRangeError)) throw error;
        throw indexFault(labeled().steps[index].label, error.index, error.length, error);
      }
    }
    return guard === undefined || firstUpdateStep < steps.length || allFinite(outputs[guard]);
  }

  /** Puts this run's arrays of inputs, variables and outputs in their places. */
  #bind(arrayFor: (place: Exclude<Place, { kind: 'arena' }>) => NumericArray): void {
    this.#plan.buffers.forEach(({ place }, buffer) => {
      if (place.kind !== 'arena') this.#put(buffer, arrayFor(place));
    });
  }

  #enterArena(): void {
    this.#arena.grow(this.#plan.arenaBytes, this.#workspaceSize);
    const { memory } = this.#arena;
    if (this.#memory === memory) return;
    this.#memory = memory;
    this.#plan.buffers.forEach((planned, buffer) => {
      if (planned.place.kind === 'arena') this.#put(buffer, viewOf(memory, planned, planned.place.offset));
    });
  }

  #put(buffer: number, array: NumericArray): void {
    for (const slot of this.#slots[buffer]) slot(array);
  }
}

function arrayOf(storage: VariableStorage): NumericArray {
  if (storage instanceof CpuStorage) return storage.array;
  throw new Error(`the cpu device was given memory of the ${storage.device} device`);
}

function viewOf(memory: ArrayBuffer, { spec }: PlanBuffer, offset: number): NumericArray {
  const size = sizeOf(spec.shape);
  if (spec.dtype === 'float32') return new Float32Array(memory, offset, size);
  return spec.dtype === 'int32' ? new Int32Array(memory, offset, size) : new Uint8Array(memory, offset, size);
}
