/** The texts of the functions that a plan runs, by kernel. */
import type { Plan } from '../../plan/plan.ts';
import { planPasses } from './plan-passes.ts';
import { type PlannedSteps, passesAround } from './planned-passes.ts';

/** Limits of no GPU, since nothing is run: arrays as large, and as few reads, as any has. */
const limits = { mostFloats: 1 << 26, mostReads: 7 };

interface KernelTexts {
  readonly kernel: string;
  readonly label: string;
  readonly sources: readonly string[];
}

/** Each text of a kernel once. A loop has those around its body, whose kernels follow. */
export function kernelTexts(plan: Plan): KernelTexts[] {
  return textsOf(plan, planPasses(plan, limits));
}

function textsOf({ steps }: Plan, planned: PlannedSteps): KernelTexts[] {
  return steps.flatMap(({ contract, label, loop }, at) => {
    const { passes, loop: plannedLoop } = planned.steps[at];
    const texts = (plannedLoop ? passesAround(plannedLoop) : passes).map(({ pass }) => pass.source);
    const row = { kernel: contract.name, label, sources: [...new Set(texts)] };
    return loop && plannedLoop ? [row, ...textsOf(loop.plan, plannedLoop.body)] : [row];
  });
}
