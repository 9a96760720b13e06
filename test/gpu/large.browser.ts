/** Arrays larger than a side of a texture and than one dispatch of WebGPU: they are folded, not refused. */
import { expect, test } from 'vitest';
import { DeviceLimitError, tensor, zeros } from '../../src/index.ts';
import { errorOf, planTensors, runOnCpu } from '../support/devices.ts';
import { gpuDevice, runOnGpu } from './support.ts';

/** More than 65,535 groups of 64 threads, and more than 600 rows of a texture 8,192 wide. */
const size = 5_000_000;

test('five million elements: elementwise, shifted, and summed', async () => {
  const x = tensor(Float32Array.from({ length: size }, (_, k) => (k % 1000) / 1000));
  const matrix = x.reshape([1250, 4000]);
  const planned = planTensors([x.mul(2).add(1), matrix.transpose().add(1), matrix.sum(0), matrix.max(1)]);
  const expected = await runOnCpu(planned);
  const actual = await runOnGpu(planned);
  actual.forEach((array, output) => {
    expect(errorOf(array, expected[output]), `output ${output}`).toBeLessThan(1e-5);
  });
});

test('more floats than an index counts are refused, with the sizes', async () => {
  const device = await gpuDevice();
  const { plan } = planTensors([zeros([4097, 4096]).add(zeros([4097, 1]))]);
  const run = device.prepare(plan).run({ inputs: [], variables: [] });
  await expect(run).rejects.toThrow(DeviceLimitError);
  await expect(run).rejects.toThrow(/16781312 floats, expected at most 16777216/);
});
