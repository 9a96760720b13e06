/** MissingIndicators: what is seen, and how long ago, as features beside the values. */
import { multiply } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { requireKnownOptions, requireNumber } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { sequenceCure } from '../checks.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { FillMissing, type MissingFill } from './fill-missing.ts';
import { asNumbers, type MissingInput, seenOf, timeSinceSeen } from './seen.ts';

/** Options of `MissingIndicators`. */
export interface MissingIndicatorsOptions {
  /** What stands in the place of a missing value: see `FillMissing`. Default 'mean'. */
  readonly fill?: MissingFill;
  /** Steps that count as 1 in the time since a value was seen. Default 1; the length of a sequence keeps it below 1. */
  readonly unit?: number;
}

/**
 * Tells the layers behind it what is missing (Lipton et al. 2016; Che et al. 2018): x [N, T, features] with NaN, or `{ x, mask }`, →
 * [N, T, 3·features], side by side the values, filled where they are missing; 1 where they are seen and 0 where not; and how many
 * steps ago each was seen, 0 at the first step and 1 after one that was seen.
 *
 * ```ts
 * const indicators = new MissingIndicators(1, { fill: 'zero' });
 * await indicators.call(tensor([[[5], [NaN], [NaN], [6]]])).array(); // [[[5, 1, 0], [0, 0, 1], [0, 0, 2], [6, 1, 3]]]
 * ```
 *
 * @throws OptionError for options out of range; ShapeError for another number of features, or a mask that does not fit.
 */
export class MissingIndicators extends Layer<Tensor | MissingInput, Tensor> {
  static readonly ofLibrary = true;

  /** Features of x. */
  readonly features: number;
  /** Steps that count as 1. */
  readonly unit: number;
  /** What fills. */
  readonly fill: FillMissing;

  /**
   * x [N, T, features] → [N, T, 3·features]: values, what is seen, and the time since then. Defaults: filled with the mean, time in
   * steps (`unit: 1`).
   *
   * @throws OptionError for features or options out of range
   */
  constructor(features: number, options: MissingIndicatorsOptions = {}) {
    super();
    const where = 'MissingIndicators';
    requireKnownOptions(where, options, ['fill', 'unit']);
    this.features = requireNumber(where, 'features', features, 'a whole number of at least 1');
    this.unit = requireNumber(where, 'unit', options.unit ?? 1, 'a number above 0');
    this.fill = new FillMissing(features, options.fill);
  }

  override get kind(): string {
    return 'missingIndicators';
  }

  config(): readonly JsonValue[] {
    return [this.features, { fill: this.fill.how, unit: this.unit }];
  }

  forward(input: Tensor | MissingInput): Tensor {
    const cure = sequenceCure(`Build the layer for as many features as a step has.`);
    const { x, seen } = seenOf(this, input, [this.features], cure);
    const since = timeSinceSeen(seen);
    const scaled = this.unit === 1 ? since : multiply(since, 1 / this.unit);
    return concat([this.fill.call({ x, mask: seen }), asNumbers(seen), scaled], -1);
  }
}
