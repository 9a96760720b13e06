/**
 * A loop on the `gpu` device. What a step leaves are fresh arrays: the next step finds them as carries, and they are joined to
 * stacks, as soon as there are many.
 */
import { Frame, type SegmentHandles } from './frame.ts';
import type { GpuHandle } from './library.ts';
import type { PlannedLoop, PlannedSteps } from './planned-passes.ts';

/** Runs steps over the arrays of a frame, at step `t` of the loop around them. */
export type RunSteps = (steps: PlannedSteps['steps'], frame: Frame, t: number) => Promise<void>;

/** Runs a loop that is a step of the plan whose arrays are in `around`. */
export async function runLoop(loop: PlannedLoop, around: Frame, runSteps: RunSteps): Promise<void> {
  const run = new LoopRunner(loop, around, runSteps);
  try {
    await run.complete();
  } finally {
    run.leave();
  }
}

class LoopRunner {
  readonly #loop: PlannedLoop;
  readonly #around: Frame;
  readonly #runSteps: RunSteps;
  readonly #frame: Frame;
  /** By stack and level, the arrays that wait to be joined, in the order of running. */
  readonly #waiting: readonly SegmentHandles[][][];
  /** How many carries and stacks need an array. */
  readonly #uses = new Map<GpuHandle, number>();

  constructor(loop: PlannedLoop, around: Frame, runSteps: RunSteps) {
    this.#loop = loop;
    this.#around = around;
    this.#runSteps = runSteps;
    this.#frame = new Frame(around.functions);
    this.#waiting = loop.stacks.map(({ levels }) => [[], ...levels.map(() => [])]);
  }

  async complete(): Promise<void> {
    const { steps, reverse, constants, carries, stacks } = this.#loop;
    const [frame, around] = [this.#frame, this.#around];
    for (const constant of constants) frame.put(constant.slots, around.array(constant.around));
    let found = carries.map((carry) => this.#use(around.array(carry.around.initial)));
    for (let step = 0; step < steps; step++) {
      carries.forEach((carry, at) => {
        frame.put(carry.found, found[at]);
      });
      await this.#runBody(reverse ? steps - 1 - step : step);
      const left = carries.map(({ next }) => this.#use(frame.array(next)));
      for (const [stack, { source }] of stacks.entries()) {
        const array = source.kind === 'carry' ? found[source.index] : frame.array(source.slots);
        await this.#push(stack, 0, this.#use(array));
      }
      for (const array of found) this.#drop(array);
      found = left;
    }
    for (const [stack, { last, around: slots }] of stacks.entries()) {
      this.#handOut(slots, await this.#join(last, this.#waiting[stack].toReversed().flat()));
    }
    carries.forEach((carry, at) => {
      this.#handOut(carry.around.final, found[at]);
    });
  }

  leave(): void {
    this.#frame.leave();
  }

  async #runBody(t: number): Promise<void> {
    const { slices, body } = this.#loop;
    const copies = slices.filter(({ first, last }) => first <= t && t <= last);
    await this.#runSteps([...copies, ...body.steps], this.#frame, t);
  }

  /** Adds an array to those of a level; those that fill it are joined. */
  async #push(stack: number, level: number, array: SegmentHandles): Promise<void> {
    const { most, levels } = this.#loop.stacks[stack];
    const waiting = this.#waiting[stack][level];
    if (waiting.length === most) {
      const joined = await this.#join(levels[level].join, waiting.splice(0));
      await this.#push(stack, level + 1, this.#use(joined));
    }
    waiting.push(array);
  }

  /** Joins arrays, given in the order of running, to a fresh one. */
  async #join(join: PlannedSteps, arrays: readonly SegmentHandles[]): Promise<SegmentHandles> {
    const frame = new Frame(this.#frame.functions);
    try {
      const parts = this.#loop.reverse ? arrays.toReversed() : arrays;
      parts.forEach((part, at) => {
        frame.put(join.initialSlots[at], part);
      });
      await this.#runSteps(join.steps, frame, 0);
      const joined = frame.array(join.finalSlots[parts.length]);
      if (frame.handOver(joined)) this.#frame.own(joined);
      return joined;
    } finally {
      frame.leave();
      for (const array of arrays) this.#drop(array);
    }
  }

  /** Hands an array to the plan around. */
  #handOut(slots: readonly number[], array: SegmentHandles): void {
    if (this.#frame.handOver(array)) this.#around.own(array);
    this.#around.put(slots, array);
  }

  #use(array: SegmentHandles): SegmentHandles {
    for (const handle of array) this.#uses.set(handle, (this.#uses.get(handle) ?? 0) + 1);
    return array;
  }

  /** Deletes arrays that nothing needs any more; those of the plan around stay. */
  #drop(array: SegmentHandles): void {
    for (const handle of array) {
      const uses = this.#uses.get(handle)! - 1;
      if (uses > 0) this.#uses.set(handle, uses);
      else {
        this.#uses.delete(handle);
        this.#frame.delete([handle]);
      }
    }
  }
}
