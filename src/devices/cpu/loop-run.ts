/** A loop on the `cpu` device: the steps of its body, run T times over slices that move. */
import { type CpuRun, type NumericArray, withWorkspace } from '../../../kernels/support/contract.ts';
import type { Plan, PlanLoop } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import { byteLength } from '../needs.ts';
import { viewOf } from './array-view.ts';
import { noArray, type StepRunner } from './step-runner.ts';

/** Blocks of scratch memory begin at a multiple of so many bytes, which suits all dtypes. */
const alignment = 8;

/** Prepares a loop; `prepare` does so for the steps of its body. */
export function prepareLoop(loop: PlanLoop, prepare: (plan: Plan) => StepRunner): CpuRun {
  const { plan, steps, reverse, carries, sequences } = loop;
  const body = prepare(plan);
  const specs = plan.outputs.slice(0, carries);
  // The arena of the body, two places for each carry, which take turns, and what its steps need.
  let bytes = aligned(plan.arenaBytes);
  const places = specs.map((spec) =>
    [0, 1].map(() => {
      const at = bytes;
      bytes = aligned(bytes + byteLength(spec));
      return at;
    }),
  );
  const run: CpuRun = (inputs, outputs, workspace) => {
    const { buffer, byteOffset } = workspace;
    const scratch = (spec: TensorSpec, offset: number): NumericArray =>
      viewOf(buffer, spec, byteOffset + offset);
    const pairs = specs.map((spec, carry) => places[carry].map((offset) => scratch(spec, offset)));
    const bodyWorkspace = workspace.subarray(bytes / 4);
    plan.buffers.forEach(({ spec, place }, at) => {
      if (place.kind === 'arena') body.put(at, scratch(spec, place.offset));
    });
    const current = inputs.slice(0, carries);
    for (let step = 0; step < steps; step++) {
      const t = reverse ? steps - 1 - step : step;
      const slice = (whole: NumericArray): NumericArray => {
        const size = whole.length / steps;
        return whole.subarray(t * size, (t + 1) * size);
      };
      const next = pairs.map((pair) => pair[step % 2]);
      const stacks = outputs.slice(carries).map(slice);
      const inputOf = (place: number): NumericArray => {
        if (place < carries) return current[place];
        return place < carries + sequences ? slice(inputs[place]) : inputs[place];
      };
      const outputOf = (index: number): NumericArray =>
        next[index] ??
        stacks[loop.stacks.findIndex((source) => source.kind === 'output' && source.index === index)];
      plan.buffers.forEach(({ place }, at) => {
        if (place.kind === 'input') body.put(at, inputOf(loop.inputs[place.index]));
        if (place.kind === 'output') body.put(at, outputOf(place.index));
      });
      body.run(0, plan.steps.length, bodyWorkspace);
      loop.stacks.forEach(({ kind, index }, at) => {
        const value = kind === 'carry' ? current[index] : outputOf(index);
        if (value !== stacks[at]) stacks[at].set(value);
      });
      current.splice(0, carries, ...next);
    }
    current.forEach((value, carry) => {
      outputs[carry].set(value);
    });
    // A plan that is kept must not keep the arrays of its last run.
    for (const at of plan.buffers.keys()) body.put(at, noArray);
  };
  return withWorkspace(bytes / 4 + body.workspaceSize, run);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
