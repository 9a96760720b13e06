/** Writes what a thread does of a plan: calls of its stages over its share of their items, barriers, and loops. */

import { bytesPerElement } from '../../../kernels/support/contract.ts';
import { greatestCommonDivisor } from '../../../kernels/support/divisors.ts';
import {
  type CodeBlock,
  call,
  type Expression,
  type FunctionBuilder,
  i32,
  type Local,
  type ModuleFunction,
  select,
} from '../../../kernels/support/wasm/assembler/index.ts';
import { faultRecord, type WasmStage } from '../../../kernels/support/wasm/wasm-kernel.ts';
import { type Addresses, LoopAddresses } from './addresses.ts';
import { control, phases } from './layout.ts';
import type { PlanCode } from './plan-code.ts';
import { cyclesOf, type LoopEntry, type ScheduleEntry, type StageEntry } from './schedule.ts';
import { argumentList, type StageTable } from './stages.ts';

/** Bytes of a result that a thread computes before it runs the steps behind over them: they stay in the cache. */
const pieceBytes = 64 * 1024;

/** In the first run, the stages of a step of at least so many cycles (some 0.3 ms) are done in so many pieces each. */
const fewestCyclesInPieces = 1_000_000;
const piecesAtFirst = 16;

/** Work is not divided more finely than this. */
const mostGrains = 2 ** 24;

/** The parameters of `run`. */
export interface RunParameters {
  readonly part: Local<'i32'>;
  readonly parts: Local<'i32'>;
  readonly arena: Local<'i32'>;
  /** See `phases` in layout.ts. */
  readonly phases: Local<'i32'>;
}

/** What all functions of a module share. */
export interface SharedParts {
  readonly stages: StageTable;
  readonly barrier: ModuleFunction | undefined;
  /** The steps that may report a fault, which they do with their place in the list. */
  readonly faultPaths: (readonly number[])[];
}

/** The loops around some entries: their steps, and, where the first thread runs them alone, the block that a fault leaves. */
interface Nesting {
  readonly path: readonly number[];
  readonly alone?: CodeBlock | undefined;
}

/** Writes entries of a schedule into a function. */
export class RunWriter {
  readonly #f: FunctionBuilder;
  readonly #code: PlanCode;
  readonly #addresses: Addresses;
  readonly #shared: SharedParts;
  readonly #run: RunParameters;
  readonly #failed: Expression<'i32'> | undefined;
  readonly #around: Nesting;
  readonly #first: Local<'i32'>;
  readonly #end: Local<'i32'>;
  readonly #pieceEnd: Local<'i32'>;

  /** `failed` is what the function returns when a stage has reported a fault. */
  constructor(
    f: FunctionBuilder,
    code: PlanCode,
    addresses: Addresses,
    shared: SharedParts,
    run: RunParameters,
    failed?: Expression<'i32'>,
    around: Nesting = { path: [] },
  ) {
    this.#f = f;
    this.#code = code;
    this.#addresses = addresses;
    this.#shared = shared;
    this.#run = run;
    this.#failed = failed;
    this.#around = around;
    this.#first = f.local('i32');
    this.#end = f.local('i32');
    this.#pieceEnd = f.local('i32');
  }

  write(entries: readonly ScheduleEntry[]): void {
    if (this.#around.alone) this.#writeAlone(entries, this.#around.alone);
    else this.#writeShared(entries);
  }

  /** What all threads go through. */
  #writeShared(entries: readonly ScheduleEntry[]): void {
    const { barrier } = this.#shared;
    /** Whether something since the last barrier may have failed: then everybody leaves behind it. */
    let mayHaveFailed = false;
    for (let at = 0; at < entries.length; ) {
      const entry = entries[at];
      if (entry.kind === 'barrier') {
        if (barrier) this.#f.do(call(barrier, this.#run.parts));
        if (mayHaveFailed) this.#leaveOnFault();
        mayHaveFailed = false;
        at++;
      } else if (entry.parallel) {
        if (entry.kind === 'loop') this.#writeLoop(entry);
        else {
          this.#writeParallel(entry);
          mayHaveFailed = this.#noteFault(entry) || mayHaveFailed;
        }
        at++;
      } else {
        // A run of small stages belongs to the first thread.
        const begin = at;
        while (at < entries.length && isForFirst(entries[at])) at++;
        mayHaveFailed = this.#writeForFirst(entries.slice(begin, at)) || mayHaveFailed;
      }
    }
  }

  /** Entries that the first thread does alone; returns whether one of them may fail. */
  #writeForFirst(entries: readonly ScheduleEntry[]): boolean {
    const f = this.#f;
    let mayFail = false;
    f.if(i32.isZero(this.#run.part), () => {
      for (const entry of entries) {
        if (entry.kind === 'loop') {
          f.block((alone) => this.#writeLoop(entry, alone));
          mayFail ||= entry.mayFail;
        } else if (entry.kind === 'stage') {
          this.#writeWhole(entry);
          mayFail = this.#noteFault(entry) || mayFail;
        }
      }
    });
    return mayFail;
  }

  /** The body of a loop that the first thread runs alone: no barriers, and a fault leaves the loop. */
  #writeAlone(entries: readonly ScheduleEntry[], alone: CodeBlock): void {
    for (const entry of entries) {
      if (entry.kind === 'loop') this.#writeLoop(entry, alone);
      else if (entry.kind === 'stage') {
        this.#writeWhole(entry);
        if (this.#noteFault(entry)) this.#f.exitIf(alone, i32.load(control.fault, faultRecord.raised));
      }
    }
  }

