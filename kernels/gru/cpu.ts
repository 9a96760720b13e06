/** The GRU over a whole sequence and its gradient: plain loops, the oracle for the faster devices. */

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
import type { GruAttributes, GruGradientAttributes } from './index.ts';

/** (h [N,T,H], gates [N,T,4H]) from (z [N,T,3H], recurrentWeight [H,3H], recurrentBias [3H], h0 [N,H], mask? [N,T]). */
export const gruCpu: CpuKernel<GruAttributes> = ({ outputs: outputSpecs, attributes }) => {
  const sequence = sequenceOf(outputSpecs[0].shape, 3, attributes.reverse);
  const { batch, time, hidden, width } = sequence;

  return withWorkspace(forwardWorkspace(sequence), (inputs, outputs, workspace) => {
    const [z, recurrentWeight, recurrentBias, h0] = inputs as readonly Float32Array[];
    const [mask] = optionalInputs(4, [attributes.masked], (index) => inputs[index]);
    const [h, gates] = outputs as readonly Float32Array[];

    walkForward(sequence, recurrentWeight, h0, h, workspace, (t, _order, before, recurrent) => {
      for (let n = 0; n < batch; n++) {
        const step = n * time + t;
        const beforeStart = before.offset + n * before.rowStride;
        if (mask && !mask[step]) {
          for (let unit = 0; unit < hidden; unit++) h[step * hidden + unit] = before.data[beforeStart + unit];
          gates.fill(0, step * 4 * hidden, (step + 1) * 4 * hidden);
          continue;
        }
        for (let unit = 0; unit < hidden; unit++) {
          const from = step * width + unit;
          const sum = n * width + unit;
          const r = sigmoid(z[from] + recurrent[sum] + recurrentBias[unit]);
          const u = sigmoid(z[from + hidden] + recurrent[sum + hidden] + recurrentBias[hidden + unit]);
          const q = recurrent[sum + 2 * hidden] + recurrentBias[2 * hidden + unit];
          const candidate = Math.tanh(z[from + 2 * hidden] + r * q);
          const at = step * 4 * hidden + unit;
          gates[at] = r;
          gates[at + hidden] = u;
          gates[at + 2 * hidden] = candidate;
          gates[at + 3 * hidden] = q;
          h[step * hidden + unit] = (1 - u) * candidate + u * before.data[beforeStart + unit];
        }
      }
    });
  });
};

/** (dZ, dS [N,T,3H], dH0 [N,H]) from (recurrentWeight, h0, h, gates, mask?, dH?, dGates?). */
export const gruGradientCpu: CpuKernel<GruGradientAttributes> = ({ inputs: inputSpecs, attributes }) => {
  const { reverse, masked, hasDH, hasDGates } = attributes;
  const sequence = sequenceOf(inputSpecs[2].shape, 3, reverse);
  const { batch, time, hidden, width } = sequence;

  return withWorkspace(backWorkspace(sequence), (inputs, outputs, workspace) => {
    const [recurrentWeight, h0, h, gates] = inputs as readonly Float32Array[];
    const [mask, dH, dGates] = optionalInputs(4, [masked, hasDH, hasDGates], (index) => inputs[index]);
    // What flows back to the step before is kept where it ends up after the last step: in dH0.
    const [dZ, dS, dHBefore] = outputs as readonly Float32Array[];

    walkBack(sequence, recurrentWeight, dS, dHBefore, workspace, (t, order) => {
      const before = stateBefore(sequence, order, h0, h);
      for (let n = 0; n < batch; n++) {
        const step = n * time + t;
        // Without a mask this compares undefined with 0: every step is real.
        const isReal = mask?.[step] !== 0;
        const beforeStart = before.offset + n * before.rowStride;
        for (let unit = 0; unit < hidden; unit++) {
          const flow = n * hidden + unit;
          const dHidden = dHBefore[flow] + (dH ? dH[step * hidden + unit] : 0);
          const to = step * width + unit;
          if (!isReal) {
            dHBefore[flow] = dHidden;
            for (let part = to; part < to + width; part += hidden) {
              dZ[part] = 0;
              dS[part] = 0;
            }
            continue;
          }
          const at = step * 4 * hidden + unit;
          const r = gates[at];
          const u = gates[at + hidden];
          const candidate = gates[at + 2 * hidden];
          const q = gates[at + 3 * hidden];
          const dU =
            dHidden * (before.data[beforeStart + unit] - candidate) + (dGates ? dGates[at + hidden] : 0);
          const dCandidate = dHidden * (1 - u) + (dGates ? dGates[at + 2 * hidden] : 0);
          const dCandidateSum = dCandidate * (1 - candidate * candidate);
          const dR = dCandidateSum * q + (dGates ? dGates[at] : 0);
          const dRSum = dR * r * (1 - r);
          const dUSum = dU * u * (1 - u);
          dZ[to] = dRSum;
          dZ[to + hidden] = dUSum;
          dZ[to + 2 * hidden] = dCandidateSum;
          dS[to] = dRSum;
          dS[to + hidden] = dUSum;
          dS[to + 2 * hidden] = dCandidateSum * r + (dGates ? dGates[at + 3 * hidden] : 0);
          // The direct way to the state before; `walkBack` adds the way through the gates.
          dHBefore[flow] = dHidden * u;
        }
      }
    });
  });
};
