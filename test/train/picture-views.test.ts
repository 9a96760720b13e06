/** Test-time augmentation: the answer is the mean of the answers to each view. */
import { expect, test } from 'vitest';
import { evaluate, flip, predict, predictOutputs, randn, seed, softmax, tensor } from '../../src/index.ts';
import { denseModel, stripes } from './support.ts';

const pictures = stripes(7);
const values = Float32Array.from(pictures.images, (value) => value / 255);

/** Pictures moved by whole pixels, the edge continued. */
function moved(right: number, down: number): Float32Array {
  const inside = (place: number): number => Math.min(Math.max(place, 0), 5);
  return values.map((_, index) => {
    const [x, y] = [index % 6, Math.floor(index / 6) % 6];
    return values[index - x - 6 * y + inside(x - right) + 6 * inside(y - down)];
  });
}

function close(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  for (let index = 0; index < found.length; index++) expect(found[index]).toBeCloseTo(expected[index], 5);
}

test('probabilities are the mean over the mirror image, the shifted ones, and those mirrored', async () => {
  seed(1);
  const model = denseModel();
  const places = [
    [0, 0],
    [-2, 0],
    [2, 0],
    [0, -2],
    [0, 2],
  ] as const;
  const each = places.flatMap(([right, down]) => {
    const view = tensor(moved(right, down), { shape: [7, 6, 6, 1] });
    return [view, flip(view, 2)];
  });
  const views = { flip: true, shift: 2 };
  const answers = await Promise.all(each.map((view) => softmax(model.call(view)).data()));
  const expected = answers[0].map((_, index) => answers.reduce((sum, one) => sum + one[index], 0) / 10);
  const found = await predict(model, tensor(values, { shape: [7, 6, 6, 1] }), { views });
  found.forEach(({ probabilities, label }, picture) => {
    close(probabilities, expected.slice(3 * picture, 3 * picture + 3));
    expect(probabilities[label]).toBe(Math.max(...probabilities));
  });
  const { probabilities, loss, accuracy } = await evaluate(model, pictures, { views, batchSize: 4 });
  close(probabilities, expected);
  const losses = Array.from(pictures.labels, (label, index) => -Math.log(expected[3 * index + label]));
  expect(loss).toBeCloseTo(losses.reduce((sum, one) => sum + one, 0) / 7, 4);
  expect(accuracy).toBe(found.filter(({ label }, index) => label === pictures.labels[index]).length / 7);
  // One view at a time.
  const mirrored = await predict(model, tensor(values, { shape: [7, 6, 6, 1] }), { views: { flip: true } });
  const two = answers[0].map((value, index) => (value + answers[1][index]) / 2);
  mirrored.forEach(({ probabilities: own }, picture) => {
    close(own, two.slice(3 * picture, 3 * picture + 3));
  });
});

test('what has no views is refused', async () => {
  const model = denseModel();
  await expect(predict(model, randn([2, 36]), { views: { flip: true } })).rejects.toThrow(
    /views of pictures.*\[N, H, W, C\]/,
  );
  await expect(evaluate(model, pictures, { views: { shift: 0.5 } })).rejects.toThrow(/shift 0.5/);
  await expect(evaluate(model, pictures, { views: { shift: 6 } })).rejects.toThrow(
    /shift 6 for pictures of 6×6 pixels/,
  );
  await evaluate(model, pictures, { views: { shift: 5 } });
  await expect(
    predictOutputs(model, randn([2, 6, 6, 1]), { views: { flip: true } } as object),
  ).rejects.toThrow(/unknown option "views"/);
});
