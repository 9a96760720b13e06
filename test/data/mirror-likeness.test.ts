/** Pictures whose mirror images are ones of their class, and others. */
import { expect, test } from 'vitest';
import { isMirrorLike } from '../../src/data/mirror-likeness.ts';
import { type ImageDataset, loadDigits, RandomGenerator } from '../../src/index.ts';

const side = 12;

/** Pictures of two classes: a bright spot in the upper or in the lower half, in a column that `columnOf` draws. */
function spots(columnOf: (generator: RandomGenerator) => number, count = 400): ImageDataset {
  const generator = new RandomGenerator(0);
  const images = new Uint8Array(count * side * side);
  const labels = Int32Array.from({ length: count }, (_, index) => index % 2);
  labels.forEach((label, index) => {
    images[index * side * side + (2 + 6 * label) * side + columnOf(generator)] = 255;
  });
  return { name: 'spots', images, shape: [count, side, side, 1], labels, classNames: ['up', 'down'] };
}

test('pictures that are as likely mirrored as not', () => {
  expect(isMirrorLike(spots(() => 5, 2))).toBe(false);
  expect(isMirrorLike(spots((generator) => 4 + generator.nextBelow(4), 4000))).toBe(true);
  expect(isMirrorLike(spots((generator) => 4 + generator.nextBelow(3), 4000))).toBe(false);
});

test('digits are not, and one class that is not is enough', () => {
  expect(isMirrorLike(loadDigits().train)).toBe(false);
  const even = spots((generator) => 4 + generator.nextBelow(4), 4000);
  const odd = even.images.slice();
  even.labels.forEach((label, index) => {
    if (label === 1)
      odd.copyWithin(index * side * side + 1, index * side * side, (index + 1) * side * side - 1);
  });
  expect(isMirrorLike({ ...even, images: odd })).toBe(false);
});
