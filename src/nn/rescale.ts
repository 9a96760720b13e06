/** Rescale: a scale and an offset for each channel, which no training changes. */
import { OptionError } from '../errors.ts';
import { add, multiply } from '../ops/elementwise.ts';
import { describeValue, requireList } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireLastAxes } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/**
 * x […, C] → x·scale + offset, with a fixed scale and offset for each channel. It brings inputs that were normalized in one way to
 * another way: those of a model that was trained with other means and deviations.
 *
 * ```ts
 * await new Rescale([2, 1], [0, -1]).call(tensor([[3, 4]])).data(); // Float32Array [6, 3]
 * ```
 *
 * @throws OptionError for what are no lists of numbers; ShapeError when the last axis is not C.
 */
export class Rescale extends Layer {
  static readonly ofLibrary = true;

  /** `[C]` */
  readonly scale: readonly number[];
  /** `[C]` */
  readonly offset: readonly number[];

  /**
   * x […, C] → x·scale + offset: two lists of C numbers.
   *
   * @throws OptionError unless they are as many finite numbers, one of each at least
   */
  constructor(scale: readonly number[], offset: readonly number[]) {
    super();
    this.scale = [...requireList('Rescale', 'scale', scale)];
    this.offset = [...requireList('Rescale', 'offset', offset)];
    const isWhole = [...this.scale, ...this.offset].every(Number.isFinite);
    if (isWhole && scale.length === offset.length && scale.length > 0) return;
    throw new OptionError({
      where: 'Rescale',
      got: `scale ${describeValue(scale)} and offset ${describeValue(offset)}`,
      expected: 'a finite number of each for every channel',
      cure: 'Give two lists of the length of the last axis.',
    });
  }

  override get kind(): string {
    return 'rescale';
  }

  config(): readonly JsonValue[] {
    return [this.scale, this.offset];
  }

  forward(x: Tensor): Tensor {
    const channels = this.scale.length;
    requireLastAxes(this, x, [channels], () => 'Give a scale and an offset for each.');
    const [scale, offset] = [this.scale, this.offset].map((values) =>
      fromData(Float32Array.from(values), [channels], 'float32'),
    );
    return add(multiply(x, scale), offset);
  }
}
