/**
 * The LSTM over a whole sequence and its gradient, as WebAssembly: what a step does with four units of some rows. The walks
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
import type { LstmAttributes, LstmGradientAttributes } from './index.ts';

/** (h, c [N,T,H], gates [N,T,4H]) from (z [N,T,4H], recurrentWeight [H,4H], h0, c0 [N,H], mask? [N,T]). */
export const lstmWasm: WasmKernel<LstmAttributes> = ({ outputs: [hSpec], attributes, unread }, target) => {
  const { reverse, masked } = attributes;
  // Predictions read h alone.
  const [writesC, writesGates] = [1, 2].map((output) => !unread?.includes(output));
  const sequence = sequenceOf(hSpec.shape, 4, reverse);
  const { hidden } = sequence;
  return forwardCode(sequence, target, 2, {
    // Three rows would be 12 sums, 4 vectors of the weight and one of h: more than 16 registers.
    tileRows: 2,
    arrays: ({ inputs: [, recurrentWeight, h0, c0, mask] }) => ({
      recurrentWeight,
      initial: [h0, c0],
      mask: masked ? mask : undefined,
    }),
    add: ({ f, sums, at, rowStep }, { inputs: [z] }) => {
      const zAt = at(z, 4 * hidden);
      sums.forEach((row, n) => {
        row.forEach((sum, gate) => {
          const added = v128.load(zAt, n * rowStep(4 * hidden) + gate * hidden * 4);
          f.set(sum, f32x4.add(sum, added));
        });
      });
    },
    finish: ({ f, sums, units, isReal, at, rowStep, before, setAfter }, { outputs: [h, c, gates] }) => {
      const activated = sums.map(([i, forget, g, o]) => [
        sigmoid(f, target, i),
        sigmoid(f, target, forget),
        tanh(f, target, g),
        sigmoid(f, target, o),
      ]);
      const [hAt, cAt, gatesAt] = [at(h, hidden), at(c, hidden), at(gates, 4 * hidden)];
      const cellsBefore = activated.map((_, n) => before(1, n));
      const cells = activated.map(([i, forget, g], n) =>
        f.keep(multiplyAdd(target, forget, cellsBefore[n], f32x4.multiply(i, g))),
      );
      const states = activated.map((row, n) => f.keep(f32x4.multiply(row[3], tanh(f, target, cells[n]))));
      activated.forEach((row, n) => {
        const [cell, state] = [cells[n], states[n]];
        if (isReal) {
          f.set(cell, v128.select(cell, cellsBefore[n], isReal[n]));
          f.set(state, v128.select(state, before(0, n), isReal[n]));
          for (const gate of row) f.set(gate, v128.and(gate, isReal[n]));
        }
        if (writesGates) {
          row.forEach((value, gate) => {
            storeLanes(f, gatesAt, n * rowStep(4 * hidden) + gate * hidden * 4, value, units);
          });
        }
        if (writesC) storeLanes(f, cAt, n * rowStep(hidden), cell, units);
        storeLanes(f, hAt, n * rowStep(hidden), state, units);
        setAfter(1, n, cell);
        setAfter(0, n, state);
      });
    },
  });
};

