/** Repeatable numbers for tests: a small generator, and tensors with values of a kind. */
import { tensor } from '../../src/index.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** A generator of numbers in [0, 1) (mulberry32). */
export class Numbers {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1 + 0x6d2b79f5) | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number of [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)]!;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.whole(0, last);
      [result[last], result[other]] = [result[other]!, result[last]!];
    }
    return result;
  }

  /** float32 values between low and high. */
  real(shape: Shape, low = -1.5, high = 1.5): Tensor {
    const data = Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * this.next());
    return tensor(data, { shape });
  }

  /** float32 values that keep `gap` from each other and half of it from 0. */
  distinct(shape: Shape, gap = 0.1): Tensor {
    const size = sizeOf(shape);
    const ranks = this.shuffled(Array.from({ length: size }, (_, k) => k));
    const middle = Math.floor(size / 2) - 0.5;
    return tensor(
      Float32Array.from(ranks, (rank) => (rank - middle) * gap),
      { shape },
    );
  }

  /** int32 values of [low, high]. */
  ints(shape: Shape, low: number, high: number): Tensor {
    return tensor(
      Int32Array.from({ length: sizeOf(shape) }, () => this.whole(low, high)),
      { shape },
    );
  }

  bools(shape: Shape): Tensor {
    return tensor(
      Uint8Array.from({ length: sizeOf(shape) }, () => this.whole(0, 1)),
      { shape, dtype: 'bool' },
    );
  }
}
