/**
 * What it takes to bring back variables when a GPU is lost: their values at some step, and the runs since then with their
 * inputs, which the `cpu` device can repeat. When the inputs grow too many, the values are downloaded and it starts anew.
 *
 * Of variables it holds cells, with values on the host: a variable that nobody uses any more lets go of the GPU's memory.
 */
import type { NumericArray } from '../../../kernels/support/contract.ts';
import type { Plan } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import { CpuDevice } from '../cpu/device.ts';

/** A variable in the journal. */
export interface Cell {
  readonly spec: TensorSpec;
  /** Its value before the first run of the journal that it takes part in. */
  value: NumericArray;
}

/** A variable that has been on the GPU. */
export interface Journalled {
  readonly cell: Cell;
  read(): Promise<NumericArray>;
}

/** One completed run that changed variables. */
interface Entry {
  readonly plan: Plan;
  readonly inputs: readonly NumericArray[];
  readonly cells: readonly Cell[];
}

/** Inputs that are kept, at most. */
const mostBytes = 64 << 20;
/** Runs that are kept, at most: repeating many takes long. */
const mostEntries = 1000;

export class Journal {
  readonly #variables = new Set<WeakRef<Journalled>>();
  #entries: Entry[] = [];
  #bytes = 0;
  #recovering: Promise<void> | undefined;

  /** A variable that runs may change from now on. */
  add(variable: Journalled): void {
    this.#variables.add(new WeakRef(variable));
  }

  /** Adds a run, when it is complete. */
  async record({ plan, inputs, cells }: Entry): Promise<void> {
    const copies = inputs.map((array) => array.slice());
    this.#entries.push({ plan, inputs: copies, cells });
    this.#bytes += copies.reduce((total, { byteLength }) => total + byteLength, 0);
    if (this.#bytes > mostBytes || this.#entries.length > mostEntries) await this.restart();
  }

  /** Forgets the runs: what the GPU holds now is the new beginning. */
  async restart(): Promise<void> {
    const changed = new Set(this.#entries.flatMap(({ plan, cells }) => plan.updated.map((at) => cells[at])));
    for (const reference of this.#variables) {
      const variable = reference.deref();
      if (!variable) this.#variables.delete(reference);
      else if (changed.has(variable.cell)) variable.cell.value = await variable.read();
    }
    this.#entries = [];
    this.#bytes = 0;
  }

  /** The value that a variable had after the last completed run, now that its GPU is gone. */
  async recover(cell: Cell): Promise<NumericArray> {
    this.#recovering ??= this.#repeat();
    await this.#recovering;
    return cell.value;
  }

  async #repeat(): Promise<void> {
    const cpu = new CpuDevice();
    const executables = new Map<Plan, ReturnType<CpuDevice['prepare']>>();
    for (const { plan, inputs, cells } of this.#entries) {
      const executable = executables.get(plan) ?? cpu.prepare(plan);
      executables.set(plan, executable);
      const variables = cells.map(({ spec, value }) => cpu.allocate(spec, value));
      await executable.run({ inputs, variables });
      for (const at of plan.updated) cells[at].value = await variables[at].read();
    }
    this.#entries = [];
  }
}
