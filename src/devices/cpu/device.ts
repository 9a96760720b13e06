/** The `cpu` device: plain TypeScript loops over one ArrayBuffer. It runs anywhere and is the oracle for the others. */
import { allocate, type CpuRun, type NumericArray, sizeOf } from '../../../kernels/support/contract.ts';
import type { Plan, PlanBuffer } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import type { Device, DeviceInfo, DeviceMemory, Executable, RunBindings } from '../device.ts';
import { cpuKernel } from './kernels.ts';

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

export class CpuDevice implements Device {
  readonly name = 'cpu';
  #arena = new ArrayBuffer(0);
  /** Bumped when the arena moves, so that executables make their views anew. */
  #arenaVersion = 0;
  #variableBytes = 0;
  readonly #freed = new FinalizationRegistry<number>((bytes) => {
    this.#variableBytes -= bytes;
  });

  info(): DeviceInfo {
    return { name: 'cpu', description: 'plain TypeScript loops', threads: 1 };
  }

  memory(): DeviceMemory {
    return { variableBytes: this.#variableBytes, arenaBytes: this.#arena.byteLength };
  }

  allocate(_spec: TensorSpec, data: NumericArray): VariableStorage {
    const storage = new CpuStorage(data.slice());
    this.#variableBytes += data.byteLength;
    this.#freed.register(storage, data.byteLength);
    return storage;
  }

  prepare(plan: Plan): Executable {
    return new CpuExecutable(plan, (bytes) => this.#arenaOf(bytes));
  }

  /** The shared arena, grown to at least `bytes`. */
  #arenaOf(bytes: number): { memory: ArrayBuffer; version: number } {
    if (this.#arena.byteLength < bytes) {
      this.#arena = new ArrayBuffer(bytes);
      this.#arenaVersion++;
    }
    return { memory: this.#arena, version: this.#arenaVersion };
  }
}

/** One step with the arrays it works on; the arrays of inputs, variables and outputs are put in anew at every run. */
interface PreparedStep {
  readonly run: CpuRun;
  readonly inputs: NumericArray[];
  readonly outputs: NumericArray[];
  workspace: Float32Array;
}

class CpuExecutable implements Executable {
  readonly #plan: Plan;
  readonly #arena: (bytes: number) => { memory: ArrayBuffer; version: number };
  readonly #steps: readonly PreparedStep[];
  readonly #arrays: NumericArray[];
  #arenaVersion = -1;

  constructor(plan: Plan, arena: (bytes: number) => { memory: ArrayBuffer; version: number }) {
    this.#plan = plan;
    this.#arena = arena;
    this.#arrays = plan.buffers.map(({ spec }) => allocate(spec.dtype, 0));
    this.#steps = plan.steps.map((step) => ({
      run: cpuKernel(step.contract.name)(step.call),
      inputs: [],
      outputs: [],
      workspace: new Float32Array(0),
    }));
  }

  async run(bindings: RunBindings, guard?: number): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    const outputs = this.#bind(bindings);
    const { steps, firstUpdateStep } = this.#plan;
    for (let index = 0; index < steps.length; index++) {
      if (index === firstUpdateStep && guard !== undefined && !allFinite(outputs[guard])) {
        return { outputs, completed: false };
      }
      const { run, inputs, outputs: results, workspace } = this.#steps[index];
      run(inputs, results, workspace);
    }
    return {
      outputs,
      completed: guard === undefined || firstUpdateStep < steps.length || allFinite(outputs[guard]),
    };
  }

  /** Puts this run's arrays in their places and returns the fresh outputs. */
  #bind(bindings: RunBindings): NumericArray[] {
    const { buffers, steps, arenaBytes, outputs: specs } = this.#plan;
    const outputs = specs.map(({ dtype, shape }) => allocate(dtype, sizeOf(shape)));
    const { memory, version } = this.#arena(arenaBytes);
    const arenaMoved = version !== this.#arenaVersion;
    this.#arenaVersion = version;
    buffers.forEach((buffer, index) => {
      const { place } = buffer;
      if (place.kind === 'input') this.#arrays[index] = bindings.inputs[place.index];
      else if (place.kind === 'output') this.#arrays[index] = outputs[place.index];
      else if (place.kind === 'variable') this.#arrays[index] = arrayOf(bindings.variables[place.index]);
      else if (arenaMoved) this.#arrays[index] = viewOf(memory, buffer, place.offset);
    });
    steps.forEach((step, index) => {
      const prepared = this.#steps[index];
      step.inputs.forEach((buffer, k) => {
        prepared.inputs[k] = this.#arrays[buffer];
      });
      step.outputs.forEach((buffer, k) => {
        prepared.outputs[k] = this.#arrays[buffer];
      });
      if (arenaMoved && step.workspace !== undefined) {
        prepared.workspace = this.#arrays[step.workspace] as Float32Array;
      }
    });
    return outputs;
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

function allFinite(array: NumericArray): boolean {
  for (let index = 0; index < array.length; index++) if (!Number.isFinite(array[index])) return false;
  return true;
}
