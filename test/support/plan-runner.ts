/** Runs a plan step by step in memory full of rubbish, to show that every element is written before it is read. */
import { allocate, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import { PreparedSteps } from '../../src/devices/cpu/prepared-steps.ts';
import type { Plan } from '../../src/plan/plan.ts';

/** What rubbish looks like: as float32, a number far from any result; as bool, not 0 or 1. */
export type Rubbish = 77 | 99;

/** The outputs of a plan without variables, each computed in fresh memory that held `rubbish`. */
export function runInRubbish(plan: Plan, inputs: readonly NumericArray[], rubbish: Rubbish): NumericArray[] {
  const arrays = plan.buffers.map(({ spec, place }) =>
    place.kind === 'input' ? inputs[place.index] : allocate(spec.dtype, sizeOf(spec.shape)).fill(rubbish),
  );
  const steps = new PreparedSteps(plan);
  arrays.forEach((array, buffer) => {
    steps.put(buffer, array);
  });
  for (const step of plan.steps.keys()) {
    steps.run(step, step + 1, new Float32Array(steps.workspaceSize).fill(rubbish));
  }
  return plan.outputs.map((_, index) => {
    const buffer = plan.buffers.findIndex(({ place }) => place.kind === 'output' && place.index === index);
    return arrays[buffer];
  });
}
