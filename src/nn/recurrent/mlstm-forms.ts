/**
 * The two forms of the mLSTM's memory (Beck et al. 2024), which give the same: all steps at once, as attention whose weights
 * decay, and step after step. Both work with exp(log gate - m), where m keeps the exponents at 0 or below; h is the same
 * whatever m is, so no gradient passes through it.
 */
import { logSigmoid } from '../../ops/activations.ts';
import { reshape, sum } from '../../ops/broadcast.ts';
import {
  abs,
  add,
  divide,
  exp,
  greaterEqual,
  lessEqual,
  logicalAnd,
  maximum,
  multiply,
  negate,
  round,
  stopGradient,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { iota } from '../../ops/indexing.ts';
import { matmul } from '../../ops/matmul.ts';
import { expandDims, permute, squeeze, transpose } from '../../ops/movement.ts';
import { cumulativeSum, max } from '../../ops/reduce.ts';
import { scan } from '../../ops/scan.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What the memory reads and is asked, by head. */
export interface MemoryAccess {
  /** [N, S, heads, d], divided by √d: what is asked at each step. */
  readonly query: Tensor;
  /** [N, S, heads, d]: under which each step is stored. */
  readonly key: Tensor;
  /** [N, S, heads, d]: what is stored. */
  readonly value: Tensor;
  /** [N, S, heads], before the exponential. */
  readonly inputGate: Tensor;
  /** [N, S, heads], before the sigmoid. */
  readonly forgetGate: Tensor;
  /** bool [N, S]: at the other steps the memory stays as it is. */
  readonly mask: Tensor | undefined;
  /** Whether it reads from the end. */
  readonly reverse: boolean;
}

/** How the memory is computed: with S² numbers per head at once, or with a matrix [d, d] per head that goes from step to step. */
export type MemoryForm = (access: MemoryAccess) => Tensor;

/** Added to what a readout is divided by. */
const epsilon = 1e-6;
/**
 * The least m. Where all input gates are nearly closed, exp(-m) would be infinite, and its product with a gradient of 0 NaN;
 * where a sequence begins with padding, m would be -∞.
 */
const leastShift = -80;

/**
 * h_t = Σ_s C_ts v_s / max(|Σ_s C_ts|, exp(-m_t)), C_ts = (q_t·k_s/√d) exp(log D_ts - m_t), log D_ts = F_t - F_s + ĩ_s for
 * s ≤ t, F_t = Σ_{s≤t} log σ(f̃_s): [N, S, heads, d].
 */
export const parallelForm: MemoryForm = ({ query, key, value, inputGate, forgetGate, mask, reverse }) => {
  const [n, steps] = query.shape as [number, number];
  const byHead = (x: Tensor): Tensor => permute(x, [0, 2, 1, 3]);
  const gateByHead = (x: Tensor): Tensor => transpose(x, 1, 2);
  const logForget = logSigmoid(gateByHead(forgetGate));
  const kept = mask ? where(expandDims(mask, 1), logForget, 0) : logForget;
  const step = iota(steps);
  const past = (reverse ? lessEqual : greaterEqual)(expandDims(step, 1), step);
  const stored = mask ? logicalAnd(past, reshape(mask, [n, 1, 1, steps])) : past;
  const gates = add(sumBetween(kept, reverse), expandDims(gateByHead(inputGate), 2));
  const logWeights = where(stored, gates, Number.NEGATIVE_INFINITY);
  const shift = maximum(stopGradient(max(logWeights, -1, { keepDims: true })), leastShift);
  const weights = exp(subtract(logWeights, shift));
  const scores = multiply(matmul(byHead(query), transpose(byHead(key))), weights);
  const total = maximum(abs(sum(scores, -1, { keepDims: true })), exp(negate(shift)));
  return byHead(divide(matmul(scores, byHead(value)), add(total, epsilon)));
};

/**
 * Of x [N, heads, S] the sum of what is read after step s up to step t, [N, heads, t, s], as the difference of two running
 * totals. Each is rounded to its own size, which for long sequences is far above that of the difference; so x is
 * cut into multiples of 1/64, whose totals are exact up to 2^18, and small rests.
 */
function sumBetween(x: Tensor, reverse: boolean): Tensor {
  const coarse = divide(round(multiply(stopGradient(x), 64)), 64);
  const difference = (part: Tensor): Tensor => {
    const total = cumulativeSum(part, -1, { reverse });
    return subtract(expandDims(total, 3), expandDims(total, 2));
  };
  return add(difference(coarse), difference(subtract(x, coarse)));
}

/**
 * m_t = max(log σ(f̃_t) + m_{t-1}, ĩ_t), f' = exp(log σ(f̃_t) + m_{t-1} - m_t), i' = exp(ĩ_t - m_t); C_t = f' C_{t-1} + i' k_t v_tᵀ,
 * n_t = f' n_{t-1} + i' k_t; h_t = q_tᵀ C_t / √d / max(|q_t·n_t| / √d, exp(-m_t)): [N, S, heads, d].
 */
export const recurrentForm: MemoryForm = ({ query, key, value, inputGate, forgetGate, mask, reverse }) => {
  const [n, , heads, features] = query.shape as [number, number, number, number];
  const initial = {
    memory: fill(0, [n, heads, features, features]),
    total: fill(0, [n, heads, features, 1]),
    shift: fill(leastShift, [n, heads, 1, 1]),
  };
  const gate = (x: Tensor): Tensor => expandDims(expandDims(x, -1), -1);
  const inputs = {
    row: expandDims(query, -2),
    column: expandDims(key, -1),
    stored: expandDims(value, -2),
    logInput: gate(inputGate),
    logForget: gate(logSigmoid(forgetGate)),
  };
  const { outputs } = scan(
    (before, { row, column, stored, logInput, logForget }) => {
      const decayed = add(logForget, before.shift);
      const shift = stopGradient(maximum(maximum(decayed, logInput), leastShift));
      const forget = exp(subtract(decayed, shift));
      const written = multiply(exp(subtract(logInput, shift)), column);
      const memory = add(multiply(forget, before.memory), multiply(written, stored));
      const total = add(multiply(forget, before.total), written);
      const size = maximum(abs(matmul(row, total)), exp(negate(shift)));
      const output = divide(matmul(row, memory), add(size, epsilon));
      return { carry: { memory, total, shift }, output };
    },
    { initial, inputs, reverse, ...(mask && { mask }) },
  );
  return squeeze(outputs, 3);
};
