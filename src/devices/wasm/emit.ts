/** A scheduled plan as one WebAssembly module, whose function `run` every thread calls. */

import {
  atomic,
  callFor,
  i32,
  type MemoryType,
  ModuleBuilder,
  type ModuleFunction,
} from '../../../kernels/support/wasm/assembler/index.ts';
import { PlanAddresses } from './addresses.ts';
import { control, phases } from './layout.ts';
import type { Placement } from './placement.ts';
import type { PlanCode } from './plan-code.ts';
import { RunWriter } from './run-writer.ts';
import type { PlanSchedule, ScheduleEntry } from './schedule.ts';
import { StageTable } from './stages.ts';

/** How often a thread looks at the barrier before it sleeps: some tens of microseconds. */
const barrierSpins = 20_000;

/** Entries in one function: V8 takes 7 MB of code in one, and a call with all its operands is some 3 KB. */
const mostEntries = 1024;

/** The module of a plan. */
export interface EmittedPlan {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The steps that may report a fault, by the number that they report it with: see `stepAt` in plan.ts. */
  readonly faultPaths: readonly (readonly number[])[];
}

/**
 * `run(part, parts, arena, phases)`: what thread `part` of `parts` does of a plan whose arena begins at `arena`, or of
 * some phases of it (layout.ts).
 */
export function emitPlan(
  code: PlanCode,
  scheduled: PlanSchedule,
  placement: Placement,
  memory: MemoryType,
): EmittedPlan {
  const module = new ModuleBuilder(memory);
  const parts = {
    stages: new StageTable(module),
    barrier: memory.shared ? addBarrier(module) : undefined,
    faultPaths: [],
  };
  /** A function for each piece of a long list, whose result is 1 if the plan has to be left. */
  const addPieces = (entries: readonly ScheduleEntry[]): ModuleFunction<'i32'>[] =>
    piecesOf(entries).map((piece) =>
      module.function(
        { parameters: { part: 'i32', parts: 'i32', arena: 'i32', phases: 'i32' }, result: 'i32' },
        (f, run) => {
          const addresses = new PlanAddresses(f, code.plan, placement, run);
          new RunWriter(f, code, addresses, parts, run, i32.constant(1)).write(piece);
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
    (f, run) => {
      const writer = new RunWriter(f, code, new PlanAddresses(f, code.plan, placement, run), parts, run);
      const write = (entries: readonly ScheduleEntry[], pieces: readonly ModuleFunction<'i32'>[]): void => {
        if (pieces.length === 0) writer.write(entries);
        for (const piece of pieces) {
          f.if(callFor(piece, run.part, run.parts, run.arena, run.phases), () => f.return());
        }
      };
      f.if(i32.and(run.phases, phases.beforeUpdates), () => write(scheduled.beforeUpdates, before));
      f.if(i32.and(run.phases, phases.updates), () => write(scheduled.updates, updates));
    },
  );
  return { bytes: module.encode(), faultPaths: parts.faultPaths };
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
