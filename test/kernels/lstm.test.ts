/** The cpu LSTM against a step-by-step reference in doubles, its gradient against differences of that reference. */

import { describe, expect, it } from 'vitest';
import { lstmCpu, lstmGradientCpu } from '../../kernels/lstm/cpu.ts';
import type { LstmAttributes, LstmGradientAttributes } from '../../kernels/lstm/index.ts';
import { lstm, lstmGradient } from '../../kernels/lstm/index.ts';
import type { KernelCall } from '../../kernels/support/contract.ts';
import {
  differences,
  dot,
  maskOf,
  randomDoubles,
  type SequenceSizes,
  sequenceSizes,
} from './support/recurrent.ts';
import { closeTo, runKernel, specOf } from './support/run.ts';

interface Problem extends SequenceSizes {
  readonly z: Float64Array;
  readonly weight: Float64Array;
  readonly h0: Float64Array;
  readonly c0: Float64Array;
  readonly mask: Uint8Array | undefined;
  readonly reverse: boolean;
}

function problemOf(sizes: SequenceSizes, reverse: boolean, masked: boolean, firstPattern = 0): Problem {
  const { batch, time, hidden } = sizes;
  return {
    ...sizes,
    z: randomDoubles(batch * time * 4 * hidden, 1),
    weight: randomDoubles(hidden * 4 * hidden, 2),
    h0: randomDoubles(batch * hidden, 3),
    c0: randomDoubles(batch * hidden, 4),
    mask: masked ? maskOf(sizes, firstPattern) : undefined,
    reverse,
  };
}

function reference({ batch, time, hidden, z, weight, h0, c0, mask, reverse }: Problem) {
  const h = new Float64Array(batch * time * hidden);
  const c = new Float64Array(batch * time * hidden);
  const gates = new Float64Array(batch * time * 4 * hidden);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  for (let n = 0; n < batch; n++) {
    let hBefore = h0.slice(n * hidden, (n + 1) * hidden);
    let cBefore = c0.slice(n * hidden, (n + 1) * hidden);
    for (let order = 0; order < time; order++) {
      const step = n * time + (reverse ? time - 1 - order : order);
      const hNow = hBefore.slice();
      const cNow = cBefore.slice();
      if (!mask || mask[step] === 1) {
        const sums = Float64Array.from({ length: 4 * hidden }, (_, gate) => {
          let sum = z[step * 4 * hidden + gate];
          for (let from = 0; from < hidden; from++) sum += hBefore[from] * weight[from * 4 * hidden + gate];
          return sum;
        });
        for (let unit = 0; unit < hidden; unit++) {
          const i = sigmoid(sums[unit]);
          const f = sigmoid(sums[hidden + unit]);
          const g = Math.tanh(sums[2 * hidden + unit]);
          const o = sigmoid(sums[3 * hidden + unit]);
          [i, f, g, o].forEach((value, gate) => {
            gates[(step * 4 + gate) * hidden + unit] = value;
          });
          cNow[unit] = f * cBefore[unit] + i * g;
          hNow[unit] = o * Math.tanh(cNow[unit]);
        }
      }
      h.set(hNow, step * hidden);
      c.set(cNow, step * hidden);
      hBefore = hNow;
      cBefore = cNow;
    }
  }
  return { h, c, gates };
}

function forward(problem: Problem) {
  const { batch, time, hidden, z, weight, h0, c0, mask, reverse } = problem;
  const states = specOf([batch, time, hidden]);
  const gates = specOf([batch, time, 4 * hidden]);
  const initial = specOf([batch, hidden]);
  const call: KernelCall<LstmAttributes> = {
    inputs: [
      gates,
      specOf([hidden, 4 * hidden]),
      initial,
      initial,
      ...(mask ? [specOf([batch, time], 'bool')] : []),
    ],
    outputs: [states, states, gates],
    attributes: { reverse, masked: mask !== undefined },
  };
  const arrays = [z, weight, h0, c0].map((values) => new Float32Array(values));
  return runKernel(lstm, lstmCpu, call, mask ? [...arrays, mask] : arrays);
}

