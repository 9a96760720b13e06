/** The plain recurrent network over sequences. */
import { requireOneOf } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { GatedLayer, type GatedOptions, gatedDefaults, type Own } from './gated-layer.ts';
import type { CellStep } from './recurrent-layer.ts';
import { type CellWeights, type HiddenState, stepOfRnn } from './recurrent-steps.ts';

/** Options of `RNN`. */
export interface RnnOptions extends GatedOptions {
  /** What is applied to the sum: 'tanh' (default) or 'relu'. */
  readonly nonlinearity?: 'tanh' | 'relu';
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
