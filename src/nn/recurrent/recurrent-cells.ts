/** Recurrent cells: one step of LSTM, GRU and the plain RNN, for loops of one's own. Whole sequences are the layers' work. */
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asOne } from '../../tensor/exposure.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Shape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { requireAxes } from '../checks.ts';
import { uniform } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import type { TensorsByName } from './recurrent-input.ts';
import { type HiddenState, type LstmState, stepOfGru, stepOfLstm, stepOfRnn } from './recurrent-steps.ts';

/** What a cell is given for a step. */
export interface CellInput<State> {
  /** [N, F] */
  readonly x: Tensor;
  /** The state after the step before, each [N, H]. Default zeros. */
  readonly state?: State;
}

/** Options of `LSTMCell` and `GRUCell`. */
export interface CellOptions {
  /** Whether biases are added. Default true. */
  readonly bias?: boolean;
}

/** Options of `RNNCell`. */
export interface RnnCellOptions extends CellOptions {
  /** What is applied to the sum: 'tanh' (default) or 'relu'. */
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** A cell with weights as those of one layer and direction: `gates` parts side by side, uniform in ±1/√hidden. */
abstract class GatedCell<State extends TensorsByName<State> & HiddenState> extends Layer<
  Tensor | CellInput<State>,
  Tensor
> {
  /** Features of the step's input. */
  readonly inputs: number;
  /** Features of each state. */
  readonly hidden: number;
  /** [F, gates·H] */
  readonly inputWeight: Parameter;
  /** [H, gates·H] */
  readonly recurrentWeight: Parameter;
  /** [gates·H]; undefined with `bias: false`. */
  readonly inputBias: Parameter | undefined;
  /** [gates·H]; undefined with `bias: false`. */
  readonly recurrentBias: Parameter | undefined;
  readonly #stateNames: readonly (keyof State & string)[];

  constructor(
    inputs: number,
    hidden: number,
    { bias = true }: CellOptions,
    gates: number,
    stateNames: readonly (keyof State & string)[],
  ) {
    super();
    const where = new.target.name;
    requireBoolean(where, 'bias', bias);
    this.inputs = requireNumber(where, 'inputs', inputs, 'a whole number of at least 1');
    this.hidden = requireNumber(where, 'hidden', hidden, 'a whole number of at least 1');
    const width = gates * hidden;
    const draw = (name: string, shape: Shape) =>
      new Parameter(uniform(1 / Math.sqrt(hidden))(shape, { in: hidden, out: hidden }), name);
    this.inputWeight = draw('inputWeight', [inputs, width]);
    this.recurrentWeight = draw('recurrentWeight', [hidden, width]);
    this.inputBias = bias ? draw('inputBias', [width]) : undefined;
    this.recurrentBias = bias ? draw('recurrentBias', [width]) : undefined;
    this.#stateNames = stateNames;
  }

  /** The state after a step. */
  protected abstract next(state: State, x: Tensor): State;

  config(): readonly JsonValue[] {
    return [this.inputs, this.hidden, { bias: this.inputBias !== undefined }];
  }

  forward(input: Tensor | CellInput<State>): Tensor {
    return asOne(() => this.#step(input instanceof Tensor ? { x: input } : input)).h;
  }

  /** The state after the step: what `{ x, state }` of the next one takes. `call` gives its `h` alone. */
  run(input: CellInput<State>): State {
    return this.inside(() => asOne(() => this.#step(input)), input);
  }

  #step(input: CellInput<State>): State {
    requireKnownOptions(this.describe(), input, ['x', 'state']);
    const { x, state } = input;
    requireAxes(
      this,
      x,
      ['N', ['F', this.inputs]],
      'A cell takes one step: of a sequence x, x.slice(null, t).',
    );
    const axes = [
      ['N', x.shape[0]],
      ['H', this.hidden],
    ] as const;
    if (state !== undefined) requireKnownOptions(`${this.describe()} state`, state, this.#stateNames);
    const entries = this.#stateNames.map((name) => {
      if (state === undefined) return [name, fill(0, [x.shape[0], this.hidden])];
      const named = { describe: () => `${this.describe()} state.${name}` };
      requireAxes(named, state[name], axes, 'Give the state that run() of such a cell returns.');
      return [name, state[name]];
    });
    return this.next(Object.fromEntries(entries), x);
  }
}

/**
 * One step of an `LSTM`: x [N, inputs] → h [N, hidden]; `run` takes and gives the state `{ h, c }`, each [N, hidden].
 *
 * ```ts
 * const cell = new LSTMCell(3, 8);
 * let state = cell.run({ x: ones([2, 3]) });
 * state = cell.run({ x: zeros([2, 3]), state });
 * ```
 *
 * Parameters: `inputWeight` [inputs, 4·hidden], `recurrentWeight` [hidden, 4·hidden], `inputBias`, `recurrentBias`
 * [4·hidden], gates in the order i, f, g, o: PyTorch's weight_ih, weight_hh (transposed), bias_ih, bias_hh.
 *
 * @throws OptionError for options out of range; ShapeError for an input or state that does not fit.
 */
export class LSTMCell extends GatedCell<LstmState> {
  static readonly ofLibrary = true;

  /**
   * One step of an LSTM: x [N, inputs] and the state `{ h, c }` of [N, hidden] give the next state. Default: bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: CellOptions = {}) {
    requireKnownOptions('LSTMCell', options, ['bias']);
    super(inputs, hidden, options, 4, ['h', 'c']);
  }

  override get kind(): string {
    return 'lstmCell';
  }

  protected next(state: LstmState, x: Tensor): LstmState {
    return stepOfLstm(this, state, x).state;
  }
}

/**
 * One step of a `GRU`: x [N, inputs] → h [N, hidden]; `run` takes and gives the state `{ h }`. Parameters as those of
 * `LSTMCell`, 3·hidden wide, in the order r, z, n.
 *
 * @throws as `LSTMCell`.
 */
export class GRUCell extends GatedCell<HiddenState> {
  static readonly ofLibrary = true;

  /**
   * One step of a GRU: x [N, inputs] and the state `{ h }` of [N, hidden] give the next state. Default: bias.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: CellOptions = {}) {
    requireKnownOptions('GRUCell', options, ['bias']);
    super(inputs, hidden, options, 3, ['h']);
  }

  override get kind(): string {
    return 'gruCell';
  }

  protected next(state: HiddenState, x: Tensor): HiddenState {
    return stepOfGru(this, state, x).state;
  }
}

/**
 * One step of a plain `RNN`: x [N, inputs] → h [N, hidden]; `run` takes and gives the state `{ h }`. Parameters as those of
 * `LSTMCell`, hidden wide.
 *
 * @throws as `LSTMCell`.
 */
export class RNNCell extends GatedCell<HiddenState> {
  static readonly ofLibrary = true;

  /** What is applied to the sum. */
  readonly nonlinearity: 'tanh' | 'relu';

  /**
   * One step of a plain RNN: x [N, inputs] and the state `{ h }` of [N, hidden] give the next state. Defaults: bias, tanh.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: RnnCellOptions = {}) {
    requireKnownOptions('RNNCell', options, ['bias', 'nonlinearity']);
    const { nonlinearity = 'tanh' } = options;
    requireOneOf('RNNCell', 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    super(inputs, hidden, options, 1, ['h']);
    this.nonlinearity = nonlinearity;
  }

  override get kind(): string {
    return 'rnnCell';
  }

  override config(): readonly JsonValue[] {
    return [
      this.inputs,
      this.hidden,
      { bias: this.inputBias !== undefined, nonlinearity: this.nonlinearity },
    ];
  }

  protected next(state: HiddenState, x: Tensor): HiddenState {
    return stepOfRnn(this, state, x, this.nonlinearity);
  }
}
