/** Memory of what nobody holds is given back before any is refused; what can never fit is refused before any work. */
import { expect, it } from 'vitest';
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { WasmDevice } from '../../src/devices/wasm/device.ts';
import { DeviceLimitError, HeapExhaustedError, ones, planOf } from '../../src/index.ts';

const mebibyte = 2 ** 20;

it('a device holds one variable after the other, many times what it may take, without a pause of the caller', async () => {
  const device = new WasmDevice();
  device.configure({ memoryLimit: 64 * mebibyte, threads: 1 });
  const spec = { shape: [2 * mebibyte], dtype: 'float32' } as const;
  const data = new Float32Array(2 * mebibyte).fill(3);
  for (let made = 0; made < 40; made++) {
    await device.makeRoom(data.byteLength);
    const storage = device.allocate(spec, data);
    expect((await storage.read())[made]).toBe(3);
  }
  expect(device.memory().heapBytes).toBeLessThanOrEqual(64 * mebibyte);
});

it('what is still held is not given back, and what does not fit beside it is refused', async () => {
  const device = new WasmDevice();
  device.configure({ memoryLimit: 16 * mebibyte, threads: 1 });
  const spec = { shape: [2 * mebibyte], dtype: 'float32' } as const;
  const kept = device.allocate(spec, new Float32Array(2 * mebibyte).fill(5));
  await device.makeRoom(8 * mebibyte);
  expect(() => device.allocate(spec, new Float32Array(2 * mebibyte))).toThrow(HeapExhaustedError);
  expect((await kept.read())[100]).toBe(5);
});

it('a variable takes the place of an arena that no run needs now', async () => {
  const device = new WasmDevice();
  device.configure({ memoryLimit: 16 * mebibyte, threads: 1 });
  const plan = await planOf(ones([mebibyte]).cumulativeSum(0).mul(2));
  const run = () => device.prepare(plan).run({ inputs: [], variables: [] });
  await run();
  const spec = { shape: [2 * mebibyte], dtype: 'float32' } as const;
  expect((await device.allocate(spec, new Float32Array(2 * mebibyte).fill(7)).read())[0]).toBe(7);
});

it('values that can never be there at once are refused before anything is compiled or taken', async () => {
  const plan = await planOf(
    ones([2 ** 15, 1])
      .matmul(ones([1, 2 ** 15]))
      .cumulativeSum(1),
  );
  const device = new WasmDevice();
  let thrown: unknown;
  try {
    device.prepare(plan);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(DeviceLimitError);
  const { got } = thrown as DeviceLimitError;
  expect(got).toContain('GiB');
  expect(got).toContain('[32768, 32768] float32 (4 GiB');
  expect(device.memory().heapBytes).toBe(0);
});

it('cpu says in words that the engine has no memory for a plan', async () => {
  const plan = await planOf(ones([4]).mul(2));
  const boundless = { ...plan, arenaBytes: 2 ** 60 };
  const run = new CpuDevice().prepare(boundless).run({ inputs: [], variables: [] });
  await expect(run).rejects.toThrow(HeapExhaustedError);
});
