/** The plain recurrent network over sequences. */
import { eye } from '../../ops/creation.ts';
import { multiply } from '../../ops/elementwise.ts';
import { requireNumber, requireOneOf } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { normal } from '../initializers.ts';
import type { CellStep } from './cell-pass.ts';
import { GatedLayer, type GatedOptions, gatedDefaults, refuseTogether } from './gated-layer.ts';
import type { Own } from './recurrent-options.ts';
import { type CellWeights, type HiddenState, stepOfRnn } from './recurrent-steps.ts';

/** Options of `RNN`. */
export interface RnnOptions extends Omit<GatedOptions, 'recurrentInitializer'> {
  /** What is applied to the sum: 'tanh' (default) or 'relu'. */
  readonly nonlinearity?: 'tanh' | 'relu';
  /**
   * Recurrent weights: 'uniform' (default) in ±1/√hidden like the others (PyTorch), 'orthogonal', or 'identity', the start
   * of an IRNN (Le, Jaitly & Hinton 2015): recurrent weights `identityScale` times the identity, input weights normal of
   * deviation 0.001, biases 0. With relu a state then stays what it is until training says otherwise.
   */
  readonly recurrentInitializer?: 'uniform' | 'orthogonal' | 'identity';
  /** Of the identity. Default 1; the paper has 0.01 for speech, where little is to be remembered. */
  readonly identityScale?: number;
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
    super(inputs, hidden, options, { ...gatedDefaults, nonlinearity: 'tanh', identityScale: 1 });
  }

  override get kind(): string {
    return 'rnn';
  }

  protected override get gates(): number {
    return 1;
  }

  protected override get recurrentInitializers(): readonly string[] {
    return [...super.recurrentInitializers, 'identity'];
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { nonlinearity, recurrentInitializer, identityScale } = this.options;
    requireOneOf(where, 'nonlinearity', nonlinearity, ['tanh', 'relu']);
    requireNumber(where, 'identityScale', identityScale, 'a number');
    const got = `identityScale ${identityScale} with recurrentInitializer "${recurrentInitializer}"`;
    const identity = recurrentInitializer === 'identity';
    refuseTogether(where, [[identityScale !== 1 && !identity, got, "identityScale only with 'identity'"]]);
  }

  protected cellWeights(features: number): CellWeights {
    const { hidden } = this;
    const { recurrentInitializer, identityScale, bias } = this.options;
    if (recurrentInitializer !== 'identity') return this.gateWeights(features);
    const zeros = (name: string) => new Parameter(fill(0, [hidden]), name);
    return {
      inputWeight: new Parameter(
        normal(0.001)([features, hidden], { in: features, out: hidden }),
        'inputWeight',
      ),
      recurrentWeight: new Parameter(multiply(eye(hidden), identityScale), 'recurrentWeight'),
      inputBias: bias ? zeros('inputBias') : undefined,
      recurrentBias: bias === true ? zeros('recurrentBias') : undefined,
    };
  }

  protected step(
    weights: CellWeights,
    _state: HiddenState,
    xt: Tensor,
    recurrent: Tensor,
  ): CellStep<HiddenState> {
    return { state: stepOfRnn(weights, { h: recurrent }, xt, this.options.nonlinearity) };
  }
}