  #writeLoop(entry: LoopEntry, alone?: CodeBlock): void {
    const f = this.#f;
    const code = this.#code.loops.get(entry.step)!;
    const step = this.#code.plan.steps[entry.step];
    const addresses = new LoopAddresses(f, code, step, this.#addresses.scratch(entry.step), this.#addresses);
    const around = { path: this.#pathOf(entry.step), alone };
    const writer = new RunWriter(f, code.body, addresses, this.#shared, this.#run, this.#failed, around);
    const byOne = (write: () => void): void => {
      if (alone) write();
      else f.if(i32.isZero(this.#run.part), write);
    };
    byOne(() => addresses.copyFirst());
    writer.write(entry.prepared);
    f.for(0, code.loop.steps, 1, (number) => {
      addresses.enterStep(number);
      writer.write(entry.body);
      byOne(() => addresses.copyToStacks());
      addresses.leaveStep();
    });
    byOne(() => addresses.copyLast());
  }

  #pathOf(step: number): readonly number[] {
    return [...this.#around.path, step];
  }

  #stage({ step, stage }: { step: number; stage: number }): WasmStage {
    return this.#code.steps[step].stages[stage];
  }

  /** Behind a stage that may fail, has the step noted if it did; returns whether it may. */
  #noteFault(entry: StageEntry): boolean {
    if (!this.#stage(entry).mayFail) return false;
    const number = this.#shared.faultPaths.push(this.#pathOf(entry.step)) - 1;
    this.#f.if(i32.load(control.fault, faultRecord.raised), () => {
      this.#f.do(i32.store(control.faultStep, number));
    });
    return true;
  }

  /** This thread's share of the items. */
  #writeParallel(entry: StageEntry): void {
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
  #writeWhole(entry: StageEntry): void {
    const { items } = this.#stage(entry);
    if (items === 0) return;
    this.#f.setInteger(this.#first, 0);
    this.#f.setInteger(this.#end, items);
    this.#writeRange(entry);
  }

  /** What ranges begin at multiples of: with tails also whole grains of their elements. */
  #grainOf(entry: StageEntry): number {
    const { grain = 1, elementsPerItem = 1 } = this.#stage(entry);
    return entry.tails.reduce((common, tail) => {
      const { grain: elements = 1 } = this.#code.steps[tail].stages[0];
      return leastCommonMultiple(common, elements / greatestCommonDivisor(elements, elementsPerItem));
    }, grain);
  }

  /** Items [first, end); with tails in pieces, each followed by the steps behind over its elements. */
  #writeRange(entry: StageEntry): void {
    const f = this.#f;
    const { step, stage, tails } = entry;
    if (tails.length === 0) {
      this.#writeOneOrPieces(entry);
      return;
    }
    const { elementsPerItem = 1 } = this.#stage(entry);
    const { dtype } = this.#code.plan.steps[step].call.outputs[0];
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

  /**
   * Items [first, end) in one call; in the first run in several, where that is worth it. An engine begins with code that is
   * quick to write and runs at a quarter of the speed of what it writes meanwhile: that is used from the next call on.
   * Not beside loops, whose plans promise that no code grows with the number of steps; in them stages are called often.
   */
  #writeOneOrPieces(entry: StageEntry): void {
    const f = this.#f;
    const { step, stage } = entry;
    const grain = this.#grainOf(entry);
    const { items } = this.#stage(entry);
    const piece = Math.ceil(items / piecesAtFirst / grain) * grain;
    const isLong = cyclesOf(this.#code.plan.steps[step]) >= fewestCyclesInPieces;
    if (piece >= items || !isLong || this.#code.loops.size > 0 || this.#around.path.length > 0) {
      f.do(this.#call(step, stage, this.#first, this.#end));
      return;
    }
    const inPieces = i32.and(this.#run.phases, phases.inPieces);
    f.while(i32.less(this.#first, this.#end), () => {
      f.set(this.#pieceEnd, select(i32.add(this.#first, piece), this.#end, inPieces));
      f.set(this.#pieceEnd, i32.minimum(this.#pieceEnd, this.#end));
      f.do(this.#call(step, stage, this.#first, this.#pieceEnd));
      f.set(this.#first, this.#pieceEnd);
    });
  }

  #call(step: number, stage: number, first: Expression<'i32'>, end: Expression<'i32'>) {
    const { inputs, outputs } = this.#code.plan.steps[step];
    const addresses = this.#addresses;
    return call(
      this.#shared.stages.find(this.#code, step, stage),
      ...argumentList({
        inputs: inputs.map((buffer) => addresses.buffer(buffer)),
        outputs: outputs.map((buffer) => addresses.buffer(buffer)),
        scratch: addresses.scratch(step),
        threadScratch: addresses.threadScratch,
        fault: i32.constant(control.fault),
        first,
        end,
      }),
    );
  }

  #leaveOnFault(): void {
    const f = this.#f;
    f.if(i32.load(control.fault, faultRecord.raised), () => {
      // Nobody returns, and clears the record, before all have read it.
      if (this.#shared.barrier) f.do(call(this.#shared.barrier, this.#run.parts));
      f.return(this.#failed);
    });
  }
}

function isForFirst(entry: ScheduleEntry): boolean {
  return entry.kind !== 'barrier' && !entry.parallel;
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
