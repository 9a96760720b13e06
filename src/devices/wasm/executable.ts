/** A plan on the `wasm` device: emitted and compiled at its first run, then only called. */

import type { NumericArray } from '../../../kernels/support/contract.ts';
import type { Target } from '../../../kernels/support/wasm/assembler/index.ts';
import { DeviceLostError } from '../../errors.ts';
import { type Plan, stepAt } from '../../plan/plan.ts';
import type { VariableStorage } from '../../tensor/runtime.ts';
import { messageOf } from '../../text.ts';
import type { Executable, RunBindings } from '../device.ts';
import { byteLength, type Room, requireRoom } from '../needs.ts';
import { allFinite, indexFault } from '../results.ts';
import { emitPlan } from './emit.ts';
import type { Heap } from './heap.ts';
import { mayBlock } from './host.ts';
import { control, phases } from './layout.ts';
import { type Placement, placePlan, stretchesOf } from './placement.ts';
import { planCodeOf } from './plan-code.ts';
import { schedule } from './schedule.ts';
import { readArray, WasmStorage, writeArray } from './storage.ts';
import type { ThreadPool } from './threads.ts';
import { compileModule, type WasmModule, WebAssembly } from './webassembly.ts';

/** What an executable needs of its device. */
export interface WasmHost {
  readonly heap: Heap;
  readonly target: Target;
  /** The workers, started if they are not; undefined where one thread is all there is. */
  pool(): ThreadPool | undefined;
  /** The most threads a plan may be run with. */
  readonly threads: number;
  /** Steps below so many cycles are not split. */
  readonly fewestCyclesToSplit: number;
  /** What there is for a plan and its variables. */
  readonly room: Room;
  /** To be awaited before so many bytes are taken. */
  makeRoom(bytes: number): Promise<void> | undefined;
  /** Whether the arena can have so many bytes as things are. */
  hasArena(bytes: number): boolean;
  /** The start of the arena, of at least so many bytes. */
  arena(bytes: number): number;
}

/** What is made of a plan at its first run. */
interface Compiled {
  readonly module: WasmModule;
  readonly run: (part: number, parts: number, arena: number, phases: number) => void;
  readonly placement: Placement;
  /** By the number that a fault is reported with, where its step is. */
  readonly faultPaths: readonly (readonly number[])[];
  /** The phases in which threads are worth it. */
  readonly parallel: number;
  /** The phases that were run. */
  ran: number;
  /** What the code was written for. */
  readonly target: Target;
}

export class WasmExecutable implements Executable {
  readonly #plan: Plan;
  readonly #host: WasmHost;
  #compiled: Compiled | undefined;
  /** The pool that knows the plan, and its number there. */
  #installed: { readonly pool: ThreadPool; readonly number: number } | undefined;

  constructor(plan: Plan, host: WasmHost) {
    this.#plan = plan;
    this.#host = host;
  }

