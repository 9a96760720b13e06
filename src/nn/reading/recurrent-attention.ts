/** Recurrent attention: a network that looks at an image in glimpses, and decides after each where to look next. */
import { reshape } from '../../ops/broadcast.ts';
import { add, divide, multiply, sigmoid, square, subtract, tanh } from '../../ops/elementwise.ts';
import { iota } from '../../ops/indexing.ts';
import { matmul } from '../../ops/matmul.ts';
import { concat, expandDims, narrow, split } from '../../ops/movement.ts';
import { scan } from '../../ops/scan.ts';
import { softmax } from '../../ops/softmax.ts';
import { requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asOne } from '../../tensor/exposure.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { imageCure, requireAxes } from '../checks.ts';
import { Dense } from '../dense.ts';
import { zeros } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { LSTMCell } from '../recurrent/recurrent-cells.ts';

/** Options of `RecurrentAttention`. */
export interface RecurrentAttentionOptions {
  /** How many glimpses. Default 6. */
  readonly steps?: number;
  /** Height and width of what a glimpse sees, in values. Default 8. */
  readonly side?: number;
  /** What `call` returns: the state after the last glimpse [N, hidden], or after each [N, steps, hidden]. Default 'last'. */
  readonly output?: 'last' | 'sequence';
}

/** What `run` of `RecurrentAttention` gives. */
export interface GlimpsesResult {
  /** The state after each glimpse, [N, steps, hidden]. */
  readonly output: Tensor;
  /** Where each glimpse lay: row and column of its middle, and the distance of its values, in pixels: [N, steps, 3]. */
  readonly places: Tensor;
  /** What it saw, [N, steps, side, side, C]. */
  readonly glimpses: Tensor;
}

/**
 * A recurrent network that looks at an image in glimpses (Mnih et al. 2014), which are soft, so that it learns where to look
 * by gradients (as in DRAW, Gregor et al. 2015): images x [N, H, W, channels] of any size → the state after the last glimpse
 * [N, hidden].
 *
 * At each step a dense layer reads from the state h where to look: the middle, anywhere in the image, and how far the
 * side × side values of the glimpse are apart, from one pixel to a side-th of the image. Each value is the mean of pixels around
 * its place, weighted by a Gaussian of half that distance in deviation; beyond the border there are zeros. The glimpse and
 * its place are what an `LSTMCell` reads. The first glimpse is in the middle, until training says otherwise.
 *
 * ```ts
 * const reader = new RecurrentAttention(1, 32, { steps: 4 });
 * const x = randn([2, 28, 28, 1]);
 * reader.call(x).shape; // [2, 32]
 * reader.run(x).places.shape; // [2, 4, 3]
 * ```
 *
 * Parts: `locate` (`Dense`, hidden → 3) and `cell` (`LSTMCell`).
 *
 * @throws OptionError for sizes or options out of range; ShapeError for images that do not fit.
 */
export class RecurrentAttention extends Layer {
  static readonly ofLibrary = true;

  /** Channels of the images. */
  readonly channels: number;
  /** Features of the state. */
  readonly hidden: number;
  /** How many glimpses. */
  readonly steps: number;
  /** Height and width of a glimpse. */
  readonly side: number;
  /** What `call` returns. */
  readonly output: 'last' | 'sequence';
  /** Reads from the state where to look. */
  readonly locate: Dense;
  /** Reads glimpses and places. */
  readonly cell: LSTMCell;

