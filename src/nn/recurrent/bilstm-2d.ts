/** What Sequencer puts in the place of attention: an LSTM along the columns of a grid, and one along its rows. */
import { where } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { requireBoolean, requireKnownOptions } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Dense } from '../dense.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { alongColumns, alongRows } from './along-rows.ts';
import { type GridInput, tokensOf } from './grid-input.ts';
import { LSTM } from './lstm.ts';

/** Options of `BiLSTM2D`. */
export interface BiLstm2dOptions {
  /** Whether NaN stands for a missing feature, as in recurrent layers. Default false. */
  readonly nanIsMissing?: boolean;
}

/**
 * The layer of Sequencer2D (Tatsunami & Taki 2022), which mixes the tokens of a grid: x [N, H, W, features] → the same shape. One
 * LSTM reads every column and another every row, each in both directions; what both say of a token, 4·hidden features, goes
 * through a dense layer.
 *
 * ```ts
 * new BiLSTM2D(32, 8).call(ones([2, 5, 7, 32])).shape; // [2, 5, 7, 32]
 * ```
 *
 * `call` takes `{ x, mask }`, too, with a bool mask [N, H, W] or [N, H, W, features]: what is not seen counts as 0, and tokens of which
 * nothing is seen are padding, and 0 comes out.
 *
 * Parts: `vertical` and `horizontal` (`LSTM`), `output` (`Dense`).
 *
 * @throws OptionError for sizes or options out of range; ShapeError for inputs that do not fit.
 */
export class BiLSTM2D extends Layer<Tensor | GridInput, Tensor> {
  static readonly ofLibrary = true;

  /** Features of each token, of what comes in and out. */
  readonly features: number;
  /** Units of each of the four directions. */
  readonly hidden: number;
  /** Whether NaN in x is what was not seen. */
  readonly nanIsMissing: boolean;
  /** Reads the columns. */
  readonly vertical: LSTM;
  /** Reads the rows. */
  readonly horizontal: LSTM;
  /** 4·hidden → features: first what the columns say, then the rows. */
  readonly output: Dense;

  /**
   * Two bidirectional LSTMs over the columns and the rows of a grid, x [N, H, W, features] → the same shape; `hidden` units in each of
   * the four directions. The paper has features/4. Default: no values missing.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(features: number, hidden: number, options: BiLstm2dOptions = {}) {
    super();
    requireKnownOptions('BiLSTM2D', options, ['nanIsMissing']);
    const { nanIsMissing = false } = options;
    this.nanIsMissing = requireBoolean('BiLSTM2D', 'nanIsMissing', nanIsMissing);
    const lstm = () => new LSTM(features, hidden, { bidirectional: true, output: 'sequence' });
    this.vertical = lstm();
    this.horizontal = lstm();
    this.output = new Dense(4 * hidden, features);
    this.features = features;
    this.hidden = hidden;
  }

  override get kind(): string {
    return 'biLstm2d';
  }

  config(): readonly JsonValue[] {
    return [this.features, this.hidden, { nanIsMissing: this.nanIsMissing }];
  }

  forward(input: Tensor | GridInput): Tensor {
    const { places, ...grid } = tokensOf(this, input);
    const said = concat([alongColumns(this.vertical, grid), alongRows(this.horizontal, grid)], -1);
    const y = this.output.call(said);
    return places ? where(places, y, 0) : y;
  }
}
