/** Every operator on float32 on the GPU against its exact value: held to the bound in its row. */
import { afterAll, expect, inject, it } from 'vitest';
import { commands } from 'vitest/browser';
import { tensor } from '../../src/index.ts';
import { apply } from '../../src/ops/apply.ts';
import * as elementwise from '../../src/ops/elementwise.ts';
import { floatOperators, measure, requireWithin, samplesOf, type Worst } from '../support/accuracy.ts';
import { reportPath, updatedReport } from '../support/accuracy-report.ts';
import { planTensors } from '../support/devices.ts';
import { backend, runOnGpu } from './support.ts';

const operations = { ...elementwise };
const samples = samplesOf(9973);
const measured = new Map<string, Worst>();

afterAll(async () => {
  if (!inject('writesReport') || backend !== 'webgpu') return;
  const text = await commands.readFile(reportPath);
  await commands.writeFile(reportPath, updatedReport(text, { gpu: measured }));
});

it.each(floatOperators)('$name', async (operator) => {
  const { name } = operator;
  const { primitive } = operations[name];
  const worst = await measure(
    operator,
    'gpu',
    async (operands) => {
      const inputs = operands.map((operand) => tensor(operand));
      return (await runOnGpu(planTensors([apply(primitive, inputs, {})])))[0];
    },
    samples,
  );
  measured.set(name, worst);
  requireWithin(worst);
});

it('isNaN and isFinite', async () => {
  const x = tensor([1, 0, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  const [nan, finite] = await runOnGpu(planTensors([x.isNaN(), x.isFinite()]));
  expect([...nan]).toEqual([0, 0, 0, 0, 0, 1]);
  expect([...finite]).toEqual([1, 1, 1, 0, 0, 0]);
});
