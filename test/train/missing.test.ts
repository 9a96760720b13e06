/** Missing pixels in fit, evaluate and predict: refused, unless it is said what is done with them. */
import { describe, expect, it } from 'vitest';
import {
  Adam,
  channelStatistics,
  Dense,
  evaluate,
  FillMissing,
  Flatten,
  fit,
  type ImageDataset,
  LSTM,
  NonFiniteError,
  predict,
  predictOutputs,
  RowsToSequence,
  removePixels,
  Sequential,
  seed,
  tensor,
} from '../../src/index.ts';

const [count, side] = [12, 4];
const whole: ImageDataset = {
  name: 'toy',
  images: Float32Array.from({ length: count * side * side }, (_, i) => ((i * 37) % 100) / 100),
  shape: [count, side, side, 1],
  labels: Int32Array.from({ length: count }, (_, i) => i % 2),
  classNames: ['even', 'odd'],
};
const normalization = channelStatistics(whole);
const holed = removePixels(whole, { what: 'rows', rate: 0.5, seed: 2 });

function dense(): Sequential {
  seed(1);
  return new Sequential({ flatten: new Flatten(), head: new Dense(side * side, 2) });
}

function rows(): Sequential {
  seed(1);
  const lstm = new LSTM(side, 8, { nanIsMissing: true });
  return new Sequential({ rows: new RowsToSequence(), lstm, head: new Dense(8, 2) });
}

describe('NaN in pictures', () => {
  it('is refused, and the message names the cure', async () => {
    const cure = /image 0.*a pixel that is NaN.*missing: 'mask', 'mean' or 'last'/s;
    await expect(evaluate(dense(), holed, { normalization })).rejects.toThrow(cure);
    await expect(predict(dense(), holed.images as Float32Array, holed.shape)).rejects.toThrow(cure);
    const model = dense();
    const trained = fit(model, holed, { epochs: 1, optimizer: new Adam(model.parameters()), normalization });
    await expect(trained).rejects.toThrow(/image \d+ of toy holds NaN.*the option missing/s);
  });

  it("is the mean with 'mean': as if it stood in the data", async () => {
    const [mean] = normalization.mean;
    const filled = { ...holed, images: holed.images.map((value) => (Number.isNaN(value) ? mean! : value)) };
    const [ours, theirs] = await Promise.all([
      evaluate(dense(), holed, { normalization, missing: 'mean' }),
      evaluate(dense(), filled, { normalization }),
    ]);
    expect(ours.loss).toBeCloseTo(theirs.loss, 5);
    const answers = await predict(dense(), holed.images as Float32Array, holed.shape, {
      normalization,
      missing: 'mean',
    });
    expect(answers.map(({ label }) => label)).toEqual([...theirs.predictions]);
  });

  it("reaches a model that knows of it with 'mask': whole rows that are missing are steps that are not read", async () => {
    const model = rows();
    const { probabilities } = await evaluate(model, holed, { normalization, missing: 'mask' });
    const [first] = normalization.std;
    const pixels = holed.images.slice(0, side * side);
    const read = Array.from({ length: side }, (_, y) => [...pixels.slice(y * side, (y + 1) * side)]).filter(
      ([value]) => !Number.isNaN(value),
    );
    expect(read).toHaveLength(2);
    const { lstm, head } = model.modules as { lstm: LSTM; head: Dense };
    const sequence = tensor([
      read.map((row) => row.map((value) => (value - normalization.mean[0]!) / first!)),
    ]);
    const scores = await head.call(lstm.call(sequence)).softmax(-1).data();
    scores.forEach((score, i) => {
      expect(probabilities[i]).toBeCloseTo(score, 5);
    });
  });

  it('may come from the augmentation, in training alone', async () => {
    const model = rows();
    const { epochs } = await fit(model, whole, {
      epochs: 2,
      optimizer: new Adam(model.parameters()),
      validation: whole,
      normalization,
      missing: 'mask',
      augmentation: { shift: 1, remove: { what: 'rows', rate: [0, 1] } },
      progress: false,
    });
    expect(epochs.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
  });

  it('is filled by a layer of the model, which learns the mean of each pixel in training', async () => {
    seed(1);
    const fill = new FillMissing([side, side, 1]);
    const model = new Sequential({ fill, flatten: new Flatten(), head: new Dense(side * side, 2) });
    const optimizer = new Adam(model.parameters());
    await fit(model, holed, { epochs: 3, optimizer, batchSize: 5, missing: 'mask', progress: false });
    const mean = await fill.mean!.data();
    for (let pixel = 0; pixel < side * side; pixel++) {
      const seen = Array.from({ length: count }, (_, n) => holed.images[n * side * side + pixel]!).filter(
        (value) => !Number.isNaN(value),
      );
      expect(mean[pixel]).toBeCloseTo(seen.reduce((sum, value) => sum + value, 0) / seen.length, 5);
    }
    expect(await fill.count!.data()).toEqual(
      Float32Array.from(
        { length: side * side },
        (_, pixel) =>
          3 *
          Array.from({ length: count }, (_, n) => holed.images[n * side * side + pixel]!).filter(
            Number.isFinite,
          ).length,
      ),
    );
  });

  it('needs a normalization for its mean, pictures to look above, and is no infinity', async () => {
    await expect(evaluate(dense(), holed, { missing: 'mean' })).rejects.toThrow(
      /missing 'mean' without a normalization/,
    );
    await expect(evaluate(dense(), holed, { missing: 'median' as 'mean' })).rejects.toThrow(
      /missing "median"/,
    );
    const infinite = { ...whole, images: whole.images.map(() => Number.POSITIVE_INFINITY) as Float32Array };
    await expect(evaluate(dense(), infinite, { normalization, missing: 'mask' })).rejects.toThrow(
      NonFiniteError,
    );
    const twoChannels = { mean: [0, 0], std: [1, 1] };
    await expect(
      predictOutputs(new Dense(2, 1), tensor([[1, 2]]), { normalization: twoChannels, missing: 'last' }),
    ).rejects.toThrow(/missing 'last' for inputs \[1, 2\]/);
  });
});
