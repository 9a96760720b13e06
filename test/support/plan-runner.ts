/** Runs a plan kernel by kernel in memory full of rubbish, to show that every element is written before it is read. */
import { kernelOf } from '../../kernels/index.ts';
import { allocate, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import type { Plan } from '../../src/plan/plan.ts';

/** What rubbish looks like: as float32, a number far from any result; as bool, not 0 or 1. */
export type Rubbish = 77 | 99;

/** The outputs of a plan without variables, each computed in fresh memory that held `rubbish`. */
export function runInRubbish(plan: Plan, inputs: readonly NumericArray[], rubbish: Rubbish): NumericArray[] {
  const arrays = plan.buffers.map(({ spec, place }) =>
    place.kind === 'input' ? inputs[place.index] : allocate(spec.dtype, sizeOf(spec.shape)).fill(rubbish),
  );
  for (const { contract, call, inputs: reads, outputs: writes } of plan.steps) {
    const run = kernelOf(contract).cpu(call);
    run(
      reads.map((buffer) => arrays[buffer]),
      writes.map((buffer) => arrays[buffer]),
      new Float32Array(run.workspaceSize ?? 0).fill(rubbish),
    );
  }
  return plan.outputs.map((_, index) => {
    const buffer = plan.buffers.findIndex(({ place }) => place.kind === 'output' && place.index === index);
    return arrays[buffer];
  });
}
