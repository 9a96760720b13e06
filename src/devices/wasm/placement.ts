/**
 * Where the buffers of a plan lie on the heap: those of one plan at fixed distances from the start of the arena, which
 * all plans share, and variables wherever their block is, by an address that is bound at each run.
 */
import type { Plan } from '../../plan/plan.ts';
import { byteLength } from '../needs.ts';
import { aligned, padding } from './layout.ts';

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

/** The memory of one buffer. */
export function stretchOf(plan: Plan, placement: Placement, buffer: number): Stretch {
  const { bytes, place } = plan.buffers[buffer];
  if (place.kind === 'variable') return { space: `variable ${place.index}`, from: 0, to: bytes };
  const from = placement.offsets[buffer]!;
  return { space: 'arena', from, to: from + bytes };
}

/** Whether two stretches have memory in common. */
export function overlap(a: Stretch, b: Stretch): boolean {
  return a.space === b.space && a.from < b.to && b.from < a.to;
}
