/** Labels in doubt: those that were changed are found, by what each class usually gets. */
import { describe, expect, test } from 'vitest';
import { RandomGenerator } from '../../src/data/random-generator.ts';
import { findLabelErrors } from '../../src/metrics/index.ts';

describe('labels in doubt', () => {
  const sure = (likely: number, classes: number, rest = 0.02): number[] =>
    Array.from({ length: classes }, (_, each) => (each === likely ? 1 - rest * (classes - 1) : rest));

  test('labels that were changed are found, and no others, the surest first', () => {
    const generator = new RandomGenerator(3);
    const truths = Array.from({ length: 200 }, () => generator.nextBelow(4));
    const wrong = new Map([10, 50, 120].map((image) => [image, (truths[image] + 1) % 4]));
    const labels = truths.map((truth, image) => wrong.get(image) ?? truth);
    const rows = truths.flatMap((truth, image) => sure(truth, 4, image === 50 ? 0.01 : 0.02));
    const found = findLabelErrors(rows, labels, 4);
    expect(found.map(({ image }) => image)).toEqual([50, 10, 120]);
    for (const { image, label, suggested, margin } of found) {
      expect([label, suggested]).toEqual([labels[image], truths[image]]);
      expect(margin).toBeCloseTo(
        rows[image * 4 + label] - Math.max(...rows.slice(image * 4, image * 4 + 4)),
        12,
      );
    }
  });

  test('of a class that is never sure, less is enough; a class that is not believed puts no label in doubt', () => {
    // Class 0 gets 0.6 of its own images on average, class 1 gets 0.9.
    const rows = [0.6, 0.4, 0.6, 0.4, 0.1, 0.9, 0.1, 0.9, 0.62, 0.38, 0.3, 0.7];
    // Image 4 is labeled 1 and looks like a 0; image 5 is labeled 0, but 0.7 is not what a 1 usually gets.
    expect(findLabelErrors(rows, [0, 0, 1, 1, 1, 0], 2).map(({ image }) => image)).toEqual([4]);
  });

  test('a class without labels, and no images', () => {
    expect(findLabelErrors([0, 0, 1, 0.5, 0.4, 0.1], [0, 0], 3)).toEqual([]);
    expect(findLabelErrors([], [], 3)).toEqual([]);
  });
});
