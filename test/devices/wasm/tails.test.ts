/** Elementwise steps that run over pieces of the result before them: the same values as on the cpu, for every border. */
import { afterAll, describe, expect, it } from 'vitest';
import { placePlan, stretchesOf } from '../../../src/devices/wasm/placement.ts';
import { planCodeOf } from '../../../src/devices/wasm/plan-code.ts';
import { schedule } from '../../../src/devices/wasm/schedule.ts';
import { conv2d, matmul, softmax, type Tensor, tanh } from '../../../src/index.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import {
  errorOf,
  firstDifference,
  planTensors,
  runOnCpu,
  runOnWasm,
  splittingDevice,
  wasmSettings,
} from '../../support/devices.ts';
import { Numbers } from '../../support/numbers.ts';

const devices = wasmSettings.map((setting) => ({ ...setting, device: splittingDevice(setting) }));
afterAll(() => {
  for (const { device } of devices) device.pool()?.terminate();
});

/** How many steps of a plan run as tails. */
function tailsOf(plan: Plan): number {
  const code = planCodeOf(plan, { relaxedSimd: false });
  const placement = placePlan(plan, code.scratchBytes, code.threadScratchBytes);
  const { beforeUpdates } = schedule(code, stretchesOf(plan, placement), 0);
  return beforeUpdates.reduce((total, entry) => total + (entry.kind === 'stage' ? entry.tails.length : 0), 0);
}

const numbers = new Numbers(21);
const real = numbers.real.bind(numbers);

/** A product [rows, columns] with what usually follows it. */
function layer(rows: number, depth: number, columns: number): Tensor[] {
  const product = matmul(real([rows, depth]), real([depth, columns]));
  return [
    product
      .add(real([columns]))
      .relu()
      .add(real([rows, columns])),
  ];
}

const cases: readonly (readonly [title: string, make: () => Tensor[]])[] = [
  ['one element an item', () => layer(1031, 5, 1)],
  ['an odd number of elements an item, several pieces', () => layer(2049, 9, 67)],
  ['rows larger than a piece', () => layer(5, 3, 20_001)],
  ['whole vectors an item', () => layer(1025, 17, 64)],
  ['two rows', () => layer(2, 33, 31)],
  [
    'the product is a result as well',
    () => {
      const product = matmul(real([515, 13]), real([13, 37]));
      return [product, tanh(product.add(real([37])))];
    },
  ],
  [
    'a tail that stores booleans',
    () => {
      const product = matmul(real([515, 13]), real([13, 37]));
      return [product.add(real([515, 1])), product.greater(0.25)];
    },
  ],
  [
    'several tails',
    () => {
      const product = matmul(real([515, 13]), real([13, 37]));
      const first = product.add(real([37])).relu();
      return [first, product.mul(2), first.square().add(product)];
    },
  ],
  [
    'batched',
    () => {
      const product = matmul(real([7, 65, 17]), real([7, 17, 33]));
      return [product.add(real([7, 1, 33])).sigmoid()];
    },
  ],
  [
    'behind a convolution',
    () => {
      const maps = conv2d(real([5, 19, 17, 6]), real([3, 3, 6, 11]), { padding: 'same' });
      return [maps.add(real([11])).relu()];
    },
  ],
  [
    'behind a reduction',
    () => [
      real([517, 65])
        .sum(1)
        .add(real([517]))
        .square(),
    ],
  ],
  ['behind a softmax', () => [softmax(real([259, 33])).sub(real([259, 33]))]],
];

describe('steps behind a result', () => {
  it.each(cases)('%s', async (_, make) => {
    const planned = planTensors(make());
    const expected = await runOnCpu(planned);
    for (const fused of new Set(devices.map(({ fusedMultiplyAdd }) => fusedMultiplyAdd))) {
      let first: typeof expected | undefined;
      for (const { device, threads, title } of devices.filter((each) => each.fusedMultiplyAdd === fused)) {
        const { alone, together } = await runOnWasm(device, planned, threads);
        first ??= alone;
        for (const [output, { dtype }] of planned.plan.outputs.entries()) {
          const where = `output ${output}, ${title}`;
          expect(firstDifference(alone[output], first[output]), where).toBe(-1);
          expect(firstDifference(together[output], first[output]), where).toBe(-1);
          // A comparison may turn over where the product's last bit differs.
          if (dtype === 'bool') expect(errorOf(together[output], expected[output]), where).toBeLessThan(2);
          else expect(errorOf(together[output], expected[output]), where).toBeLessThan(1e-5);
        }
      }
    }
  });

  it('run as tails behind products and convolutions', () => {
    for (const [title, make] of cases.slice(0, -2)) {
      expect(tailsOf(planTensors(make()).plan), title).toBeGreaterThan(0);
    }
  });
});
