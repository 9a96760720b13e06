/** Pictures as tensors, and the classes of tensors. */
import { describe, expect, test } from 'vitest';
import {
  Activation,
  channelStatistics,
  concat,
  Dense,
  decodePng,
  Embedding,
  encodePng,
  evaluate,
  fit,
  fromPixels,
  LSTM,
  Module,
  NonFiniteError,
  OptionError,
  predict,
  predictOutputs,
  randint,
  randn,
  Sequential,
  SGD,
  ShapeError,
  Sigmoid,
  Softmax,
  softmax,
  type Tensor,
  tensor,
  zeros,
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

  test('takes several inputs, in a list or a record', async () => {
    class Two extends Module<{ readonly days: Tensor; readonly place: Tensor }> {
      readonly places = new Embedding(10, 3);
      readonly head = new Dense(4, 3);

      forward({ days, place }: { readonly days: Tensor; readonly place: Tensor }) {
        return this.head.call(days).add(this.places.call(place));
      }
    }
    class Sum extends Module<readonly Tensor[]> {
      readonly head = new Dense(4, 2);

      forward([x, y]: readonly Tensor[]) {
        return this.head.call(x.add(y));
      }
    }
    const days = randn([300, 4]);
    const place = randint(0, 10, [300]);
    const two = new Two();
    const answers = await predict(two, { days, place });
    const wanted = softmax(two.call({ days, place }));
    expect(answers.map(({ label }) => label)).toEqual([...(await wanted.argMax(-1).data())]);
    const all = answers.flatMap(({ probabilities }) => [...probabilities]);
    const closeTo = (values: ArrayLike<number>) => Array.from(values, (value) => expect.closeTo(value, 5));
    expect(all).toEqual(closeTo(await wanted.data()));
    expect(await predict(new Sum(), [days, days])).toHaveLength(300);
    await expect(predict(two, { days, place: randint(0, 10, [5]) })).rejects.toThrow(
      /predict: got \[300, 4\] and \[5\]/,
    );
    await expect(predict(two, { days, place }, { normalization })).rejects.toThrow(
      /normalization for 2 inputs/,
    );
  });

  test('invents no class and takes no softmax twice', async () => {
    const x = randn([5, 4]);
    const scores = new Dense(4, 3);
    const ends = new Sequential([scores, new Softmax()]);
    expect(await predict(ends, x)).toEqual(await predict(scores, x));
    const examples = { inputs: x, targets: randint(0, 3, [5]) };
    const loss = (outputs: Tensor) => outputs.mean();
    const { probabilities } = await evaluate(ends, examples, { loss });
    expect(probabilities).toEqual((await evaluate(scores, examples)).probabilities);
    await expect(evaluate(ends, examples)).rejects.toThrow(/ends in a softmax.*Leave the softmax out/);
    await expect(predict(new Dense(4, 1), x)).rejects.toThrow(/\[5, 1\].*two classes.*predictOutputs/);
    await expect(predict(new Sequential([scores, new Sigmoid()]), x)).rejects.toThrow(
      /sigmoid.*predictOutputs/,
    );
    const line = { model: new Dense(4, 2), name: 'line', inputShape: [4] };
    await expect(predict(line, x)).rejects.toThrow(/without classNames.*predictOutputs/);
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

describe('predictOutputs', () => {
  test('gives what a model gives, of any structure, and as a loaded one was trained', async () => {
    const line = new Dense(4, 1);
    const x = randn([300, 4]);
    const values = async (given: Tensor) =>
      Array.from(await given.data(), (value) => expect.closeTo(value, 5));
    const numbers: Tensor = await predictOutputs(line, x);
    expect(numbers.shape).toEqual([300, 1]);
    expect([...(await numbers.data())]).toEqual(await values(line.call(x)));
    class Both extends Module<Tensor, { readonly twice: Tensor; readonly rows: readonly Tensor[] }> {
      forward(input: Tensor) {
        return { twice: input.mul(2), rows: [input.sum(-1).cast('int32')] };
      }
    }
    const { twice, rows } = await predictOutputs(new Both(), x);
    expect(await twice.data()).toEqual(await x.mul(2).data());
    expect([rows[0].shape, rows[0].dtype]).toEqual([[300], 'int32']);
    const pictures = tensor(pixels, { shape: [3, 6, 6, 1] });
    const scores = await predictOutputs(saved, pictures);
    const answers = await predict(saved, pictures);
    expect([...(await scores.argMax(-1).data())]).toEqual(answers.map(({ label }) => label));
    expect(await predictOutputs(model, pictures, { normalization }).then((each) => each.data())).toEqual(
      await scores.data(),
    );
  });

  test('refuses what has no example for each output', async () => {
    await expect(predictOutputs(new Activation('sum', (x) => x.sum(0)), randn([3, 4]))).rejects.toThrow(
      /outputs \[4\] for 3 inputs/,
    );
    await expect(predictOutputs(model, zeros([0, 6, 6, 1]))).rejects.toThrow(/got no inputs/);
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
    const given = zeros([1, 2, 2, 3]) as object as Parameters<typeof fromPixels>[0];
    expect(() => fromPixels(given)).toThrow('got a Tensor');
  });
});
