/** Training on mixed pictures, and on all classes alike: what the loss is, and that a model learns. */
import { expect, test } from 'vitest';
import {
  Adam,
  evaluate,
  fit,
  type Loss,
  type MixOptions,
  SGD,
  seed,
  softmaxCrossEntropy,
  type Tensor,
} from '../../src/index.ts';
import { ImageSource } from '../../src/train/image-source.ts';
import { denseModel, stripes } from './support.ts';

/** The labels of each batch, as the loss is given them, and the share. */
async function mixtures(mix: MixOptions) {
  const found: { labels: number[]; partners: number[]; share: number; pixels: ArrayLike<number> }[] = [];
  for await (const { inputs, targets } of new ImageSource(stripes(12), { batchSize: 4, mix }).batches(3)) {
    const [labels, partners, share] = await Promise.all(targets.tensors.map((each) => each.data()));
    found.push({
      labels: [...labels],
      partners: [...partners],
      share: share[0],
      pixels: await inputs.tensors[0].data(),
    });
  }
  return found;
}

test('the label of the larger share comes first, and pixels are of both', async () => {
  const plain = stripes(12);
  for (const { labels, partners, share, pixels } of await mixtures({ mixup: 1 })) {
    expect(share).toBeGreaterThanOrEqual(0.5);
    // Each mixed picture is brighter where its classes have their stripe: the mean of a stripe tells the share of its class.
    labels.forEach((label, image) => {
      const stripe = (index: number): number => {
        const from = image * 36 + index * 12;
        return (
          Array.from({ length: 12 }, (_, at) => pixels[from + at]).reduce((sum, each) => sum + each, 0) / 12
        );
      };
      const expected = label === partners[image] ? 1 : share;
      const dark = [0, 1, 2].find((each) => each !== label && each !== partners[image])!;
      expect(Math.abs((stripe(label) - stripe(dark)) / (150 / 255) - expected)).toBeLessThan(0.25);
    });
  }
  expect(plain.labels).toHaveLength(12);
});

test.each<[string, Loss]>([
  ['the usual loss', softmaxCrossEntropy],
  [
    'one of one’s own',
    (scores: Tensor, labels: Tensor) => softmaxCrossEntropy(scores, labels, { labelSmoothing: 0.1 }),
  ],
])('the loss is that of both labels, weighted: %s', async (_, loss) => {
  seed(1);
  const model = denseModel();
  // A learning rate of 0: the model stays what it is.
  const losses: number[] = [];
  await fit(model, stripes(12), {
    epochs: 1,
    batchSize: 4,
    seed: 5,
    optimizer: new SGD(model.parameters(), { learningRate: () => 0 }),
    mix: { cutmix: 1, mixup: 1 },
    loss,
    onStep: ({ batchLoss }) => void losses.push(batchLoss),
  });
  let step = 0;
  for await (const { inputs, targets } of new ImageSource(stripes(12), {
    batchSize: 4,
    seed: 5,
    mix: { cutmix: 1, mixup: 1 },
  }).batches(1)) {
    const scores = model.call(inputs.tensors[0]);
    const [labels, partners, share] = targets.tensors;
    const [own, other] = await Promise.all([labels, partners].map((each) => loss(scores, each).item()));
    const [part] = await share.data();
    expect(losses[step++]).toBeCloseTo(part * own + (1 - part) * other, 5);
  }
  expect(step).toBe(3);
});

test('a model learns from mixed pictures, of a last batch of one as well', async () => {
  seed(2);
  const model = denseModel();
  const { epochs } = await fit(model, stripes(61), {
    epochs: 20,
    batchSize: 10,
    optimizer: new Adam(model.parameters(), { learningRate: 0.02 }),
    // In two parts each, of the same mixture.
    accumulate: 2,
    mix: { mixup: 0.4, cutmix: 1 },
    metrics: { same: softmaxCrossEntropy },
    validation: stripes(30, 2),
    progress: false,
  });
  const last = epochs.at(-1)!;
  expect(last.trainMetrics!.same).toBeCloseTo(last.trainLoss, 5);
  expect(last.valAccuracy).toBeGreaterThan(0.95);
  expect(last.trainAccuracy).toBeLessThan(1);
});

test('an epoch that is balanced shows small classes often, changed in another way each time', async () => {
  const all = stripes(60);
  // 40 of class 0 and 1, two of class 2.
  const kept = [...all.labels.keys()].filter((index) => all.labels[index] !== 2 || index < 6);
  const images = new Uint8Array(
    kept.flatMap((index) => [...all.images.subarray(index * 36, index * 36 + 36)]),
  );
  const labels = Int32Array.from(kept, (index) => all.labels[index]);
  const uneven = { ...all, images, labels, shape: [kept.length, 6, 6, 1] as const };
  const source = new ImageSource(uneven, {
    batchSize: 6,
    sampling: 'balanced',
    augmentation: { noise: 0.2 },
  });
  const few: string[] = [];
  for await (const { inputs, targets, size } of source.batches(1)) {
    const shown = await targets.tensors[0].data();
    expect([...shown].sort()).toEqual([0, 0, 1, 1, 2, 2]);
    const pixels = await inputs.tensors[0].data();
    for (let image = 0; image < size; image++) {
      if (shown[image] === 2) few.push(pixels.subarray(image * 36, image * 36 + 36).join());
    }
  }
  expect(new Set(few).size).toBe(14);
  const model = denseModel();
  const options = {
    epochs: 2,
    batchSize: 6,
    optimizer: new Adam(model.parameters()),
    progress: false,
  } as const;
  await fit(model, uneven, { ...options, sampling: 'balanced' });
  expect((await evaluate(model, uneven)).accuracy).toBeGreaterThan(0);
  const wrong = { ...options, sampling: 'equal' as 'balanced' };
  await expect(fit(model, uneven, wrong)).rejects.toThrow(/sampling.*'uniform', 'balanced'/);
  await expect(fit(model, uneven, { ...options, mix: {} })).rejects.toThrow(/mixup, cutmix, or both/);
  await expect(fit(model, uneven, { ...options, mix: { mixup: 0 } })).rejects.toThrow(/a number above 0/);
  const single = { ...options, mix: { cutmix: 1 }, batchSize: 1 };
  await expect(fit(model, uneven, single)).rejects.toThrow(/mix with batches of 1 picture/);
  await fit(model, stripes(4), { ...single, accumulate: 2 });
});
