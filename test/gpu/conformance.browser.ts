/** Every row of the primitive table on the GPU against cpu: results and gradients, small, large and on views. */
import { describe, expect, it } from 'vitest';
import { primitiveTable } from '../../src/ops/table.ts';
import { onLeaves, onViews } from '../conformance/calls.ts';
import { largeSamples } from '../conformance/large-samples.ts';
import { samples } from '../conformance/samples.ts';
import { layoutNames } from '../conformance/variants.ts';
import { errorOf, firstDifference, type PlanOnArrays, planTensors, runOnCpu } from '../support/devices.ts';
import { runOnGpu } from './support.ts';

/** Largest error beside the largest value of an array. */
const bound = 1e-4;

const callable = primitiveTable.filter(({ kind }) => kind !== 'leaf');

/** Close to the cpu; whole numbers equal. */
async function expectAgreement(what: string, planned: PlanOnArrays, options = {}): Promise<void> {
  const expected = await runOnCpu(planned);
  const actual = await runOnGpu(planned, options);
  planned.plan.outputs.forEach(({ dtype }, output) => {
    const where = `${what}, output ${output}`;
    if (dtype === 'float32') expect(errorOf(actual[output], expected[output]), where).toBeLessThan(bound);
    else expect(firstDifference(actual[output], expected[output]), where).toBe(-1);
  });
}

describe.each(callable.map((row) => [row.name, row] as const))('%s', (name, row) => {
  it('small', async () => {
    for (const each of samples[name]) await expectAgreement(each.title, planTensors(onLeaves(row, each)));
  });

  it('small, on views', async () => {
    for (const [at, each] of samples[name].entries()) {
      if (each.inputs.length === 0) continue;
      await expectAgreement(`${each.title}, on views ${at}`, planTensors(onViews(row, each, at)));
    }
  });

  it('small, in segments', async () => {
    for (const [at, each] of samples[name].entries()) {
      const segments = 2 + (at % 2);
      await expectAgreement(`${each.title}, in ${segments} segments`, planTensors(onLeaves(row, each)), {
        segments,
      });
    }
  });

  it.each(largeSamples[name].map((each, at) => [each.title, each, at] as const))(
    'large: %s',
    async (title, each, at) => {
      await expectAgreement(title, planTensors(onLeaves(row, each)));
      if (each.inputs.length === 0) return;
      const kind = at % layoutNames.length;
      await expectAgreement(`${title}, on views ${kind}`, planTensors(onViews(row, each, kind)));
    },
  );
});
