/**
 * The GRU over a whole sequence and its gradient, as WebAssembly: what a step does with four units of some rows. The walks
 * through time, with the products, are in support/wasm/recurrence-forward.ts and recurrence-gradient.ts.
 */

import { optionalInputs, sequenceOf } from '../support/recurrent-calls.ts';
import {
  f32x4,
  i32,
  type Local,
  multiplyAdd,
  multiplySubtract,
  type Vector,
  v128,
} from '../support/wasm/assembler/index.ts';
import { forwardCode } from '../support/wasm/recurrence-forward.ts';
import { type BackRow, backCode } from '../support/wasm/recurrence-gradient.ts';
import { storeLanes } from '../support/wasm/store-lanes.ts';
import { sigmoid, tanh } from '../support/wasm/vector-math/index.ts';
import { floats } from '../support/wasm/vector-math/lanes.ts';
import type { KernelMemory, WasmKernel } from '../support/wasm/wasm-kernel.ts';
import type { GruAttributes, GruGradientAttributes } from './index.ts';

/** (h [N,T,H], gates [N,T,4H]) from (z [N,T,3H], recurrentWeight [H,3H], recurrentBias [3H], h0 [N,H], mask? [N,T]). */
export const gruWasm: WasmKernel<GruAttributes> = ({ outputs: [hSpec], attributes, unread }, target) => {
  const { reverse, masked } = attributes;
  // Predictions read h alone.
  const writesGates = !unread?.includes(1);
  const sequence = sequenceOf(hSpec.shape, 3, reverse);
  const { hidden } = sequence;
  const gateBytes = hidden * 4;
  return forwardCode(sequence, target, 1, {
    // Six sums: with nine the engine keeps some of them in memory, and is half as fast.
    tileRows: 2,
    arrays: ({ inputs: [, recurrentWeight, , h0, mask] }) => ({
      recurrentWeight,
      initial: [h0],
      mask: masked ? mask : undefined,
    }),
    add: ({ f, sums, unitOffset, at, rowStep }, { inputs: [z, , recurrentBias] }) => {
      const zAt = at(z, 3 * hidden);
      const biasAt = i32.add(recurrentBias, unitOffset);
      const biases = [0, 1, 2].map((gate) => f.keep(v128.load(biasAt, gate * gateBytes)));
      sums.forEach(([r, u, q], n) => {
        [r, u].forEach((sum, gate) => {
          const from = n * rowStep(3 * hidden) + gate * gateBytes;
          f.set(sum, f32x4.add(sum, f32x4.add(v128.load(zAt, from), biases[gate])));
        });
        f.set(q, f32x4.add(q, biases[2]));
      });
    },
    finish: (tile, { inputs: [z], outputs: [h, gates] }) => {
      const { f, sums, units, isReal, at, rowStep, before, setAfter } = tile;
      const [zAt, hAt, gatesAt] = [at(z, 3 * hidden), at(h, hidden), at(gates, 4 * hidden)];
      const one = floats(f, 1);
      // Function by function over all rows: the processor then works on several at a time.
      const updates = sums.map(([r, u]) => [sigmoid(f, target, r), sigmoid(f, target, u)]);
      const candidates = updates.map(([r], n) => {
        const zCandidate = v128.load(zAt, n * rowStep(3 * hidden) + 2 * gateBytes);
        return tanh(f, target, multiplyAdd(target, r, sums[n][2], zCandidate));
      });
      candidates.forEach((candidate, n) => {
        const [r, u] = updates[n];
        const hBefore = before(0, n);
        const kept = f32x4.multiply(u, hBefore);
        const state = f.keep(multiplyAdd(target, f32x4.subtract(one, u), candidate, kept));
        const row = [r, u, candidate, sums[n][2]];
        if (isReal) {
          f.set(state, v128.select(state, hBefore, isReal[n]));
          for (const gate of row) f.set(gate, v128.and(gate, isReal[n]));
        }
        if (writesGates) {
          row.forEach((value, gate) => {
            storeLanes(f, gatesAt, n * rowStep(4 * hidden) + gate * gateBytes, value, units);
          });
        }
        storeLanes(f, hAt, n * rowStep(hidden), state, units);
        setAfter(0, n, state);
      });
    },
  });
};

