/** What Vision-LSTM puts in the place of attention: an mLSTM that reads a grid of tokens, with a convolution before it. */
import { OptionError } from '../../errors.ts';
import { silu } from '../../ops/activations.ts';
import { reshape } from '../../ops/broadcast.ts';
import { add, multiply, where } from '../../ops/elementwise.ts';
import { split } from '../../ops/movement.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { Conv2d } from '../convolution.ts';
import { Dense } from '../dense.ts';
import { normal, zeros } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { type GridInput, tokensOf } from './grid-input.ts';
import { MLSTM, type MlstmOptions } from './mlstm.ts';

/** Options of `VisionLSTM`. */
export interface VisionLstmOptions extends Pick<MlstmOptions, 'reverse' | 'form' | 'nanIsMissing'> {
  /** Memories side by side; they divide 2·features. Default 4. */
  readonly heads?: number;
}

/** Side of the blocks in which queries, keys and values are projected. */
const block = 4;

/**
 * The layer of Vision-LSTM (ViL, Alkin et al. 2024, second version), which mixes the tokens of a grid: x [N, H, W, features] → the
 * same shape. It doubles the features twice over, one half to be read and one to gate what was read:
 *
 *     a, z = split(up(x));   c = silu(conv(a));   h = mlstm({ x: c, value: a });   y = down((h + skip·c)·silu(z))
 *
 * The tokens are read row by row from the top left, with `reverse` from the bottom right; the convolution is 3×3, channel by channel,
 * and queries, keys and values come in blocks of 4×4. A network alternates the direction:
 *
 * ```ts
 * const blocks = new Sequential(
 *   [false, true].map((reverse) => new Residual({ norm: new LayerNorm(32), mixer: new VisionLSTM(32, { reverse }) })),
 * );
 * blocks.call(ones([2, 5, 5, 32])).shape; // [2, 5, 5, 32]
 * ```
 *
 * `call` takes `{ x, mask }`, too, with a bool mask [N, H, W] or [N, H, W, features]: what is not seen counts as 0, and tokens of which
 * nothing is seen are padding, as the outside of the grid is to the convolution, and 0 comes out.
 *
 * Parts: `up`, `down` (`Dense`), `conv` (`Conv2d`), `mlstm` (`MLSTM`) and the parameter `skip` [2·features], from 1. Initial weights
 * are the paper's.
 *
 * @throws OptionError for options out of range; ShapeError for inputs that do not fit.
 */
export class VisionLSTM extends Layer<Tensor | GridInput, Tensor> {
  static readonly ofLibrary = true;

  /** Features of each token, of what comes in and out. */
  readonly features: number;
  /** Whether NaN in x is what was not seen. */
  readonly nanIsMissing: boolean;
  /** features → 4·features */
  readonly up: Dense;
  /** 3×3 over the grid, each channel by itself. */
  readonly conv: Conv2d;
  /** Reads 2·features. */
  readonly mlstm: MLSTM;
  /** [2·features]: how much of the convolution goes past the memory. */
  readonly skip: Parameter;
  /** 2·features → features */
  readonly down: Dense;

  /**
   * A layer that mixes the tokens of a grid, x [N, H, W, features] → the same shape; `features` is even. Defaults: 4 heads, forward, the
   * parallel form.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(features: number, options: VisionLstmOptions = {}) {
    super();
    const name = 'VisionLSTM';
    this.features = requireNumber(name, 'features', features, 'a whole number of at least 1');
    requireKnownOptions(name, options, ['reverse', 'form', 'heads', 'nanIsMissing']);
    const { heads = 4, nanIsMissing = false, ...direction } = options;
    this.nanIsMissing = requireBoolean(name, 'nanIsMissing', nanIsMissing);
    requireNumber(name, 'heads', heads, 'a whole number of at least 1');
    const inner = 2 * features;
    if (inner % block !== 0 || inner % heads !== 0) {
      throw new OptionError({
        where: name,
        got: `${features} features and ${heads} heads`,
        expected: `twice the features to be a multiple of ${block} and of the heads`,
        cure: 'Choose a multiple of 8 for the features, and 4 heads.',
      });
    }
    const weightInitializer = normal(Math.sqrt(2 / (5 * features)));
    this.up = new Dense(features, 2 * inner, { weightInitializer, biasInitializer: zeros });
    this.conv = new Conv2d(inner, inner, 3, { padding: 'same', groups: inner });
    this.mlstm = new MLSTM(inner, heads, { ...direction, block, weightInitializer });
    this.skip = new Parameter(fill(1, [inner]), 'skip');
    this.down = new Dense(inner, features, {
      weightInitializer: normal(2 / Math.sqrt(features)),
      biasInitializer: zeros,
    });
  }

  override get kind(): string {
    return 'visionLstm';
  }

  config(): readonly JsonValue[] {
    const { heads, options } = this.mlstm;
    const { reverse, form } = options;
    return [this.features, { heads, reverse, form, nanIsMissing: this.nanIsMissing }];
  }

  forward(input: Tensor | GridInput): Tensor {
    const { x, places } = tokensOf(this, input);
    const [n, height, width] = x.shape as [number, number, number];
    const real = (grid: Tensor): Tensor => (places ? where(places, grid, 0) : grid);
    const sequence = (grid: Tensor): Tensor => reshape(grid, [n, height * width, 2 * this.features]);
    const mask = places && reshape(places, [n, height * width]);
    const [inner, gate] = split(this.up.call(x), 2, -1);
    const mixed = silu(this.conv.call(real(inner)));
    const read = this.mlstm.call({ x: sequence(mixed), value: sequence(inner), ...(mask && { mask }) });
    const kept = add(reshape(read, mixed.shape), multiply(mixed, this.skip));
    return real(this.down.call(multiply(kept, silu(gate))));
  }
}
