/**
 * Where the buffers of a plan lie on the heap: those of one plan at fixed distances from the start of the arena, which
 * all plans share, and variables wherever their block is, by an address that is bound at each run.
 */
import type { Plan } from '../../plan/plan.ts';
import { byteLength } from '../needs.ts';
import { aligned, padding } from './layout.ts';
import type { LoopCode } from './plan-code.ts';

/** A stretch of memory that a step reads or writes. Stretches of different spaces never overlap. */
export interface Stretch {
  /** 'arena', or a variable. */
  readonly space: string;
  readonly from: number;
  readonly to: number;
}

/** The arena of one plan: its values, inputs, outputs, the addresses of its variables, scratch memory. */
export interface Placement {
  /** Per buffer of the plan its distance from the start of the arena, or undefined for a variable. */
  readonly offsets: readonly (number | undefined)[];
  /** Per input of the plan. */
  readonly inputOffsets: readonly number[];
  /** Per output of the plan. */
  readonly outputOffsets: readonly number[];
  /** Where the addresses of the variables are, four bytes each. */
  readonly bindings: number;
  readonly scratch: number;
  readonly scratchBytes: number;
  readonly threadScratch: number;
  /** Bytes from the scratch memory of one thread to that of the next. */
  readonly threadScratchStep: number;
  /** Bytes of all that with the scratch memory of so many threads. */
  bytes(threads: number): number;
}

/** Places the buffers of a plan whose steps need at most so much scratch memory, shared and for each thread. */
export function placePlan(plan: Plan, scratchBytes: number, threadScratchBytes: number): Placement {
  let end = aligned(plan.arenaBytes + padding);
  const place = (bytes: number): number => {
    const at = end;
    end = aligned(end + bytes + padding);
    return at;
  };
  const inputOffsets = plan.inputs.map((spec) => place(byteLength(spec)));
  const outputOffsets = plan.outputs.map((spec) => place(byteLength(spec)));
  const bindings = place(4 * plan.variables.length);
  const scratch = place(scratchBytes);
  const threadScratch = end;
  const threadScratchStep = threadScratchBytes === 0 ? 0 : aligned(threadScratchBytes + padding);
  return {
    offsets: plan.buffers.map(({ place }) => {
      if (place.kind === 'arena') return place.offset;
      if (place.kind === 'input') return inputOffsets[place.index];
      return place.kind === 'output' ? outputOffsets[place.index] : undefined;
    }),
    inputOffsets,
    outputOffsets,
    bindings,
    scratch,
    scratchBytes,
    threadScratch,
    threadScratchStep,
    bytes: (threads) => threadScratch + threads * threadScratchStep,
  };
}

/** The memory that the steps of a plan read and write. */
export interface Stretches {
  of(buffer: number): Stretch;
  /** The scratch memory of a step that has some. */
  scratchOf(step: number): Stretch;
}

/** The memory of a plan. */
export function stretchesOf(plan: Plan, placement: Placement): Stretches {
  const { scratch, scratchBytes } = placement;
  return {
    of: (buffer) => {
      const { bytes, place } = plan.buffers[buffer];
      if (place.kind === 'variable') return { space: `variable ${place.index}`, from: 0, to: bytes };
      const from = placement.offsets[buffer]!;
      return { space: 'arena', from, to: from + bytes };
    },
    scratchOf: () => ({ space: 'arena', from: scratch, to: scratch + scratchBytes }),
  };
}

/** The memory of the body of a loop in one step. What the next step finds lies elsewhere. */
export function stretchesOfLoop({ loop, body, prepared }: LoopCode): Stretches {
  const { plan, inputs } = loop;
  return {
    of: (buffer) => {
      const { bytes, place } = plan.buffers[buffer];
      if (place.kind === 'arena') return { space: 'arena', from: place.offset, to: place.offset + bytes };
      const space = place.kind === 'input' ? `input ${inputs[place.index]}` : `output ${place.index}`;
      return { space, from: 0, to: bytes };
    },
    scratchOf: (step) => ({
      space: prepared.has(step) ? `prepared ${step}` : 'scratch',
      from: 0,
      to: body.scratchBytes,
    }),
  };
}

/** Whether two stretches have memory in common. */
export function overlap(a: Stretch, b: Stretch): boolean {
  return a.space === b.space && a.from < b.to && b.from < a.to;
}
