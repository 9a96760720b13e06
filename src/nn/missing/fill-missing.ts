/** FillMissing: a value in the place of each that is missing. */
import { where } from '../../ops/elementwise.ts';
import { requireOneOf } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter, Variable } from '../../tensor/variable.ts';
import { requireLengths } from '../checks.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { lastSeen, learnMean, type MissingInput, seenOf } from './seen.ts';

const fills = ['zero', 'mean', 'last', 'learned'] as const;

/** What stands in the place of a missing value. */
export type MissingFill = (typeof fills)[number];

/**
 * Fills what is missing: x [N, T, …, F] with NaN, or `{ x, mask }`, → the same shape without NaN. `shape` is the last axis, or the
 * last axes: [F] fills every step alike, [T, F] and of pictures [H, W, C] each place in its own way.
 *
 * - `'zero'`: 0, which is the mean of normalized values
 * - `'mean'` (default): the mean of what was seen at that place in training. In training mode the layer learns it as it goes, from
 *   all that it is given; in evaluation mode it stays. `mean.set(…)` sets it
 * - `'last'`: what was seen there last, at an earlier step of axis 1 (of pictures: a row above); before that the mean
 * - `'learned'`: a parameter `value`, from 0
 *
 * ```ts
 * const filled = new FillMissing(2, 'last').eval();
 * await filled.call(tensor([[[1, 5], [NaN, 6], [3, NaN]]])).array(); // [[[1, 5], [1, 6], [3, 6]]]
 * ```
 *
 * Variables: with 'mean' and 'last' `mean` and `count` of `shape`. Models that know what is missing do better than any filling: see
 * `MissingIndicators`, `GRUD`, and the option `nanIsMissing` of recurrent layers.
 *
 * @throws OptionError for another filling; ShapeError when the last axes are not `shape`, or for a mask that does not fit.
 */
export class FillMissing extends Layer<Tensor | MissingInput, Tensor> {
  static readonly ofLibrary = true;

  /** The lengths of the last axes. */
  readonly shape: Shape;
  /** What fills. */
  readonly how: MissingFill;
  /** The mean of what was seen in training, of `shape`, from 0; undefined with 'zero' and 'learned'. */
  readonly mean: Variable | undefined;
  /** How many values the mean is of, of `shape`, from 0. */
  readonly count: Variable | undefined;
  /** What is learned with 'learned', of `shape`, from 0. */
  readonly value: Parameter | undefined;

  /**
   * Fills missing values of x [N, T, …, F], whose last axis is `shape`, or whose last axes are. `how`: 'zero', 'mean' (default),
   * 'last' or 'learned'.
   *
   * @throws OptionError for lengths that are none, or another filling
   */
  constructor(shape: number | Shape, how: MissingFill = 'mean') {
    super();
    this.shape = requireLengths('FillMissing', shape);
    requireOneOf('FillMissing', 'how', how, fills);
    this.how = how;
    const averages = how === 'mean' || how === 'last';
    this.mean = averages ? new Variable(fill(0, this.shape), 'mean') : undefined;
    this.count = averages ? new Variable(fill(0, this.shape), 'count') : undefined;
    this.value =
      how === 'learned' ? new Parameter(fill(0, this.shape), 'value', { decays: false }) : undefined;
  }

  override get kind(): string {
    return 'fillMissing';
  }

  config(): readonly JsonValue[] {
    return [this.shape, this.how];
  }

  forward(input: Tensor | MissingInput): Tensor {
    const given = seenOf(this, input, this.shape, 'Build the layer for the last axes of what it is given.');
    const { mean, count, value } = this;
    if (!mean || !count) return value ? where(given.seen, given.x, value) : given.x;
    const center = this.training ? learnMean({ mean, count }, given) : mean;
    if (this.how === 'mean') return where(given.seen, given.x, center);
    return lastSeen(given, center);
  }
}
