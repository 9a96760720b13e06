/** One step of LSTM, GRU and the plain RNN from a cell's weights: what their layers and their cells share. */
import { relu } from '../../ops/activations.ts';
import { add, multiply, sigmoid, subtract, tanh } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import { concat, narrow, split } from '../../ops/movement.ts';
import { layerNorm } from '../../ops/normalization.ts';
import { gruStep } from '../../ops/recurrent-composed.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Parameter } from '../../tensor/variable.ts';

/** The LSTM's state: of a cell [N, H], of a layer [layers·D, N, H]. */
export interface LstmState {
  /** The output after the last step. */
  readonly h: Tensor;
  /** The cell after the last step. */
  readonly c: Tensor;
}

/** The state of GRU and RNN: of a cell [N, H], of a layer [layers·D, N, H]. */
export interface HiddenState {
  /** The output after the last step. */
  readonly h: Tensor;
}

/**
 * The weights of one layer and direction, with the biases that PyTorch has. Where only the sum of the two biases matters,
 * Adam still moves a sum of two parameters twice as far as one, so both are kept and training follows PyTorch's.
 */
export interface CellWeights {
  /** [F, gates·H], F being the features that the layer reads. */
  readonly inputWeight: Parameter;
  /** [H, gates·H] */
  readonly recurrentWeight: Parameter;
  /** [gates·H], added to the input's part: b_ih. Undefined with `bias: false`. */
  readonly inputBias: Parameter | undefined;
  /** [gates·H], added to the recurrent part: b_hh. Undefined with `bias: false`. */
  readonly recurrentBias: Parameter | undefined;
}

/** The weights of an LSTM's layer and direction; what only a variant has is undefined without it. P is the width of h. */
export interface LstmWeights extends CellWeights {
  /** [3H], of the gates i, f, o: what they see of the cell. */
  readonly peepholeWeight?: Parameter | undefined;
  /** [H, P]: PyTorch's weight_hr, transposed. */
  readonly projectionWeight?: Parameter | undefined;
  /** [4H], of the normalized sums of the input; their shift is `inputBias`. */
  readonly inputScale?: Parameter | undefined;
  /** [4H], of the normalized recurrent sums; their shift is `recurrentBias`. */
  readonly recurrentScale?: Parameter | undefined;
  /** [H], of the normalized cell. */
  readonly cellScale?: Parameter | undefined;
  /** [H], of the normalized cell. Undefined with `bias: false`. */
  readonly cellShift?: Parameter | undefined;
}

/** The part of all gates that the input alone decides: […, F] → […, gates·H]. */
export function project(x: Tensor, weight: Tensor, ...biases: (Tensor | undefined)[]): Tensor {
  const present = biases.filter((bias) => bias !== undefined);
  const z = matmul(x, weight);
  return present.length === 0
    ? z
    : add(
        z,
        present.reduce((a, b) => add(a, b)),
      );
}

/** The recurrent bias of a GRU, which is inside the reset gate, or zeros. */
export function gruBias({ recurrentBias, recurrentWeight }: CellWeights): Tensor {
  return recurrentBias ?? fill(0, [recurrentWeight.shape[1]]);
}

/** Layer normalization with a scale; without one, x + shift. */
function normalized(x: Tensor, scale: Tensor | undefined, shift: Tensor | undefined): Tensor {
  if (scale) return layerNorm(x, { scale, ...(shift && { shift }) });
  return shift ? add(x, shift) : x;
}

/** The sums of all gates [N, gates·H]: what input and state give them. */
function sumsOf(weights: LstmWeights, h: Tensor, xt: Tensor): Tensor {
  const { inputWeight, recurrentWeight, inputBias, recurrentBias, inputScale, recurrentScale } = weights;
  const fromState = matmul(h, recurrentWeight);
  // Without normalization the biases leave the loop with the input.
  if (!inputScale) return add(project(xt, inputWeight, inputBias, recurrentBias), fromState);
  const fromInput = matmul(xt, inputWeight);
  return add(
    normalized(fromInput, inputScale, inputBias),
    normalized(fromState, recurrentScale, recurrentBias),
  );
}

/** The LSTM's state after xt [N, F], and its activated gates i, f, g, o side by side [N, 4H]. */
export function stepOfLstm(
  weights: LstmWeights,
  { h, c }: LstmState,
  xt: Tensor,
): { readonly state: LstmState; readonly gates: Tensor } {
  const { peepholeWeight, projectionWeight, cellScale, cellShift } = weights;
  const [zi, zf, zg, zo] = split(sumsOf(weights, h, xt), 4, -1) as [Tensor, Tensor, Tensor, Tensor];
  const [pi, pf, po] = peepholeWeight ? split(peepholeWeight, 3) : [];
  const gate = (z: Tensor, peephole: Tensor | undefined, cell: Tensor): Tensor =>
    sigmoid(peephole ? add(z, multiply(peephole, cell)) : z);
  const [i, f, g] = [gate(zi, pi, c), gate(zf, pf, c), tanh(zg)];
  const next = add(multiply(f, c), multiply(i, g));
  const o = gate(zo, po, next);
  const output = multiply(o, tanh(normalized(next, cellScale, cellShift)));
  return {
    state: { h: projectionWeight ? matmul(output, projectionWeight) : output, c: next },
    gates: concat([i, f, g, o], -1),
  };
}

/**
 * The GRU's state after xt [N, F], and its activated gates r, z, n side by side [N, 3H]. `recurrent` is h as the products read it:
 * what is kept of h is kept of all of it.
 */
export function stepOfGru(
  weights: CellWeights,
  { h }: HiddenState,
  xt: Tensor,
  resetAfter = true,
  recurrent = h,
): { readonly state: HiddenState; readonly gates: Tensor } {
  const { inputWeight, recurrentWeight, inputBias, recurrentBias } = weights;
  const [hidden, width] = recurrentWeight.shape as [number, number];
  if (resetAfter) {
    const next = gruStep(
      project(xt, inputWeight, inputBias),
      recurrentWeight,
      gruBias(weights),
      h,
      recurrent,
    );
    return { state: { h: next.h }, gates: narrow(next.gates, -1, 0, width) };
  }
  const z = project(xt, inputWeight, inputBias, recurrentBias);
  const part = (x: Tensor, from: number, to: number): Tensor => narrow(x, -1, from * hidden, to * hidden);
  const sums = add(part(z, 0, 2), matmul(recurrent, part(recurrentWeight, 0, 2)));
  const [r, u] = split(sigmoid(sums), 2, -1) as [Tensor, Tensor];
  const n = tanh(add(part(z, 2, 3), matmul(multiply(r, recurrent), part(recurrentWeight, 2, 3))));
  const next = add(multiply(subtract(1, u), n), multiply(u, h));
  return { state: { h: next }, gates: concat([r, u, n], -1) };
}

/** The plain RNN's state after xt [N, F]. */
export function stepOfRnn(
  weights: CellWeights,
  { h }: HiddenState,
  xt: Tensor,
  nonlinearity: 'tanh' | 'relu',
): HiddenState {
  const z = project(xt, weights.inputWeight, weights.inputBias, weights.recurrentBias);
  const sum = add(z, matmul(h, weights.recurrentWeight));
  return { h: nonlinearity === 'relu' ? relu(sum) : tanh(sum) };
}
