/** The recurrent layers: LSTM, GRU and the plain RNN. */
import { OptionError } from '../../errors.ts';
import { applyAll } from '../../ops/apply.ts';
import { add } from '../../ops/elementwise.ts';
import { concat, narrow } from '../../ops/movement.ts';
import { gruPrimitive, lstmPrimitive } from '../../ops/recurrent.ts';
import { gruSteps, lstmSteps } from '../../ops/recurrent-composed.ts';
import { requireBoolean, requireNumber, requireOneOf } from '../../options.ts';
import { requireBudget } from '../../tensor/budget.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { orthogonal } from '../initializers.ts';
import type { RecurrentInput, TensorsByName } from './recurrent-input.ts';
import {
  type CellPass,
  type CellRun,
  type CellStep,
  RecurrentLayer,
  type RecurrentOptions,
  stepOf,
} from './recurrent-layer.ts';
import {
  type CellWeights,
  gruBias,
  type HiddenState,
  type LstmState,
  project,
  stepOfGru,
  stepOfLstm,
  stepOfRnn,
} from './recurrent-steps.ts';

export type { CellWeights, HiddenState, LstmState } from './recurrent-steps.ts';

/** Options of LSTM, GRU and RNN. */
export interface GatedOptions extends RecurrentOptions {
  /** Whether biases are added. Default true. */
  readonly bias?: boolean;
  /** Recurrent weights: 'uniform' (default) in ±1/√hidden like the others (PyTorch), or 'orthogonal' per gate. */
  readonly recurrentInitializer?: 'uniform' | 'orthogonal';
}

/** What options of a layer add to those of every recurrent layer. */
type Own<Options extends RecurrentOptions> = Required<Omit<Options, keyof RecurrentOptions>>;

const gatedDefaults = { bias: true, recurrentInitializer: 'uniform' } satisfies GatedOptions;

/** Options of layers that have a fused kernel. */
export interface FusedOptions extends GatedOptions {
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

/** Options of `RNN`. */
export interface RnnOptions extends GatedOptions {
  /** What is applied to the sum: 'tanh' (default) or 'relu'. */
  readonly nonlinearity?: 'tanh' | 'relu';
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

/** A layer whose cell has gates side by side; an RNN has one. */
abstract class GatedLayer<
  State extends TensorsByName<State>,
  OwnOptions extends Own<GatedOptions>,
> extends RecurrentLayer<CellWeights, State, OwnOptions> {
  /** How many of them there are. It is asked for while the weights are drawn, so it is no field. */
  protected abstract get gates(): number;

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { bias, recurrentInitializer } = this.options;
    requireBoolean(where, 'bias', bias);
    requireOneOf(where, 'recurrentInitializer', recurrentInitializer, ['uniform', 'orthogonal']);
  }

  protected cellWeights(features: number): CellWeights {
    const { hidden, gates } = this;
    const { bias, recurrentInitializer } = this.options;
    const width = gates * hidden;
    // Orthogonal weights are drawn at once.
    requireBudget([hidden, width]);
    const square = (): Tensor => orthogonal()([hidden, hidden], { in: hidden, out: hidden });
    return {
      inputWeight: this.weight([features, width], 'inputWeight'),
      recurrentWeight:
        recurrentInitializer === 'orthogonal'
          ? new Parameter(concat(Array.from({ length: gates }, square), 1), 'recurrentWeight')
          : this.weight([hidden, width], 'recurrentWeight'),
      inputBias: bias ? this.weight([width], 'inputBias') : undefined,
      recurrentBias: bias ? this.weight([width], 'recurrentBias') : undefined,
    };
  }
}

/** The step of [N, T, F] that was read last, [N, F]. */
function lastRead(sequence: Tensor, reverse: boolean): Tensor {
  return stepOf(sequence, reverse ? 0 : sequence.shape[1] - 1);
}

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
export class LSTM extends GatedLayer<LstmState, Own<LstmOptions>> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h', 'c'] as const;

