/** Every vector computed by PyTorch in float64, outputs and gradients, in float32 by weft on each of its devices. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { deviceInfo, deviceNames, setDevice } from '../../src/index.ts';
import { cases } from './cases.ts';
import { goldenNames, loadGolden } from './files.ts';
import { errorsOf } from './vectors.ts';

/** Largest error allowed, beside the largest expected value of the array. */
const defaultBound = 1e-5;

/** The worst error of each family on each device, for the report that WEFT_GOLDEN_REPORT asks for. */
const worst = new Map<string, { error: number; where: string }>();

test('every vector has a case, and every case a vector', () => {
  expect(goldenNames()).toEqual(Object.keys(cases).sort());
});

test('a bound other than the default says why', () => {
  for (const [name, { bound, why }] of Object.entries(cases)) {
    if (bound !== undefined) expect(why, name).toBeTruthy();
  }
});

// The gpu device has its own run of these, in a browser.
describe.each(deviceNames().filter((name) => name !== 'gpu'))('vectors on %s', (device) => {
  beforeAll(async () => {
    await setDevice(device);
    expect(deviceInfo().name).toBe(device);
  });

  it.each(goldenNames())('%s', async (name) => {
    const golden = loadGolden(name);
    const { family, run, bound = defaultBound } = cases[name];
    for (const { array, error } of errorsOf(await run(golden), golden)) {
      expect(error, array).toBeLessThan(bound);
      const row = `${family}, ${device}`;
      if (error >= (worst.get(row)?.error ?? 0)) worst.set(row, { error, where: array });
    }
  });
});

afterAll(() => {
  if (process.env['WEFT_GOLDEN_REPORT']) console.table(Object.fromEntries(worst));
});
