/** Gated recurrent units over sequences. */
import { applyAll } from '../../ops/apply.ts';
import { narrow } from '../../ops/movement.ts';
import { gruPrimitive } from '../../ops/recurrent.ts';
import { gruSteps } from '../../ops/recurrent-composed.ts';
import { requireBoolean } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type FusedOptions, GatedLayer, gatedDefaults, lastRead, type Own } from './gated-layer.ts';
import type { RecurrentInput } from './recurrent-input.ts';
import type { CellPass, CellRun, CellStep } from './recurrent-layer.ts';
import { type CellWeights, gruBias, type HiddenState, project, stepOfGru } from './recurrent-steps.ts';

/** What the last layer of a GRU computed at every step; with two directions the features of both are joined. */
export interface GruSteps {
  /** [N, T, D·H], 0 at padding. */
  readonly output: Tensor;
  /** The activated gates r, z, n side by side [N, T, D·3H], 0 at padding; a direction's three are together. */
  readonly gates: Tensor;
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
