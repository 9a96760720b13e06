/** The WebAssembly code of each step of a plan, loops with their bodies, and the scratch memory that they need. */
import { kernelOf } from '../../../kernels/index.ts';
import type { Target } from '../../../kernels/support/wasm/assembler/index.ts';
import type { WasmKernelCode } from '../../../kernels/support/wasm/wasm-kernel.ts';
import type { Plan, PlanLoop, PlanStep } from '../../plan/plan.ts';
import { byteLength } from '../needs.ts';
import { aligned, padding } from './layout.ts';

/** A plan with the code of its steps. */
export interface PlanCode {
  readonly plan: Plan;
  /** By step; that of a loop has no stages, only a need for scratch memory. */
  readonly steps: readonly WasmKernelCode[];
  /** By step. */
  readonly loops: ReadonlyMap<number, LoopCode>;
  /** What the step that needs most scratch memory needs, shared by all threads and for each. */
  readonly scratchBytes: number;
  readonly threadScratchBytes: number;
}

/** Where the next value of a carry is written. */
export type CarryHome =
  /** Where the step behind will find it: to a stack of what each step finds. The last one goes to the final carry. */
  | { readonly kind: 'found'; readonly stack: number }
  /** To a stack of what each step leaves. */
  | { readonly kind: 'left'; readonly stack: number }
  /** To two places that take turns, so far from the start of the loop's scratch memory. The last one goes to the final carry. */
  | { readonly kind: 'turns'; readonly offsets: readonly [number, number] };

/** A loop with the code of its body. Its scratch memory begins with the arena of the body. */
export interface LoopCode {
  readonly loop: PlanLoop;
  readonly body: PlanCode;
  /** By carry. */
  readonly homes: readonly CarryHome[];
  /** Steps of the body that prepare an operand which never changes, once before the loop; with where they keep it. */
  readonly prepared: ReadonlyMap<number, number>;
  /** Where the scratch memory of the body's steps begins. */
  readonly scratch: number;
  readonly bytes: number;
}

/** The code of a plan, for a target. */
export function planCodeOf(plan: Plan, target: Target): PlanCode {
  const loops = new Map<number, LoopCode>();
  const steps = plan.steps.map((step, index): WasmKernelCode => {
    if (!step.loop) return kernelOf(step.contract).wasm(step.call, target);
    const loop = loopCodeOf(step.loop, planCodeOf(step.loop.plan, target));
    loops.set(index, loop);
    return { stages: [], scratchBytes: loop.bytes, threadScratchBytes: loop.body.threadScratchBytes };
  });
  const most = (bytes: readonly (number | undefined)[]): number =>
    bytes.reduce<number>((largest, each) => Math.max(largest, each ?? 0), 0);
  return {
    plan,
    steps,
    loops,
    scratchBytes: most(steps.map(({ scratchBytes }) => scratchBytes)),
    threadScratchBytes: most(steps.map(({ threadScratchBytes }) => threadScratchBytes)),
  };
}

function loopCodeOf(loop: PlanLoop, body: PlanCode): LoopCode {
  let end = 0;
  const place = (bytes: number): number => {
    const at = end;
    end = aligned(end + bytes + padding);
    return at;
  };
  place(loop.plan.arenaBytes);
  const homes = loop.plan.outputs.slice(0, loop.carries).map((spec, carry): CarryHome => {
    const stackOf = (wanted: 'carry' | 'output'): number =>
      loop.stacks.findIndex(({ kind, index }) => kind === wanted && index === carry);
    const [found, left] = [stackOf('carry'), stackOf('output')];
    if (found >= 0) return { kind: 'found', stack: found };
    if (left >= 0) return { kind: 'left', stack: left };
    return { kind: 'turns', offsets: [place(byteLength(spec)), place(byteLength(spec))] };
  });
  const prepared = new Map<number, number>();
  for (const [index, { stages, scratchBytes = 0 }] of body.steps.entries()) {
    const { packs } = stages[0] ?? {};
    if (packs?.every((input) => neverChanges(loop, loop.plan.steps[index], input))) {
      prepared.set(index, place(scratchBytes));
    }
  }
  const scratch = place(body.scratchBytes);
  return { loop, body, homes, prepared, scratch, bytes: end };
}

/** Whether an input of a step of the body is the same at every step of the loop. */
function neverChanges(
  { plan, inputs, carries, sequences }: PlanLoop,
  step: PlanStep,
  input: number,
): boolean {
  const { place } = plan.buffers[step.inputs[input]];
  return place.kind === 'input' && inputs[place.index] >= carries + sequences;
}
