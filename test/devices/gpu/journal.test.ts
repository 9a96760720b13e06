/** The journal of a GPU: what it brings back, also when the GPU goes while values are being downloaded. */
import { expect, test, vi } from 'vitest';
import { Journal, type JournalCell, type Journaled } from '../../../src/devices/gpu/journal.ts';
import { WasmDevice } from '../../../src/devices/wasm/device.ts';
import { Parameter, zeros } from '../../../src/index.ts';
import { planOf } from '../../../src/plan/explain.ts';
import type { NumericArray } from '../../../src/tensor/dtype.ts';

/** A plan that adds 1 to each of two variables. */
async function addOnePlan() {
  const [a, b] = [new Parameter(zeros([2]), 'a'), new Parameter(zeros([2]), 'b')];
  return planOf(() => {
    a.assign(a.add(1));
    b.assign(b.add(1));
    return [];
  });
}

/** A variable whose value on the GPU is given by `read`. */
function variable(read: () => Promise<NumericArray>): Journaled {
  const cell: JournalCell = { spec: { shape: [2], dtype: 'float32' }, value: new Float32Array(2) };
  return { cell, read };
}

const small = { bytes: 1 << 20, flops: 20 };

test('repeats the runs since the beginning', async () => {
  const plan = await addOnePlan();
  const never = async (): Promise<NumericArray> => {
    throw new Error('the GPU is gone');
  };
  const variables = [variable(never), variable(never)];
  const journal = new Journal();
  for (const each of variables) journal.add(each);
  const cells = variables.map(({ cell }) => cell);
  for (let run = 0; run < 5; run++) await journal.record({ plan, inputs: [], cells });
  for (const cell of cells) expect([...(await journal.recover(cell))]).toEqual([5, 5]);
});

test('starts anew from downloaded values when it has become long', async () => {
  const plan = await addOnePlan();
  let steps = 0;
  const onGpu = async (): Promise<NumericArray> => Float32Array.of(steps, steps);
  const variables = [variable(onGpu), variable(onGpu)];
  const journal = new Journal(small);
  for (const each of variables) journal.add(each);
  const cells = variables.map(({ cell }) => cell);
  for (steps = 1; steps <= 23; steps++) await journal.record({ plan, inputs: [], cells });
  // A run is 4 operations: every sixth one was too much.
  expect([...cells[0].value]).toEqual([18, 18]);
  for (const cell of cells) expect([...(await journal.recover(cell))]).toEqual([23, 23]);
});

test('goes on as it is when the GPU goes in the middle of that', async () => {
  const plan = await addOnePlan();
  let steps = 0;
  const variables = [
    variable(async () => Float32Array.of(steps, steps)),
    variable(async () => {
      throw new Error('the GPU is gone');
    }),
  ];
  const journal = new Journal(small);
  for (const each of variables) journal.add(each);
  const cells = variables.map(({ cell }) => cell);
  for (steps = 1; steps <= 9; steps++) await journal.record({ plan, inputs: [], cells });
  for (const cell of cells) expect([...(await journal.recover(cell))]).toEqual([9, 9]);
});

test('repeats in place: one block for each variable, and for those that were written over one together', async () => {
  const plan = await addOnePlan();
  const never = async (): Promise<NumericArray> => {
    throw new Error('the GPU is gone');
  };
  const journal = new Journal();
  const allocate = vi.spyOn(WasmDevice.prototype, 'allocate');
  try {
    const [kept, last] = [variable(never), variable(never)];
    journal.add(kept);
    for (let run = 1; run < 20; run++) {
      const written = variable(never);
      written.cell.value.fill(run);
      await journal.record({ plan, inputs: [], cells: [kept.cell, written.cell] });
    }
    await journal.record({ plan, inputs: [], cells: [kept.cell, last.cell] });
    expect([...(await journal.recover(kept.cell))]).toEqual([20, 20]);
    expect([...(await journal.recover(last.cell))]).toEqual([1, 1]);
    expect(allocate).toHaveBeenCalledTimes(2);
  } finally {
    allocate.mockRestore();
  }
});

test('begins anew when values that were written over have become many', async () => {
  const plan = await addOnePlan();
  const journal = new Journal({ bytes: 40, flops: 1e9 });
  const [kept, other] = [1, 2].map(() => variable(async () => Float32Array.of(50, 50)));
  journal.add(kept);
  for (let run = 0; run < 6; run++) {
    const before = variable(async () => Float32Array.of(1, 1));
    await journal.record({ plan, inputs: [], cells: [kept.cell, before.cell] });
    journal.leave(before.cell);
  }
  await journal.record({ plan, inputs: [], cells: [kept.cell, other.cell] });
  expect([...kept.cell.value]).toEqual([50, 50]);
});
