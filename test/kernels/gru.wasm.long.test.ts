/** The wasm GRU and its gradient against the cpu ones: shapes, options, masks, targets, and any number of parts. */

import { describe, expect, it } from 'vitest';
import { gruCpu, gruGradientCpu } from '../../kernels/gru/cpu.ts';
import { type GruAttributes, type GruGradientAttributes, gru, gruGradient } from '../../kernels/gru/index.ts';
import { gruGradientWasm, gruWasm } from '../../kernels/gru/wasm.ts';
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
  const z = specOf([batch, time, 3 * hidden]);
  const arrays = [z, specOf([hidden, 3 * hidden]), specOf([3 * hidden]), initial];
  const call: KernelCall<GruAttributes> = {
    inputs: mask ? [...arrays, specOf([batch, time], 'bool')] : arrays,
    outputs: [states, gates],
    attributes: { reverse, masked: mask !== undefined },
  };
  const inputs: NumericArray[] = arrays.map((spec, seed) => randomArray(spec, seed + 1));
  spoilMasked(inputs[0], mask, 3 * hidden);
  if (mask) inputs.push(mask);
  return { call, inputs };
}

describe.each(variants)(
  'gruWasm, relaxed $relaxedSimd, reverse $reverse, mask $mask',
  ({ relaxedSimd, reverse, mask }) => {
    const target = { relaxedSimd };
    it.each(cases)('equals the cpu for N=$batch T=$time H=$hidden', (sizes) => {
      const { call, inputs } = forwardProblem(sizes, maskArray(mask, sizes), reverse);
      const expected = runKernel(gru, gruCpu, call, inputs);
      const actual = runWasmKernel(gruWasm, call, inputs, { target });
      ['h', 'gates'].forEach((name, output) => {
        closeTo(actual[output], expected[output], 1e-5, name);
      });
      for (const parts of [2, 3]) {
        expect(runWasmKernel(gruWasm, call, inputs, { target, parts }), `${parts} parts`).toEqual(actual);
      }
    });

    it('writes h alone if nothing else is read', () => {
      const [sizes] = cases;
      const { call, inputs } = forwardProblem(sizes, maskArray(mask, sizes), reverse);
      const [h] = runWasmKernel(gruWasm, call, inputs, { target });
      const [alone, ...others] = runWasmKernel(gruWasm, { ...call, unread: [1] }, inputs, { target });
      expect(alone).toEqual(h);
      for (const other of others) expect(other.every(Number.isNaN)).toBe(true);
    });

    const cotangents = booleans.flatMap((hasDH) => booleans.map((hasDGates) => ({ hasDH, hasDGates })));
    it.each(cotangents)('has the gradient for dH $hasDH, dGates $hasDGates', (given) => {
      for (const sizes of given.hasDH && given.hasDGates ? cases : fewCases) {
        const { batch, time, hidden } = sizes;
        const maskGiven = maskArray(mask, sizes);
        const forward = forwardProblem(sizes, maskGiven, reverse);
        const [, recurrentWeight, , h0] = forward.inputs;
        const [h, gates] = runKernel(gru, gruCpu, forward.call, forward.inputs);
        const [statesSpec, gatesSpec] = forward.call.outputs;
        const [zSpec, weightSpec, , initialSpec] = forward.call.inputs;
        const inputs = [recurrentWeight, h0, h, gates];
        const specs = [weightSpec, initialSpec, statesSpec, gatesSpec];
        const add = (array: NumericArray, spec = statesSpec): void => {
          inputs.push(array);
          specs.push(spec);
        };
        if (maskGiven) add(maskGiven, specOf([batch, time], 'bool'));
        if (given.hasDH) add(randomArray(statesSpec, 5));
        if (given.hasDGates) add(spoilMasked(randomArray(gatesSpec, 7), maskGiven, 4 * hidden), gatesSpec);
        const call: KernelCall<GruGradientAttributes> = {
          inputs: specs,
          outputs: [zSpec, zSpec, initialSpec],
          attributes: { ...forward.call.attributes, ...given },
        };
        const expected = runKernel(gruGradient, gruGradientCpu, call, inputs);
        const actual = runWasmKernel(gruGradientWasm, call, inputs, { target });
        ['dZ', 'dS', 'dH0'].forEach((name, output) => {
          closeTo(actual[output], expected[output], 1e-4, `${name} of ${JSON.stringify(sizes)}`);
        });
        for (const parts of [2, 3]) {
          const split = runWasmKernel(gruGradientWasm, call, inputs, { target, parts });
          expect(split, `${JSON.stringify(sizes)} in ${parts} parts`).toEqual(actual);
        }
      }
    });
  },
);

it('carries the state over masked-out steps bit by bit', () => {
  const sizes = { batch: 5, time: 4, hidden: 6 };
  const { call, inputs } = forwardProblem(sizes, new Uint8Array(20), false);
  inputs[3].set([Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-42, -1e-45, 3]);
  const [h, gates] = runWasmKernel(gruWasm, call, inputs);
  for (let n = 0; n < 5; n++) {
    for (let t = 0; t < 4; t++) {
      const at = (n * 4 + t) * 6;
      expect(h.slice(at, at + 6)).toEqual(inputs[3].slice(n * 6, n * 6 + 6));
    }
  }
  expect(gates).toEqual(new Float32Array(gates.length));
});
