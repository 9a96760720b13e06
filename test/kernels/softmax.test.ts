/** The cpu softmax and logSoftmax against their definitions, and where the definitions overflow. */

import { describe, expect, it } from 'vitest';
import { logSoftmaxCpu, softmaxCpu } from '../../kernels/softmax/cpu.ts';
import { logSoftmax, softmax } from '../../kernels/softmax/index.ts';
import { closeTo, randomArray, runKernel, specOf } from './support/run.ts';

const infinity = Number.POSITIVE_INFINITY;
const nan = Number.NaN;

function both(x: Float32Array, shape: readonly number[]) {
  const call = { inputs: [specOf(shape)], outputs: [specOf(shape)], attributes: {} };
  return {
    probabilities: runKernel(softmax, softmaxCpu, call, [x])[0],
    logarithms: runKernel(logSoftmax, logSoftmaxCpu, call, [x])[0],
  };
}

describe('softmax and logSoftmax on the cpu', () => {
  it.each([[[5]], [[1]], [[3, 7]], [[2, 3, 1]], [[2, 0, 4]], [[4, 0]], [[0]], [[1, 2, 3, 1001]]])(
    'shape %j',
    (shape) => {
      const x = randomArray(specOf(shape), 3).map((value) => 10 * value);
      const length = shape[shape.length - 1];
      const expected = Float64Array.from(x, (value, at) => {
        const start = at - (at % length);
        const row = x.subarray(start, start + length);
        return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
      });
      const { probabilities, logarithms } = both(x, shape);
      closeTo(probabilities, expected, 1e-6, 'softmax');
      closeTo(logarithms, expected.map(Math.log), 1e-6, 'logSoftmax');
    },
  );

  const rows: [x: number[], probabilities: number[], logarithms: number[]][] = [
    [
      [1e4, -1e4],
      [1, 0],
      [0, -2e4],
    ],
    [
      [-1e4, -1e4],
      [0.5, 0.5],
      [-Math.LN2, -Math.LN2],
    ],
    [
      [1e4, 1e4 - 1],
      [1 / (1 + Math.exp(-1)), 1 / (1 + Math.E)],
      [-Math.log1p(Math.exp(-1)), -Math.log1p(Math.E)],
    ],
    [
      [-infinity, 3],
      [0, 1],
      [-infinity, 0],
    ],
    [
      [-infinity, -infinity],
      [nan, nan],
      [nan, nan],
    ],
    [
      [infinity, 0],
      [nan, nan],
      [nan, nan],
    ],
    [
      [nan, 0],
      [nan, nan],
      [nan, nan],
    ],
    [
      [-infinity, nan],
      [nan, nan],
      [nan, nan],
    ],
  ];

  it.each(rows)('of [%j]', (x, expectedProbabilities, expectedLogarithms) => {
    const { probabilities, logarithms } = both(new Float32Array(x), [2]);
    closeTo(probabilities, expectedProbabilities, 1e-6);
    closeTo(logarithms, expectedLogarithms, 1e-6);
  });

  it('keeps a NaN in its own row', () => {
    const { probabilities } = both(new Float32Array([nan, 1, 1, 1]), [2, 2]);
    expect([...probabilities]).toEqual([nan, nan, 0.5, 0.5]);
  });
});
