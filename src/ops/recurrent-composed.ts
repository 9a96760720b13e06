/** The LSTM and GRU sequences step by step, forward and backward, from plain operations: oracle and second derivatives. */
import type { GruAttributes, GruGradientAttributes } from '../../kernels/gru/index.ts';
import type { LstmAttributes, LstmGradientAttributes } from '../../kernels/lstm/index.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, multiply, sigmoid, subtract, tanh, where } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { concat, expandDims, slice, split, stack, transpose } from './movement.ts';

/** Step t of [N, T, F] as [N, F]. */
function step(sequence: Tensor, t: number): Tensor {
  return slice(sequence, null, t);
}

/** Step t of a mask [N, T] as [N, 1]. */
function stepMask(mask: Tensor | undefined, t: number): Tensor | undefined {
  return mask && expandDims(slice(mask, null, t), 1);
}

/** `real` at real steps, `otherwise` at padding. */
function atReal(mask: Tensor | undefined, real: Tensor, otherwise: Tensor | number): Tensor {
  return mask ? where(mask, real, otherwise) : real;
}

/** The order in which a layer reads its steps. */
function timeOrder(steps: number, reverse: boolean): number[] {
  const order = Array.from({ length: steps }, (_, t) => t);
  return reverse ? order.reverse() : order;
}

function quarters(x: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  return split(x, 4, -1) as [Tensor, Tensor, Tensor, Tensor];
}

function thirds(x: Tensor): [Tensor, Tensor, Tensor] {
  return split(x, 3, -1) as [Tensor, Tensor, Tensor];
}

/** h_t = o·tanh(c_t), c_t = f·c_{t-1} + i·g, gates from z_t + h_{t-1}·W (Hochreiter & Schmidhuber 1997; Gers 2000). */
export function lstmSteps(inputs: readonly Tensor[], { reverse }: LstmAttributes): Tensor[] {
  const [z, weight, h0, c0, mask] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
  const outputs: { h: Tensor; c: Tensor; gates: Tensor }[] = [];
  let [h, c] = [h0, c0];
  for (const t of timeOrder(z.shape[1], reverse)) {
    const real = stepMask(mask, t);
    const [zi, zf, zg, zo] = quarters(add(step(z, t), matmul(h, weight)));
    const [i, f, g, o] = [sigmoid(zi), sigmoid(zf), tanh(zg), sigmoid(zo)];
    const nextC = add(multiply(f, c), multiply(i, g));
    h = atReal(real, multiply(o, tanh(nextC)), h);
    c = atReal(real, nextC, c);
    outputs[t] = { h, c, gates: atReal(real, concat([i, f, g, o], -1), 0) };
  }
  return [
    stack(
      outputs.map((each) => each.h),
      1,
    ),
    stack(
      outputs.map((each) => each.c),
      1,
    ),
    stack(
      outputs.map((each) => each.gates),
      1,
    ),
  ];
}

/** Back through time: what `lstmGradient` computes. */
export function lstmGradientSteps(inputs: readonly Tensor[], attributes: LstmGradientAttributes): Tensor[] {
  const { reverse, masked, hasDH, hasDC, hasDGates } = attributes;
  const [weight, c0, c, gates, ...rest] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const optional = (present: boolean): Tensor | undefined => (present ? rest.shift() : undefined);
  const mask = optional(masked);
  const [dHAll, dCAll, dGatesAll] = [optional(hasDH), optional(hasDC), optional(hasDGates)];
  const [batch, steps, hidden] = c.shape as [number, number, number];
  let dH = fill(0, [batch, hidden]);
  let dC = fill(0, [batch, hidden]);
  const dZ: Tensor[] = [];
  const order = timeOrder(steps, reverse);
  for (let position = steps - 1; position >= 0; position--) {
    const t = order[position];
    const real = stepMask(mask, t);
    const previousC = position === 0 ? c0 : step(c, order[position - 1]);
    const [i, f, g, o] = quarters(step(gates, t));
    const tanhC = tanh(step(c, t));
    if (dHAll) dH = add(dH, step(dHAll, t));
    if (dCAll) dC = add(dC, step(dCAll, t));
    const total = add(dC, multiply(multiply(dH, o), subtract(1, multiply(tanhC, tanhC))));
    let dGates = [multiply(total, g), multiply(total, previousC), multiply(total, i), multiply(dH, tanhC)];
    if (dGatesAll) {
      const direct = quarters(step(dGatesAll, t));
      dGates = dGates.map((each, k) => add(each, direct[k]));
    }
    const [dI, dF, dG, dO] = dGates as [Tensor, Tensor, Tensor, Tensor];
    const slope = (gate: Tensor) => multiply(gate, subtract(1, gate));
    const dPre = concat(
      [
        multiply(dI, slope(i)),
        multiply(dF, slope(f)),
        multiply(dG, subtract(1, multiply(g, g))),
        multiply(dO, slope(o)),
      ],
      -1,
    );
    dZ[t] = atReal(real, dPre, 0);
    dH = atReal(real, matmul(dPre, transpose(weight)), dH);
    dC = atReal(real, multiply(total, f), dC);
  }
  return [stack(dZ, 1), dH, dC];
}

