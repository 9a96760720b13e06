/** The wasm iota against the cpu version, bit by bit. */
import { describe, it } from 'vitest';
import { iotaCpu } from '../../kernels/iota/cpu.ts';
import { iota, type Progression } from '../../kernels/iota/index.ts';
import { iotaWasm } from '../../kernels/iota/wasm.ts';
import type { KernelCall } from '../../kernels/support/contract.ts';
import { identical } from './support/identical.ts';
import { runKernel } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 31, 1000, 4099];
const progressions = [
  [0, 1],
  [-3, 2],
  [0.1, 0.3],
  [-7.5, -0.7],
  [2 ** 31 - 5, 1],
  [2 ** 24, 1],
  [2 ** 52 + 0.5, 3],
  [2 ** 70, 2 ** 40],
  [-(2 ** 31) + 0.5, -0.5],
  [-(2 ** 60), -(2 ** 33) - 4096],
  [1e300, 1e300],
  [Number.NaN, 1],
  [0, Number.POSITIVE_INFINITY],
  [5, -0],
];

describe.each(targets)('iota, relaxed SIMD $relaxedSimd', (target) => {
  describe.each(['float32', 'int32'] as const)('%s', (dtype) => {
    it.each(progressions)('from %f by %f', (start, step) => {
      for (const size of sizes) {
        const call: KernelCall<Progression> = {
          inputs: [],
          outputs: [{ shape: [size], dtype }],
          attributes: { start, step },
        };
        const [expected] = runKernel(iota, iotaCpu, call, []);
        for (const parts of [1, 2, 3]) {
          identical(runWasmKernel(iotaWasm, call, [], { parts, target })[0], expected);
        }
      }
    });
  });
});
