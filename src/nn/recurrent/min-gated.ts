/** minGRU and minLSTM: gated layers whose gates do not look at the state, so that a sequence is one linear recurrence. */
import { softplus } from '../../ops/activations.ts';
import { add, less, multiply, negate, sigmoid, subtract, where } from '../../ops/elementwise.ts';
import { linearRecurrence } from '../../ops/linear-recurrence.ts';
import { concat, expandDims, split } from '../../ops/movement.ts';
import { requireBoolean } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Dense } from '../dense.ts';
import type { CellPass, CellRun, CellStep } from './cell-pass.ts';
import { checkChrono, chronoBias, refuseFusedZoneout } from './gated-layer.ts';
import { RecurrentLayer } from './recurrent-layer.ts';
import type { LinearOptions, Own } from './recurrent-options.ts';
import type { HiddenState } from './recurrent-steps.ts';
import { lastRead } from './sequence-steps.ts';

/** Options of MinGRU and MinLSTM. */
export interface MinGatedOptions extends LinearOptions {
  /** Whether biases are added. Default true. */
  readonly bias?: boolean;
  /**
   * Chrono initialization (Tallec & Ollivier 2018) for dependencies of up to so many steps: units forget after times
   * that are uniform in 1 … chrono - 1, and the candidate's bias starts at 0. Default 0: biases start as those of `Dense`.
   */
  readonly chrono?: number;
}

/** The weights of one layer and direction. */
interface MinGatedWeights {
  /** [..., F] → the gates and, behind them, the candidate, side by side. */
  readonly gates: Dense;
}

/** h_t = f_t ⊙ h_{t-1} + (1 - f_t) ⊙ g(candidate_t), where f, the share that is kept, is of the step's input alone. */
abstract class MinGatedLayer extends RecurrentLayer<MinGatedWeights, HiddenState, Own<MinGatedOptions>> {
  protected readonly stateNames = ['h'] as const;

  constructor(inputs: number, hidden: number, options: MinGatedOptions) {
    super(inputs, hidden, options, { bias: true, fused: !options?.zoneout, chrono: 0 });
  }

  /**
   * A sign for each gate: 1 for one that keeps the state, -1 for one that lets the candidate in. It is asked for while the
   * weights are drawn, so it is no field.
   */
  protected abstract get gateSigns(): readonly (1 | -1)[];

  /** The share of the state that a step keeps, from what its gates are given, each [..., H]. */
  protected abstract kept(gates: readonly Tensor[]): Tensor;

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { bias, fused, chrono } = this.options;
    requireBoolean(where, 'bias', bias);
    requireBoolean(where, 'fused', fused);
    refuseFusedZoneout(where, this.options);
    checkChrono(where, chrono, bias);
  }

  protected cellWeights(features: number): MinGatedWeights {
    const { hidden, gateSigns } = this;
    const { bias, chrono } = this.options;
    const biasInitializer = (): Tensor => {
      const kept = chronoBias(hidden, chrono);
      return concat([...gateSigns.map((sign) => multiply(kept, sign)), fill(0, [hidden])]);
    };
    const width = (gateSigns.length + 1) * hidden;
    return { gates: new Dense(features, width, { bias, ...(chrono > 0 && { biasInitializer }) }) };
  }

  protected step(weights: MinGatedWeights, { h }: HiddenState, xt: Tensor): CellStep<HiddenState> {
    const { kept, added } = this.#shares(weights, xt);
    return { state: { h: add(multiply(kept, h), added) } };
  }

  protected override runCell(pass: CellPass<MinGatedWeights, HiddenState>): CellRun<HiddenState> {
    if (this.perStep || !this.options.fused) return super.runCell(pass);
    const { weights, x, state, mask, reverse } = pass;
    const { kept, added } = this.#shares(weights, x);
    const real = mask && expandDims(mask, -1);
    const h = linearRecurrence(real ? where(real, kept, 1) : kept, real ? where(real, added, 0) : added, {
      initial: state.h,
      reverse,
    });
    return { outputs: h, state: { h: lastRead(h, reverse) } };
  }

  /** What is kept of the state and what is added to it, of one step [N, F] or of all [N, T, F]. */
  #shares({ gates }: MinGatedWeights, x: Tensor): { readonly kept: Tensor; readonly added: Tensor } {
    const count = this.gateSigns.length;
    const parts = split(gates.call(x), count + 1, -1);
    const kept = this.kept(parts.slice(0, -1));
    // The other share by subtraction: both sum to 1 to the bit, however far the gates go.
    return { kept, added: multiply(subtract(1, kept), positive(parts[count])) };
  }
}

/** g(x) = x + ½ from 0 on, sigmoid(x) below: above 0, continuous, and of slope 1 where the sigmoid would saturate. */
function positive(x: Tensor): Tensor {
  return where(less(x, 0), sigmoid(x), add(x, 0.5));
}

/**
 * The minimal GRU (Feng et al. 2024, "Were RNNs all we needed?"): z_t = σ(x_t·W_z), h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ g(x_t·W_h), with
 * g(a) = a + ½ for a ≥ 0 and σ(a) below. Nothing of a step waits for the state but one multiply-add: the products of all
 * steps are one, and the rest is a `linearRecurrence`. The paper adds logarithms, since its scan multiplies many small shares;
 * here the state is carried from step to step, which needs none. Takes and gives what GRU does.
 *
 * Parameters per cell: `gates.weight` [F, 2H] and `gates.bias` [2H], the update gate z and the candidate side by side.
 *
 * @throws as GRU.
 */
export class MinGRU extends MinGatedLayer {
  static readonly ofLibrary = true;

  /**
   * Minimal GRU: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, fused, no dropout, no chrono initialization.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: MinGatedOptions = {}) {
    super(inputs, hidden, options);
  }

  override get kind(): string {
    return 'minGru';
  }

  protected override get gateSigns(): readonly (1 | -1)[] {
    return [-1];
  }

  /** 1 - σ(z) */
  protected kept([update]: readonly Tensor[]): Tensor {
    return sigmoid(negate(update));
  }
}

/**
 * The minimal LSTM (Feng et al. 2024): f_t = σ(x_t·W_f), i_t = σ(x_t·W_i), made to sum to 1:
 * h_t = f/(f + i) ⊙ h_{t-1} + i/(f + i) ⊙ g(x_t·W_h), with g as in MinGRU. It has no cell beside h. Takes and gives what GRU
 * does.
 *
 * Parameters per cell: `gates.weight` [F, 3H] and `gates.bias` [3H]: f, i and the candidate side by side.
 *
 * @throws as GRU.
 */
export class MinLSTM extends MinGatedLayer {
  static readonly ofLibrary = true;

  /**
   * Minimal LSTM: x [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as wide if
   * bidirectional. Defaults: one layer, one direction, bias, fused, no dropout, no chrono initialization.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: MinGatedOptions = {}) {
    super(inputs, hidden, options);
  }

  override get kind(): string {
    return 'minLstm';
  }

  protected override get gateSigns(): readonly (1 | -1)[] {
    return [1, -1];
  }

  /** σ(f)/(σ(f) + σ(i)) = σ(log σ(f) - log σ(i)), which is no 0/0 where both gates are shut. */
  protected kept([forget, input]: readonly Tensor[]): Tensor {
    return sigmoid(subtract(softplus(negate(input)), softplus(negate(forget))));
  }
}
