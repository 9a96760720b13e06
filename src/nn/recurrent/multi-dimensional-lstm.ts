/** MultiDimensionalLSTM: an LSTM over the grid of an image, each cell of which knows what lies above it and left of it. */
import { OptionError } from '../../errors.ts';
import { logSigmoid } from '../../ops/activations.ts';
import { reshape } from '../../ops/broadcast.ts';
import { type Pair, requirePair } from '../../ops/convolution.ts';
import {
  add,
  equal,
  greaterEqual,
  less,
  logicalAnd,
  multiply,
  sigmoid,
  subtract,
  tanh,
  where,
} from '../../ops/elementwise.ts';
import { iota } from '../../ops/indexing.ts';
import { matmul } from '../../ops/matmul.ts';
import { concat, expandDims, flip, narrow, pad, permute, split } from '../../ops/movement.ts';
import { scan } from '../../ops/scan.ts';
import {
  describeValue,
  requireBoolean,
  requireKnownOptions,
  requireNumber,
  requireOneOf,
} from '../../options.ts';
import { asOne, concealed } from '../../tensor/exposure.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { uniform } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { type GridInput, gridOf } from './grid-input.ts';
import type { LstmState } from './recurrent-steps.ts';

export type { GridInput } from './grid-input.ts';

/** Options of `MultiDimensionalLSTM`. */
export interface MultiDimensionalLstmOptions {
  /** How many corners it starts from, each with weights of its own: 4 (default), or 1, the upper left one. */
  readonly directions?: 1 | 4;
  /** What becomes of the four outputs: 'concat' (default) puts them side by side, 'sum' adds them. */
  readonly join?: 'concat' | 'sum';
  /**
   * Whether what is kept is a weighted mean of both neighbors' cells, so that no cell leaves [-1, 1] (default). Without, it
   * is a sum, as in the paper, which grows with the number of ways through the grid.
   */
  readonly stable?: boolean;
  /** What a place of the grid is: a patch of so many pixels, [height, width] or a number for both. Default 1. */
  readonly patch?: Pair;
  /** Whether NaN in x is what was not seen, as if a mask said so. Default false. */
  readonly nanIsMissing?: boolean;
}

/** The weights of one direction. Gates are side by side: i, f of the neighbor above, f of the one to the left, g, o. */
export interface GridCellWeights {
  /** [p·q·C, 5H] */
  readonly inputWeight: Parameter;
  /** What the output of the neighbor above gives to the gates: [H, 5H]. */
  readonly upWeight: Parameter;
  /** What the output of the neighbor to the left gives to the gates: [H, 5H]. */
  readonly leftWeight: Parameter;
  /** [5H] */
  readonly bias: Parameter;
}

/** What a `MultiDimensionalLSTM` computed at every place of the grid. */
export interface GridRun {
  /** [N, H', W', 4·hidden], or [N, H', W', hidden] of one direction or of a sum. 0 where nothing was seen. */
  readonly output: Tensor;
  /** The cells, those of the directions side by side: [N, H', W', D·hidden]. 0 where nothing was seen. */
  readonly cells: Tensor;
}

/**
 * LSTM over two dimensions (Graves, Fernández & Schmidhuber 2007): x [N, H, W, C] → [N, H, W, 4·hidden]. Each place of the
 * grid knows what the one above it and the one to the left of it gave, so its output depends on the whole quadrant up to
 * it; four directions, one from each corner, see the whole image together. With `patch` [p, q] a place is a patch of
 * pixels, and the output [N, H/p, W/q, 4·hidden].
 *
 *     c = (1 - i)·(f↑·c↑ + f←·c←) / (f↑ + f←) + i·g        h = o·tanh(c)
 *
 * (`stable: false`: c = f↑·c↑ + f←·c← + i·g), the gates from x·inputWeight + h↑·upWeight + h←·leftWeight + bias; outside of
 * the image h and c are 0. The places of an anti-diagonal do not need each other and are computed at once: H + W - 1 steps.
 *
 * ```ts
 * const layer = new MultiDimensionalLSTM(1, 24, { patch: 2 });
 * layer.call(ones([3, 28, 28, 1])).shape; // [3, 14, 14, 96]
 * ```
 *
 * `call` takes `{ x, mask }`, too. Where nothing of a place was seen, its output is 0, and it hands on the mean of what it
 * got (at the border of the image all that it got); a channel that was not seen counts as 0.
 *
 * @throws OptionError for sizes or options out of range; ShapeError for images or masks that do not fit.
 */
