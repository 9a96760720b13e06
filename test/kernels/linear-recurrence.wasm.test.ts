/** The wasm linear recurrence against the cpu version, bit by bit. */
import { describe, it } from 'vitest';
import { linearRecurrenceCpu } from '../../kernels/linear-recurrence/cpu.ts';
import { linearRecurrence } from '../../kernels/linear-recurrence/index.ts';
import { linearRecurrenceWasm } from '../../kernels/linear-recurrence/wasm.ts';
import { identical } from './support/identical.ts';
import { randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel } from './support/wasm.ts';

/** [N, T, F] around a vector, a block of 16 features, and the blocks that are walked together. */
const sizes: readonly (readonly [number, number, number])[] = [
  ...[0, 1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49].map((features) => [3, 5, features] as const),
  [1, 4, 64 * 16],
  [2, 3, 65 * 16 + 3],
  [1, 2, 130 * 16],
  [7, 1, 20],
  [1, 100, 18],
  [0, 3, 4],
  [3, 0, 4],
];

/** The axes of a that have length 1. */
const constant = [[], [0], [1], [2], [0, 1], [0, 1, 2]];

describe.each([false, true])('complex %s', (complex) => {
  describe.each([false, true])('addFirst %s', (addFirst) => {
    it.each(sizes)('[%d, %d, %d]', (...shape) => {
      const [batch, , features] = shape;
      for (const reverse of [false, true]) {
        for (const axes of constant) {
          const ofA = specOf(shape.map((length, axis) => (axes.includes(axis) ? 1 : length)));
          const twice = <Spec>(spec: Spec): Spec[] => (complex ? [spec, spec] : [spec]);
          const call = {
            inputs: [ofA, specOf(shape), specOf([batch, features])].flatMap(twice),
            outputs: twice(specOf(shape)),
            attributes: { reverse, complex, addFirst },
          };
          const arrays = call.inputs.map((spec, at) => randomArray(spec, at + 1));
          const expected = runKernel(linearRecurrence, linearRecurrenceCpu, call, arrays);
          for (const parts of [1, 2, 3]) {
            const actual = runWasmKernel(linearRecurrenceWasm, call, arrays, { parts });
            for (const [at, array] of actual.entries()) identical(array, expected[at]);
          }
        }
      }
    });
  });
});
