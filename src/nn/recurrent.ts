/** The recurrent layers: LSTM, GRU and the plain tanh RNN. */
import { OptionError } from '../errors.ts';
import { applyAll } from '../ops/apply.ts';
import { reshape } from '../ops/broadcast.ts';
import { add, tanh, where } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { concat, narrow, stack } from '../ops/movement.ts';
import { gruPrimitive, lstmPrimitive } from '../ops/recurrent.ts';
import { gruSteps, lstmSteps } from '../ops/recurrent-composed.ts';
import { requireBoolean, requireNumber } from '../options.ts';
import { requireBudget } from '../tensor/budget.ts';
import { fill } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Parameter } from '../tensor/variable.ts';
import { orthogonal, uniform } from './initializers.ts';
import type { JsonValue } from './layer.ts';
import {
  type CellPass,
  type CellWeights,
  type RecurrentInput,
  RecurrentLayer,
  type RecurrentOptions,
  stepOf,
} from './recurrent-layer.ts';

/** [rows, gates·H]: uniform in ±1/√H. */
function uniformWeight(name: string, shape: readonly number[], hidden: number): Parameter {
  return new Parameter(uniform(1 / Math.sqrt(hidden))(shape, { in: hidden, out: hidden }), name);
}

/** The input and recurrent weights of a cell of `gates` gates. */
function cellWeights(
  features: number,
  hidden: number,
  gates: number,
  recurrentInitializer: 'uniform' | 'orthogonal',
): CellWeights {
  // Orthogonal weights are drawn at once.
  requireBudget([hidden, gates * hidden]);
  const square = () => orthogonal()([hidden, hidden], { in: hidden, out: hidden });
  return {
    inputWeight: uniformWeight('inputWeight', [features, gates * hidden], hidden),
    recurrentWeight:
      recurrentInitializer === 'orthogonal'
        ? new Parameter(concat(Array.from({ length: gates }, square), 1), 'recurrentWeight')
        : uniformWeight('recurrentWeight', [hidden, gates * hidden], hidden),
  };
}

/** The two biases of a cell of `gates` gates, each [gates·H], or none. */
function cellBiases(gates: number, hidden: number, wanted: boolean): CellBiases {
  const bias = (name: string) => (wanted ? uniformWeight(name, [gates * hidden], hidden) : undefined);
  return { inputBias: bias('inputBias'), recurrentBias: bias('recurrentBias') };
}

/** The part of all gates that the input alone decides, for all steps in one matrix product: [N, T, gates·H]. */
function project(x: Tensor, weight: Tensor, ...biases: (Tensor | undefined)[]): Tensor {
  const present = biases.filter((bias) => bias !== undefined);
  const z = matmul(x, weight);
  return present.length === 0
    ? z
    : add(
        z,
        present.reduce((a, b) => add(a, b)),
      );
}

function withMask(inputs: readonly Tensor[], mask: Tensor | undefined): readonly Tensor[] {
  return mask ? [...inputs, mask] : inputs;
}

/** Options of layers that have a fused kernel. */
export interface FusedOptions extends RecurrentOptions {
  /** Whether the sequence runs in one kernel (default), or step by step from plain operations, for study and tests. */
  readonly fused?: boolean;
}

/** Options of `LSTM`. */
export interface LstmOptions extends FusedOptions {
  /**
   * Added to the initial bias of the forget gate. Default 0, as in PyTorch; 1 is often better, since the cell then
   * remembers by default (Jozefowicz, Zaremba & Sutskever 2015).
   */
  readonly forgetBias?: number;
}

/** What the last layer of an LSTM computed at every step; with two directions the features of both are joined. */
export interface LstmSteps {
  /** [N, T, D·H], 0 at padding. */
  readonly output: Tensor;
  /** The cell after each step [N, T, D·H], 0 at padding. */
  readonly cells: Tensor;
  /** The activated gates i, f, g, o side by side [N, T, D·4H], 0 at padding; a direction's four are together. */
  readonly gates: Tensor;
}

/** What the last layer of a GRU computed at every step; with two directions the features of both are joined. */
export interface GruSteps {
  /** [N, T, D·H], 0 at padding. */
  readonly output: Tensor;
  /** The activated gates r, z, n side by side [N, T, D·3H], 0 at padding; a direction's three are together. */
  readonly gates: Tensor;
}

/** The LSTM's state: output h and cell c, each [layers·D, N, H]. */
export interface LstmState {
  /** The output after the last step. */
  readonly h: Tensor;
  /** The cell after the last step. */
  readonly c: Tensor;
}

