/** MissingIndicators: what is seen, and how long ago, as features beside the values. */
import { OptionError } from '../../errors.ts';
import { multiply } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { requireKnownOptions, requireList, requireNumber, requireOneOf } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { sequenceCure } from '../checks.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { FillMissing, type MissingFill } from './fill-missing.ts';
import { asNumbers, type MissingInput, seenOf, timeSinceSeen } from './seen.ts';

const allParts = ['values', 'seen', 'time'] as const;

/** What `MissingIndicators` gives of each feature. */
export type IndicatorPart = (typeof allParts)[number];

/** Options of `MissingIndicators`. */
export interface MissingIndicatorsOptions {
  /**
   * Which of the three it gives, in any order: `'values'`, what is `'seen'`, and the `'time'` since. Default: all, in this order.
   * `['seen']` alone withholds the values: a model that tells classes apart by it has found out what is missing where.
   */
  readonly parts?: readonly IndicatorPart[];
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
  /** What it gives of each. */
  readonly parts: readonly IndicatorPart[];
  /** Steps that count as 1. */
  readonly unit: number;
  /** What fills; undefined without 'values'. */
  readonly fill: FillMissing | undefined;

  /**
   * x [N, T, features] → [N, T, 3·features]: values, what is seen, and the time since then, or some of them (`parts`). Defaults: all
   * three, filled with the mean, time in steps (`unit: 1`).
   *
   * @throws OptionError for features or options out of range, and a filling or a unit for a part that is left out
   */
  constructor(features: number, options: MissingIndicatorsOptions = {}) {
    super();
    const where = 'MissingIndicators';
    requireKnownOptions(where, options, ['parts', 'fill', 'unit']);
    this.features = requireNumber(where, 'features', features, 'a whole number of at least 1');
    this.parts = [...requireList(where, 'parts', options.parts ?? allParts)];
    for (const part of this.parts) requireOneOf(where, 'parts', part, allParts);
    const has = (part: IndicatorPart): boolean => this.parts.includes(part);
    const idle =
      (!has('values') && options.fill !== undefined) || (!has('time') && options.unit !== undefined);
    if (idle || this.parts.length === 0 || new Set(this.parts).size < this.parts.length) {
      throw new OptionError({
        where,
        got: `parts ${this.parts.join(', ') || 'of nothing'}${idle ? ' with an option of another' : ''}`,
        expected: "some of 'values', 'seen', 'time', each once; fill goes with values, unit with time",
        cure: 'Leave out what does nothing.',
      });
    }
    this.unit = requireNumber(where, 'unit', options.unit ?? 1, 'a number above 0');
    this.fill = has('values') ? new FillMissing(features, options.fill) : undefined;
  }

  override get kind(): string {
    return 'missingIndicators';
  }

  config(): readonly JsonValue[] {
    const { features, parts, fill, unit } = this;
    const time = parts.includes('time') ? { unit } : {};
    return [features, { parts, ...(fill && { fill: fill.how }), ...time }];
  }

  forward(input: Tensor | MissingInput): Tensor {
    const cure = sequenceCure('Build the layer for as many features as a step has.');
    const { x, seen } = seenOf(this, input, [this.features], cure);
    const give = {
      values: () => this.fill!.call({ x, mask: seen }),
      seen: () => asNumbers(seen),
      time: () => (this.unit === 1 ? timeSinceSeen(seen) : multiply(timeSinceSeen(seen), 1 / this.unit)),
    };
    return concat(
      this.parts.map((part) => give[part]()),
      -1,
    );
  }
}
