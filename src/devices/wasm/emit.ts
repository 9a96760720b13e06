/** A scheduled plan as one WebAssembly module, whose function `run` every thread calls. */

import { bytesPerElement } from '../../../kernels/support/contract.ts';
import { greatestCommonDivisor } from '../../../kernels/support/divisors.ts';
import {
  atomic,
  call,
  callFor,
  type Expression,
  type FunctionBuilder,
  i32,
  type Local,
  type MemoryType,
  ModuleBuilder,
  type ModuleFunction,
} from '../../../kernels/support/wasm/assembler/index.ts';
import {
  faultRecord,
  type WasmKernelCode,
  type WasmStage,
} from '../../../kernels/support/wasm/wasm-kernel.ts';
import { keyOf } from '../../plan/key.ts';
import type { Plan } from '../../plan/plan.ts';
import { control, phases } from './layout.ts';
import type { Placement } from './placement.ts';
import type { PlanSchedule, ScheduleEntry } from './schedule.ts';
import { addStage, argumentList } from './stages.ts';

/** Bytes of a result that a thread computes before it runs the steps behind over them: they stay in the cache. */
const pieceBytes = 64 * 1024;

/** How often a thread looks at the barrier before it sleeps: some tens of microseconds. */
const barrierSpins = 20_000;

/** Work is not divided more finely than this. */
const mostGrains = 2 ** 24;

/** Stages and barriers in one function: V8 takes 7 MB of code in one, and a call with all its operands is some 3 KB. */
const mostEntries = 1024;

/**
 * `run(part, parts, arena, phases)`: what thread `part` of `parts` does of a plan whose arena begins at `arena`, or of
 * some phases of it.
 */
export function emitPlan(
  plan: Plan,
  codes: readonly WasmKernelCode[],
  scheduled: PlanSchedule,
  placement: Placement,
  memory: MemoryType,
): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memory);
  const barrier = memory.shared ? addBarrier(module) : undefined;
  const stages = new StageTable(module, plan, codes);
  /** A function for each piece of a long list, whose result is 1 if the plan has to be left. */
  const addPieces = (entries: readonly ScheduleEntry[]): ModuleFunction<'i32'>[] =>
    piecesOf(entries).map((piece) =>
      module.function(
        { parameters: { part: 'i32', parts: 'i32', arena: 'i32' }, result: 'i32' },
        (f, run) => {
          new RunWriter(f, plan, codes, placement, stages, barrier, run, i32.constant(1)).write(piece);
          f.return(i32.constant(0));
        },
      ),
    );
  const [before, updates] = [addPieces(scheduled.beforeUpdates), addPieces(scheduled.updates)];
  module.function(
    {
      exportAs: 'run',
      parameters: { part: 'i32', parts: 'i32', arena: 'i32', phases: 'i32' },
      result: undefined,
    },
    (f, { phases: wanted, ...run }) => {
      const writer = new RunWriter(f, plan, codes, placement, stages, barrier, run);
      const write = (entries: readonly ScheduleEntry[], parts: readonly ModuleFunction<'i32'>[]): void => {
        if (parts.length === 0) writer.write(entries);
        for (const part of parts) f.if(callFor(part, run.part, run.parts, run.arena), () => f.return());
      };
      f.if(i32.and(wanted, phases.beforeUpdates), () => write(scheduled.beforeUpdates, before));
      f.if(i32.and(wanted, phases.updates), () => write(scheduled.updates, updates));
    },
  );
  return module.encode();
}

/** Long lists of entries, in pieces that do not end between a stage and the barrier behind it. */
function piecesOf(entries: readonly ScheduleEntry[]): (readonly ScheduleEntry[])[] {
  if (entries.length <= mostEntries) return [];
  const pieces: (readonly ScheduleEntry[])[] = [];
  for (let from = 0; from < entries.length; ) {
    let to = from + mostEntries;
    while (entries[to]?.kind === 'barrier') to++;
    pieces.push(entries.slice(from, to));
    from = to;
  }
  return pieces;
}

/** The stage functions of a module: steps with equal calls share them. */
class StageTable {
  readonly #module: ModuleBuilder;
  readonly #plan: Plan;
  readonly #codes: readonly WasmKernelCode[];
  readonly #functions = new Map<string, ModuleFunction>();
  readonly #keys: readonly string[];

  constructor(module: ModuleBuilder, plan: Plan, codes: readonly WasmKernelCode[]) {
    this.#module = module;
    this.#plan = plan;
    this.#codes = codes;
    this.#keys = plan.steps.map(({ contract, call }) => `${contract.name} ${keyOf(call)}`);
  }