/** The state of GRU and RNN: [layers·D, N, H]. */
export interface HiddenState {
  /** The output after the last step. */
  readonly h: Tensor;
}

/** The two biases of a cell, as PyTorch has them; without biases there are none. */
export interface CellBiases {
  /** [gates·H], added to the input's part: b_ih. */
  readonly inputBias: Parameter | undefined;
  /** [gates·H], added to the recurrent part: b_hh. */
  readonly recurrentBias: Parameter | undefined;
}

/**
 * The weights of one layer and direction of an LSTM. Only the sum of the two biases matters, but Adam moves a sum of
 * two parameters twice as far as one, so both are kept and training follows PyTorch's.
 */
export interface LstmWeights extends CellWeights, CellBiases {}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000). `call` takes x [N, T, inputs], or
 * `{ x, lengths, mask, initialState }`, and gives the final output [N, D·hidden], or with `output: 'sequence'` every
 * step [N, T, D·hidden]; `run` gives everything.
 *
 * Parameters per cell, `cells.0` to `cells.(layers·D-1)`: `inputWeight` [F, 4H], `recurrentWeight` [H, 4H], `inputBias`
 * and `recurrentBias` [4H], gates in the order i, f, g, o: PyTorch's weight_ih, weight_hh (transposed), bias_ih, bias_hh.
 *
 * @throws OptionError for options out of range; ShapeError for a sequence, mask or state that does not fit.
 */
export class LSTM extends RecurrentLayer<LstmWeights, LstmState> {
  /** Whether the sequence runs in one kernel. */
  readonly fused: boolean;
  /** What was added to the initial bias of the forget gate. */
  readonly forgetBias: number;
  protected readonly stateNames = ['h', 'c'] as const;

  /**
   * Draws the weights of every layer and direction. `inputs` is F of x [N, T, F].
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: LstmOptions = {}) {
    super('LSTM', inputs, hidden, options, ['fused', 'forgetBias'], (features, size, settings) => {
      const weights = cellWeights(features, size, 4, settings.recurrentInitializer);
      const { forgetBias = 0 } = options;
      requireNumber('LSTM', 'forgetBias', forgetBias, 'a number');
      const { inputBias, recurrentBias } = cellBiases(4, size, settings.bias);
      if (!inputBias || forgetBias === 0) return { ...weights, inputBias, recurrentBias };
      const raised = concat([fill(0, [size]), fill(forgetBias, [size]), fill(0, [2 * size])]);
      return {
        ...weights,
        inputBias: new Parameter(add(inputBias.initial!, raised), 'inputBias'),
        recurrentBias,
      };
    });
    const { fused = true, forgetBias = 0 } = options;
    this.fused = requireBoolean('LSTM', 'fused', fused);
    this.forgetBias = forgetBias;
    if (forgetBias !== 0 && !this.options.bias) {
      throw new OptionError({
        where: 'LSTM',
        got: `forgetBias ${forgetBias} with bias false`,
        expected: 'forgetBias only with bias',
        cure: 'Leave one of the two options out.',
      });
    }
  }

  override get kind(): string {
    return 'lstm';
  }

  override config(): readonly JsonValue[] {
    const { inputs, hidden, options, fused, forgetBias } = this;
    return [inputs, hidden, { ...options, fused, forgetBias }];
  }

  /**
   * All that comes out: output, cell and gates at every step of the last layer, and the final states of all layers and
   * directions.
   *
   * ```ts
   * const lstm = new LSTM(28, 64);
   * const { gates } = lstm.run({ x: randn([1, 10, 28]) });
   * const [input, forget, candidate, out] = gates.split(4, -1);
   * await forget.mean([0, 2]).array(); // how much of the cell each step keeps
   * ```
   */
  run(input: RecurrentInput<LstmState>): LstmState & LstmSteps {
    return this.inside(() => {
      const { steps, states } = this.runLayers(input);
      const [output, cells, gates] = steps as [Tensor, Tensor, Tensor];
      return { output, h: states[0], c: states[1], cells, gates };
    });
  }

  protected runCell({ weights, x, states, mask, reverse }: CellPass<LstmWeights>): readonly Tensor[] {
    const z = project(x, weights.inputWeight, weights.inputBias, weights.recurrentBias);
    const inputs = withMask([z, weights.recurrentWeight, ...states], mask);
    const attributes = { reverse, masked: mask !== undefined };
    return this.fused ? applyAll(lstmPrimitive, inputs, attributes) : lstmSteps(inputs, attributes);
  }
}

