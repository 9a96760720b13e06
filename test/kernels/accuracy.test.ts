/** Every operator on float32, on cpu and wasm, against its exact value: held to the bound in its row. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type FloatOperator,
  floatOperators,
  measure,
  requireWithin,
  samplesOf,
  type Worst,
} from '../support/accuracy.ts';
import { outdatedIn, reportPath, type Setting, settings, updatedReport } from '../support/accuracy-report.ts';
import { runOnCpu, runOnWasm } from './support/one-operator.ts';
import { targets } from './support/wasm.ts';

const samples = samplesOf(9973);
const measured: Partial<Record<Setting, Map<string, Worst>>> = {};

function note(setting: Setting, { name }: FloatOperator, worst: Worst): void {
  measured[setting] ??= new Map();
  measured[setting].set(name, worst);
}

const report = (): string => readFileSync(reportPath, 'utf8');

const writesReport = process.env['WEFT_ACCURACY_REPORT'] !== undefined;

afterAll(() => {
  if (writesReport) writeFileSync(reportPath, updatedReport(report(), measured));
});

it.each(floatOperators)('cpu: $name', async (operator) => {
  const worst = await measure(operator, 'cpu', (operands) => runOnCpu(operator, operands), samples);
  note('cpu', operator, worst);
  requireWithin(worst);
});

describe.each(targets)('wasm with %o', (target) => {
  it.each(floatOperators)('$name', async (operator) => {
    const worst = await measure(
      operator,
      'wasm',
      (operands) => runOnWasm(operator, operands, target),
      samples,
    );
    note(target.relaxedSimd ? 'wasm, fused' : 'wasm', operator, worst);
    requireWithin(worst);
  });
});

it.skipIf(writesReport).each(settings)('the report has the bounds on %s', (setting) => {
  expect(outdatedIn(report(), setting), `${reportPath} says how it is written`).toEqual([]);
});
