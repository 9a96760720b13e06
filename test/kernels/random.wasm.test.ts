/** The wasm random kernel against the cpu version, bit by bit. */
import { describe, it } from 'vitest';
import { randomCpu } from '../../kernels/random/cpu.ts';
import { random } from '../../kernels/random/index.ts';
import { randomWasm } from '../../kernels/random/wasm.ts';
import { identical } from './support/identical.ts';
import { runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

const sizes = [...Array.from({ length: 40 }, (_, size) => size), 1000, 4099, 100_000];

/** key0, key1, counter0, counter1. */
const states = [
  [0, 0, 0, 0],
  [1, 2, 3, 4],
  [-1, -2, -3, 7],
  [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
  // The low half of the counter wraps, at once and later; then both halves do.
  [5, 6, 0xffffffff, 0],
  [5, 6, 0xfffffffe, 9],
  [5, 6, 0xfffffff3, 0x7fffffff],
  [5, 6, 0xfffffffb, 0xffffffff],
  // The sign of the low half changes, which carries nothing.
  [5, 6, 0x7ffffffd, 1],
];

describe.each(targets)('random, relaxed SIMD $relaxedSimd', (target) => {
  it.each(states)('state %i %i %i %i', (...words) => {
    const state = Int32Array.from(words);
    for (const size of sizes) {
      const call = { inputs: [specOf([4], 'int32')], outputs: [specOf([size], 'int32')], attributes: {} };
      const [expected] = runKernel(random, randomCpu, call, [state]);
      for (const parts of [1, 2, 3]) {
        const [actual] = runWasmKernel(randomWasm, call, [state], { target, parts });
        identical(actual, expected, `size ${size}, parts ${parts}:`);
      }
    }
  });
});
