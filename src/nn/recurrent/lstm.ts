/** Long short-term memory over sequences. */
import { OptionError } from '../../errors.ts';
import { applyAll } from '../../ops/apply.ts';
import { add, negate } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { lstmPrimitive } from '../../ops/recurrent.ts';
import { lstmSteps } from '../../ops/recurrent-composed.ts';
import { requireBoolean, requireNumber } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import type { CellPass, CellRun, CellStep } from './cell-pass.ts';
import {
  checkChrono,
  chronoBias,
  type FusedOptions,
  GatedLayer,
  gatedDefaults,
  refuseTogether,
} from './gated-layer.ts';
import type { RecurrentInput } from './recurrent-input.ts';
import type { Own } from './recurrent-options.ts';
import {
  type CellWeights,
  type LstmState,
  type LstmWeights,
  project,
  stepOfLstm,
} from './recurrent-steps.ts';
import { lastRead } from './sequence-steps.ts';

/** Options of `LSTM`. */
export interface LstmOptions extends FusedOptions {
  /**
   * Added to the initial bias of the forget gate. Default 0, as in PyTorch; 1 is often better, since the cell then
   * remembers by default (Jozefowicz, Zaremba & Sutskever 2015).
   */
  readonly forgetBias?: number;
  /**
   * Whether gates see the cell (Gers & Schmidhuber 2000), each unit its own: i and f the cell before the step, o the one
   * after it. Default false.
   */
  readonly peepholes?: boolean;
  /**
   * Whether the sums of the input, the recurrent sums (each over its 4H values) and the cell before the output are
   * normalized, as in Ba, Kiros & Hinton 2016. The biases are the shifts of the sums: the paper's third bias, which adds
   * to them, is left out. Default false.
   */
  readonly layerNorm?: boolean;
  /**
   * Features of h, fewer than `hidden`: o⊙tanh(c) times a matrix [H, P] (Sak, Senior & Beaufays 2014; PyTorch's
   * `proj_size`). The output of a direction then has P features. Default 0: no projection.
   */
  readonly projection?: number;
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
 * Its variants have further ones, and each runs step by step:
 *
 * - `peepholes`: `peepholeWeight` [3H], for i, f, o: i and f = σ(… + p⊙c), o = σ(… + p⊙c_new).
 * - `layerNorm`: `inputScale`, `recurrentScale` [4H], `cellScale`, `cellShift` [H]. The sums of the gates are
 *   LN(x·inputWeight)⊙inputScale + inputBias + LN(h·recurrentWeight)⊙recurrentScale + recurrentBias, and
 *   h = o⊙tanh(LN(c)⊙cellScale + cellShift); the cell that goes on is not normalized.
 * - `projection`: `projectionWeight` [H, P], h = (o⊙tanh(c))·projectionWeight; `recurrentWeight` is [P, 4H], and P stands
 *   for H in the output and in the state h.
 *
 * @throws OptionError for options out of range; ShapeError for a sequence, mask or state that does not fit.
 */
export class LSTM extends GatedLayer<LstmState, Own<LstmOptions>, LstmWeights> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h', 'c'] as const;

  /**
   * Long short-term memory: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, fused, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: LstmOptions = {}) {
    const variants = { forgetBias: 0, chrono: 0, peepholes: false, layerNorm: false, projection: 0 };
    super(inputs, hidden, options, { ...gatedDefaults, fused: !isVariant(options ?? {}), ...variants });
  }

  override get kind(): string {
    return 'lstm';
  }

  protected override get gates(): number {
    return 4;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { fused, forgetBias, chrono, bias, peepholes, layerNorm, projection } = this.options;
    for (const [name, value] of Object.entries({ fused, peepholes, layerNorm })) {
      requireBoolean(where, name, value);
    }
    requireNumber(where, 'forgetBias', forgetBias, 'a number');
    requireNumber(where, 'projection', projection, 'a whole number of at least 0');
    checkChrono(where, chrono, bias);
    if (projection >= this.hidden) {
      throw new OptionError({
        where,
        got: `projection ${projection} with hidden ${this.hidden}`,
        expected: 'a projection to fewer features than hidden',
        cure: 'Project to fewer, or leave projection out.',
      });
    }
    refuseTogether(where, [
      [forgetBias !== 0 && !bias, `forgetBias ${forgetBias} with bias false`, 'forgetBias only with bias'],
      [
        forgetBias !== 0 && chrono > 0,
        `forgetBias ${forgetBias} with chrono ${chrono}`,
        'one of them: both are about the bias of the forget gate',
      ],
      [
        fused && isVariant(this.options),
        'fused with peepholes, layerNorm, projection or zoneout',
        'fused only without them: they have no kernel',
      ],
    ]);
  }

  override get outputs(): number {
    return this.options.projection || this.hidden;
  }

  protected override widthOf(state: 'h' | 'c'): number {
    return state === 'h' ? this.outputs : this.hidden;
  }

  protected cellWeights(features: number): LstmWeights {
    const { hidden, outputs } = this;
    const { peepholes, layerNorm, projection, bias } = this.options;
    const from = (value: number, size: number, name: string) => new Parameter(fill(value, [size]), name);
    return {
      ...withForgetBias(this.gateWeights(features), this.hidden, this.options),
      peepholeWeight: peepholes ? this.weight([3 * hidden], 'peepholeWeight') : undefined,
      projectionWeight: projection > 0 ? this.weight([hidden, outputs], 'projectionWeight') : undefined,
      inputScale: layerNorm ? from(1, 4 * hidden, 'inputScale') : undefined,
      recurrentScale: layerNorm ? from(1, 4 * hidden, 'recurrentScale') : undefined,
      cellScale: layerNorm ? from(1, hidden, 'cellScale') : undefined,
      cellShift: layerNorm && bias ? from(0, hidden, 'cellShift') : undefined,
    };
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

  protected step(weights: LstmWeights, { c }: LstmState, xt: Tensor, recurrent: Tensor): CellStep<LstmState> {
    const { state: next, gates } = stepOfLstm(weights, { h: recurrent, c }, xt);
    return { state: next, details: [next.c, gates] };
  }

  protected override runCell(pass: CellPass<LstmWeights, LstmState>): CellRun<LstmState> {
    if (this.perStep || isVariant(this.options)) return super.runCell(pass);
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

/** Whether the form is one that the kernel does not have. */
function isVariant({ peepholes, layerNorm, projection, zoneout }: LstmOptions): boolean {
  return Boolean(peepholes || layerNorm || projection || zoneout);
}

/** The weights with what `forgetBias` or `chrono` say of the biases. */
function withForgetBias(
  weights: CellWeights,
  hidden: number,
  { forgetBias, chrono }: Required<Pick<LstmOptions, 'forgetBias' | 'chrono'>>,
): CellWeights {
  const none = fill(0, [hidden]);
  if (chrono > 0) {
    const kept = chronoBias(hidden, chrono);
    return {
      ...weights,
      inputBias: new Parameter(concat([negate(kept), kept, none, none]), 'inputBias'),
      recurrentBias: weights.recurrentBias && new Parameter(fill(0, [4 * hidden]), 'recurrentBias'),
    };
  }
  const { inputBias } = weights;
  if (!inputBias || forgetBias === 0) return weights;
  const raised = concat([none, fill(forgetBias, [hidden]), none, none]);
  return { ...weights, inputBias: new Parameter(add(inputBias.initial!, raised), 'inputBias') };
}
