/**
 * What it takes to bring back variables when a GPU is lost: their values at some step, and the runs since then with their
 * inputs, which another device can repeat. When that would become too much, the values are downloaded and it starts anew.
 *
 * Of variables it holds cells, with values on the host: a variable that nobody uses any more lets go of the GPU's memory.
 */
import type { NumericArray } from '../../../kernels/support/contract.ts';
import { DeviceLimitError, HeapExhaustedError } from '../../errors.ts';
import { keyOf } from '../../plan/key.ts';
import type { Plan } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import { CpuDevice } from '../cpu/device.ts';
import type { Device, Executable } from '../device.ts';
import { WasmDevice } from '../wasm/device.ts';
import { hasVectors } from '../wasm/target.ts';

/** A variable in the journal. */
export interface JournalCell {
  readonly spec: TensorSpec;
  /** Its value before the first run of the journal that it takes part in. */
  value: NumericArray;
}

/** A variable of the GPU. */
export interface Journaled {
  readonly cell: JournalCell;
  read(): Promise<NumericArray>;
}

/** One completed run that changed variables. */
export interface JournalEntry {
  readonly plan: Plan;
  /** Kept as they are: nobody changes the arrays behind tensors. */
  readonly inputs: readonly NumericArray[];
  readonly cells: readonly JournalCell[];
}

/** How much is kept at most before the values are downloaded. */
export interface JournalLimits {
  /** Of inputs, each array counted once, and of values that were written over. */
  readonly bytes: number;
  /** Of the runs: what another device repeats in some ten seconds. */
  readonly flops: number;
}

const usualLimits: JournalLimits = { bytes: 128 << 20, flops: 5e11 };

export class Journal {
  readonly #limits: JournalLimits;
  readonly #variables = new Set<WeakRef<Journaled>>();
  #entries: JournalEntry[] = [];
  readonly #inputs = new Set<NumericArray>();
  #bytes = 0;
  #flops = 0;
  #recovering: Promise<void> | undefined;

  constructor(limits = usualLimits) {
    this.#limits = limits;
  }

  /** A variable that runs may change from now on. Once for each. */
  add(variable: Journaled): void {
    this.#variables.add(new WeakRef(variable));
  }

  /** Adds what a cell holds to what is kept: its variable has gone on to another one. */
  leave(cell: JournalCell): void {
    if (this.#entries.some(({ cells }) => cells.includes(cell))) this.#bytes += cell.value.byteLength;
  }

  /** Adds a run, when it is complete. */
  async record(entry: JournalEntry): Promise<void> {
    this.#entries.push(entry);
    for (const array of entry.inputs) {
      if (!this.#inputs.has(array)) this.#bytes += array.byteLength;
      this.#inputs.add(array);
    }
    for (const { contract, call } of entry.plan.steps) this.#flops += contract.flops(call);
    if (this.#bytes <= this.#limits.bytes && this.#flops <= this.#limits.flops) return;
    // The run is complete in any case: if the values cannot be had now, the journal goes on as it is.
    await this.#restart().catch(() => undefined);
  }

  /** Forgets the runs: what the GPU holds now is the new beginning. All or nothing. */
  async #restart(): Promise<void> {
    const changed = new Set(this.#entries.flatMap(({ plan, cells }) => plan.updated.map((at) => cells[at])));
    const variables: Journaled[] = [];
    for (const reference of this.#variables) {
      const variable = reference.deref();
      if (!variable) this.#variables.delete(reference);
      else if (changed.has(variable.cell)) variables.push(variable);
    }
    const values = await Promise.all(variables.map((variable) => variable.read()));
    variables.forEach(({ cell }, index) => {
      cell.value = values[index];
    });
    this.#entries = [];
    this.#inputs.clear();
    this.#bytes = 0;
    this.#flops = 0;
  }

  /** The value that a variable had after the last completed run, now that its GPU is gone. */
  async recover(cell: JournalCell): Promise<NumericArray> {
    this.#recovering ??= this.#repeat();
    await this.#recovering;
    return cell.value;
  }

  /** Repeats the runs where there is most speed, else where there is most memory. All or nothing. */
  async #repeat(): Promise<void> {
    const wasm = hasVectors() ? new WasmDevice() : undefined;
    try {
      await repeat(this.#entries, wasm ?? new CpuDevice());
    } catch (error) {
      const isTooMuch = error instanceof HeapExhaustedError || error instanceof DeviceLimitError;
      if (!wasm || !isTooMuch) throw error;
      await repeat(this.#entries, new CpuDevice());
    } finally {
      wasm?.stop();
    }
    this.#entries = [];
  }
}

/**
 * Repeats runs, and puts the values they lead to in the cells when all are done. Each variable has one block, from the
 * first run that it takes part in to the last; then the next variable of its shape takes that over.
 */
async function repeat(entries: readonly JournalEntry[], device: Device): Promise<void> {
  const lastRun = new Map(entries.flatMap(({ cells }, run) => cells.map((cell) => [cell, run] as const)));
  const changed = new Set(entries.flatMap(({ plan, cells }) => plan.updated.map((at) => cells[at])));
  const executables = new Map<Plan, Executable>();
  const blocks = new Map<JournalCell, VariableStorage>();
  const spare = new Map<string, VariableStorage[]>();
  const results = new Map<JournalCell, NumericArray>();
  const blockFor = async (cell: JournalCell): Promise<VariableStorage> => {
    const known = blocks.get(cell);
    if (known) return known;
    const block = spare.get(keyOf(cell.spec))?.pop();
    await block?.write(cell.value);
    const made = block ?? device.allocate(cell.spec, cell.value);
    blocks.set(cell, made);
    return made;
  };
  for (const [run, { plan, inputs, cells }] of entries.entries()) {
    const executable = executables.get(plan) ?? device.prepare(plan);
    executables.set(plan, executable);
    const variables: VariableStorage[] = [];
    for (const cell of cells) variables.push(await blockFor(cell));
    await executable.run({ inputs, variables });
    for (const [at, cell] of cells.entries()) {
      if (run === entries.length - 1 || lastRun.get(cell) !== run || !blocks.delete(cell)) continue;
      if (changed.has(cell)) results.set(cell, await variables[at].read());
      const key = keyOf(cell.spec);
      spare.set(key, [...(spare.get(key) ?? []), variables[at]]);
    }
  }
  for (const [cell, value] of results) cell.value = value;
  // One after the other: each value takes the place of the one from before.
  for (const [cell, block] of blocks) if (changed.has(cell)) cell.value = await block.read();
}
