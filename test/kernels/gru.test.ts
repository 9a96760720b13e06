/** The cpu GRU against a step-by-step reference in doubles, its gradient against differences of that reference. */

import { describe, it } from 'vitest';
import { gruCpu, gruGradientCpu } from '../../kernels/gru/cpu.ts';
import { type GruAttributes, type GruGradientAttributes, gru, gruGradient } from '../../kernels/gru/index.ts';
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
  readonly bias: Float64Array;
  readonly h0: Float64Array;
  /** [N,T,3H], added to h·weight + bias: zeros, through which dS is measured. */
  readonly shift: Float64Array;
  readonly mask: Uint8Array | undefined;
  readonly reverse: boolean;
}

function problemOf(sizes: SequenceSizes, reverse: boolean, masked: boolean, firstPattern = 0): Problem {
  const { batch, time, hidden } = sizes;
  return {
    ...sizes,
    z: randomDoubles(batch * time * 3 * hidden, 1),
    weight: randomDoubles(hidden * 3 * hidden, 2),
    bias: randomDoubles(3 * hidden, 3),
    h0: randomDoubles(batch * hidden, 4),
    shift: new Float64Array(batch * time * 3 * hidden),
    mask: masked ? maskOf(sizes, firstPattern) : undefined,
    reverse,
  };
}

function reference({ batch, time, hidden, z, weight, bias, h0, shift, mask, reverse }: Problem) {
  const h = new Float64Array(batch * time * hidden);
  const gates = new Float64Array(batch * time * 4 * hidden);
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  for (let n = 0; n < batch; n++) {
    let before = h0.slice(n * hidden, (n + 1) * hidden);
    for (let order = 0; order < time; order++) {
      const step = n * time + (reverse ? time - 1 - order : order);
      const now = before.slice();
      if (!mask || mask[step] === 1) {
        const sums = Float64Array.from({ length: 3 * hidden }, (_, gate) => {
          let sum = bias[gate] + shift[step * 3 * hidden + gate];
          for (let from = 0; from < hidden; from++) sum += before[from] * weight[from * 3 * hidden + gate];
          return sum;
        });
        for (let unit = 0; unit < hidden; unit++) {
          const at = step * 3 * hidden + unit;
          const r = sigmoid(z[at] + sums[unit]);
          const u = sigmoid(z[at + hidden] + sums[hidden + unit]);
          const q = sums[2 * hidden + unit];
          const candidate = Math.tanh(z[at + 2 * hidden] + r * q);
          [r, u, candidate, q].forEach((value, gate) => {
            gates[(step * 4 + gate) * hidden + unit] = value;
          });
          now[unit] = (1 - u) * candidate + u * before[unit];
        }
      }
      h.set(now, step * hidden);
      before = now;
    }
  }
  return { h, gates };
}

function forward(problem: Problem) {
  const { batch, time, hidden, z, weight, bias, h0, mask, reverse } = problem;
  const call: KernelCall<GruAttributes> = {
    inputs: [
      specOf([batch, time, 3 * hidden]),
      specOf([hidden, 3 * hidden]),
      specOf([3 * hidden]),
      specOf([batch, hidden]),
      ...(mask ? [specOf([batch, time], 'bool')] : []),
    ],
    outputs: [specOf([batch, time, hidden]), specOf([batch, time, 4 * hidden])],
    attributes: { reverse, masked: mask !== undefined },
  };
  const arrays = [z, weight, bias, h0].map((values) => new Float32Array(values));
  return runKernel(gru, gruCpu, call, mask ? [...arrays, mask] : arrays);
}

type Given = Pick<GruGradientAttributes, 'hasDH' | 'hasDGates'>;

function checkGradient(problem: Problem, given: Given): void {
  const { batch, time, hidden, z, weight, h0, shift, mask, reverse } = problem;
  const states = specOf([batch, time, hidden]);
  const gates = specOf([batch, time, 4 * hidden]);
  const initial = specOf([batch, hidden]);
  const dH = given.hasDH ? randomDoubles(batch * time * hidden, 5) : undefined;
  const dGates = given.hasDGates ? randomDoubles(batch * time * 4 * hidden, 6) : undefined;

  const call: KernelCall<GruGradientAttributes> = {
    inputs: [
      specOf([hidden, 3 * hidden]),
      initial,
      states,
      gates,
      ...(mask ? [specOf([batch, time], 'bool')] : []),
      ...(dH ? [states] : []),
      ...(dGates ? [gates] : []),
    ],
    outputs: [specOf([batch, time, 3 * hidden]), specOf([batch, time, 3 * hidden]), initial],
    attributes: { reverse, masked: mask !== undefined, ...given },
  };
  const [h, activated] = forward(problem);
  const [dZ, dS, dH0] = runKernel(gruGradient, gruGradientCpu, call, [
    new Float32Array(weight),
    new Float32Array(h0),
    h,
    activated,
    ...(mask ? [mask] : []),
    ...[dH, dGates].filter((values) => values !== undefined).map((values) => new Float32Array(values)),
  ]);

  const loss = (): number => {
    const result = reference(problem);
    return (dH ? dot(result.h, dH) : 0) + (dGates ? dot(result.gates, dGates) : 0);
  };
  closeTo(dZ, differences(z, loss), 2e-6, 'dZ');
  closeTo(dS, differences(shift, loss), 2e-6, 'dS');
  closeTo(dH0, differences(h0, loss), 2e-6, 'dH0');
}

const booleans = [false, true];
const variants = booleans.flatMap((reverse) => booleans.map((masked) => ({ reverse, masked })));

describe.each(variants)('gru on the cpu, reverse $reverse, masked $masked', ({ reverse, masked }) => {
  it.each([...sequenceSizes, { batch: 33, time: 6, hidden: 17 }])(
    'computes N=$batch T=$time H=$hidden',
    (sizes) => {
      const problem = problemOf(sizes, reverse, masked);
      const expected = reference(problem);
      const [h, gates] = forward(problem);
      closeTo(h, expected.h, 1e-6, 'h');
      closeTo(gates, expected.gates, 1e-6, 'gates');
    },
  );

  const cotangents = booleans.flatMap((hasDH) => booleans.map((hasDGates) => ({ hasDH, hasDGates })));
  it.each(cotangents)('has the gradient for dH $hasDH, dGates $hasDGates', (given) => {
    for (const sizes of sequenceSizes) {
      for (const firstPattern of masked ? [0, 1, 2, 3, 4] : [0]) {
        checkGradient(problemOf(sizes, reverse, masked, firstPattern), given);
      }
    }
  });
});
