/** The models of the training cases: the same as the peers', with weights from the seeded generator. */
import {
  BatchNorm,
  Conv2d,
  Dense,
  Flatten,
  LSTM,
  MaxPool2d,
  ReLU,
  RowsToSequence,
  Sequential,
  Tanh,
} from '../../src/index.ts';

/** [N, 28, 28] → LSTM 128 → dense 10. */
export function rowLstm(): Sequential {
  return new Sequential({ lstm: new LSTM(28, 128), head: new Dense(128, 10) });
}

function convolutions(first: number, second: number): Record<string, Conv2d | ReLU | MaxPool2d> {
  return {
    conv1: new Conv2d(1, first, 3, { padding: 'same' }),
    relu1: new ReLU(),
    pool1: new MaxPool2d(2),
    conv2: new Conv2d(first, second, 3, { padding: 'same' }),
    relu2: new ReLU(),
    pool2: new MaxPool2d(2),
  };
}

/** [N, 28, 28, 1] → two convolutions of 32 and 64 channels → dense 128 → dense 10. */
export function cnn(): Sequential {
  return new Sequential({
    ...convolutions(32, 64),
    flatten: new Flatten(),
    dense1: new Dense(7 * 7 * 64, 128),
    relu3: new ReLU(),
    head: new Dense(128, 10),
  });
}

/** [N, 28, 28, 1] → two convolutions of 16 and 32 channels → LSTM 128 over 7 rows → dense 10. */
export function convLstm(): Sequential {
  return new Sequential({
    ...convolutions(16, 32),
    rows: new RowsToSequence(),
    lstm: new LSTM(7 * 32, 128),
    head: new Dense(128, 10),
  });
}

/** The conv-lstm with ten times as many layers of each kind: [N, 28, 28, 1] → 10 + 10 convolutions → 10 LSTMs → dense 10. */
export function deepConvLstm(): Sequential {
  const more = (stage: number, channels: number): Record<string, Conv2d | ReLU> =>
    Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [
        [`conv${stage}_${at}`, new Conv2d(channels, channels, 3, { padding: 'same' })],
        [`relu${stage}_${at}`, new ReLU()],
      ]).flat(),
    );
  const { conv1, relu1, pool1, conv2, relu2, pool2 } = convolutions(16, 32);
  return new Sequential({
    ...{ conv1, relu1, ...more(1, 16), pool1 },
    ...{ conv2, relu2, ...more(2, 32), pool2 },
    rows: new RowsToSequence(),
    lstm: new LSTM(7 * 32, 128, { layers: 10 }),
    head: new Dense(128, 10),
  });
}

/** [N, 16] → as many times dense 16, relu → dense 10. */
export function denseStack(depth: number): Sequential {
  const layers = Array.from({ length: depth }, () => [new Dense(16, 16), new ReLU()]).flat();
  return new Sequential([...layers, new Dense(16, 10)]);
}

/** [N, 8, 8, 1] → convolution to 16 channels → as many times convolution, batch norm, relu → dense 10. */
export function convolutionStack(depth: number): Sequential {
  const layers = Array.from({ length: depth }, () => [
    new Conv2d(16, 16, 3, { padding: 'same' }),
    new BatchNorm(16),
    new ReLU(),
  ]).flat();
  const stem = new Conv2d(1, 16, 3, { padding: 'same' });
  return new Sequential([stem, ...layers, new Flatten(), new Dense(8 * 8 * 16, 10)]);
}

/** [N, 2] → dense 8, tanh → dense 2. */
export function tinyMlp(): Sequential {
  return new Sequential({ hidden: new Dense(2, 8), tanh: new Tanh(), head: new Dense(8, 2) });
}