/**
 * The weights of one layer and direction of a GRU. The candidate's recurrent bias is inside the reset gate, so the two
 * biases cannot be one.
 */
export interface GruWeights extends CellWeights, CellBiases {}

/**
 * Gated recurrent unit (Cho et al. 2014), in PyTorch's form: the reset gate acts after the recurrent product. Takes
 * and gives what LSTM does, with one state.
 *
 * Parameters per cell: `inputWeight` [F, 3H], `recurrentWeight` [H, 3H], `inputBias`, `recurrentBias` [3H], gates in
 * the order r, z, n.
 *
 * @throws as LSTM.
 */
export class GRU extends RecurrentLayer<GruWeights, HiddenState> {
  /** Whether the sequence runs in one kernel. */
  readonly fused: boolean;
  protected readonly stateNames = ['h'] as const;

  /**
   * Draws the weights of every layer and direction. `inputs` is F of x [N, T, F].
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: FusedOptions = {}) {
    super('GRU', inputs, hidden, options, ['fused'], (features, size, settings) => {
      const weights = cellWeights(features, size, 3, settings.recurrentInitializer);
      return { ...weights, ...cellBiases(3, size, settings.bias) };
    });
    this.fused = requireBoolean('GRU', 'fused', options.fused ?? true);
  }

  override get kind(): string {
    return 'gru';
  }

  override config(): readonly JsonValue[] {
    return [this.inputs, this.hidden, { ...this.options, fused: this.fused }];
  }

  /**
   * All that comes out: output and gates at every step of the last layer, and the final states of all layers and
   * directions.
   */
  run(input: RecurrentInput<HiddenState>): HiddenState & GruSteps {
    return this.inside(() => {
      const { steps, states } = this.runLayers(input);
      const [output, gates] = steps as [Tensor, Tensor];
      return { output, h: states[0], gates };
    });
  }

  protected runCell({ weights, x, states, mask, reverse }: CellPass<GruWeights>): readonly Tensor[] {
    const z = project(x, weights.inputWeight, weights.inputBias);
    const bias = weights.recurrentBias ?? fill(0, [3 * this.hidden]);
    const inputs = withMask([z, weights.recurrentWeight, bias, ...states], mask);
    const attributes = { reverse, masked: mask !== undefined };
    const outputs = this.fused ? applyAll(gruPrimitive, inputs, attributes) : gruSteps(inputs, attributes);
    // A fourth part of the gates is there for the gradient alone.
    return [outputs[0], narrow(outputs[1], -1, 0, 3 * this.hidden)];
  }
}

/** The weights of one layer and direction of an RNN; two biases for the reason the LSTM has two. */
export interface RnnWeights extends CellWeights, CellBiases {}

/**
 * The plain recurrent network (Elman 1990): h_t = tanh(x_t·inputWeight + h_{t-1}·recurrentWeight + biases), step by
 * step. Takes and gives what LSTM does, with one state.
 *
 * Parameters per cell: `inputWeight` [F, H], `recurrentWeight` [H, H], `inputBias`, `recurrentBias` [H].
 *
 * @throws as LSTM.
 */
export class RNN extends RecurrentLayer<RnnWeights, HiddenState> {
  protected readonly stateNames = ['h'] as const;

  /**
   * Draws the weights of every layer and direction. `inputs` is F of x [N, T, F].
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super('RNN', inputs, hidden, options, [], (features, size, settings) => ({
      ...cellWeights(features, size, 1, settings.recurrentInitializer),
      ...cellBiases(1, size, settings.bias),
    }));
  }

  override get kind(): string {
    return 'rnn';
  }

  /** All that comes out: every step of the last layer, and the final states of all layers and directions. */
  run(input: RecurrentInput<HiddenState>): HiddenState & { readonly output: Tensor } {
    return this.inside(() => {
      const { steps, states } = this.runLayers(input);
      return { output: steps[0], h: states[0] };
    });
  }

  protected runCell({ weights, x, states, mask, reverse }: CellPass<RnnWeights>): readonly Tensor[] {
    const z = project(x, weights.inputWeight, weights.inputBias, weights.recurrentBias);
    const [n, steps] = z.shape as [number, number];
    const outputs: Tensor[] = [];
    let h = states[0];
    for (let position = 0; position < steps; position++) {
      const t = reverse ? steps - 1 - position : position;
      const next = tanh(add(stepOf(z, t), matmul(h, weights.recurrentWeight)));
      h = mask ? where(reshape(narrow(mask, 1, t, t + 1), [n, 1]), next, h) : next;
      outputs[t] = h;
    }
    return [stack(outputs, 1)];
  }
}
