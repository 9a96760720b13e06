/** Holds a plan on wasm to cpu: for every number of threads the same bits, with fused multiply-adds and without. */
import { afterAll, expect } from 'vitest';
import {
  errorOf,
  firstDifference,
  type PlanOnArrays,
  runOnCpu,
  runOnWasm,
  splittingDevice,
  wasmSettings,
} from '../support/devices.ts';

/** Largest error beside the largest value of an array, unless a row has a bound of its own. */
const usualBound = 1e-5;

export const devices = wasmSettings.map((setting) => ({ ...setting, device: splittingDevice(setting) }));

afterAll(() => {
  for (const { device } of devices) device.pool()?.terminate();
});

/** The worst error of every row, for the report that WEFT_CONFORMANCE_REPORT asks for. */
const worst = new Map<string, number>();

afterAll(() => {
  if (process.env['WEFT_CONFORMANCE_REPORT']) console.table(Object.fromEntries(worst));
});

/** Runs a plan everywhere: equal bits for any number of threads, close to the cpu, whole numbers equal. */
export async function expectAgreement(row: string, title: string, planned: PlanOnArrays): Promise<void> {
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