/** (dZ, dS [N,T,3H], dH0 [N,H]) from (recurrentWeight, h0, h, gates, mask?, dH?, dGates?). */
export const gruGradientWasm: WasmKernel<GruGradientAttributes> = (
  { inputs: inputSpecs, attributes },
  target,
) => {
  const { reverse, masked, hasDH, hasDGates } = attributes;
  const sequence = sequenceOf(inputSpecs[2].shape, 3, reverse);
  const { hidden } = sequence;
  const gateBytes = hidden * 4;
  const arraysOf = ({ inputs, outputs }: KernelMemory) => {
    const [recurrentWeight, h0, h, gates] = inputs;
    const [mask, dH, dGates] = optionalInputs(4, [masked, hasDH, hasDGates], (index) => inputs[index]);
    const [dZ, dS, dHBefore] = outputs;
    return { recurrentWeight, h0, h, gates, mask, dH, dGates, dZ, dS, dHBefore };
  };
  /** What both kinds of steps do for four units of a row: what flows into h, and where results go. */
  const flowOf = ({ f, at, flow }: BackRow, memory: KernelMemory) => {
    const { dH, dZ, dS, dHBefore } = arraysOf(memory);
    const [flowAt, dHAt] = [flow(dHBefore), dH && at(dH, hidden)];
    const [dZAt, dSAt] = [at(dZ, 3 * hidden), at(dS, 3 * hidden)];
    return (offset: Local<'i32'>) => {
      const after = v128.load(i32.add(flowAt, offset));
      return {
        dHidden: f.keep(dHAt ? f32x4.add(after, v128.load(i32.add(dHAt, offset))) : after),
        toFlow: i32.add(flowAt, offset),
        toDZ: i32.add(dZAt, offset),
        toDS: i32.add(dSAt, offset),
      };
    };
  };
  return backCode(sequence, target, {
    arrays: (memory) => {
      const { recurrentWeight, dS, dHBefore, mask } = arraysOf(memory);
      return { recurrentWeight, dSums: dS, flows: [dHBefore], mask };
    },
    realStep: (row, memory) => {
      const { f, at, before } = row;
      const { h0, h, gates, dGates } = arraysOf(memory);
      const unitsOf = flowOf(row, memory);
      const [hBeforeAt, gatesAt] = [before(h0, h), at(gates, 4 * hidden)];
      const dGatesAt = dGates && at(dGates, 4 * hidden);
      const one = floats(f, 1);
      return (offset, units) => {
        const { dHidden, toFlow, toDZ, toDS } = unitsOf(offset);
        const gate = (number: number): Local<'v128'> =>
          f.keep(v128.load(i32.add(gatesAt, offset), number * gateBytes));
        const [r, u, candidate, q] = [gate(0), gate(1), gate(2), gate(3)];
        const withCotangent = (flowing: Vector, number: number): Vector =>
          dGatesAt ? f32x4.add(flowing, v128.load(i32.add(dGatesAt, offset), number * gateBytes)) : flowing;
        const hBefore = v128.load(i32.add(hBeforeAt, offset));
        const dU = withCotangent(f32x4.multiply(dHidden, f32x4.subtract(hBefore, candidate)), 1);
        const keptOut = f.keep(f32x4.subtract(one, u));
        const dCandidate = withCotangent(f32x4.multiply(dHidden, keptOut), 2);
        const slope = multiplySubtract(target, candidate, candidate, one);
        const dCandidateSum = f.keep(f32x4.multiply(dCandidate, slope));
        const dR = withCotangent(f32x4.multiply(dCandidateSum, q), 0);
        const dRSum = f.keep(f32x4.multiply(dR, f32x4.multiply(r, f32x4.subtract(one, r))));
        const dUSum = f.keep(f32x4.multiply(dU, f32x4.multiply(u, keptOut)));
        const dQ = f.keep(withCotangent(f32x4.multiply(dCandidateSum, r), 3));
        for (const [to, third] of [
          [toDZ, dCandidateSum],
          [toDS, dQ],
        ] as const) {
          [dRSum, dUSum, third].forEach((sum, number) => {
            storeLanes(f, to, number * gateBytes, sum, units);
          });
        }
        // The direct way to the state before; the walk adds the way through the gates.
        storeLanes(f, toFlow, 0, f.keep(f32x4.multiply(dHidden, u)), units);
      };
    },
    maskedStep: (row, memory) => {
      const { f } = row;
      const unitsOf = flowOf(row, memory);
      const zero = floats(f, 0);
      return (offset, units) => {
        const { dHidden, toFlow, toDZ, toDS } = unitsOf(offset);
        for (const to of [toDZ, toDS]) {
          for (let gate = 0; gate < 3; gate++) storeLanes(f, to, gate * gateBytes, zero, units);
        }
        storeLanes(f, toFlow, 0, dHidden, units);
      };
    },
  });
};
