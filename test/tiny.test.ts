/** One small test that goes the whole way: data, model, training, saving, loading, predicting. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  Adam,
  channelStatistics,
  createModel,
  evaluate,
  explain,
  fit,
  type ImageDataset,
  loadModel,
  predict,
  RandomGenerator,
  saveModel,
  seed,
  softmaxCrossEntropy,
  summary,
  tensor,
  zeros,
} from '../src/index.ts';

/** Bars: class 0 is horizontal, class 1 vertical, at random places, with noise. */
function bars(count: number, stream: number): ImageDataset {
  const generator = new RandomGenerator(0, stream);
  const [size, images, labels] = [8, new Uint8Array(count * 64), new Int32Array(count)];
  for (let n = 0; n < count; n++) {
    labels[n] = n % 2;
    const place = generator.nextBelow(size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const bar = (labels[n] === 0 ? y : x) === place;
        images[n * 64 + y * size + x] = (bar ? 180 : 0) + generator.nextBelow(60);
      }
    }
  }
  return {
    name: 'bars',
    images,
    shape: [count, size, size, 1],
    labels,
    classNames: ['horizontal', 'vertical'],
  };
}

it('trains, saves, loads and predicts', async () => {
  seed(0);
  const [train, test] = [bars(128, 1), bars(64, 2)];
  const normalization = channelStatistics(train);
  const model = createModel('conv-lstm', { inputShape: [8, 8, 1], classes: 2 });
  expect(summary(model, [8, 8, 1])).toContain('lstm');
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  const history = await fit(model, train, {
    epochs: 15,
    optimizer,
    batchSize: 16,
    normalization,
    validation: test,
  });
  expect(history.epochs).toHaveLength(15);
  const before = await evaluate(model, test, { normalization });
  expect(before.accuracy).toBeGreaterThan(0.95);

  const folder = mkdtempSync(join(tmpdir(), 'weft-tiny-'));
  try {
    await saveModel(folder, {
      model,
      name: 'conv-lstm',
      classNames: test.classNames,
      inputShape: [8, 8, 1],
      normalization,
    });
    const loaded = await loadModel(folder);
    const after = await evaluate(loaded.model, test, { normalization: loaded.normalization });
    expect(after.probabilities).toEqual(before.probabilities);
    const pixels = Float32Array.from(test.images.subarray(0, 64), (value) => value / 255);
    const [first] = await predict(loaded.model, pixels, [1, 8, 8, 1], {
      normalization: loaded.normalization,
    });
    expect(first.label).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  const labels = tensor([0, 1], { dtype: 'int32' });
  const plan = await explain((x) => softmaxCrossEntropy(model.call(x), labels), zeros([2, 8, 8, 1]));
  expect(plan).toMatch(/lstm.*\n[\s\S]*kernels/);
});
