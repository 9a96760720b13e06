/** Every row of the primitive table on wasm against cpu: results and gradients, at every size, number of threads and target. */
import { afterAll, describe, expect, it, test } from 'vitest';
import { grad } from '../../src/index.ts';
import { primitiveTable } from '../../src/ops/table.ts';
import { chosen, expression, leavesOf } from '../plan/expressions.ts';
import {
  errorOf,
  firstDifference,
  hasFusedMultiplyAdd,
  type PlanOnArrays,
  planTensors,
  runOnCpu,
  runOnWasm,
  splittingDevice,
  wasmSettings,
} from '../support/devices.ts';
import { onLeaves, onViews } from './calls.ts';
import { largeSamples } from './large-samples.ts';
import { samples } from './samples.ts';
import { layoutNames } from './variants.ts';

/** Largest error beside the largest value of an array, unless a row has a bound of its own. */
const usualBound = 1e-5;

const devices = wasmSettings.map((setting) => ({ ...setting, device: splittingDevice(setting) }));

afterAll(() => {
  for (const { device } of devices) device.pool()?.terminate();
});

/** The worst error of every row, for the report that WEFT_CONFORMANCE_REPORT asks for. */
const worst = new Map<string, number>();

afterAll(() => {
  if (process.env['WEFT_CONFORMANCE_REPORT']) console.table(Object.fromEntries(worst));
});

const callable = primitiveTable.filter(({ kind }) => kind !== 'leaf');

test('every row has large samples and every large sample belongs to a row', () => {
  expect(Object.keys(largeSamples).sort()).toEqual(callable.map(({ name }) => name).sort());
  for (const { name } of callable) expect(largeSamples[name].length, name).toBeGreaterThan(0);
});

test('fused multiply-adds are tested where the engine has them', () => {
  // Node 20 has them behind a flag that vitest.config.ts gives; later versions have them anyway.
  expect(hasFusedMultiplyAdd).toBe(true);
  for (const { device, fusedMultiplyAdd } of devices)
    expect(device.target.relaxedSimd).toBe(fusedMultiplyAdd);
});

/** Runs a plan everywhere: equal bits for any number of threads, close to the cpu, whole numbers equal. */
async function expectAgreement(row: string, title: string, planned: PlanOnArrays): Promise<void> {
  const what = `${row}, ${title}`;
  const expected = await runOnCpu(planned);
  const { outputs } = planned.plan;
  for (const fused of new Set(devices.map(({ fusedMultiplyAdd }) => fusedMultiplyAdd))) {
    const alike = devices.filter(({ fusedMultiplyAdd }) => fusedMultiplyAdd === fused);
    const runs = await Promise.all(
      alike.map(async ({ title, device, threads }) => ({
        title,
        ...(await runOnWasm(device, planned, threads)),
      })),
    );
    const [first] = runs;
    outputs.forEach(({ dtype }, output) => {
      const where = `${what}, output ${output}, ${first.title}`;
      if (dtype === 'float32') {
        const error = errorOf(first.together[output], expected[output]);
        worst.set(row, Math.max(error, worst.get(row) ?? 0));
        expect(error, where).toBeLessThan(usualBound);
      } else expect(firstDifference(first.together[output], expected[output]), where).toBe(-1);
      for (const { title, alone, together } of runs) {
        const same = `${what}, output ${output}, ${title} as one thread`;
        expect(firstDifference(alone[output], first.together[output]), `${same}, before`).toBe(-1);
        expect(firstDifference(together[output], first.together[output]), same).toBe(-1);
      }
    });
  }
}

describe.each(callable.map((row) => [row.name, row] as const))('%s', (name, row) => {
  const small = samples[name] ?? [];
  const large = largeSamples[name] ?? [];

  it('small', async () => {
    for (const each of small) await expectAgreement(name, each.title, planTensors(onLeaves(row, each)));
  });

  it('small, on views', async () => {
    for (const [at, each] of small.entries()) {
      if (each.inputs.length === 0) continue;
      await expectAgreement(name, `${each.title}, on views ${at}`, planTensors(onViews(row, each, at)));
    }
  });

  it.each(large.map((each, at) => [each.title, each, at] as const))('large: %s', async (title, each, at) => {
    await expectAgreement(name, title, planTensors(onLeaves(row, each)));
    if (each.inputs.length === 0) return;
    // The first one on views of all kinds, the others on one kind each.
    const kinds = at === 0 ? layoutNames.map((_, kind) => kind) : [at];
    for (const kind of kinds) {
      await expectAgreement(name, `${title}, on views ${kind}`, planTensors(onViews(row, each, kind)));
    }
  });
});

/** How many random expressions; every second one is differentiated as well. */
const recipes = 120;

describe('random expressions', () => {
  const batch = 20;
  it.each(Array.from({ length: recipes / batch }, (_, k) => k * batch))('from number %d', async (first) => {
    for (let recipe = first; recipe < first + batch; recipe++) {
      const leaves = leavesOf(recipe);
      const values = chosen(recipe, expression(recipe, leaves));
      const objective = values
        .map((value) => value.mul(value).sum())
        .reduce((total, each) => total.add(each));
      const wanted = recipe % 2 === 0 ? values : [...values, ...grad(objective, leaves)];
      await expectAgreement('expressions', `recipe ${recipe}`, planTensors(wanted));
    }
  });
});
