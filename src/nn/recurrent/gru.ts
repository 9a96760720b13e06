/** Gated recurrent units over sequences. */
import { applyAll } from '../../ops/apply.ts';
import { concat, narrow } from '../../ops/movement.ts';
import { gruPrimitive } from '../../ops/recurrent.ts';
import { gruSteps } from '../../ops/recurrent-composed.ts';
import { requireBoolean } from '../../options.ts';
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
  refuseFusedZoneout,
  refuseTogether,
} from './gated-layer.ts';
import type { RecurrentInput } from './recurrent-input.ts';
import type { Own } from './recurrent-options.ts';
import { type CellWeights, gruBias, type HiddenState, project, stepOfGru } from './recurrent-steps.ts';
import { lastRead } from './sequence-steps.ts';

/** Options of `GRU`. */
export interface GruOptions extends FusedOptions {
  /**
   * Whether the reset gate acts after the recurrent product, r⊙(h·W + b), as in PyTorch, cuDNN and Keras's
   * `reset_after=True` (default), or before it, (r⊙h)·W + b, as in the paper and Keras's `reset_after=False`.
   */
  readonly resetAfter?: boolean;
}

/** What the last layer of a GRU computed at every step; with two directions the features of both are joined. */
export interface GruSteps {
  /** [N, T, D·H], 0 at padding. */
  readonly output: Tensor;
  /** The activated gates r, z, n side by side [N, T, D·3H], 0 at padding; a direction's three are together. */
  readonly gates: Tensor;
}

/**
 * Gated recurrent unit (Cho et al. 2014). Takes and gives what LSTM does, with one state:
 *
 *     r, z = σ(x·W + b + h·U + b')    n = tanh(x·W + b + r⊙(h·U + b'))    h ← (1 - z)⊙n + z⊙h
 *
 * With `resetAfter: false`, n = tanh(x·W + b + (r⊙h)·U + b'). `chrono` sets the bias of z, the gate that keeps h.
 *
 * Parameters per cell: `inputWeight` [F, 3H], `recurrentWeight` [H, 3H], `inputBias`, `recurrentBias` [3H], gates in
 * the order r, z, n. Some texts let z take what is new, h ← z⊙n + (1 - z)⊙h. Their weights become those of this layer, and
 * these theirs, when columns H to 2H of all four change their sign, since 1 - σ(a) = σ(-a).
 *
 * @throws as LSTM.
 */
export class GRU extends GatedLayer<HiddenState, Own<GruOptions>> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h'] as const;

  /**
   * Gated recurrent unit: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, reset after the product, fused, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: GruOptions = {}) {
    const fused = options?.resetAfter !== false && !options?.zoneout;
    super(inputs, hidden, options, { ...gatedDefaults, fused, resetAfter: true, chrono: 0 });
  }

  override get kind(): string {
    return 'gru';
  }

  protected override get gates(): number {
    return 3;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { fused, resetAfter, chrono, bias } = this.options;
    requireBoolean(where, 'fused', fused);
    requireBoolean(where, 'resetAfter', resetAfter);
    checkChrono(where, chrono, bias);
    const noKernel = 'fused only with resetAfter: the other form has no kernel';
    refuseFusedZoneout(where, this.options);
    refuseTogether(where, [[fused && !resetAfter, 'fused with resetAfter false', noKernel]]);
  }

  protected cellWeights(features: number): CellWeights {
    const weights = this.gateWeights(features);
    const { hidden } = this;
    const { chrono } = this.options;
    if (chrono === 0) return weights;
    const bias = concat([fill(0, [hidden]), chronoBias(hidden, chrono), fill(0, [hidden])]);
    return {
      ...weights,
      inputBias: new Parameter(bias, 'inputBias'),
      recurrentBias: weights.recurrentBias && new Parameter(fill(0, [3 * hidden]), 'recurrentBias'),
    };
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

  protected step(
    weights: CellWeights,
    state: HiddenState,
    xt: Tensor,
    recurrent: Tensor,
  ): CellStep<HiddenState> {
    const { state: next, gates } = stepOfGru(weights, state, xt, this.options.resetAfter, recurrent);
    return { state: next, details: [gates] };
  }

  protected override runCell(pass: CellPass<CellWeights, HiddenState>): CellRun<HiddenState> {
    if (this.perStep || !this.options.resetAfter) return super.runCell(pass);
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