export class MultiDimensionalLSTM extends Layer<Tensor | GridInput, Tensor> {
  static readonly ofLibrary = true;

  /** Channels of the images. */
  readonly inputs: number;
  /** Features of the output of a direction. */
  readonly hidden: number;
  /** How the outputs of four directions become one; undefined of one direction. */
  readonly join: 'concat' | 'sum' | undefined;
  /** Whether no cell leaves [-1, 1]. */
  readonly stable: boolean;
  /** Height and width of a place of the grid, in pixels. */
  readonly patch: readonly [height: number, width: number];
  /** Whether NaN in x is what was not seen. */
  readonly nanIsMissing: boolean;
  /** Of each direction, by the corner it starts from: upper left, upper right, lower left, lower right. */
  readonly cells: readonly GridCellWeights[];

  /**
   * LSTM over two dimensions: x [N, H, W, inputs] → [N, H/p, W/q, 4·hidden] for patches of p×q pixels. Defaults: single pixels, four directions side by side, the
   * stable form, no values missing.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: MultiDimensionalLstmOptions = {}) {
    super();
    const place = 'MultiDimensionalLSTM';
    requireKnownOptions(place, options, ['directions', 'join', 'stable', 'patch', 'nanIsMissing']);
    const { directions = 4, join, stable = true, patch = 1, nanIsMissing = false } = options;
    this.inputs = requireNumber(place, 'inputs', inputs, 'a whole number of at least 1');
    this.hidden = requireNumber(place, 'hidden', hidden, 'a whole number of at least 1');
    this.join = requireJoin(place, directions, join);
    this.stable = requireBoolean(place, 'stable', stable);
    this.patch = requirePair(place, 'patch', patch, 1);
    this.nanIsMissing = requireBoolean(place, 'nanIsMissing', nanIsMissing);
    const bound = 1 / Math.sqrt(hidden);
    const draw = (name: string, shape: Shape) =>
      new Parameter(uniform(bound)(shape, { in: hidden, out: hidden }), name);
    const features = this.patch[0] * this.patch[1] * inputs;
    this.cells = Array.from({ length: directions }, () => ({
      inputWeight: draw('inputWeight', [features, 5 * hidden]),
      upWeight: draw('upWeight', [hidden, 5 * hidden]),
      leftWeight: draw('leftWeight', [hidden, 5 * hidden]),
      bias: draw('bias', [5 * hidden]),
    }));
  }

  override get kind(): string {
    return 'multiDimensionalLstm';
  }

  config(): readonly JsonValue[] {
    const { inputs, hidden, join, stable, patch, nanIsMissing } = this;
    const four = join === undefined ? { directions: 1 } : { directions: 4, join };
    return [inputs, hidden, { ...four, stable, patch, nanIsMissing }];
  }

  forward(input: Tensor | GridInput): Tensor {
    return asOne(() => this.#read(input)).output;
  }

  /** The output, and the cells of all directions. */
  run(input: GridInput): GridRun {
    return this.inside(() => asOne(() => this.#read(input)), input);
  }

  #read(input: Tensor | GridInput): GridRun {
    const { x, places: real } = gridOf(this, input);
    const runs = this.cells.map((weights, direction) => {
      const axes = [...(direction >= 2 ? [1] : []), ...(direction % 2 === 1 ? [2] : [])];
      const turned = (each: Tensor): Tensor => flip(each, axes);
      const { h, c } = this.#fromUpperLeft(weights, turned(x), real && turned(real));
      return { h: turned(h), c: turned(c) };
    });
    const outputs = runs.map(({ h }) => h);
    return {
      output: this.join === 'sum' ? outputs.reduce((a, b) => add(a, b)) : concat(outputs, -1),
      cells: concat(
        runs.map(({ c }) => c),
        -1,
      ),
    };
  }

  /**
   * One direction over x [N, H, W, F], a diagonal a step: on diagonal d, row r is at column d - r. So the states [N, H, hidden]
   * that diagonal d - 1 left are those of the left neighbors, and a row further down those of the neighbors above.
   */
  #fromUpperLeft(weights: GridCellWeights, x: Tensor, real: Tensor | undefined): LstmState {
    const { hidden } = this;
    const [n, height, width] = x.shape as [number, number, number];
    const z = add(matmul(diagonalsOf(x), weights.inputWeight), weights.bias);
    const recurrent = concat([weights.upWeight, weights.leftWeight], 0);
    const rows = expandDims(iota(height), -1);
    const outside = fill(0, [n, 1, hidden]);
    const above = (left: Tensor): Tensor => concat([outside, narrow(left, 1, 0, height - 1)], 1);
    const start = fill(0, [n, height, hidden]);
    const inputs: { readonly z: Tensor; readonly real?: Tensor } = {
      z,
      ...(real && { real: diagonalsOf(real) }),
    };
    return concealed(() => {
      const { outputs } = scan(
        (left, step, diagonal) => {
          const up = { h: above(left.h), c: above(left.c) };
          const sums = add(step.z, matmul(concat([up.h, left.h], -1), recurrent));
          const { h, c } = this.#next(sums, up.c, left.c);
          const column = subtract(diagonal, rows);
          const inside = logicalAnd(greaterEqual(column, 0), less(column, width));
          if (!step.real)
            return { carry: { h: where(inside, h, 0), c: where(inside, c, 0) }, output: { h, c } };
          const { real } = step;
          const share = where(equal(column, 0), 1, where(equal(rows, 0), 0, 0.5));
          const handedOn = (next: Tensor, up: Tensor, left: Tensor): Tensor =>
            where(inside, where(real, next, between(left, up, share)), 0);
          return {
            carry: { h: handedOn(h, up.h, left.h), c: handedOn(c, up.c, left.c) },
            output: { h: where(real, h, 0), c: where(real, c, 0) },
          };
        },
        { initial: { h: start, c: start }, inputs, axis: 0 },
      );
      return { h: gridFrom(outputs.h, width), c: gridFrom(outputs.c, width) };
    });
  }