  /**
   * Looks at images x [N, H, W, channels] in glimpses of side × side values → its last state [N, hidden], or with `output: 'sequence'` all
   * [N, steps, hidden]. Defaults: 6 steps, side 8.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(channels: number, hidden: number, options: RecurrentAttentionOptions = {}) {
    super();
    const where = new.target.name;
    requireKnownOptions(where, options, ['steps', 'side', 'output']);
    const { steps = 6, side = 8, output = 'last' } = options;
    this.channels = requireNumber(where, 'channels', channels, 'a whole number of at least 1');
    this.hidden = requireNumber(where, 'hidden', hidden, 'a whole number of at least 1');
    this.steps = requireNumber(where, 'steps', steps, 'a whole number of at least 1');
    this.side = requireNumber(where, 'side', side, 'a whole number of at least 1');
    requireOneOf(where, 'output', output, ['last', 'sequence']);
    this.output = output;
    this.locate = new Dense(hidden, 3, { biasInitializer: zeros });
    this.cell = new LSTMCell(side * side * channels + 3, hidden);
  }

  override get kind(): string {
    return 'recurrentAttention';
  }

  config(): readonly JsonValue[] {
    const { channels, hidden, steps, side, output } = this;
    return [channels, hidden, { steps, side, output }];
  }

  forward(x: Tensor): Tensor {
    return asOne(() => {
      const { last, output } = this.#look(x);
      return this.output === 'last' ? last : output;
    });
  }

  /** The state after each glimpse, where it lay, and what it saw. */
  run(x: Tensor): GlimpsesResult {
    return this.inside(() =>
      asOne(() => {
        const { last, ...result } = this.#look(x);
        return result;
      }),
    );
  }

  #look(x: Tensor): GlimpsesResult & { readonly last: Tensor } {
    requireAxes(this, x, ['N', 'H', 'W', ['C', this.channels]], imageCure);
    const [n, height, width] = x.shape as [number, number, number];
    const start = fill(0, [n, this.hidden]);
    const { carry, outputs } = scan(
      (state: { h: Tensor; c: Tensor }) => {
        const asked = this.locate.call(state.h);
        const place = this.#placeOf(asked, height, width);
        const glimpse = glimpseAt(x, place, this.side);
        const seen = reshape(glimpse, [n, this.side * this.side * this.channels]);
        const next = this.cell.run({ x: concat([seen, tanh(asked)], -1), state });
        return {
          carry: { h: next.h, c: next.c },
          output: { output: next.h, places: place, glimpses: glimpse },
        };
      },
      { initial: { h: start, c: start }, steps: this.steps },
    );
    return { last: carry.h, ...outputs };
  }

  /** Row, column and distance [N, 3] in pixels, of what was asked for: any numbers [N, 3]. */
  #placeOf(asked: Tensor, height: number, width: number): Tensor {
    const [row, column, apart] = split(sigmoid(asked), 3, -1) as [Tensor, Tensor, Tensor];
    const most = furthestApart(height, width, this.side);
    return concat(
      [multiply(row, height - 1), multiply(column, width - 1), add(multiply(apart, most - 1), 1)],
      -1,
    );
  }
}

/** How far apart the values of a glimpse can be, in pixels: then they cover the image. */
function furthestApart(height: number, width: number, side: number): number {
  return Math.max(1, Math.max(height, width) / side);
}

/** The side × side values around a place [N, 3] of images [N, H, W, C]: [N, side, side, C]. */
function glimpseAt(x: Tensor, place: Tensor, side: number): Tensor {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const [row, column, apart] = split(place, 3, -1) as [Tensor, Tensor, Tensor];
  // No value lies further from the border than this, with four deviations of its filter.
  const margin = Math.ceil(((side - 1) / 2 + 2) * furthestApart(height, width, side));
  const down = filters(row, apart, side, height, margin);
  const across = filters(column, apart, side, width, margin);
  const rows = matmul(down, reshape(x, [n, height, width * channels]));
  return matmul(expandDims(across, 1), reshape(rows, [n, side, width, channels]));
}

/**
 * The weights [N, side, length] of the pixels of an axis in each value of a glimpse, whose middle and distance are [N, 1]. A filter is a
 * softmax of -(pixel - place)² / 2σ², σ half a distance, over the pixels and `margin` more on each side: it sums up to 1, less what falls on
 * the margin, which is zeros.
 */
function filters(middle: Tensor, apart: Tensor, side: number, length: number, margin: number): Tensor {
  const offsets = reshape(subtract(iota(side, 'float32'), (side - 1) / 2), [1, side]);
  const places = expandDims(add(middle, multiply(offsets, apart)), -1);
  const pixels = reshape(subtract(iota(length + 2 * margin, 'float32'), margin), [1, 1, length + 2 * margin]);
  const distances = divide(subtract(pixels, places), expandDims(apart, -1));
  return narrow(softmax(multiply(square(distances), -2)), -1, margin, margin + length);
}
