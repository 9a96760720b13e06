/** What stacking learns from few images: nothing that they cannot show. */
import { expect, test } from 'vitest';
import { stackedLayer } from '../../src/cli/ensemble/learned-combination.ts';

/** Two models that give the right class this probability, the one here and the other there. */
function answersOf(labels: readonly number[], classes: number) {
  const probabilities = [0.9, 0.4].map((right) =>
    labels.flatMap((label) =>
      Array.from({ length: classes }, (_, k) => (k === label ? right : (1 - right) / (classes - 1))),
    ),
  );
  return { probabilities, labels, classes };
}

test('of fewer images than parts it is the mean of the logits', async () => {
  const { weight, bias, penalty } = await stackedLayer(answersOf([0, 1, 2], 3));
  expect(penalty).toBe(Number.POSITIVE_INFINITY);
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1].map((each) => each / 2);
  expect([...weight]).toEqual([...identity, ...identity]);
  expect([...bias]).toEqual([0, 0, 0]);
});

test('an image of each class, or two, is enough for every part to have some', async () => {
  for (const labels of [[0, 1, 2, 3, 4, 5], [0, 0, 1, 1, 2, 2], [3]]) {
    const { weight, penalty } = await stackedLayer(answersOf(labels, 6));
    expect(penalty).toBeGreaterThan(0);
    expect(weight.every(Number.isFinite)).toBe(true);
  }
});
