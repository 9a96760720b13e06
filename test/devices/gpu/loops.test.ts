/** Loops as the gpu device runs them, on an emulated GPU: results, what is alive meanwhile, and what grows with their steps. */
import { describe, expect, it } from 'vitest';
import { GpuExecutable } from '../../../src/devices/gpu/executable.ts';
import { planPasses } from '../../../src/devices/gpu/plan-passes.ts';
import { allPasses, passesRun } from '../../../src/devices/gpu/planned-passes.ts';
import { gather, IndexError, kernelSources, scan, type Tensor, tensor, zeros } from '../../../src/index.ts';
import { primitiveTable } from '../../../src/ops/table.ts';
import { onLeaves } from '../../conformance/calls.ts';
import { samples } from '../../conformance/samples.ts';
import { randomLoop, valuesOf } from '../../ops/random-loops.ts';
import { errorOf, firstDifference, type PlanOnArrays, planTensors, runOnCpu } from '../../support/devices.ts';
import { type EmulatedGpu, emulatedGpu } from '../../support/emulated-gpu.ts';
import { loopCases } from '../../support/loops.ts';

/** Runs a plan twice and expects the results of cpu, and that nothing is left. */
async function expectAgreement({ plan, inputs }: PlanOnArrays, gpu: EmulatedGpu): Promise<void> {
  const expected = await runOnCpu({ plan, inputs });
  const executable = new GpuExecutable(plan, gpu);
  for (let run = 0; run < 2; run++) {
    const { outputs } = await executable.run({ inputs, variables: [] });
    for (const [at, { dtype }] of plan.outputs.entries()) {
      if (dtype === 'float32') expect(errorOf(outputs[at], expected[at]), `output ${at}`).toBeLessThan(1e-5);
      else expect(firstDifference(outputs[at], expected[at]), `output ${at}`).toBe(-1);
    }
    expect(gpu.alive()).toBe(0);
  }
}

describe.each(Object.entries(loopCases))('%s', (_, build) => {
  it.each([1, 2, 8, 60])('agrees with cpu in %d steps, and leaves nothing', async (steps) => {
    await expectAgreement(planTensors(build(steps)), emulatedGpu());
  });

  it.each([31, 50, 90])('agrees with cpu where a buffer holds %d floats', async (mostFloats) => {
    await expectAgreement(planTensors(build(9)), emulatedGpu({ mostFloats, mostReads: 15 }));
  });

  it('plans as many passes for many steps as for few, but for those that join more of them', () => {
    const planned = (steps: number) =>
      planPasses(planTensors(build(steps)).plan, { mostReads: 7, mostFloats: 1 << 24 });
    const countOf = (steps: number): number => allPasses(planned(steps)).length;
    const stacks = planned(56).steps.flatMap(({ loop }) => loop?.stacks ?? []).length;
    // 56 and 392 are the same number of blocks for recompute to 4.
    expect(countOf(392) - countOf(56)).toBeLessThanOrEqual(4 * Math.max(stacks, 1));
    expect(countOf(2744) - countOf(392)).toBeLessThanOrEqual(4 * Math.max(stacks, 1));
  });

  it('counts the passes that run', async () => {
    const { plan, inputs } = planTensors(build(20));
    const gpu = emulatedGpu();
    await new GpuExecutable(plan, gpu).run({ inputs, variables: [] });
    expect(passesRun(planPasses(plan, gpu))).toBe(gpu.functions.counters.passes);
  });

  it('has few arrays alive, however many steps there are', async () => {
    const mostAlive = async (steps: number): Promise<number> => {
      const { plan, inputs } = planTensors(build(steps));
      const gpu = emulatedGpu();
      await new GpuExecutable(plan, gpu).run({ inputs, variables: [] });
      return gpu.mostAlive();
    };
    // A level more for each stack.
    expect(await mostAlive(340)).toBeLessThan(2 * (await mostAlive(48)) + 16);
  });
});

describe('samples', () => {
  const row = primitiveTable.find(({ name }) => name === 'scan')!;
  it.each(samples['scan'].map((sample) => [sample.title, sample] as const))('%s', async (_, sample) => {
    await expectAgreement(planTensors(onLeaves(row, sample)), emulatedGpu());
    await expectAgreement(planTensors(onLeaves(row, sample)), emulatedGpu({ mostFloats: 13, mostReads: 15 }));
  });
});

it.each(Array.from({ length: 12 }, (_, recipe) => recipe + 20))('random loop %i', async (recipe) => {
  const planned = planTensors(valuesOf(randomLoop(recipe), 'scan', 1));
  await expectAgreement(planned, emulatedGpu());
  await expectAgreement(planned, emulatedGpu({ mostFloats: 61, mostReads: 30 }));
});

describe('indices out of range', () => {
  const lookUp = (first: number, picks: readonly number[]): PlanOnArrays => {
    const table = zeros([4, 2]).add(1);
    const { outputs } = scan(
      (at: Tensor, pick: Tensor) => ({
        carry: at.add(1),
        output: gather(table, at, 0).add(gather(table, pick, 0)),
      }),
      {
        initial: tensor([first], { dtype: 'int32' }),
        inputs: tensor([...picks], { shape: [picks.length, 1], dtype: 'int32' }),
        axis: 0,
      },
    );
    return planTensors([outputs]);
  };

  it('are found in a carry at the step that finds them', async () => {
    const { plan, inputs } = lookUp(2, [0, 0, 0, 0]);
    const gpu = emulatedGpu();
    const run = new GpuExecutable(plan, gpu).run({ inputs, variables: [] });
    await expect(run).rejects.toThrow(IndexError);
    await expect(run).rejects.toThrow(/gather: got index 4, expected 0 to 3/);
    expect(gpu.alive()).toBe(0);
  });

  it('are found in a sequence that the host has before anything runs', async () => {
    const { plan, inputs } = lookUp(0, [0, 0, 0, 9]);
    const gpu = emulatedGpu();
    const run = new GpuExecutable(plan, gpu).run({ inputs, variables: [] });
    await expect(run).rejects.toThrow(/gather: got index 9, expected 0 to 3/);
    expect(gpu.functions.counters.passes).toBe(0);
  });
});

it('stops in the middle and leaves nothing', async () => {
  const { plan, inputs } = planTensors(loopCases['rnn'](20));
  const gpu = emulatedGpu();
  gpu.failAfter(70);
  await expect(new GpuExecutable(plan, gpu).run({ inputs, variables: [] })).rejects.toThrow(
    'fails on purpose',
  );
  expect(gpu.alive()).toBe(0);
});

it('shows the functions of a loop, then those of its body', async () => {
  const sources = await kernelSources(() => loopCases['rnn'](20)[1]);
  const at = sources.findIndex(({ kernel }) => kernel === 'scan');
  expect(sources[at].sources.length).toBeGreaterThan(0);
  expect(sources.slice(at + 1, at + 3).map(({ kernel }) => kernel)).toEqual(['matmul', 'elementwise']);
  // The step reads its slice in the stack.
  expect(sources[at + 2].sources[0]).toContain('loopStep * 8');
});
