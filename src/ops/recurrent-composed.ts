/** The LSTM and GRU as loops over time, forward and backward, from plain operations: oracle and second derivatives. */
import type { GruAttributes, GruGradientAttributes } from '../../kernels/gru/index.ts';
import type { LstmAttributes, LstmGradientAttributes } from '../../kernels/lstm/index.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, multiply, sigmoid, subtract, tanh, where } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { concat, expandDims, narrow, split, transpose } from './movement.ts';
import { scan } from './scan.ts';

/**
 * The state each step started from: states [N, T, H] shifted by one step, with the initial state [N, H] in front (or
 * behind, in reverse).
 */
export function previousStates(states: Tensor, initial: Tensor, reverse: boolean): Tensor {
  const steps = states.shape[1];
  const first = expandDims(initial, 1);
  return reverse
    ? concat([narrow(states, 1, 1, steps), first], 1)
    : concat([first, narrow(states, 1, 0, steps - 1)], 1);
}

/** `tensors` by name, without those that are not there. */
function present<Name extends string>(
  tensors: Readonly<Record<Name, Tensor | undefined>>,
): { readonly [Each in Name]?: Tensor } {
  return Object.fromEntries(Object.entries(tensors).filter(([, each]) => each !== undefined)) as {
    [Each in Name]?: Tensor;
  };
}

/** `real` [N, …] at real steps, `otherwise` at padding, as a step's mask [N] says. A loop's own mask has no say in outputs. */
function atReal(mask: Tensor | undefined, real: Tensor, otherwise: Tensor | number): Tensor {
  return mask ? where(expandDims(mask, 1), real, otherwise) : real;
}

function plus(x: Tensor, more: Tensor | undefined): Tensor {
  return more ? add(x, more) : x;
}

/** The derivative of a sigmoid and of a tanh, by their value. */
const slopeOfSigmoid = (y: Tensor): Tensor => multiply(y, subtract(1, y));
const slopeOfTanh = (y: Tensor): Tensor => subtract(1, multiply(y, y));

function quarters(x: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  return split(x, 4, -1) as [Tensor, Tensor, Tensor, Tensor];
}

function thirds(x: Tensor): [Tensor, Tensor, Tensor] {
  return split(x, 3, -1) as [Tensor, Tensor, Tensor];
}

/** States [N, H], and the activated gates i, f, g, o side by side [N, 4H]. */
interface LstmStep {
  readonly h: Tensor;
  readonly c: Tensor;
  readonly gates: Tensor;
}

/** h_t = o·tanh(c_t), c_t = f·c_{t-1} + i·g, gates from z_t + h_{t-1}·W (Hochreiter & Schmidhuber 1997; Gers 2000). */
export function lstmStep(z: Tensor, weight: Tensor, before: Pick<LstmStep, 'h' | 'c'>): LstmStep {
  const [zi, zf, zg, zo] = quarters(add(z, matmul(before.h, weight)));
  const [i, f, g, o] = [sigmoid(zi), sigmoid(zf), tanh(zg), sigmoid(zo)];
  const c = add(multiply(f, before.c), multiply(i, g));
  return { h: multiply(o, tanh(c)), c, gates: concat([i, f, g, o], -1) };
}

/** What `lstm` computes. */
export function lstmSteps(inputs: readonly Tensor[], { reverse }: LstmAttributes): Tensor[] {
  const [z, weight, h0, c0, mask] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
  const { outputs } = scan(
    (before, { zt, real }) => {
      const next = lstmStep(zt, weight, before);
      const [h, c] = [atReal(real, next.h, before.h), atReal(real, next.c, before.c)];
      return { carry: { h, c }, output: [h, c, atReal(real, next.gates, 0)] };
    },
    { initial: { h: h0, c: c0 }, inputs: { zt: z, ...present({ real: mask }) }, reverse },
  );
  return [...outputs];
}

