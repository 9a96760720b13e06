/** randomPermutation and categorical: what comes out, how often, and that a seed repeats it. */
import { describe, expect, it } from 'vitest';
import {
  categorical,
  DTypeError,
  randomPermutation,
  ShapeError,
  seed,
  tensor,
  zeros,
} from '../../src/index.ts';

describe('randomPermutation', () => {
  it('holds every number once', async () => {
    for (const length of [0, 1, 2, 17, 300, 70_000]) {
      const order = randomPermutation(length);
      expect(order.dtype).toBe('int32');
      const sorted = Array.from((await order.data()) as Int32Array).sort((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length }, (_, k) => k));
    }
  });

  it('every order as often, and again for the same seed', async () => {
    seed(1);
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 600; draw++) {
      const order = (await randomPermutation(3).data()).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // The deviation of a count is 9.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
    seed(5);
    const first = await randomPermutation(50).data();
    seed(5);
    expect(await randomPermutation(50).data()).toEqual(first);
    expect(() => randomPermutation(1.5)).toThrow(ShapeError);
  });
});

describe('categorical', () => {
  it('classes as often as their probabilities say', async () => {
    seed(2);
    const probabilities = [0.5, 0, 0.3, 0.2];
    const drawn = await categorical(tensor(probabilities).log().add(3), 20_000).data();
    for (const [index, probability] of probabilities.entries()) {
      const share = drawn.filter((each) => each === index).length / drawn.length;
      expect(Math.abs(share - probability), `class ${index}`).toBeLessThan(0.015);
    }
    expect(drawn.includes(1)).toBe(false);
  });

  it('shapes: one for each row, or several', async () => {
    const logits = zeros([2, 3, 4]);
    expect(categorical(logits).shape).toEqual([2, 3]);
    expect(categorical(logits, 5).shape).toEqual([2, 3, 5]);
    expect(categorical(zeros([4])).shape).toEqual([]);
    expect(categorical(zeros([4]), 0).shape).toEqual([0]);
    expect(await categorical(zeros([3, 1]), 2).array()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(categorical(logits).dtype).toBe('int32');
  });

  it('what has no classes is refused', () => {
    expect(() => categorical(zeros([]))).toThrow(ShapeError);
    expect(() => categorical(zeros([2, 0]))).toThrow('at least one class');
    expect(() => categorical(zeros([2], 'int32'))).toThrow(DTypeError);
    expect(() => categorical(zeros([2]), -1)).toThrow('at least 0');
  });
});
