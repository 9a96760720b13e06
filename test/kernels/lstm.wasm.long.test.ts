/** The wasm LSTM and its gradient against the cpu ones: shapes, options, masks, targets, and any number of parts. */

import { describe, expect, it } from 'vitest';
import { lstmCpu, lstmGradientCpu } from '../../kernels/lstm/cpu.ts';
import {
  type LstmAttributes,
  type LstmGradientAttributes,
  lstm,
  lstmGradient,
} from '../../kernels/lstm/index.ts';
import { lstmGradientWasm, lstmWasm } from '../../kernels/lstm/wasm.ts';
import type { KernelCall, NumericArray } from '../../kernels/support/contract.ts';
import type { SequenceSizes } from './support/recurrent.ts';
import { booleans, cases, fewCases, maskArray, spoilMasked, variants } from './support/recurrent-variants.ts';
import { closeTo, randomArray, runKernel, specOf } from './support/run.ts';
import { runWasmKernel } from './support/wasm.ts';

function forwardProblem(
  { batch, time, hidden }: SequenceSizes,
  mask: Uint8Array | undefined,
  reverse: boolean,
) {
  const states = specOf([batch, time, hidden]);
  const gates = specOf([batch, time, 4 * hidden]);
  const initial = specOf([batch, hidden]);
  const arrays = [gates, specOf([hidden, 4 * hidden]), initial, initial];
  const call: KernelCall<LstmAttributes> = {
    inputs: mask ? [...arrays, specOf([batch, time], 'bool')] : arrays,
    outputs: [states, states, gates],
    attributes: { reverse, masked: mask !== undefined },
  };
  const inputs: NumericArray[] = arrays.map((spec, seed) => randomArray(spec, seed + 1));
  spoilMasked(inputs[0], mask, 4 * hidden);
  if (mask) inputs.push(mask);
  return { call, inputs };
}

describe.each(variants)(
  'lstmWasm, relaxed $relaxedSimd, reverse $reverse, mask $mask',
  ({ relaxedSimd, reverse, mask }) => {
    const target = { relaxedSimd };
    it.each(cases)('equals the cpu for N=$batch T=$time H=$hidden', (sizes) => {
      const { call, inputs } = forwardProblem(sizes, maskArray(mask, sizes), reverse);
      const expected = runKernel(lstm, lstmCpu, call, inputs);
      const actual = runWasmKernel(lstmWasm, call, inputs, { target });
      ['h', 'c', 'gates'].forEach((name, output) => {
        closeTo(actual[output], expected[output], 1e-5, name);
      });
      for (const parts of [2, 3]) {
        expect(runWasmKernel(lstmWasm, call, inputs, { target, parts }), `${parts} parts`).toEqual(actual);
      }
    });

    it('writes h alone if nothing else is read', () => {
      const [sizes] = cases;
      const { call, inputs } = forwardProblem(sizes, maskArray(mask, sizes), reverse);
      const [h] = runWasmKernel(lstmWasm, call, inputs, { target });
      const [alone, ...others] = runWasmKernel(lstmWasm, { ...call, unread: [1, 2] }, inputs, { target });
      expect(alone).toEqual(h);
      for (const other of others) expect(other.every(Number.isNaN)).toBe(true);
    });

    const cotangents = booleans.flatMap((hasDH) =>
      booleans.flatMap((hasDC) => booleans.map((hasDGates) => ({ hasDH, hasDC, hasDGates }))),
    );
    it.each(cotangents)('has the gradient for dH $hasDH, dC $hasDC, dGates $hasDGates', (given) => {
      for (const sizes of given.hasDH && given.hasDGates ? cases : fewCases) {
        const { batch, time, hidden } = sizes;
        const maskGiven = maskArray(mask, sizes);
        const forward = forwardProblem(sizes, maskGiven, reverse);
        const [, recurrentWeight, , c0] = forward.inputs;
        const [, c, gates] = runKernel(lstm, lstmCpu, forward.call, forward.inputs);
        const [statesSpec, , gatesSpec] = forward.call.outputs;
        const [, weightSpec, initialSpec] = forward.call.inputs;
        const inputs = [recurrentWeight, c0, c, gates];
        const specs = [weightSpec, initialSpec, statesSpec, gatesSpec];
        const add = (array: NumericArray, spec = statesSpec): void => {
          inputs.push(array);
          specs.push(spec);
        };
        if (maskGiven) add(maskGiven, specOf([batch, time], 'bool'));
        if (given.hasDH) add(randomArray(statesSpec, 5));
        if (given.hasDC) add(randomArray(statesSpec, 6));
        if (given.hasDGates) add(spoilMasked(randomArray(gatesSpec, 7), maskGiven, 4 * hidden), gatesSpec);
        const call: KernelCall<LstmGradientAttributes> = {
          inputs: specs,
          outputs: [gatesSpec, initialSpec, initialSpec],
          attributes: { ...forward.call.attributes, ...given },
        };
        const expected = runKernel(lstmGradient, lstmGradientCpu, call, inputs);
        const actual = runWasmKernel(lstmGradientWasm, call, inputs, { target });
        ['dZ', 'dH0', 'dC0'].forEach((name, output) => {
          closeTo(actual[output], expected[output], 1e-4, `${name} of ${JSON.stringify(sizes)}`);
        });
        for (const parts of [2, 3]) {
          const split = runWasmKernel(lstmGradientWasm, call, inputs, { target, parts });
          expect(split, `${JSON.stringify(sizes)} in ${parts} parts`).toEqual(actual);
        }
      }
    });
  },
);

it('carries states over masked-out steps bit by bit', () => {
  const sizes = { batch: 5, time: 4, hidden: 6 };
  const { call, inputs } = forwardProblem(sizes, new Uint8Array(20), false);
  const odd = [Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-42, -1e-45, 3];
  inputs[2].set(odd);
  inputs[3].set(odd, 6);
  const [h, c, gates] = runWasmKernel(lstmWasm, call, inputs);
  for (let n = 0; n < 5; n++) {
    for (let t = 0; t < 4; t++) {
      const at = (n * 4 + t) * 6;
      expect(h.slice(at, at + 6)).toEqual(inputs[2].slice(n * 6, n * 6 + 6));
      expect(c.slice(at, at + 6)).toEqual(inputs[3].slice(n * 6, n * 6 + 6));
    }
  }
  expect(gates).toEqual(new Float32Array(gates.length));
});

it('saturates without NaN', () => {
  const { call, inputs } = forwardProblem({ batch: 1, time: 1, hidden: 1 }, undefined, false);
  inputs[0].set([1e4, -1e4, 1e4, 1e4]);
  const [h, c, gates] = runWasmKernel(lstmWasm, call, inputs);
  expect([...gates]).toEqual([1, 0, 1, 1]);
  expect([...c]).toEqual([1]);
  closeTo(h, [Math.tanh(1)], 1e-6);
});
