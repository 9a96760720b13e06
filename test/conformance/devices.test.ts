/** Every row of the primitive table on wasm against cpu, at small sizes and on views of them. */
import { describe, expect, it, test } from 'vitest';
import { primitiveTable } from '../../src/ops/table.ts';
import { hasFusedMultiplyAdd, planTensors } from '../support/devices.ts';
import { devices, expectAgreement } from './agreement.ts';
import { onLeaves, onViews } from './calls.ts';
import { largeSamples } from './large-samples.ts';
import { samples } from './samples.ts';

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

describe.each(callable.map((row) => [row.name, row] as const))('%s', (name, row) => {
  const small = samples[name] ?? [];

  it('small', async () => {
    for (const each of small) await expectAgreement(name, each.title, planTensors(onLeaves(row, each)));
  });

  it('small, on views', async () => {
    for (const [at, each] of small.entries()) {
      if (each.inputs.length === 0) continue;
      await expectAgreement(name, `${each.title}, on views ${at}`, planTensors(onViews(row, each, at)));
    }
  });
});
