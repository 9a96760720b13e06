/** Pictures as tensors, and the classes of tensors. */
import { describe, expect, test } from 'vitest';
import {
  channelStatistics,
  concat,
  decodePng,
  Embedding,
  encodePng,
  fit,
  fromPixels,
  LSTM,
  NonFiniteError,
  OptionError,
  predict,
  Sequential,
  SGD,
  ShapeError,
  tensor,
} from '../../src/index.ts';
import { denseModel, stripes } from './support.ts';

const train = stripes(48);
const model = denseModel();
const normalization = channelStatistics(train);
const saved = {
  model,
  name: 'stripes',
  classNames: train.classNames,
  inputShape: [6, 6, 1],
  normalization,
} as const;
const pixels = Float32Array.from(train.images.subarray(0, 3 * 36), (value) => value / 255);

describe('predict', () => {
  test('takes tensors as it takes pixels, and what a loaded model says', async () => {
    const wanted = await predict(model, pixels, [3, 6, 6, 1], { normalization });
    const x = tensor(pixels, { shape: [3, 6, 6, 1] });
    expect(await predict(model, x, { normalization })).toEqual(wanted);
    const named = wanted.map((each) => ({ ...each, className: train.classNames[each.label] }));
    expect(await predict(saved, x)).toEqual(named);
    expect(await predict(saved, pixels, [3, 6, 6, 1])).toEqual(named);
    const words = new Sequential({ embedding: new Embedding(20, 4), lstm: new LSTM(4, 2) });
    expect(await predict(words, tensor([[1, 5, 19]], { dtype: 'int32' }))).toHaveLength(1);
  });

  test('sees the model of the call', async () => {
    const other = denseModel();
    const x = tensor(pixels, { shape: [3, 6, 6, 1] });
    const before = await predict(other, x);
    const later = predict(other, x);
    await fit(other, train, { epochs: 1, optimizer: new SGD(other.parameters(), { learningRate: 0.5 }) });
    expect(await later).toEqual(before);
  });

  test('refuses other pictures than the model takes', async () => {
    const large = tensor(new Float32Array(300), { shape: [1, 10, 10, 3] });
    await expect(predict(saved, large)).rejects.toThrow(ShapeError);
    await expect(predict(saved, large)).rejects.toThrow(
      /expected \[N, 6, 6, 1\].*size: \[6, 6\], channels: 1/,
    );
    await expect(predict(model, tensor([1]))).rejects.toThrow(ShapeError);
    const broken = tensor(pixels.with(40, Number.NaN), { shape: [3, 6, 6, 1] });
    await expect(predict(saved, broken)).rejects.toThrow(NonFiniteError);
  });
});

describe('fromPixels', () => {
  /** A picture of a page: bytes, four for each pixel. */
  const pageOf = (width: number, height: number, ...data: number[]) => ({
    width,
    height,
    data: Uint8ClampedArray.from(data),
  });

  test('gives what decoding gives', async () => {
    const picture = {
      width: 6,
      height: 6,
      channels: 1,
      bitDepth: 8,
      pixels: pixels.subarray(0, 36),
    } as const;
    const image = decodePng(encodePng(picture));
    const x = fromPixels(image, { channels: 1 });
    expect(x.shape).toEqual([1, 6, 6, 1]);
    expect(await x.data()).toEqual(picture.pixels);
    const answers = await predict(saved, concat([x, fromPixels(image, { channels: 1, invert: true })]));
    expect(answers[0]).toEqual((await predict(saved, pixels, [3, 6, 6, 1]))[0]);
    expect(answers[1]).not.toEqual(answers[0]);
  });

  test('lays dark ink on white and light ink on black, and averages areas', async () => {
    const ink = pageOf(2, 1, 0, 0, 0, 255, 0, 0, 0, 0);
    expect(await fromPixels(ink, { channels: 1 }).data()).toEqual(Float32Array.of(0, 1));
    expect(await fromPixels(ink, { channels: 1, background: 0 }).data()).toEqual(Float32Array.of(0, 0));
    const chalk = pageOf(2, 1, 255, 255, 255, 255, 0, 0, 0, 0);
    expect(await fromPixels(chalk, { size: [1, 1] }).array()).toEqual([[[[0.5, 0.5, 0.5]]]]);
    const wide = { size: [1, 1], channels: 1, fit: 'crop' } as const;
    expect(
      await fromPixels(pageOf(3, 1, ...[0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 255]), wide).item(),
    ).toBe(1);
    const red = fromPixels(pageOf(1, 1, 255, 0, 0, 255), { channels: 1, invert: true });
    expect(await red.item()).toBeCloseTo(1 - 0.299, 6);
  });

  test('refuses what is no picture', () => {
    for (const wrong of [
      { width: 2, height: 2 },
      pageOf(2, 2, 1, 2, 3),
      { width: 0, height: 0, getContext: () => null },
    ]) {
      expect(() => fromPixels(wrong)).toThrow(OptionError);
    }
  });
});
