/** The cpu device: one block of scratch memory for all steps and plans, as large as the largest wish. */
import { describe, expect, it } from 'vitest';
import { kernelOf } from '../../kernels/index.ts';
import { sizeOf } from '../../kernels/support/contract.ts';
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { type Plan, planOf, tensor } from '../../src/index.ts';

function filled(rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => row + column),
  );
}

/** A product of this depth, plus 1: a step with scratch memory, and one without. */
async function productOf(depth: number): Promise<Plan> {
  return planOf(
    tensor(filled(8, depth))
      .matmul(tensor(filled(depth, 8)))
      .add(1),
  );
}

/** Bytes of scratch memory that the steps of a plan ask for. */
function wishes({ steps }: Plan): number[] {
  return steps.map(({ contract, call }) => 4 * (kernelOf(contract).cpu(call).workspaceSize ?? 0));
}

describe('scratch memory', () => {
  it('is as large as the largest wish of any plan so far', async () => {
    const device = new CpuDevice();
    const plans = [await productOf(20), await productOf(500), await productOf(30)];
    expect(Math.min(...wishes(plans[1]))).toBe(0);
    let largestArena = 0;
    let largestWish = 0;
    for (const plan of plans) {
      const inputs = plan.inputs.map(({ shape }) => new Float32Array(sizeOf(shape)).fill(1));
      const { outputs } = await device.prepare(plan).run({ inputs, variables: [] });
      expect([...outputs[0]]).toEqual(new Array(64).fill(plan.inputs[0].shape[1] + 1));
      largestArena = Math.max(largestArena, plan.arenaBytes);
      largestWish = Math.max(largestWish, ...wishes(plan));
      expect(device.memory().arenaBytes).toBe(largestArena + largestWish);
    }
    expect(largestWish).toBeGreaterThanOrEqual(4 * 500);
  });
});