  find(step: number, stage: number): ModuleFunction {
    const key = `${stage} ${this.#keys[step]}`;
    const known = this.#functions.get(key);
    if (known) return known;
    const { inputs, outputs } = this.#plan.steps[step];
    const added = addStage(this.#module, this.#codes[step].stages[stage], inputs.length, outputs.length);
    this.#functions.set(key, added);
    return added;
  }
}

/** The parameters of `run`. */
interface RunParameters {
  readonly part: Local<'i32'>;
  readonly parts: Local<'i32'>;
  readonly arena: Local<'i32'>;
}

/** Writes the body of `run`. */
class RunWriter {
  readonly #f: FunctionBuilder;
  readonly #plan: Plan;
  readonly #codes: readonly WasmKernelCode[];
  readonly #placement: Placement;
  readonly #stages: StageTable;
  readonly #barrier: ModuleFunction | undefined;
  readonly #run: RunParameters;
  readonly #first: Local<'i32'>;
  readonly #end: Local<'i32'>;
  readonly #pieceEnd: Local<'i32'>;
  readonly #threadScratch: Expression<'i32'>;
  readonly #failed: Expression<'i32'> | undefined;

  /** `failed` is what the function returns when a stage has reported a fault. */
  constructor(
    f: FunctionBuilder,
    plan: Plan,
    codes: readonly WasmKernelCode[],
    placement: Placement,
    stages: StageTable,
    barrier: ModuleFunction | undefined,
    run: RunParameters,
    failed?: Expression<'i32'>,
  ) {
    this.#f = f;
    this.#plan = plan;
    this.#codes = codes;
    this.#placement = placement;
    this.#stages = stages;
    this.#barrier = barrier;
    this.#run = run;
    this.#failed = failed;
    this.#first = f.local('i32');
    this.#end = f.local('i32');
    this.#pieceEnd = f.local('i32');
    this.#threadScratch = f.keep(
      i32.add(
        i32.add(run.arena, placement.threadScratch),
        i32.multiply(run.part, placement.threadScratchStep),
      ),
    );
  }

