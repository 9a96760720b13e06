/**
 * Which thread does what, and where all wait for each other: a plan as a list of stages and barriers. Pure data.
 *
 * A stage that is worth it is split among the threads; a small one runs on the first thread alone. A barrier stands
 * only where a stage reads what another thread may still be writing, or writes what it may still be reading.
 */
import { bytesOf } from '../../../kernels/support/contract.ts';
import type { WasmKernelCode } from '../../../kernels/support/wasm/wasm-kernel.ts';
import type { Plan } from '../../plan/plan.ts';
import { phases } from './layout.ts';
import { overlap, type Placement, type Stretch, stretchOf } from './placement.ts';

/** One stage of a step, or the point where all threads wait for each other. */
export type ScheduleEntry =
  | { readonly kind: 'barrier' }
  | {
      readonly kind: 'stage';
      /** Index into the plan's steps. */
      readonly step: number;
      /** Index into the step's stages. */
      readonly stage: number;
      /** Whether all threads share its items; otherwise the first thread does it. */
      readonly parallel: boolean;
      /** Steps that run over each piece of the result as soon as it is there. */
      readonly tails: readonly number[];
    };

export interface PlanSchedule {
  readonly beforeUpdates: readonly ScheduleEntry[];
  readonly updates: readonly ScheduleEntry[];
  /** The phases (bits, see layout.ts) in which anything is split: one thread is all that the others need. */
  readonly parallel: number;
}

/** A step whose estimated time is below this many cycles (about 5 µs) is not worth waking anybody. */
export const fewestCyclesToSplit = 20_000;

/** Schedules a plan; `codes` has the code of each step, and steps of fewer than `fewestCycles` are not split. */
export function schedule(
  plan: Plan,
  codes: readonly WasmKernelCode[],
  placement: Placement,
  fewestCycles = fewestCyclesToSplit,
): PlanSchedule {
  const scheduler = new Scheduler(plan, codes, placement, fewestCycles);
  const { firstUpdateStep, steps } = plan;
  const beforeUpdates = scheduler.schedule(0, firstUpdateStep);
  const updates = scheduler.schedule(firstUpdateStep, steps.length);
  const splits = (entries: readonly ScheduleEntry[]) =>
    entries.some((entry) => entry.kind === 'stage' && entry.parallel);
  const parallel =
    (splits(beforeUpdates) ? phases.beforeUpdates : 0) | (splits(updates) ? phases.updates : 0);
  return { beforeUpdates, updates, parallel };
}

/** What one stage with its tails touches. */
interface Access {
  readonly reads: readonly Stretch[];
  readonly writes: readonly Stretch[];
}

class Scheduler {
  readonly #plan: Plan;
  readonly #codes: readonly WasmKernelCode[];
  readonly #placement: Placement;
  readonly #fewestCycles: number;

  constructor(plan: Plan, codes: readonly WasmKernelCode[], placement: Placement, fewestCycles: number) {
    this.#plan = plan;
    this.#fewestCycles = fewestCycles;
    this.#codes = codes;
    this.#placement = placement;
  }

  /** The steps [first, end), with a barrier at the end if anything was split. */
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
    for (let step = first; step < end; ) {
      const { stages } = this.#codes[step];
      const worthSplitting = this.#isWorthSplitting(step);
      const tails = this.#tailsOf(step, end);
      stages.forEach(({ items, mayFail }, stage) => {
        const parallel = worthSplitting && items > 1;
        const ownTails = stage === stages.length - 1 ? tails : [];
        const access = this.#accessOf([step, ...ownTails]);
        if ((parallel ? pending : split).some((before) => conflict(before, access))) barrier();
        entries.push({ kind: 'stage', step, stage, parallel, tails: ownTails });
        pending.push(access);
        if (parallel) split.push(access);
        // Everybody has to see a fault before going on.
        if (mayFail) barrier();
      });
      step += 1 + tails.length;
    }
    barrier();
    return entries;
  }

  #isWorthSplitting(step: number): boolean {
    const { contract, call } = this.#plan.steps[step];
    return contract.flops(call) / 8 + bytesOf(call) / 8 >= this.#fewestCycles;
  }

  /** The steps right behind `step` that may run over pieces of its result. */
  #tailsOf(step: number, end: number): number[] {
    const { elementsPerItem } = this.#codes[step].stages.at(-1) ?? {};
    if (elementsPerItem === undefined) return [];
    const tails: number[] = [];
    for (let next = step + 1; next < end && this.#plan.steps[next].joins; next++) {
      if (this.#codes[next].stages.length !== 1) break;
      tails.push(next);
    }
    return tails;
  }

  #accessOf(steps: readonly number[]): Access {
    const { scratch, scratchBytes } = this.#placement;
    const stretch = (buffer: number) => stretchOf(this.#plan, this.#placement, buffer);
    const reads = steps.flatMap((step) => this.#plan.steps[step].inputs.map(stretch));
    const writes = steps.flatMap((step) => this.#plan.steps[step].outputs.map(stretch));
    if ((this.#codes[steps[0]].scratchBytes ?? 0) > 0) {
      writes.push({ space: 'arena', from: scratch, to: scratch + scratchBytes });
    }
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
