/** rcnn, convlstm2d and crnn: the weights of the paper, sequences of images, and texts read by columns. */
import { describe, expect, it } from 'vitest';
import { Adam, ctc, GlobalMaxPool2d, LSTM, randn, seed, sequenceShape, tensor } from '../../src/index.ts';
import { createModel } from '../../src/models/index.ts';
import { expectClose, int32, values } from '../nn/support.ts';

describe('rcnn', () => {
  it('has the weights of the paper: 8·9·K² + 75K + 10K + 10 for colored images 32×32', () => {
    const K = 96;
    const model = createModel('rcnn', { inputShape: [32, 32, 3], classes: 10, maps: [K, K, K, K, K] });
    const sizes = model.namedParameters().map(([path, { size }]) => [path, size] as const);
    const sizeOf = (part: RegExp) =>
      sizes.reduce((sum, [path, size]) => sum + (part.test(path) ? size : 0), 0);
    expect(sizeOf(/^recurrent\d\.(feedForward|recurrent)\.weight$/)).toBe(8 * 9 * K ** 2);
    expect(sizeOf(/^conv\.weight$/)).toBe(75 * K);
    expect(sizeOf(/^head\./)).toBe(10 * K + 10);
    expect(sizeOf(/\.weight$|^head\.bias$/)).toBe(671_722);
    // What the formula leaves out: a bias for each map, and scale and shift for each map and step.
    expect(sizeOf(/^(conv|.*feedForward)\.bias$/)).toBe(5 * K);
    expect(sizeOf(/norm/)).toBe(2 * K * (1 + 4 * 4));
    expect(model.parameterCount()).toBe(675_466);
  });

  it('pools before each two recurrent convolutions', () => {
    const model = createModel('rcnn', { inputShape: [20, 20, 1], classes: 2, dropout: 0.5 });
    expect(Object.keys(model.modules)).toEqual(
      'conv relu norm pool1 recurrent1 dropout1 recurrent2 dropout2 pool2 recurrent3 dropout3 recurrent4 maximum head'.split(
        ' ',
      ),
    );
    expect(model.modules.maximum).toBeInstanceOf(GlobalMaxPool2d);
  });
});

describe('convlstm2d', () => {
  it('reads sequences of images as it reads strips', async () => {
    const [steps, height] = [5, 4];
    const model = createModel('convlstm2d', { inputShape: [steps * height, 6, 2], classes: 3, steps });
    const frames = values([2, steps, height, 6, 2]);
    await expectClose(model.call(frames), model.call(frames.reshape(2, steps * height, 6, 2)));
    const shuffled = frames.flip(1);
    expect(Number(await model.call(shuffled).sub(model.call(frames)).abs().max().item())).toBeGreaterThan(
      1e-4,
    );
  });

  it('fills the last strip with zeros', async () => {
    const task = { classes: 3, steps: 4, maps: [4] } as const;
    const model = createModel('convlstm2d', { ...task, inputShape: [10, 6, 1] });
    const even = createModel('convlstm2d', { ...task, inputShape: [12, 6, 1] });
    await even.loadStateDict(await model.stateDict());
    const x = values([2, 10, 6, 1]);
    const filled = x.pad([
      [0, 0],
      [0, 2],
      [0, 0],
      [0, 0],
    ]);
    await expectClose(model.call(x), even.call(filled));
  });
});

describe('crnn', () => {
  it('reads texts with the CTC loss once its LSTM gives every column', async () => {
    seed(3);
    const [hidden, blank] = [12, 0];
    const [steps, features] = sequenceShape('columns', [8, 8, 8]);
    const model = createModel('crnn', {
      inputShape: [8, 8, 1],
      classes: 4,
      maps: [4, 8],
      hidden,
      dropout: 0,
    }).with({ lstm: new LSTM(features, hidden, { layers: 2, bidirectional: true, output: 'sequence' }) });
    const x = randn([2, 8, 8, 1]);
    expect(model.call(x).shape).toEqual([2, steps, 4]);
    const texts = tensor([1, 2, 3, 3, 1, 0], { shape: [2, 3], dtype: 'int32' });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.03 });
    const losses: number[] = [];
    for (let step = 0; step < 80; step++) {
      const loss = ctc(model.call(x).logSoftmax(-1), texts, { targetLengths: int32([3, 2]), blank });
      loss.backward();
      await optimizer.step();
      losses.push(await loss.item());
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 10);
    const best = (await model.call(x).argMax(-1).array()) as number[][];
    const read = best.map((row) => row.filter((each, at) => each !== blank && each !== row[at - 1]));
    expect(read).toEqual([
      [1, 2, 3],
      [3, 1],
    ]);
  });
});