  async run(
    { inputs, variables, labeled = () => this.#plan }: RunBindings,
    guard?: number,
  ): Promise<{ outputs: NumericArray[]; completed: boolean }> {
    // Another kind of multiply-add may have been chosen meanwhile.
    if (this.#compiled?.target.relaxedSimd !== this.#host.target.relaxedSimd) {
      this.#compiled = await this.#compile(labeled);
      this.#installed?.pool.drop(this.#installed.number);
      this.#installed = undefined;
    }
    const { placement } = this.#compiled;
    const arenaBytes = placement.bytes(this.#host.threads);
    if (!this.#host.hasArena(arenaBytes)) await this.#host.makeRoom(arenaBytes);
    const arena = this.#host.arena(arenaBytes);
    this.#bind(arena, inputs, variables);
    if (guard === undefined) {
      await this.#runPhases(phases.both, arena, labeled);
      return { outputs: this.#outputs(arena), completed: true };
    }
    await this.#runPhases(phases.beforeUpdates, arena, labeled);
    const completed = allFinite(this.#output(guard, arena));
    if (completed) await this.#runPhases(phases.updates, arena, labeled);
    return { outputs: this.#outputs(arena), completed };
  }

  async #compile(labeled: () => Plan): Promise<Compiled> {
    const plan = this.#plan;
    const { heap, target, fewestCyclesToSplit, room, threads } = this.#host;
    const code = planCodeOf(plan, target);
    const placement = placePlan(plan, code.scratchBytes, code.threadScratchBytes);
    const variableBytes = plan.variables.reduce((total, spec) => total + byteLength(spec), 0);
    requireRoom('wasm', labeled(), variableBytes + placement.bytes(threads), room);
    const scheduled = schedule(code, stretchesOf(plan, placement), fewestCyclesToSplit);
    const { bytes, faultPaths } = emitPlan(code, scheduled, placement, {
      shared: heap.shared,
      initialPages: 1,
      maximumPages: heap.maximumPages,
    });
    // Pages may not compile large modules in one go.
    const module = await compileModule(bytes, mayBlock);
    const { exports } = new WebAssembly.Instance(module, { weft: { memory: heap.memory } });
    const run = exports['run'] as Compiled['run'];
    return { module, run, placement, faultPaths, parallel: scheduled.parallel, ran: 0, target };
  }

  /** Copies the inputs to their places, and notes where the variables are. */
  #bind(arena: number, inputs: readonly NumericArray[], variables: readonly VariableStorage[]): void {
    const { heap } = this.#host;
    const { inputOffsets, bindings } = this.#compiled!.placement;
    for (let index = 0; index < inputs.length; index++) {
      writeArray(heap, arena + inputOffsets[index], inputs[index]);
    }
    const table = (arena + bindings) >> 2;
    for (let index = 0; index < variables.length; index++) {
      heap.words[table + index] = addressOf(variables[index]);
    }
  }

  async #runPhases(wanted: number, arena: number, labeled: () => Plan): Promise<void> {
    const compiled = this.#compiled!;
    const { run, parallel } = compiled;
    const which = wanted & ~compiled.ran ? wanted | phases.inPieces : wanted;
    compiled.ran |= wanted;
    const pool = parallel & which ? this.#host.pool() : undefined;
    if (pool) {
      const number = this.#numberIn(pool);
      if (!mayBlock) await pool.whenReady();
      if (pool.ready) {
        const job = { plan: number, arena, phases: which };
        try {
          if (mayBlock) {
            pool.start(job);
            run(0, pool.threads, arena, which);
          } else await pool.run(job);
        } catch (cause) {
          pool.fail(messageOf(cause));
          throw this.#abandoned(which, cause);
        }
        this.#throwFault(labeled);
        return;
      }
    }
    run(0, 1, arena, which);
    this.#throwFault(labeled);
  }

  #numberIn(pool: ThreadPool): number {
    if (this.#installed?.pool !== pool) {
      const number = pool.install(this.#compiled!.module);
      this.#installed = { pool, number };
      dropped.register(this, { pool, number });
    }
    return this.#installed.number;
  }

  /** What is thrown when a thread did not get to the end of a run. */
  #abandoned(which: number, cause: unknown): DeviceLostError {
    const updates = which & phases.updates && this.#plan.updated.length > 0;
    return new DeviceLostError(
      {
        where: 'the wasm device',
        got: 'a thread that ended in the middle of a run',
        expected: 'all threads at its end',
        cure: updates
          ? 'Some variables may have their new value and others not: load the last checkpoint.'
          : 'No variable was changed: ask again, which starts new threads.',
      },
      { cause },
    );
  }

  /** Throws what a kernel found in its values. */
  #throwFault(labeled: () => Plan): void {
    const { words } = this.#host.heap;
    const record = control.fault >> 2;
    if (words[record] === 0) return;
    words[record] = 0;
    const path = this.#compiled!.faultPaths[words[control.faultStep >> 2]];
    const { label } = stepAt(labeled(), path);
    throw indexFault(label, words[record + 1], words[record + 2]);
  }

  #outputs(arena: number): NumericArray[] {
    return this.#plan.outputs.map((_, index) => this.#output(index, arena));
  }

  #output(index: number, arena: number): NumericArray {
    const address = arena + this.#compiled!.placement.outputOffsets[index];
    return readArray(this.#host.heap, address, this.#plan.outputs[index]);
  }
}

/** Workers forget plans that nobody can run any more. */
const dropped = new FinalizationRegistry<{ readonly pool: ThreadPool; readonly number: number }>(
  ({ pool, number }) => pool.drop(number),
);

function addressOf(storage: VariableStorage): number {
  if (storage instanceof WasmStorage) return storage.address;
  throw new Error(`the wasm device was given memory of the ${storage.device} device`);
}