/** (dZ [N,T,4H], dH0, dC0 [N,H]) from (recurrentWeight, c0, c, gates, mask?, dH?, dC?, dGates?). */
export const lstmGradientWasm: WasmKernel<LstmGradientAttributes> = (
  { inputs: inputSpecs, attributes },
  target,
) => {
  const { reverse, masked, hasDH, hasDC, hasDGates } = attributes;
  const sequence = sequenceOf(inputSpecs[2].shape, 4, reverse);
  const { hidden } = sequence;
  const arraysOf = ({ inputs, outputs }: KernelMemory) => {
    const [recurrentWeight, c0, c, gates] = inputs;
    const [mask, dH, dC, dGates] = optionalInputs(
      4,
      [masked, hasDH, hasDC, hasDGates],
      (index) => inputs[index],
    );
    const [dZ, dHBefore, dCBefore] = outputs;
    return { recurrentWeight, c0, c, gates, mask, dH, dC, dGates, dZ, dHBefore, dCBefore };
  };
  /** Addresses of one row's units in what both kinds of steps use. */
  const flowsOf = ({ f, at, flow }: BackRow, memory: KernelMemory) => {
    const { dH, dC, dZ, dHBefore, dCBefore } = arraysOf(memory);
    const [dHiddenAt, dCellAt] = [flow(dHBefore), flow(dCBefore)];
    const [dHAt, dCAt] = [dH && at(dH, hidden), dC && at(dC, hidden)];
    const dZAt = at(dZ, 4 * hidden);
    return (offset: Local<'i32'>) => {
      const flowing = (from: Local<'i32'>, direct: Local<'i32'> | undefined): Local<'v128'> => {
        const after = v128.load(i32.add(from, offset));
        return f.keep(direct ? f32x4.add(after, v128.load(i32.add(direct, offset))) : after);
      };
      return {
        dHidden: flowing(dHiddenAt, dHAt),
        dCell: flowing(dCellAt, dCAt),
        toDHidden: i32.add(dHiddenAt, offset),
        toDCell: i32.add(dCellAt, offset),
        toDZ: f.keep(i32.add(dZAt, offset)),
      };
    };
  };
  return backCode(sequence, target, {
    arrays: (memory) => {
      const { recurrentWeight, dZ, dHBefore, dCBefore, mask } = arraysOf(memory);
      return { recurrentWeight, dSums: dZ, flows: [dHBefore, dCBefore], mask };
    },
    realStep: (row, memory) => {
      const { f, at, before } = row;
      const { c0, c, gates, dGates } = arraysOf(memory);
      const unitsOf = flowsOf(row, memory);
      const [cAt, cBeforeAt] = [at(c, hidden), before(c0, c)];
      const gatesAt = at(gates, 4 * hidden);
      const dGatesAt = dGates && at(dGates, 4 * hidden);
      const one = floats(f, 1);
      const zero = floats(f, 0);
      return (offset, units) => {
        const { dHidden, dCell: dCellDirect, toDHidden, toDCell, toDZ } = unitsOf(offset);
        const gateFrom = f.keep(i32.add(gatesAt, offset));
        const [i, forget, g, o] = [0, 1, 2, 3].map((gate) => f.keep(v128.load(gateFrom, gate * hidden * 4)));
        const squashed = tanh(f, target, v128.load(i32.add(cAt, offset)));
        const slope = multiplySubtract(target, squashed, squashed, one);
        const dCell = f.keep(multiplyAdd(target, f32x4.multiply(dHidden, o), slope, dCellDirect));
        /** Stores the gradient of a gate's sum: that of the gate, times the activation's slope there. */
        const store = (gate: number, left: Vector, right: Vector, slope: Vector): void => {
          const flowing = f32x4.multiply(left, right);
          const dGate = dGatesAt
            ? f32x4.add(flowing, v128.load(i32.add(dGatesAt, offset), gate * hidden * 4))
            : flowing;
          storeLanes(f, toDZ, gate * hidden * 4, f.keep(f32x4.multiply(dGate, slope)), units);
        };
        const ofSigmoid = (y: Vector): Vector => f32x4.multiply(y, f32x4.subtract(one, y));
        store(0, dCell, g, ofSigmoid(i));
        store(1, dCell, v128.load(i32.add(cBeforeAt, offset)), ofSigmoid(forget));
        store(2, dCell, i, multiplySubtract(target, g, g, one));
        store(3, dHidden, squashed, ofSigmoid(o));
        storeLanes(f, toDCell, 0, f.keep(f32x4.multiply(dCell, forget)), units);
        // The only way to the state before is through the gates; the walk adds it.
        storeLanes(f, toDHidden, 0, zero, units);
      };
    },
    maskedStep: (row, memory) => {
      const { f } = row;
      const unitsOf = flowsOf(row, memory);
      const zero = floats(f, 0);
      return (offset, units) => {
        const { dHidden, dCell, toDHidden, toDCell, toDZ } = unitsOf(offset);
        for (let gate = 0; gate < 4; gate++) storeLanes(f, toDZ, gate * hidden * 4, zero, units);
        storeLanes(f, toDHidden, 0, dHidden, units);
        storeLanes(f, toDCell, 0, dCell, units);
      };
    },
  });
};
