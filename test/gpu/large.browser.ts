/**
 * Large arrays: more than a side of a texture and one dispatch of WebGPU hold, more than floats count, and more than one
 * buffer or texture takes. They are folded and cut into segments, not refused.
 */
import { expect, test } from 'vitest';
import { arange, argMax, gather, maxPool2d, type Tensor, tensor } from '../../src/index.ts';
import { errorOf, firstDifference, planTensors, runOnCpu } from '../support/devices.ts';
import { runOnGpu } from './support.ts';

async function expectAgreement(tensors: readonly Tensor[]): Promise<void> {
  const planned = planTensors(tensors);
  const expected = await runOnCpu(planned);
  const actual = await runOnGpu(planned);
  planned.plan.outputs.forEach(({ dtype }, output) => {
    if (dtype === 'float32')
      expect(errorOf(actual[output], expected[output]), `output ${output}`).toBeLessThan(1e-5);
    else expect(firstDifference(actual[output], expected[output]), `output ${output}`).toBe(-1);
  });
}

/** Numbers that tell their place, as far as floats do. */
function numbers(size: number): Tensor {
  return tensor(Float32Array.from({ length: size }, (_, k) => (k % 1009) / 1009 + (k % 13)));
}

test('five million elements: elementwise, shifted, and summed', async () => {
  // More than 65,535 groups of 64 threads, and more than 600 rows of a texture 8,192 wide.
  const x = numbers(5_000_000);
  const matrix = x.reshape([1250, 4000]);
  await expectAgreement([x.mul(2).add(1), matrix.transpose().add(1), matrix.sum(0), matrix.max(1)]);
});

test('more elements than floats count: elementwise, shifted, summed, picked', async () => {
  const [rows, columns] = [4100, 4201];
  const x = numbers(rows * columns);
  const matrix = x.reshape([rows, columns]);
  const picks = tensor([rows - 1, 3994, 7, rows - 2], { dtype: 'int32' });
  await expectAgreement([x.mul(2).add(1), matrix.sum(0), gather(matrix, picks, 0)]);
  await expectAgreement([matrix.transpose().add(1).reshape([-1]).sub(x), matrix.transpose().add(1).max(0)]);
});

test('indices beyond 2^24 are exact: of a maximum, of int32 in two planes, of windows', async () => {
  const size = 2 ** 24 + 200_001;
  const last = Float32Array.from({ length: size }, (_, k) => k % 1009);
  last[size - 2] = 2000;
  // The second plane of nine million int32 begins beyond 2^23 and ends beyond 2^24.
  const whole = arange(9_000_000);
  const image = numbers(size - (size % 3)).reshape([1, -1, 3, 1]);
  await expectAgreement([argMax(tensor(last)), whole.mul(3).sub(1), maxPool2d(image, [2, 3])]);
});
