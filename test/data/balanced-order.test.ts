/** Balanced sampling: each class alike in any part of an epoch, the images of a class in turn. */
import { expect, test } from 'vitest';
import { balancedIndices } from '../../src/data/balanced-order.ts';
import { batchIndices } from '../../src/data/batches.ts';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { OptionError } from '../../src/errors.ts';

/** 40 images of class 0, 9 of class 1, none of class 2, 3 of class 3. */
const labels = Int32Array.from({ length: 52 }, (_, index) => (index < 40 ? 0 : index < 49 ? 1 : 3));
const dataset = {
  name: 'uneven',
  images: new Uint8Array(52),
  labels,
  shape: [52, 1, 1, 1] as const,
  classNames: ['many', 'some', 'none', 'few'],
};

test('classes come alike, and images of a class equally often', () => {
  const order = balancedIndices(dataset, new RandomGenerator(0));
  expect(order).toHaveLength(52);
  for (let start = 0; start + 12 <= 52; start += 12) {
    const counts = [0, 0, 0, 0];
    for (const index of order.subarray(start, start + 12)) counts[labels[index]]++;
    expect(counts).toEqual([4, 4, 0, 4]);
  }
  const shown = new Int32Array(52);
  for (const index of order) shown[index]++;
  expect(Math.max(...shown.subarray(0, 40))).toBe(1);
  expect([...new Set(shown.subarray(40, 49))].sort()).toEqual([1, 2]);
  for (const times of shown.subarray(49)) expect([5, 6]).toContain(times);
  // No order of classes is repeated from round to round, and no other epoch is the same.
  const rounds = Array.from({ length: 17 }, (_, round) =>
    [...order.subarray(3 * round, 3 * round + 3)].map((index) => labels[index]).join(),
  );
  expect(new Set(rounds).size).toBeGreaterThan(3);
  expect(balancedIndices(dataset, new RandomGenerator(0, 1))).not.toEqual(order);
  expect(balancedIndices(dataset, new RandomGenerator(0))).toEqual(order);
});

test('an order of one’s own makes the batches', () => {
  const order = Int32Array.of(2, 2, 0, 1, 1);
  expect([...batchIndices(5, 2, { order })].map((each) => [...each])).toEqual([[2, 2], [0, 1], [1]]);
  expect([...batchIndices(5, 2, { order, dropLast: true })]).toHaveLength(2);
  for (const wrong of [{ order: Int32Array.of(5, 0, 0, 0, 0) }, { order: Int32Array.of(0) }]) {
    expect(() => [...batchIndices(5, 2, wrong)]).toThrow(OptionError);
  }
  const both = { order, shuffle: new RandomGenerator(0) };
  expect(() => [...batchIndices(5, 2, both)]).toThrow(/order and shuffle/);
});