type Given = Pick<LstmGradientAttributes, 'hasDH' | 'hasDC' | 'hasDGates'>;

function checkGradient(problem: Problem, given: Given): void {
  const { batch, time, hidden, z, weight, h0, c0, mask, reverse } = problem;
  const states = specOf([batch, time, hidden]);
  const gates = specOf([batch, time, 4 * hidden]);
  const initial = specOf([batch, hidden]);
  const dH = given.hasDH ? randomDoubles(batch * time * hidden, 5) : undefined;
  const dC = given.hasDC ? randomDoubles(batch * time * hidden, 6) : undefined;
  const dGates = given.hasDGates ? randomDoubles(batch * time * 4 * hidden, 7) : undefined;

  const call: KernelCall<LstmGradientAttributes> = {
    inputs: [
      specOf([hidden, 4 * hidden]),
      initial,
      states,
      gates,
      ...(mask ? [specOf([batch, time], 'bool')] : []),
      ...(dH ? [states] : []),
      ...(dC ? [states] : []),
      ...(dGates ? [gates] : []),
    ],
    outputs: [gates, initial, initial],
    attributes: { reverse, masked: mask !== undefined, ...given },
  };
  const [, c, activated] = forward(problem);
  const [dZ, dH0, dC0] = runKernel(lstmGradient, lstmGradientCpu, call, [
    new Float32Array(weight),
    new Float32Array(c0),
    c,
    activated,
    ...(mask ? [mask] : []),
    ...[dH, dC, dGates].filter((values) => values !== undefined).map((values) => new Float32Array(values)),
  ]);

  const loss = (): number => {
    const result = reference(problem);
    const cotangents = [dH, dC, dGates];
    return [result.h, result.c, result.gates].reduce((sum, values, at) => {
      const cotangent = cotangents[at];
      return cotangent ? sum + dot(values, cotangent) : sum;
    }, 0);
  };
  closeTo(dZ, differences(z, loss), 2e-6, 'dZ');
  closeTo(dH0, differences(h0, loss), 2e-6, 'dH0');
  closeTo(dC0, differences(c0, loss), 2e-6, 'dC0');
}

const booleans = [false, true];
const variants = booleans.flatMap((reverse) => booleans.map((masked) => ({ reverse, masked })));

describe.each(variants)('lstm on the cpu, reverse $reverse, masked $masked', ({ reverse, masked }) => {
  it.each([...sequenceSizes, { batch: 33, time: 6, hidden: 17 }])(
    'computes N=$batch T=$time H=$hidden',
    (sizes) => {
      const problem = problemOf(sizes, reverse, masked);
      const expected = reference(problem);
      const [h, c, gates] = forward(problem);
      closeTo(h, expected.h, 1e-6, 'h');
      closeTo(c, expected.c, 1e-6, 'c');
      closeTo(gates, expected.gates, 1e-6, 'gates');
    },
  );

  const cotangents = booleans.flatMap((hasDH) =>
    booleans.flatMap((hasDC) => booleans.map((hasDGates) => ({ hasDH, hasDC, hasDGates }))),
  );
  it.each(cotangents)('has the gradient for dH $hasDH, dC $hasDC, dGates $hasDGates', (given) => {
    for (const sizes of sequenceSizes) {
      for (const firstPattern of masked ? [0, 1, 2, 3, 4] : [0]) {
        checkGradient(problemOf(sizes, reverse, masked, firstPattern), given);
      }
    }
  });
});

it('saturates without NaN', () => {
  const problem = problemOf({ batch: 1, time: 1, hidden: 1 }, false, false);
  problem.z.set([1e4, -1e4, 1e4, 1e4]);
  const [h, c, gates] = forward(problem);
  expect([...gates]).toEqual([1, 0, 1, 1]);
  closeTo(c, [1], 0);
  closeTo(h, [Math.tanh(1)], 1e-6);
});
