/** One step of LSTM, GRU and the plain RNN from a cell's weights: what their layers and their cells share. */
import { relu } from '../../ops/activations.ts';
import { add, tanh } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import { gruStep, lstmStep } from '../../ops/recurrent-composed.ts';
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

/** The LSTM's state after xt [N, F]. */
export function stepOfLstm(weights: CellWeights, state: LstmState, xt: Tensor): LstmState {
  const z = project(xt, weights.inputWeight, weights.inputBias, weights.recurrentBias);
  const { h, c } = lstmStep(z, weights.recurrentWeight, state);
  return { h, c };
}

/** The GRU's state after xt [N, F]. */
export function stepOfGru(weights: CellWeights, { h }: HiddenState, xt: Tensor): HiddenState {
  const z = project(xt, weights.inputWeight, weights.inputBias);
  return { h: gruStep(z, weights.recurrentWeight, gruBias(weights), h).h };
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