/** PyTorch's GRU: the reset gate acts after the recurrent product (Cho et al. 2014, in cuDNN's form). */
export function gruSteps(inputs: readonly Tensor[], { reverse }: GruAttributes): Tensor[] {
  const [z, weight, bias, h0, mask] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
  const outputs: { h: Tensor; gates: Tensor }[] = [];
  let h = h0;
  for (const t of timeOrder(z.shape[1], reverse)) {
    const real = stepMask(mask, t);
    const [zr, zu, zn] = thirds(step(z, t));
    const [sr, su, q] = thirds(add(matmul(h, weight), bias));
    const [r, u] = [sigmoid(add(zr, sr)), sigmoid(add(zu, su))];
    const n = tanh(add(zn, multiply(r, q)));
    h = atReal(real, add(multiply(subtract(1, u), n), multiply(u, h)), h);
    outputs[t] = { h, gates: atReal(real, concat([r, u, n, q], -1), 0) };
  }
  return [
    stack(
      outputs.map((each) => each.h),
      1,
    ),
    stack(
      outputs.map((each) => each.gates),
      1,
    ),
  ];
}

/** Back through time: what `gruGradient` computes. */
export function gruGradientSteps(inputs: readonly Tensor[], attributes: GruGradientAttributes): Tensor[] {
  const { reverse, masked, hasDH, hasDGates } = attributes;
  const [weight, h0, h, gates, ...rest] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const optional = (present: boolean): Tensor | undefined => (present ? rest.shift() : undefined);
  const mask = optional(masked);
  const [dHAll, dGatesAll] = [optional(hasDH), optional(hasDGates)];
  const [batch, steps, hidden] = h.shape as [number, number, number];
  let dH = fill(0, [batch, hidden]);
  const dZ: Tensor[] = [];
  const dS: Tensor[] = [];
  const order = timeOrder(steps, reverse);
  for (let position = steps - 1; position >= 0; position--) {
    const t = order[position];
    const real = stepMask(mask, t);
    const previousH = position === 0 ? h0 : step(h, order[position - 1]);
    const [r, u, n, q] = quarters(step(gates, t));
    if (dHAll) dH = add(dH, step(dHAll, t));
    const direct = dGatesAll ? quarters(step(dGatesAll, t)) : undefined;
    const plus = (x: Tensor, k: number) => (direct ? add(x, direct[k]) : x);
    const dU = plus(multiply(dH, subtract(previousH, n)), 1);
    const dN = plus(multiply(dH, subtract(1, u)), 2);
    const dPreN = multiply(dN, subtract(1, multiply(n, n)));
    const dR = plus(multiply(dPreN, q), 0);
    const dQ = plus(multiply(dPreN, r), 3);
    const dPreR = multiply(dR, multiply(r, subtract(1, r)));
    const dPreU = multiply(dU, multiply(u, subtract(1, u)));
    const recurrent = concat([dPreR, dPreU, dQ], -1);
    dZ[t] = atReal(real, concat([dPreR, dPreU, dPreN], -1), 0);
    dS[t] = atReal(real, recurrent, 0);
    dH = atReal(real, add(multiply(dH, u), matmul(recurrent, transpose(weight))), dH);
  }
  return [stack(dZ, 1), stack(dS, 1), dH];
}
