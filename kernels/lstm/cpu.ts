/** The LSTM over a whole sequence and its gradient: plain loops, the oracle for the faster devices. */

import { type CpuKernel, withWorkspace } from '../support/contract.ts';
import {
  backWorkspace,
  forwardWorkspace,
  sigmoid,
  stateBefore,
  walkBack,
  walkForward,
} from '../support/cpu/recurrence.ts';
import { optionalInputs, sequenceOf } from '../support/recurrent-calls.ts';
import type { LstmAttributes, LstmGradientAttributes } from './index.ts';

/** (h, c [N,T,H], gates [N,T,4H]) from (z [N,T,4H], recurrentWeight [H,4H], h0, c0 [N,H], mask? [N,T]). */
export const lstmCpu: CpuKernel<LstmAttributes> = ({ outputs: outputSpecs, attributes }) => {
  const sequence = sequenceOf(outputSpecs[0].shape, 4, attributes.reverse);
  const { batch, time, hidden, width } = sequence;

  return withWorkspace(forwardWorkspace(sequence), (inputs, outputs, workspace) => {
    const [z, recurrentWeight, h0, c0] = inputs as readonly Float32Array[];
    const [mask] = optionalInputs(4, [attributes.masked], (index) => inputs[index]);
    const [h, c, gates] = outputs as readonly Float32Array[];

    walkForward(sequence, recurrentWeight, h0, h, workspace, (t, order, hBefore, recurrent) => {
      const cBefore = stateBefore(sequence, order, c0, c);
      for (let n = 0; n < batch; n++) {
        const step = n * time + t;
        const state = step * hidden;
        const hStart = hBefore.offset + n * hBefore.rowStride;
        const cStart = cBefore.offset + n * cBefore.rowStride;
        if (mask && !mask[step]) {
          for (let unit = 0; unit < hidden; unit++) {
            h[state + unit] = hBefore.data[hStart + unit];
            c[state + unit] = cBefore.data[cStart + unit];
          }
          gates.fill(0, step * width, (step + 1) * width);
          continue;
        }
        for (let unit = 0; unit < hidden; unit++) {
          const at = step * width + unit;
          const sum = n * width + unit;
          const i = sigmoid(z[at] + recurrent[sum]);
          const f = sigmoid(z[at + hidden] + recurrent[sum + hidden]);
          const g = Math.tanh(z[at + 2 * hidden] + recurrent[sum + 2 * hidden]);
          const o = sigmoid(z[at + 3 * hidden] + recurrent[sum + 3 * hidden]);
          const cell = f * cBefore.data[cStart + unit] + i * g;
          gates[at] = i;
          gates[at + hidden] = f;
          gates[at + 2 * hidden] = g;
          gates[at + 3 * hidden] = o;
          c[state + unit] = cell;
          h[state + unit] = o * Math.tanh(cell);
        }
      }
    });
  });
};

/** (dZ [N,T,4H], dH0, dC0 [N,H]) from (recurrentWeight, c0, c, gates, mask?, dH?, dC?, dGates?). */
export const lstmGradientCpu: CpuKernel<LstmGradientAttributes> = ({ inputs: inputSpecs, attributes }) => {
  const { reverse, masked, hasDH, hasDC, hasDGates } = attributes;
  const sequence = sequenceOf(inputSpecs[2].shape, 4, reverse);
  const { batch, time, hidden, width } = sequence;

  return withWorkspace(backWorkspace(sequence), (inputs, outputs, workspace) => {
    const [recurrentWeight, c0, c, gates] = inputs as readonly Float32Array[];
    const [mask, dH, dC, dGates] = optionalInputs(
      4,
      [masked, hasDH, hasDC, hasDGates],
      (index) => inputs[index],
    );
    // What flows back to the step before is kept where it ends up after the last step: in dH0 and dC0.
    const [dZ, dHBefore, dCBefore] = outputs as readonly Float32Array[];
    dCBefore.fill(0);

    walkBack(sequence, recurrentWeight, dZ, dHBefore, workspace, (t, order) => {
      const cBefore = stateBefore(sequence, order, c0, c);
      for (let n = 0; n < batch; n++) {
        const step = n * time + t;
        // Without a mask this compares undefined with 0: every step is real.
        const isReal = mask?.[step] !== 0;
        const cStart = cBefore.offset + n * cBefore.rowStride;
        for (let unit = 0; unit < hidden; unit++) {
          const state = step * hidden + unit;
          const flow = n * hidden + unit;
          const dHidden = dHBefore[flow] + (dH ? dH[state] : 0);
          const dCellDirect = dCBefore[flow] + (dC ? dC[state] : 0);
          const at = step * width + unit;
          if (!isReal) {
            dHBefore[flow] = dHidden;
            dCBefore[flow] = dCellDirect;
            dZ[at] = 0;
            dZ[at + hidden] = 0;
            dZ[at + 2 * hidden] = 0;
            dZ[at + 3 * hidden] = 0;
            continue;
          }
          const i = gates[at];
          const f = gates[at + hidden];
          const g = gates[at + 2 * hidden];
          const o = gates[at + 3 * hidden];
          const squashed = Math.tanh(c[state]);
          const dCell = dCellDirect + dHidden * o * (1 - squashed * squashed);
          const dI = dCell * g + (dGates ? dGates[at] : 0);
          const dF = dCell * cBefore.data[cStart + unit] + (dGates ? dGates[at + hidden] : 0);
          const dG = dCell * i + (dGates ? dGates[at + 2 * hidden] : 0);
          const dO = dHidden * squashed + (dGates ? dGates[at + 3 * hidden] : 0);
          dZ[at] = dI * i * (1 - i);
          dZ[at + hidden] = dF * f * (1 - f);
          dZ[at + 2 * hidden] = dG * (1 - g * g);
          dZ[at + 3 * hidden] = dO * o * (1 - o);
          dCBefore[flow] = dCell * f;
          // `walkBack` adds the way through the gates, which is the only one; to a masked-out row it adds 0.
          dHBefore[flow] = 0;
        }
      }
    });
  });
};