  /**
   * Long short-term memory: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, fused, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: LstmOptions = {}) {
    super(inputs, hidden, options, { ...gatedDefaults, fused: true, forgetBias: 0 });
  }

  override get kind(): string {
    return 'lstm';
  }

  protected override get gates(): number {
    return 4;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { fused, forgetBias, bias } = this.options;
    requireBoolean(where, 'fused', fused);
    requireNumber(where, 'forgetBias', forgetBias, 'a number');
    if (forgetBias === 0 || bias) return;
    throw new OptionError({
      where,
      got: `forgetBias ${forgetBias} with bias false`,
      expected: 'forgetBias only with bias',
      cure: 'Leave one of the two options out.',
    });
  }

  protected override cellWeights(features: number): CellWeights {
    const weights = super.cellWeights(features);
    const { forgetBias } = this.options;
    const { inputBias } = weights;
    if (!inputBias || forgetBias === 0) return weights;
    const size = this.hidden;
    const raised = concat([fill(0, [size]), fill(forgetBias, [size]), fill(0, [2 * size])]);
    return { ...weights, inputBias: new Parameter(add(inputBias.initial!, raised), 'inputBias') };
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
  override run(input: RecurrentInput<LstmState>): LstmState & LstmSteps {
    return this.inside(() => {
      const { output, state, details } = this.runLayers(input);
      const [cells, gates] = details as [Tensor, Tensor];
      return { output, ...state, cells, gates };
    });
  }

  protected step(weights: CellWeights, state: LstmState, xt: Tensor): CellStep<LstmState> {
    return { state: stepOfLstm(weights, state, xt) };
  }

  protected override runCell(pass: CellPass<CellWeights, LstmState>): CellRun<LstmState> {
    const { weights, x, state, mask, reverse } = pass;
    const z = project(x, weights.inputWeight, weights.inputBias, weights.recurrentBias);
    const inputs = [z, weights.recurrentWeight, state.h, state.c, ...(mask ? [mask] : [])];
    const attributes = { reverse, masked: mask !== undefined };
    const [h, c, gates] = this.options.fused
      ? applyAll(lstmPrimitive, inputs, attributes)
      : lstmSteps(inputs, attributes);
    return { outputs: h, state: { h: lastRead(h, reverse), c: lastRead(c, reverse) }, details: [c, gates] };
  }
}

/**
 * Gated recurrent unit (Cho et al. 2014), in PyTorch's form: the reset gate acts after the recurrent product. Takes
 * and gives what LSTM does, with one state.
 *
 * Parameters per cell: `inputWeight` [F, 3H], `recurrentWeight` [H, 3H], `inputBias`, `recurrentBias` [3H], gates in
 * the order r, z, n. The candidate's recurrent bias is inside the reset gate.
 *
 * @throws as LSTM.
 */
export class GRU extends GatedLayer<HiddenState, Own<FusedOptions>> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h'] as const;

  /**
   * Gated recurrent unit: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, fused, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: FusedOptions = {}) {
    super(inputs, hidden, options, { ...gatedDefaults, fused: true });
  }

  override get kind(): string {
    return 'gru';
  }

  protected override get gates(): number {
    return 3;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    requireBoolean(where, 'fused', this.options.fused);
  }

  /**
   * All that comes out: output and gates at every step of the last layer, and the final states of all layers and
   * directions.
   */
  override run(input: RecurrentInput<HiddenState>): HiddenState & GruSteps {
    return this.inside(() => {
      const { output, state, details } = this.runLayers(input);
      const [gates] = details as [Tensor];
      return { output, ...state, gates };
    });
  }

  protected step(weights: CellWeights, state: HiddenState, xt: Tensor): CellStep<HiddenState> {
    return { state: stepOfGru(weights, state, xt) };
  }

  protected override runCell(pass: CellPass<CellWeights, HiddenState>): CellRun<HiddenState> {
    const { weights, x, state, mask, reverse } = pass;
    const z = project(x, weights.inputWeight, weights.inputBias);
    const inputs = [z, weights.recurrentWeight, gruBias(weights), state.h, ...(mask ? [mask] : [])];
    const attributes = { reverse, masked: mask !== undefined };
    const [h, gates] = this.options.fused
      ? applyAll(gruPrimitive, inputs, attributes)
      : gruSteps(inputs, attributes);
    // A fourth part of the gates is there for the gradient alone.
    const details = [narrow(gates, -1, 0, 3 * this.hidden)];
    return { outputs: h, state: { h: lastRead(h, reverse) }, details };
  }
}

/**
 * The plain recurrent network (Elman 1990): h_t = tanh(x_t·inputWeight + h_{t-1}·recurrentWeight + biases), or relu in the
 * place of tanh. Takes and gives what LSTM does, with one state.
 *
 * Parameters per cell: `inputWeight` [F, H], `recurrentWeight` [H, H], `inputBias`, `recurrentBias` [H].
 *
 * @throws as LSTM.
 */
export class RNN extends GatedLayer<HiddenState, Own<RnnOptions>> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h'] as const;

  /**
   * Plain recurrent network: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, tanh, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: RnnOptions = {}) {
    super(inputs, hidden, options, { ...gatedDefaults, nonlinearity: 'tanh' });
  }

  override get kind(): string {
    return 'rnn';
  }

  protected override get gates(): number {
    return 1;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    requireOneOf(where, 'nonlinearity', this.options.nonlinearity, ['tanh', 'relu']);
  }

  protected step(weights: CellWeights, state: HiddenState, xt: Tensor): CellStep<HiddenState> {
    return { state: stepOfRnn(weights, state, xt, this.options.nonlinearity) };
  }
}
