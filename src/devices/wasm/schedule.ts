/**
 * Which thread does what, and where all wait for each other: a plan as a list of stages and barriers. Pure data.
 *
 * A stage that is worth it is split among the threads; a small one runs on the first thread alone. A barrier stands
 * only where a stage reads what another thread may still be writing, or writes what it may still be reading.
 */
import { bytesOf } from '../../../kernels/support/contract.ts';
import type { PlanStep } from '../../plan/plan.ts';
import { phases } from './layout.ts';
import { overlap, type Stretch, type Stretches, stretchesOfLoop } from './placement.ts';
import type { LoopCode, PlanCode } from './plan-code.ts';

/** One stage of a step, all of a loop, or the point where all threads wait for each other. */
export type ScheduleEntry = { readonly kind: 'barrier' } | StageEntry | LoopEntry;

export interface StageEntry {
  readonly kind: 'stage';
  /** Index into the plan's steps. */
  readonly step: number;
  /** Index into the step's stages. */
  readonly stage: number;
  /** Whether all threads share its items; otherwise the first thread does it. */
  readonly parallel: boolean;
  /** Steps that run over each piece of the result as soon as it is there. */
  readonly tails: readonly number[];
}

export interface LoopEntry {
  readonly kind: 'loop';
  /** Index into the plan's steps. */
  readonly step: number;
  /** Whether anything in it is split, so that all threads go through it; otherwise the first thread does. */
  readonly parallel: boolean;
  /** What is done once, before the first step: stages that pack what never changes. */
  readonly prepared: readonly ScheduleEntry[];
  /** What is done at every step. */
  readonly body: readonly ScheduleEntry[];
  /** Whether something in it may report a fault. */
  readonly mayFail: boolean;
}

export interface PlanSchedule {
  readonly beforeUpdates: readonly ScheduleEntry[];
  readonly updates: readonly ScheduleEntry[];
  /** The phases (bits, see layout.ts) in which anything is split: one thread is all that the others need. */
  readonly parallel: number;
}

/** A step whose estimated time is below this many cycles (about 5 µs) is not worth waking anybody. */
export const fewestCyclesToSplit = 20_000;

/** Schedules a plan whose arrays lie in `stretches`; steps of fewer than `fewestCycles` are not split. */
export function schedule(
  code: PlanCode,
  stretches: Stretches,
  fewestCycles = fewestCyclesToSplit,
): PlanSchedule {
  const scheduler = new Scheduler(code, stretches, fewestCycles);
  const { firstUpdateStep, steps } = code.plan;
  const beforeUpdates = scheduler.schedule(0, firstUpdateStep);
  const updates = scheduler.schedule(firstUpdateStep, steps.length);
  const parallel =
    (splits(beforeUpdates) ? phases.beforeUpdates : 0) | (splits(updates) ? phases.updates : 0);
  return { beforeUpdates, updates, parallel };
}

function splits(entries: readonly ScheduleEntry[]): boolean {
  return entries.some((entry) => entry.kind !== 'barrier' && entry.parallel);
}

/** How long a step may take on one thread. */
export function cyclesOf({ contract, call }: PlanStep): number {
  return contract.flops(call) / 8 + bytesOf(contract, call) / 8;
}

/** What one stage with its tails touches. */
interface Access {
  readonly reads: readonly Stretch[];
  readonly writes: readonly Stretch[];
}

class Scheduler {
  readonly #code: PlanCode;
  readonly #stretches: Stretches;
  readonly #fewestCycles: number;
  /** Steps whose first stage is done elsewhere. */
  readonly #prepared: ReadonlyMap<number, unknown>;

  constructor(
    code: PlanCode,
    stretches: Stretches,
    fewestCycles: number,
    prepared: LoopCode['prepared'] = new Map(),
  ) {
    this.#code = code;
    this.#stretches = stretches;
    this.#fewestCycles = fewestCycles;
    this.#prepared = prepared;
  }

