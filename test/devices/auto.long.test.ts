/** The choice of the auto device: by what a run of a plan should take on either. */
import { afterEach, expect, test, vi } from 'vitest';
import { AutoDevice, estimate } from '../../src/devices/auto.ts';
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { WasmDevice } from '../../src/devices/wasm/device.ts';
import { Parameter, randn, zeros } from '../../src/index.ts';
import { planOf } from '../../src/plan/explain.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

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

/** In place of a GPU: the cpu, with what bounds its passes. */
class FastDevice extends CpuDevice {
  readonly mostReads = 7;
  readonly mostFloats: number;

  constructor(mostFloats: number) {
    super();
    this.mostFloats = mostFloats;
  }
}

test('a GPU that is faster is chosen, unless the model is too large for it', async () => {
  const said = vi.spyOn(console, 'info').mockImplementation(() => undefined);
  const w = new Parameter(zeros([64, 64]), 'w');
  const fast = await AutoDevice.measure(new SlowDevice(20), new FastDevice(1 << 24));
  const [slowHost, fastGpu] = [new SlowDevice(20), new FastDevice(100)];
  fast.prepare(await planOf(() => w.matmul(w)));
  expect(fast.device).toBeInstanceOf(FastDevice);
  const small = await AutoDevice.measure(slowHost, fastGpu);
  small.prepare(await planOf(() => w.matmul(w)));
  expect(small.device).toBe(slowHost);
  expect(said.mock.calls.map(([text]) => text)).toEqual([
    expect.stringMatching(/auto computes on cpu: a run of this model should take/),
    expect.stringMatching(/auto computes on cpu: this model is too large for gpu .* segments of 100 floats/),
  ]);
});

test('a plan that is far larger decides anew', async () => {
  const said = vi.spyOn(console, 'info').mockImplementation(() => undefined);
  const auto = await AutoDevice.measure(new WasmDevice(), new SlowDevice(5));
  const w = new Parameter(zeros([2, 2]), 'w');
  const large = new Parameter(zeros([64, 64]), 'large');
  auto.prepare(await planOf(() => w.matmul(w)));
  auto.prepare(await planOf(() => large.matmul(large)));
  expect(auto.name).toBe('wasm');
  // The same device again is no news.
  expect(said).toHaveBeenCalledTimes(1);
});

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
});
