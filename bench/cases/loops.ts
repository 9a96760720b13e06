/** Recurrent cells written with `scan`, as a user would: beside the LSTM's kernel, and over lengths that grow. */
import {
  add,
  Dense,
  Module,
  matmul,
  multiply,
  Parameter,
  rand,
  Sequential,
  scan,
  sigmoid,
  split,
  type Tensor,
  tanh,
  zeros,
} from '../../src/index.ts';
import { type Case, matmulFlops, recurrentFlops, trainingFlops } from './case.ts';
import { examples, labels } from './data.ts';
import { trainingStep } from './training.ts';

/** What a cell computes of one step: its input part, the gates before their activation [N, gates·H], and its states. */
type Cell = (gates: Tensor, states: readonly Tensor[]) => readonly Tensor[];

const lstmCell: Cell = (gates, [, c]) => {
  const [i, f, g, o] = split(gates, 4, -1);
  const next = add(multiply(sigmoid(f), c), multiply(sigmoid(i), tanh(g)));
  return [multiply(sigmoid(o), tanh(next)), next];
};

const tanhCell: Cell = (gates) => [tanh(gates)];

/** A recurrent layer as a loop over a cell; the first state of the last step goes on. */
class ScannedCell extends Module<Tensor, Tensor> {
  readonly inputWeight: Parameter;
  readonly recurrentWeight: Parameter;
  readonly bias: Parameter;
  readonly #cell: Cell;
  readonly #states: number;
  readonly #hidden: number;
  readonly #recompute: number | undefined;

  constructor(
    cell: Cell,
    features: number,
    hidden: number,
    gates: number,
    states: number,
    recompute?: number,
  ) {
    super();
    const weight = (rows: number) =>
      new Parameter(
        rand([rows, gates * hidden])
          .sub(0.5)
          .mul(2 / Math.sqrt(hidden)),
      );
    this.inputWeight = weight(features);
    this.recurrentWeight = weight(hidden);
    this.bias = new Parameter(zeros([gates * hidden]));
    this.#cell = cell;
    this.#states = states;
    this.#hidden = hidden;
    this.#recompute = recompute;
  }

  forward(x: Tensor): Tensor {
    const initial = Array.from({ length: this.#states }, () => zeros([x.shape[0], this.#hidden]));
    const recompute = this.#recompute === undefined ? {} : { recompute: this.#recompute };
    const { carry } = scan(
      (states, xt) => {
        const input = add(matmul(xt, this.inputWeight), this.bias);
        return { carry: this.#cell(add(input, matmul(states[0], this.recurrentWeight)), states) };
      },
      { initial, inputs: x, ...recompute },
    );
    return carry[0];
  }
}

/** A training step of [batch, steps, 28] → the cell, 128 units → dense 10. */
function loopCase(
  name: string,
  cell: Cell,
  sizes: { batch: number; steps: number; gates: number; states: number; recompute?: number },
): Case {
  const { batch, steps, gates, states, recompute } = sizes;
  const [features, hidden] = [28, 128];
  const { input, recurrent } = recurrentFlops(batch, steps, features, hidden, gates);
  return {
    name,
    suite: 'layers',
    flops: trainingFlops(input + recurrent + matmulFlops(batch, hidden, 10), input),
    make: () => {
      const scanned = new ScannedCell(cell, features, hidden, gates, states, recompute);
      const model = new Sequential({ scanned, head: new Dense(hidden, 10) });
      return trainingStep(model, examples([batch, steps, features]), labels(batch, 10));
    },
  };
}

const lstm = { gates: 4, states: 2 };

/** Compare the first with lstm-train-b128-t28-h128, and the lengths with each other. */
export const loopCases: readonly Case[] = [
  loopCase('scan-lstm-train-b128-t28-h128', lstmCell, { batch: 128, steps: 28, ...lstm }),
  loopCase('scan-rnn-train-b128-t28-h128', tanhCell, { batch: 128, steps: 28, gates: 1, states: 1 }),
  loopCase('scan-lstm-train-b32-t28-h128', lstmCell, { batch: 32, steps: 28, ...lstm }),
  loopCase('scan-lstm-train-b32-t112-h128', lstmCell, { batch: 32, steps: 112, ...lstm }),
  loopCase('scan-lstm-train-b32-t784-h128', lstmCell, { batch: 32, steps: 784, ...lstm }),
  loopCase('scan-lstm-train-b32-t784-h128-recompute', lstmCell, {
    batch: 32,
    steps: 784,
    ...lstm,
    recompute: 28,
  }),
];