  /** The steps [first, end), with a barrier at the end if anything was done. */
  schedule(first: number, end: number): ScheduleEntry[] {
    const entries: ScheduleEntry[] = [];
    /** What was done since the last barrier. */
    let pending: Access[] = [];
    /** Of those what is split: the first thread alone keeps its own order. */
    let split: Access[] = [];
    const barrier = (): void => {
      if (pending.length > 0) entries.push({ kind: 'barrier' });
      pending = [];
      split = [];
    };
    const add = (entry: StageEntry | LoopEntry, access: Access, mayFail: boolean): void => {
      if ((entry.parallel ? pending : split).some((before) => conflict(before, access))) barrier();
      entries.push(entry);
      pending.push(access);
      if (entry.parallel) split.push(access);
      // Everybody has to see a fault before going on.
      if (mayFail) barrier();
    };
    for (let step = first; step < end; ) {
      const loop = this.#code.loops.get(step);
      if (loop) {
        const entry = this.#loopEntry(step, loop);
        add(entry, this.#accessOf([step]), entry.mayFail);
        step++;
        continue;
      }
      const { stages } = this.#code.steps[step];
      const worthSplitting = this.#isWorthSplitting(step);
      const tails = this.#tailsOf(step, end);
      stages.forEach(({ items, mayFail = false }, stage) => {
        if (stage === 0 && this.#prepared.has(step)) return;
        const ownTails = stage === stages.length - 1 ? tails : [];
        const entry = {
          kind: 'stage',
          step,
          stage,
          parallel: worthSplitting && items > 1,
          tails: ownTails,
        } as const;
        add(entry, this.#accessOf([step, ...ownTails]), mayFail);
      });
      step += 1 + tails.length;
    }
    barrier();
    return entries;
  }

  /** Those first stages of steps that are done before a loop. They touch nothing in common. */
  schedulePrepared(): ScheduleEntry[] {
    const stages = [...this.#prepared.keys()].map((step): StageEntry => {
      const { items } = this.#code.steps[step].stages[0];
      return {
        kind: 'stage',
        step,
        stage: 0,
        parallel: this.#isWorthSplitting(step) && items > 1,
        tails: [],
      };
    });
    return stages.length === 0 ? [] : [...stages, { kind: 'barrier' }];
  }

  #loopEntry(step: number, code: LoopCode): LoopEntry {
    const inside = new Scheduler(code.body, stretchesOfLoop(code), this.#fewestCycles, code.prepared);
    const body = inside.schedule(0, code.loop.plan.steps.length);
    const mayFail = body.some((entry) => {
      if (entry.kind === 'loop') return entry.mayFail;
      return entry.kind === 'stage' && code.body.steps[entry.step].stages[entry.stage].mayFail === true;
    });
    return { kind: 'loop', step, parallel: splits(body), prepared: inside.schedulePrepared(), body, mayFail };
  }

  #isWorthSplitting(step: number): boolean {
    return cyclesOf(this.#code.plan.steps[step]) >= this.#fewestCycles;
  }

  /** The steps right behind `step` that may run over pieces of its result. */
  #tailsOf(step: number, end: number): number[] {
    const { elementsPerItem } = this.#code.steps[step].stages.at(-1) ?? {};
    if (elementsPerItem === undefined) return [];
    const tails: number[] = [];
    for (let next = step + 1; next < end && this.#code.plan.steps[next].joins; next++) {
      if (this.#code.steps[next].stages.length !== 1) break;
      tails.push(next);
    }
    return tails;
  }

  #accessOf(steps: readonly number[]): Access {
    const { plan } = this.#code;
    const stretch = (buffer: number) => this.#stretches.of(buffer);
    const reads = steps.flatMap((step) => plan.steps[step].inputs.map(stretch));
    const writes = steps.flatMap((step) => plan.steps[step].outputs.map(stretch));
    if ((this.#code.steps[steps[0]].scratchBytes ?? 0) > 0) writes.push(this.#stretches.scratchOf(steps[0]));
    return { reads, writes };
  }
}

/** Whether two stages may not run at the same time. */
function conflict(before: Access, after: Access): boolean {
  const meet = (a: readonly Stretch[], b: readonly Stretch[]) => a.some((x) => b.some((y) => overlap(x, y)));
  return (
    meet(before.writes, after.reads) || meet(before.reads, after.writes) || meet(before.writes, after.writes)
  );
}