  write(entries: readonly ScheduleEntry[]): void {
    const f = this.#f;
    /** The last stage may have failed: then everybody leaves behind the barrier. */
    let failed: number | undefined;
    for (let at = 0; at < entries.length; ) {
      const entry = entries[at];
      if (entry.kind === 'barrier') {
        if (this.#barrier) f.do(call(this.#barrier, this.#run.parts));
        if (failed !== undefined) this.#leaveOnFault(failed);
        failed = undefined;
        at++;
      } else if (entry.parallel) {
        this.#writeParallel(entry);
        if (this.#stage(entry).mayFail) failed = entry.step;
        at++;
      } else {
        // A run of small stages belongs to the first thread.
        f.if(i32.isZero(this.#run.part), () => {
          for (; at < entries.length; at++) {
            const next = entries[at];
            if (next.kind !== 'stage' || next.parallel) return;
            this.#writeWhole(next);
            if (this.#stage(next).mayFail) failed = next.step;
          }
        });
      }
    }
  }

  #stage({ step, stage }: { step: number; stage: number }): WasmStage {
    return this.#codes[step].stages[stage];
  }

  /** This thread's share of the items. */
  #writeParallel(entry: ScheduleEntry & { kind: 'stage' }): void {
    const f = this.#f;
    const { items } = this.#stage(entry);
    const least = this.#grainOf(entry);
    // The number of grains times the number of threads stays below 2^32.
    const grain = least * Math.ceil(items / least / mostGrains);
    const grains = Math.ceil(items / grain);
    const { part, parts } = this.#run;
    const boundary = (number: Expression<'i32'>): Expression<'i32'> =>
      i32.multiply(i32.divideUnsigned(i32.multiply(number, grains), parts), grain);
    f.set(this.#first, boundary(part));
    f.set(this.#end, i32.minimum(f.keep(boundary(i32.add(part, 1))), items));
    f.if(i32.less(this.#first, this.#end), () => this.#writeRange(entry));
  }

  /** All items, by the first thread. */
  #writeWhole(entry: ScheduleEntry & { kind: 'stage' }): void {
    const { items } = this.#stage(entry);
    if (items === 0) return;
    this.#f.setInteger(this.#first, 0);
    this.#f.setInteger(this.#end, items);
    this.#writeRange(entry);
  }

  /** What ranges begin at multiples of: with tails also whole grains of their elements. */
  #grainOf(entry: ScheduleEntry & { kind: 'stage' }): number {
    const { grain = 1, elementsPerItem = 1 } = this.#stage(entry);
    return entry.tails.reduce((common, tail) => {
      const { grain: elements = 1 } = this.#codes[tail].stages[0];
      return leastCommonMultiple(common, elements / greatestCommonDivisor(elements, elementsPerItem));
    }, grain);
  }

  /** Items [first, end); with tails in pieces, each followed by the steps behind over its elements. */
  #writeRange(entry: ScheduleEntry & { kind: 'stage' }): void {
    const f = this.#f;
    const { step, stage, tails } = entry;
    if (tails.length === 0) {
      f.do(this.#call(step, stage, this.#first, this.#end));
      return;
    }
    const { elementsPerItem = 1 } = this.#stage(entry);
    const { dtype } = this.#plan.steps[step].call.outputs[0];
    const itemBytes = Math.max(1, elementsPerItem * bytesPerElement[dtype]);
    const grain = this.#grainOf(entry);
    const piece = Math.max(1, Math.floor(pieceBytes / itemBytes / grain)) * grain;
    f.while(i32.less(this.#first, this.#end), () => {
      f.set(this.#pieceEnd, i32.add(this.#first, piece));
      f.set(this.#pieceEnd, i32.minimum(this.#pieceEnd, this.#end));
      f.do(this.#call(step, stage, this.#first, this.#pieceEnd));
      for (const tail of tails) {
        f.do(
          this.#call(
            tail,
            0,
            i32.multiply(this.#first, elementsPerItem),
            i32.multiply(this.#pieceEnd, elementsPerItem),
          ),
        );
      }
      f.set(this.#first, this.#pieceEnd);
    });
  }

  #call(step: number, stage: number, first: Expression<'i32'>, end: Expression<'i32'>) {
    const { inputs, outputs } = this.#plan.steps[step];
    return call(
      this.#stages.find(step, stage),
      ...argumentList({
        inputs: inputs.map((buffer) => this.#address(buffer)),
        outputs: outputs.map((buffer) => this.#address(buffer)),
        scratch: i32.add(this.#run.arena, this.#placement.scratch),
        threadScratch: this.#threadScratch,
        fault: i32.constant(control.fault),
        first,
        end,
      }),
    );
  }

  #address(buffer: number): Expression<'i32'> {
    const offset = this.#placement.offsets[buffer];
    const { place } = this.#plan.buffers[buffer];
    if (place.kind !== 'variable') return i32.add(this.#run.arena, offset!);
    return i32.load(this.#run.arena, this.#placement.bindings + 4 * place.index);
  }

  #leaveOnFault(step: number): void {
    const f = this.#f;
    f.if(i32.load(control.fault, faultRecord.raised), () => {
      f.do(i32.store(control.faultStep, step));
      // Nobody returns, and clears the record, before all have read it.
      if (this.#barrier) f.do(call(this.#barrier, this.#run.parts));
      f.return(this.#failed);
    });
  }
}

/** Adds the function that returns once all `parts` threads have called it, and traps if one of them never will. */
function addBarrier(module: ModuleBuilder): ModuleFunction {
  return module.function({ parameters: { parts: 'i32' }, result: undefined }, (f, { parts }) => {
    f.if(i32.less(parts, 2), () => f.return());
    const round = f.keep(atomic.load(control.barrier));
    // Whoever gives up says so and then opens the barrier: seen here, or in the round that has changed below.
    const leaveIfAbandoned = () => f.if(atomic.load(control.abandoned), () => f.trap());
    leaveIfAbandoned();
    const spins = f.local('i32');
    f.if(
      i32.equal(atomic.add(control.arrived, 1), i32.subtract(parts, 1)),
      () => {
        // The last one opens the next round, and wakes those who sleep.
        f.do(atomic.store(control.arrived, 0));
        f.drop(atomic.add(control.barrier, 1));
        f.if(atomic.load(control.sleepers), () => f.drop(atomic.notify(control.barrier, parts)));
      },
      () => {
        f.while(i32.equal(atomic.load(control.barrier), round), () => {
          f.increase(spins, 1);
          f.if(i32.greater(spins, barrierSpins), () => {
            f.drop(atomic.add(control.sleepers, 1));
            f.drop(atomic.wait(control.barrier, round));
            f.drop(atomic.add(control.sleepers, -1));
          });
        });
      },
    );
    leaveIfAbandoned();
  });
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
