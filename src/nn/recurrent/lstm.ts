/** Long short-term memory over sequences. */
import { OptionError } from '../../errors.ts';
import { applyAll } from '../../ops/apply.ts';
import { add } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { lstmPrimitive } from '../../ops/recurrent.ts';
import { lstmSteps } from '../../ops/recurrent-composed.ts';
import { requireBoolean, requireNumber } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { type FusedOptions, GatedLayer, gatedDefaults, lastRead, type Own } from './gated-layer.ts';
import type { RecurrentInput } from './recurrent-input.ts';
import type { CellPass, CellRun, CellStep } from './recurrent-layer.ts';
import { type CellWeights, type LstmState, project, stepOfLstm } from './recurrent-steps.ts';

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
