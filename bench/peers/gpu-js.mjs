/** gpu.js on its `cpu` or `webasm` backend (`--device`); with `--threads 2` webasm runs under its async contract. */
import { createRequire } from 'node:module';
import { normal, option, serve } from './protocol.mjs';

const require = createRequire(import.meta.url);
const { GPU, input } = require('gpu.js');
const { version } = require('gpu.js/package.json');
const device = option('device', 'cpu');
const threads = Number(option('threads', '1'));
const gpu = new GPU({ mode: device });

/** gpu.js goes over to its cpu backend without an error: that must not be taken for the one that was asked for. */
function checked(kernel, ...operands) {
  const verify = () => {
    const { constructor: backend, fallbackReason } = kernel.kernel;
    const ran = backend.mode ?? device;
    if (ran !== device) throw new Error(`gpu.js ran on ${ran} instead of ${device}: ${fallbackReason}`);
  };
  if (threads === 1) {
    return () => {
      kernel(...operands);
      verify();
    };
  }
  return async () => {
    await kernel(...operands);
    verify();
  };
}

const settings = { precision: 'single', ...(threads > 1 ? { asyncMode: true, poolSize: threads } : {}) };

await serve(
  { library: 'gpu.js', version, device, threads },
  {
    'matmul-512': () => {
      const [a, b] = [1, 2].map((seed) => input(normal(512 * 512, seed), [512, 512]));
      const kernel = gpu.createKernel(
        function (left, right) {
          let sum = 0;
          for (let k = 0; k < 512; k++) sum += left[this.thread.y][k] * right[k][this.thread.x];
          return sum;
        },
        { ...settings, output: [512, 512] },
      );
      return checked(kernel, a, b);
    },
    'sigmoid-1M': () => {
      const kernel = gpu.createKernel(
        function (v) {
          return 1 / (1 + Math.exp(-v[this.thread.x]));
        },
        { ...settings, output: [1_000_000] },
      );
      return checked(kernel, normal(1_000_000));
    },
  },
);