  /** Output and cell from the sums of the gates [N, H, 5·hidden] and the neighbors' cells [N, H, hidden]. */
  #next(sums: Tensor, up: Tensor, left: Tensor): LstmState {
    const [zi, zUp, zLeft, zg, zo] = split(sums, 5, -1) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [i, g] = [sigmoid(zi), tanh(zg)];
    const c = this.stable
      ? between(between(left, up, shareOf(zUp, zLeft)), g, i)
      : add(add(multiply(sigmoid(zUp), up), multiply(sigmoid(zLeft), left)), multiply(i, g));
    return { h: multiply(sigmoid(zo), tanh(c)), c };
  }
}

/** σ(a) / (σ(a) + σ(b)), from logarithms: both may be as small as they like. */
function shareOf(a: Tensor, b: Tensor): Tensor {
  return sigmoid(subtract(logSigmoid(a), logSigmoid(b)));
}

/** (1 - share)·from + share·to */
function between(from: Tensor, to: Tensor, share: Tensor): Tensor {
  return add(from, multiply(share, subtract(to, from)));
}

/** The diagonals of x [N, H, W, F] one after the other [H + W - 1, N, H, F]: row r, moved r to the right, as columns. */
function diagonalsOf(x: Tensor): Tensor {
  const [n, height, width, features] = x.shape as [number, number, number, number];
  const length = width + height;
  const padded = pad(x, [
    [0, 0],
    [0, 0],
    [0, height],
    [0, 0],
  ]);
  // Rows that are one longer than they are read move by one from each to the next.
  const flat = narrow(reshape(padded, [n, height * length, features]), 1, 0, height * (length - 1));
  return permute(reshape(flat, [n, height, length - 1, features]), [2, 0, 1, 3]);
}

/** The grid [N, H, W, F] whose diagonals these are. */
function gridFrom(diagonals: Tensor, width: number): Tensor {
  const [steps, n, height, features] = diagonals.shape as [number, number, number, number];
  const flat = reshape(permute(diagonals, [1, 2, 0, 3]), [n, height * steps, features]);
  const padded = pad(flat, [
    [0, 0],
    [0, height],
    [0, 0],
  ]);
  return narrow(reshape(padded, [n, height, steps + 1, features]), 2, 0, width);
}

/** How four outputs become one. */
function requireJoin(
  place: string,
  directions: number,
  join: MultiDimensionalLstmOptions['join'],
): MultiDimensionalLSTM['join'] {
  if (directions !== 1 && directions !== 4) {
    throw new OptionError({
      where: place,
      got: `directions ${describeValue(directions)}`,
      expected: '1 or 4',
      cure: 'One direction starts in the upper left corner, four start in all corners.',
    });
  }
  if (directions === 4) {
    const how = join ?? 'concat';
    requireOneOf(place, 'join', how, ['concat', 'sum']);
    return how;
  }
  if (join === undefined) return undefined;
  throw new OptionError({
    where: place,
    got: `join ${describeValue(join)} with one direction`,
    expected: 'join with four directions only',
    cure: 'Leave join out: there is one output.',
  });
}
