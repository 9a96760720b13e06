/**
 * What a plan is on the GPU: passes over numbered slots, one slot for each segment of a buffer of the plan, and of a temporary
 * array of a step. Of a loop, its body has slots of its own; nothing here grows with the number of its steps.
 */
import type { ComposedPass, GpuArray, GpuSegment } from '../../../kernels/support/gpu/gpu-kernel.ts';
import type { ComposedStep } from './compose.ts';
import { segmentLengths } from './segments.ts';

/** The slots given out so far. */
export class Slots {
  /** Floats of each slot. */
  readonly lengths: number[] = [];
  readonly #mostFloats: number;

  constructor(mostFloats: number) {
    this.#mostFloats = mostFloats;
  }

  /** Slots for the segments of one more array. */
  add(floats: number): readonly number[] {
    return segmentLengths(floats, this.#mostFloats).map((length) => this.lengths.push(length) - 1);
  }
}

/** Where the arrays of a step are: the slots of each, a slot a segment. */
export interface StepSlots {
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** A pass over one segment of what it writes, with its arrays resolved. */
export interface PlannedPass {
  readonly pass: ComposedPass;
  /** Slots, in the order in which they are passed. */
  readonly reads: readonly number[];
  /** How many floats each of those holds. */
  readonly lengths: readonly number[];
  readonly writes: number;
  /** The numbers that follow: given now, an element of an input of the plan, or the number of the loop's step. */
  readonly numbers: readonly (number | { readonly planInput: number; readonly element: number } | 'step')[];
  /**
   * Whether its result is a fresh array at every run: a new value of a variable, which outlives the run, one of many
   * results of one text, or what a step of a loop leaves.
   */
  readonly fresh: boolean;
}

/** Indices that must lie in [0, length). */
export interface PlannedCheck {
  readonly length: number;
  /** Leads to the step that uses them: see `stepAt`. */
  readonly path: readonly number[];
}

/** A step of the plan. */
export interface PlannedStep {
  readonly passes: readonly PlannedPass[];
  /** Indices to download and look at before the step, so many elements. */
  readonly checks: readonly (PlannedCheck & { readonly slots: readonly number[]; readonly size: number })[];
  /** Slots of fresh arrays that nothing reads after this step, and which no variable takes over. */
  readonly lastUses: readonly number[];
  /** Of a loop, which has no passes of its own. */
  readonly loop?: PlannedLoop;
}

/** All steps of a plan. */
export interface PlannedSteps {
  readonly steps: readonly PlannedStep[];
  readonly slots: Slots;
  /** The slots of each buffer of the plan, a slot a segment: before its steps and, which may be others, after them. */
  readonly initialSlots: readonly (readonly number[])[];
  readonly finalSlots: readonly (readonly number[])[];
  /** Indices in inputs of the plan that are looked at before it runs. */
  readonly inputChecks: readonly (PlannedCheck & { readonly planInput: number })[];
}

/** A loop. Its slots are those of its body, but where they are said to lie around it. */
export interface PlannedLoop {
  /** T. */
  readonly steps: number;
  readonly reverse: boolean;
  readonly body: PlannedSteps;
  /** Sequences [T, …] and what is the same at every step: handed in once. */
  readonly constants: readonly { readonly around: readonly number[]; readonly slots: readonly number[] }[];
  /** What copies slices of sequences that the body does not read in their stacks. */
  readonly slices: readonly PlannedSlice[];
  readonly carries: readonly PlannedCarry[];
  readonly stacks: readonly PlannedStack[];
}

/** What runs at the steps [first, last], before the body. */
export interface PlannedSlice extends PlannedStep {
  readonly first: number;
  readonly last: number;
}

/** Where a carry is: a step finds it in `found` (no slots, if the body does not read it) and leaves the next in `next`. */
export interface PlannedCarry {
  readonly found: readonly number[];
  readonly next: readonly number[];
  /** Before the first step and after the last, around the loop. */
  readonly around: { readonly initial: readonly number[]; readonly final: readonly number[] };
}

/**
 * A stack [T, …] of what the steps leave in slots, or find of a carry. As soon as there is one array more than a pass reads,
 * those are joined to one of the next level, and so on: an array is copied once a level, and few are alive.
 */
export interface PlannedStack {
  readonly source:
    | { readonly kind: 'carry'; readonly index: number }
    | { readonly kind: 'slots'; readonly slots: readonly number[] };
  /** The most arrays of one level. */
  readonly most: number;
  /** By level, what joins so many of its arrays, and how often that is done. */
  readonly levels: readonly { readonly join: PlannedSteps; readonly times: number }[];
  /** Joins what is left of all levels. */
  readonly last: PlannedSteps;
  /** Where the stack is, around the loop. */
  readonly around: readonly number[];
}

/** Where the arrays of a composed step are. */
interface StepPlaces {
  readonly slots: Slots;
  /** The slots of an input or output. */
  readonly slotsOf: (array: GpuArray) => readonly number[];
  /** Which input of the plan an input is, of which elements are passed as numbers. */
  readonly planInputOf: (array: GpuArray) => number;
  /** Whether what is in a slot must not be written over at the next run. */
  readonly outlives: (slot: number) => boolean;
}

/** The passes of a step with their arrays resolved; those that are temporary are given slots. */
export function resolvePasses(
  { passes, temporaries }: ComposedStep,
  { slots, slotsOf, planInputOf, outlives }: StepPlaces,
): PlannedPass[] {
  const slotsOfTemporaries = temporaries.map((size) => slots.add(size));
  const slotOf = ({ array, segment }: GpuSegment): number =>
    (array.kind === 'temporary' ? slotsOfTemporaries[array.index] : slotsOf(array))[segment];
  return passes.map(({ pass, writes: written, shared }) => {
    const [writes, reads] = [slotOf(written), pass.reads.map(slotOf)];
    return {
      pass,
      reads,
      lengths: reads.map((slot) => slots.lengths[slot]),
      writes,
      numbers: pass.numbers.map((each) =>
        typeof each === 'object' ? { planInput: planInputOf(each.array), element: each.element } : each,
      ),
      fresh: shared || outlives(writes),
    };
  });
}

/** How many passes run, those of a loop at every step. */
export function passesRun({ steps }: PlannedSteps): number {
  return total(steps, ({ passes, loop }) => passes.length + (loop ? passesOfLoop(loop) : 0));
}

function passesOfLoop({ steps, body, slices, stacks }: PlannedLoop): number {
  return (
    steps * passesRun(body) +
    total(slices, ({ first, last, passes }) => (last - first + 1) * passes.length) +
    total(
      stacks,
      ({ levels, last }) => total(levels, ({ join, times }) => times * passesRun(join)) + passesRun(last),
    )
  );
}

/** Every pass, with those of loops, once. */
export function allPasses({ steps }: PlannedSteps): PlannedPass[] {
  return steps.flatMap(({ passes, loop }) =>
    loop ? [...passesAround(loop), ...allPasses(loop.body)] : passes,
  );
}

/** Every pass that a loop adds to those of its body. */
export function passesAround({ slices, stacks }: PlannedLoop): PlannedPass[] {
  return [
    ...slices.flatMap(({ passes }) => passes),
    ...stacks.flatMap(({ levels, last }) => [...levels.map(({ join }) => join), last].flatMap(allPasses)),
  ];
}

function total<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
