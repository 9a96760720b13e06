/** ReNet: recurrent layers that sweep over an image, down its columns and then along its rows, in the place of a convolution. */
import { type Pair, requirePair } from '../../ops/convolution.ts';
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asOne } from '../../tensor/exposure.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { alongColumns, alongRows } from './along-rows.ts';
import { type GridInput, gridOf } from './grid-input.ts';
import { GRU } from './gru.ts';
import { LSTM } from './lstm.ts';
import { RNN } from './rnn.ts';

/** Options of `ReNet`. */
export interface ReNetOptions {
  /** What is read at each step: a patch of so many pixels, [height, width] or a number for both. Default 2. */
  readonly patch?: Pair;
  /** What reads: 'gru' (default, as in the paper), 'lstm' or 'rnn'. */
  readonly cell?: keyof typeof cellClasses;
  /** Whether the 'columns' (default) or the 'rows' are swept first; the second sweep reads what the first one said. */
  readonly first?: 'columns' | 'rows';
  /** Whether NaN in x is what was not seen, as if a mask said so. Default false. */
  readonly nanIsMissing?: boolean;
}

const cellClasses = { gru: GRU, lstm: LSTM, rnn: RNN };
type Sweep = GRU | LSTM | RNN;

/**
 * The layer of ReNet (Visin et al. 2015): x [N, H, W, C] → [N, H/p, W/q, 2·hidden]. The image is cut into patches of p×q
 * pixels. A bidirectional recurrent layer reads every column of patches, and a second one every row of what the first said:
 * each output has seen the whole image, where a convolution sees its window.
 *
 * ```ts
 * new ReNet(1, 48).call(ones([3, 28, 28, 1])).shape; // [3, 14, 14, 96]
 * ```
 *
 * `call` takes `{ x, mask }`, too: a pixel that was not seen counts as 0, and patches of which nothing was seen are padding.
 *
 * Parts: `vertical` reads the columns, `horizontal` the rows.
 *
 * @throws OptionError for sizes or options out of range; ShapeError for images or masks that do not fit.
 */
export class ReNet extends Layer<Tensor | GridInput, Tensor> {
  static readonly ofLibrary = true;

  /** Channels of the images. */
  readonly inputs: number;
  /** Units of each direction of both sweeps. */
  readonly hidden: number;
  /** Height and width of a patch. */
  readonly patch: readonly [height: number, width: number];
  /** What reads. */
  readonly cell: keyof typeof cellClasses;
  /** Which sweep reads the patches. */
  readonly first: 'columns' | 'rows';
  /** Whether NaN in x is what was not seen. */
  readonly nanIsMissing: boolean;
  /** Reads the columns. */
  readonly vertical: Sweep;
  /** Reads the rows. */
  readonly horizontal: Sweep;

  /**
   * Sweeps over images, x [N, H, W, inputs] → [N, H/p, W/q, 2·hidden]. Defaults: patches of 2×2 pixels, GRUs, the columns first, no
   * values missing.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: ReNetOptions = {}) {
    super();
    requireKnownOptions('ReNet', options, ['patch', 'cell', 'first', 'nanIsMissing']);
    const { patch = 2, cell = 'gru', first = 'columns', nanIsMissing = false } = options;
    this.inputs = requireNumber('ReNet', 'inputs', inputs, 'a whole number of at least 1');
    this.hidden = requireNumber('ReNet', 'hidden', hidden, 'a whole number of at least 1');
    this.patch = requirePair('ReNet', 'patch', patch, 1);
    requireOneOf('ReNet', 'cell', cell, Object.keys(cellClasses) as (keyof typeof cellClasses)[]);
    requireOneOf('ReNet', 'first', first, ['columns', 'rows']);
    this.cell = cell;
    this.first = first;
    this.nanIsMissing = requireBoolean('ReNet', 'nanIsMissing', nanIsMissing);
    const reads = (features: number): Sweep =>
      new cellClasses[cell](features, hidden, { bidirectional: true, output: 'sequence' });
    const ofPatches = reads(this.patch[0] * this.patch[1] * inputs);
    const ofSweep = reads(2 * hidden);
    [this.vertical, this.horizontal] = first === 'columns' ? [ofPatches, ofSweep] : [ofSweep, ofPatches];
  }

  override get kind(): string {
    return 'reNet';
  }

  config(): readonly JsonValue[] {
    const { inputs, hidden, patch, cell, first, nanIsMissing } = this;
    return [inputs, hidden, { patch, cell, first, nanIsMissing }];
  }

  forward(input: Tensor | GridInput): Tensor {
    return asOne(() => {
      const patches = gridOf(this, input);
      const byColumns = this.first === 'columns';
      const said = byColumns ? alongColumns(this.vertical, patches) : alongRows(this.horizontal, patches);
      const grid = { x: said, seen: patches.places };
      return byColumns ? alongRows(this.horizontal, grid) : alongColumns(this.vertical, grid);
    });
  }
}
