/** What Sequencer puts in the place of attention: an LSTM along the columns of a grid, and one along its rows. */
import { concat } from '../../ops/movement.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { requireAxes } from '../checks.ts';
import { Dense } from '../dense.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { alongColumns, alongRows } from './along-rows.ts';
import { LSTM } from './lstm.ts';

/**
 * The layer of Sequencer2D (Tatsunami & Taki 2022), which mixes the tokens of a grid: x [N, H, W, features] → the same shape. One
 * LSTM reads every column and another every row, each in both directions; what both say of a token, 4·hidden features, goes
 * through a dense layer.
 *
 * ```ts
 * new BiLSTM2D(32, 8).call(ones([2, 5, 7, 32])).shape; // [2, 5, 7, 32]
 * ```
 *
 * Parts: `vertical` and `horizontal` (`LSTM`), `output` (`Dense`).
 *
 * @throws OptionError for sizes that are not whole numbers ≥ 1; ShapeError for inputs that do not fit.
 */
export class BiLSTM2D extends Layer {
  static readonly ofLibrary = true;

  /** Features of each token, of what comes in and out. */
  readonly features: number;
  /** Units of each of the four directions. */
  readonly hidden: number;
  /** Reads the columns. */
  readonly vertical: LSTM;
  /** Reads the rows. */
  readonly horizontal: LSTM;
  /** 4·hidden → features: first what the columns say, then the rows. */
  readonly output: Dense;

  /**
   * Two bidirectional LSTMs over the columns and the rows of a grid, x [N, H, W, features] → the same shape; `hidden` units in each of
   * the four directions. The paper has features/4.
   *
   * @throws OptionError unless both are whole numbers ≥ 1
   */
  constructor(features: number, hidden: number) {
    super();
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
    return [this.features, this.hidden];
  }

  forward(x: Tensor): Tensor {
    const cure = 'Tokens lie on their grid: cut images into patches with a Conv2d of that kernel and stride.';
    requireAxes(this, x, ['N', 'H', 'W', ['C', this.features]], cure);
    const grid = { x, seen: undefined };
    return this.output.call(
      concat([alongColumns(this.vertical, grid), alongRows(this.horizontal, grid)], -1),
    );
  }
}
