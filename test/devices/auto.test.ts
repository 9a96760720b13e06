/** The choice of the auto device: by what a run of a plan should take on either. */
import { expect, test, vi } from 'vitest';
import { AutoDevice, estimate } from '../../src/devices/auto.ts';
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { WasmDevice } from '../../src/devices/wasm/device.ts';
import { Parameter, randn, zeros } from '../../src/index.ts';
import { planOf } from '../../src/plan/explain.ts';

test('a run costs its overhead, its kernels and its arithmetic', () => {
  expect(estimate({ perRun: 1, perKernel: 0.5, perFlop: 1e-6 }, 4, 2e6)).toBe(5);
});

/** A device like the cpu whose runs take longer, in place of a GPU. */
class SlowDevice extends CpuDevice {
  override readonly name: 'cpu' = 'cpu';
  readonly mostReads = 7;
  readonly mostFloats = 1 << 24;
  readonly delay: number;

  constructor(delay: number) {
    super();
    this.delay = delay;
  }

  override prepare(...values: Parameters<CpuDevice['prepare']>): ReturnType<CpuDevice['prepare']> {
    const executable = super.prepare(...values);
    return {
      run: async (...bindings) => {
        await new Promise((resolve) => setTimeout(resolve, this.delay));
        return executable.run(...bindings);
      },
    };
  }
}

test('the first plan of a model decides, and it is said once', async () => {
  const said = vi.spyOn(console, 'info').mockImplementation(() => undefined);
  const wasm = new WasmDevice();
  const auto = await AutoDevice.measure(wasm, new SlowDevice(20));
  const w = new Parameter(zeros([4, 4]), 'w');
  auto.prepare(await planOf(randn([3]).add(1)));
  expect(said).not.toHaveBeenCalled();
  auto.prepare(await planOf(() => w.matmul(w)));
  auto.prepare(await planOf(() => w.add(w)));
  expect(auto.name).toBe('wasm');
  expect(said).toHaveBeenCalledTimes(1);
  expect(said.mock.calls[0][0]).toMatch(
    /auto computes on wasm: a run of this model should take .* on wasm and .* on gpu/,
  );
  said.mockRestore();
});