/** Back through time: what `lstmGradient` computes. */
export function lstmGradientSteps(inputs: readonly Tensor[], attributes: LstmGradientAttributes): Tensor[] {
  const { reverse, masked, hasDH, hasDC, hasDGates } = attributes;
  const [weight, c0, c, gates, ...rest] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const [real, fromH, fromC, fromGates] = [masked, hasDH, hasDC, hasDGates].map((each) =>
    each ? rest.shift() : undefined,
  );
  const zero = fill(0, c0.shape);
  const { carry, outputs } = scan(
    (after, step) => {
      const [i, f, g, o] = quarters(step.gates);
      const tanhC = tanh(step.c);
      const dH = plus(after.dH, step.fromH);
      const dC = plus(after.dC, step.fromC);
      const total = add(dC, multiply(multiply(dH, o), slopeOfTanh(tanhC)));
      const dGates = plus(
        concat(
          [multiply(total, g), multiply(total, step.previousC), multiply(total, i), multiply(dH, tanhC)],
          -1,
        ),
        step.fromGates,
      );
      const slopes = concat([slopeOfSigmoid(i), slopeOfSigmoid(f), slopeOfTanh(g), slopeOfSigmoid(o)], -1);
      const dZ = multiply(dGates, slopes);
      return {
        carry: {
          dH: atReal(step.real, matmul(dZ, transpose(weight)), dH),
          dC: atReal(step.real, multiply(total, f), dC),
        },
        output: atReal(step.real, dZ, 0),
      };
    },
    {
      initial: { dH: zero, dC: zero },
      inputs: {
        gates,
        c,
        previousC: previousStates(c, c0, reverse),
        ...present({ real, fromH, fromC, fromGates }),
      },
      reverse: !reverse,
    },
  );
  return [outputs, carry.dH, carry.dC];
}

/** PyTorch's GRU: the reset gate acts after the recurrent product (Cho et al. 2014, in cuDNN's form), which reads `recurrent`. */
export function gruStep(
  z: Tensor,
  weight: Tensor,
  bias: Tensor,
  before: Tensor,
  recurrent = before,
): { readonly h: Tensor; readonly gates: Tensor } {
  const [zr, zu, zn] = thirds(z);
  const [sr, su, q] = thirds(add(matmul(recurrent, weight), bias));
  const [r, u] = [sigmoid(add(zr, sr)), sigmoid(add(zu, su))];
  const n = tanh(add(zn, multiply(r, q)));
  return { h: add(multiply(subtract(1, u), n), multiply(u, before)), gates: concat([r, u, n, q], -1) };
}

/** What `gru` computes. */
export function gruSteps(inputs: readonly Tensor[], { reverse }: GruAttributes): Tensor[] {
  const [z, weight, bias, h0, mask] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor?];
  const { outputs } = scan(
    (before, { zt, real }) => {
      const next = gruStep(zt, weight, bias, before);
      const h = atReal(real, next.h, before);
      return { carry: h, output: [h, atReal(real, next.gates, 0)] };
    },
    { initial: h0, inputs: { zt: z, ...present({ real: mask }) }, reverse },
  );
  return [...outputs];
}

/** Back through time: what `gruGradient` computes. */
export function gruGradientSteps(inputs: readonly Tensor[], attributes: GruGradientAttributes): Tensor[] {
  const { reverse, masked, hasDH, hasDGates } = attributes;
  const [weight, h0, h, gates, ...rest] = inputs as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const [real, fromH, fromGates] = [masked, hasDH, hasDGates].map((each) =>
    each ? rest.shift() : undefined,
  );
  const { carry, outputs } = scan(
    (after, step) => {
      const [r, u, n, q] = quarters(step.gates);
      const direct = step.fromGates && quarters(step.fromGates);
      const dH = plus(after, step.fromH);
      const dU = plus(multiply(dH, subtract(step.previousH, n)), direct?.[1]);
      const dN = plus(multiply(dH, subtract(1, u)), direct?.[2]);
      const dPreN = multiply(dN, slopeOfTanh(n));
      const dR = plus(multiply(dPreN, q), direct?.[0]);
      const dQ = plus(multiply(dPreN, r), direct?.[3]);
      const [dPreR, dPreU] = [multiply(dR, slopeOfSigmoid(r)), multiply(dU, slopeOfSigmoid(u))];
      const dS = concat([dPreR, dPreU, dQ], -1);
      return {
        carry: atReal(step.real, add(multiply(dH, u), matmul(dS, transpose(weight))), dH),
        output: [atReal(step.real, concat([dPreR, dPreU, dPreN], -1), 0), atReal(step.real, dS, 0)],
      };
    },
    {
      initial: fill(0, h0.shape),
      inputs: { gates, previousH: previousStates(h, h0, reverse), ...present({ real, fromH, fromGates }) },
      reverse: !reverse,
    },
  );
  return [...outputs, carry];
}
