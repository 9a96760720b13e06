/**
 * Bad input of every kind: each is refused with an error class of its own, and a message that says where, what was got,
 * what was expected, and the cure.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  AdamW,
  AvgPool2d,
  BatchNorm,
  backward,
  binaryCrossEntropy,
  CheckpointError,
  ColumnsToSequence,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  channelStatistics,
  compile,
  createModel,
  DatasetError,
  Dense,
  DeviceUnavailableError,
  Dropout,
  DTypeError,
  datasetFromFolder,
  decodePng,
  decodeSafetensors,
  Embedding,
  encodePng,
  evaluate,
  type FitOptions,
  Flatten,
  fit,
  GlobalAvgPool2d,
  GlobalMaxPool2d,
  GRU,
  GradientError,
  GroupNorm,
  grad,
  huber,
  type ImageDataset,
  IndexError,
  LabelError,
  LayerNorm,
  LeakyReLU,
  LSTM,
  loadDataset,
  loadModel,
  loadOptimizer,
  log,
  MaxPool2d,
  ModelConfigError,
  type Module,
  meanAbsoluteError,
  meanSquaredError,
  NonFiniteError,
  NonFiniteStepError,
  OptionError,
  ones,
  Parameter,
  PngError,
  predict,
  RandomGenerator,
  ReLU,
  RMSprop,
  RNN,
  RowsToSequence,
  Sequential,
  SGD,
  ShapeError,
  StaleParameterError,
  saveModel,
  saveOptimizer,
  seed,
  setDevice,
  softmaxCrossEntropy,
  stratifiedSplit,
  type Tensor,
  TraceError,
  tensor,
  validateLabels,
  WeftError,
  warmUp,
  zeros,
} from '../src/index.ts';
import { plainPng, temporaryFolder } from './support/datasets.ts';

type ErrorClass = new (...parameters: never[]) => WeftError;

/** Runs `act` and checks that it throws exactly this class, with four parts, and that the message has these pieces. */
async function refuses(act: () => unknown, kind: ErrorClass, ...pieces: string[]): Promise<WeftError> {
  let thrown: unknown;
  try {
    await act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, 'nothing was thrown').toBeInstanceOf(WeftError);
  const error = thrown as WeftError;
  expect(error.constructor, error.message).toBe(kind);
  expect(error.name).toBe(kind.name);
  for (const piece of pieces) expect(error.message).toContain(piece);
  for (const part of [error.where, error.got, error.expected, error.cure]) expect(part).toMatch(/\S/);
  expect(error.message).toMatch(/[^.]\.$/);
  expect(error.message).not.toMatch(/ a undefined|\[object|\bnull\b.*\bnull\b/);
  return error;
}

/** What TypeScript would refuse, as JavaScript would pass it. */
const untyped = <Value>(value: unknown): Value => value as Value;

const int32 = (values: number[]) => tensor(values, { dtype: 'int32' });

describe('a layer refuses another rank, size or dtype, and is named', () => {
  const layers: Record<string, [() => Sequential, [input: Tensor, kind: ErrorClass, pieces: string[]][]]> = {
    dense: [
      () => new Sequential({ head: new Dense(256, 10) }),
      [
        [
          zeros([64, 320]),
          ShapeError,
          ['dense "head": got [N=64, F=320]', 'last axis 256', 'Dense(320, 10)'],
        ],
        [zeros([]), ShapeError, ['dense "head": got [] (rank 0)', 'rank 1 or more']],
        [zeros([2, 256], 'int32'), DTypeError, ['layer "head": got int32', 'float32', 'cast']],
      ],
    ],
    conv1d: [
      () => new Sequential({ scan: new Conv1d(3, 2, 3) }),
      [
        [zeros([2, 5]), ShapeError, ['conv1d "scan": got [2, 5] (rank 2)', '[N, T, C=3] (rank 3)']],
        [zeros([2, 5, 4]), ShapeError, ['conv1d "scan": got [N=2, T=5, C=4]', '[N, T, C=3]', 'Conv1d(4, …)']],
        [
          zeros([2, 2, 3]),
          ShapeError,
          ['conv1d in layer "scan": got a kernel that covers [T=3] of', '[T=2]'],
        ],
        [zeros([2, 5, 3], 'int32'), DTypeError, ['conv1d in layer "scan": got int32']],
      ],
    ],
    conv2d: [
      () => new Sequential({ front: new Sequential({ conv1: new Conv2d(3, 8, 5) }) }),
      [
        [zeros([9, 9, 3]), ShapeError, ['conv2d "front.conv1": got [9, 9, 3] (rank 3)', '[N, H, W, C=3]']],
        [zeros([2, 3, 9, 9]), ShapeError, ['got [N=2, H=3, W=9, C=9]', 'C=3', 'transpose channels-first']],
        [
          zeros([2, 4, 9, 3]),
          ShapeError,
          ['"front.conv1": got a kernel that covers [H=5, W=5]', '[H=4, W=9]'],
        ],
        [zeros([2, 9, 9, 3], 'bool'), DTypeError, ['"front.conv1": got bool, expected float32']],
      ],
    ],
    convTranspose2d: [
      () => new Sequential({ up: new ConvTranspose2d(3, 2, 3, { padding: 2 }) }),
      [
        [zeros([5, 5, 3]), ShapeError, ['convTranspose2d "up": got [5, 5, 3]', '[N, H, W, C=3]']],
        [zeros([2, 5, 5, 1]), ShapeError, ['convTranspose2d "up": got [N=2, H=5, W=5, C=1]']],
        [zeros([2, 2, 2, 3]), ShapeError, ['layer "up"', '[OH=0, OW=0]', 'Lower the padding']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "up": got int32']],
      ],
    ],
    maxPool2d: [
      () => new Sequential({ pool: new MaxPool2d(3) }),
      [
        [zeros([2, 5, 3]), ShapeError, ['maxPool2d "pool": got [2, 5, 3] (rank 3)', '[N, H, W, C]']],
        [zeros([2, 2, 5, 1]), ShapeError, ['layer "pool": got a window of 3×3 over an image [H=2, W=5]']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "pool": got int32']],
      ],
    ],
    avgPool2d: [
      () => new Sequential({ pool: new AvgPool2d(3) }),
      [
        [zeros([2, 5]), ShapeError, ['avgPool2d "pool": got [2, 5] (rank 2)']],
        [zeros([2, 5, 2, 1]), ShapeError, ['layer "pool": got a window of 3×3', '[H=5, W=2]']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "pool": got int32']],
      ],
    ],
    globalPools: [
      () => new Sequential({ mean: new GlobalAvgPool2d() }),
      [
        [zeros([2, 5, 3]), ShapeError, ['globalAvgPool2d "mean": got [2, 5, 3] (rank 3)']],
        [zeros([2, 0, 5, 1]), ShapeError, ['layer "mean": got [N=2, H=0, W=5, C=1]', 'at least one pixel']],
        [zeros([2, 5, 5, 3], 'int32'), DTypeError, ['layer "mean": got int32']],
      ],
    ],
    globalMaxPool2d: [
      () => new Sequential({ peak: new GlobalMaxPool2d() }),
      [
        [zeros([2, 5, 3]), ShapeError, ['globalMaxPool2d "peak": got [2, 5, 3] (rank 3)']],
        [zeros([2, 0, 5, 1]), ShapeError, ['layer "peak": got [N=2, H=0']],
      ],
    ],
    batchNorm: [
      () => new Sequential({ norm: new BatchNorm(3) }),
      [
        [zeros([3]), ShapeError, ['batchNorm "norm": got [F=3] (rank 1)', 'rank 2 or more']],
        [zeros([2, 4]), ShapeError, ['batchNorm "norm": got [N=2, F=4]', 'last axis 3', 'BatchNorm(4)']],
        [zeros([1, 3]), ShapeError, ['1 value a feature', 'at least 2', 'eval()']],
      ],
    ],
    layerNorm: [
      () => new Sequential({ norm: new LayerNorm([4, 3]) }),
      [
        [zeros([3]), ShapeError, ['layerNorm "norm": got [F=3] (rank 1)', 'last axes 4, 3']],
        [zeros([2, 3, 3]), ShapeError, ['layerNorm "norm": got [N=2, T=3, F=3]', 'last axes 4, 3']],
      ],
    ],
    groupNorm: [
      () => new Sequential({ norm: new GroupNorm(2, 4) }),
      [
        [zeros([4]), ShapeError, ['groupNorm "norm": got [F=4] (rank 1)']],
        [zeros([2, 5]), ShapeError, ['groupNorm "norm": got [N=2, F=5]', 'last axis 4']],
      ],
    ],
    embedding: [
      () => new Sequential({ words: new Embedding(5, 2) }),
      [
        [
          zeros([2]),
          DTypeError,
          ['embedding "words": got float32[F=2]', 'int32 indices from 0 to 4', "cast('int32')"],
        ],
      ],
    ],
    dropout: [
      () => new Sequential({ drop: new Dropout(0.5) }),
      [[zeros([2], 'int32'), DTypeError, ['dropout in layer "drop": got int32']]],
    ],
    rowsToSequence: [
      () => new Sequential({ rows: new RowsToSequence() }),
      [
        [
          zeros([28, 28]),
          ShapeError,
          ['rowsToSequence "rows": got [28, 28] (rank 2)', 'reshape(1, H, W, 1)'],
        ],
      ],
    ],
    columnsToSequence: [
      () => new Sequential({ columns: new ColumnsToSequence() }),
      [[zeros([2, 3, 3]), ShapeError, ['columnsToSequence "columns": got [2, 3, 3]', '[N, H, W, C]']]],
    ],
    flatten: [
      () => new Sequential({ flat: new Flatten() }),
      [[zeros([]), ShapeError, ['flatten "flat": got [] (rank 0)', '[N, …]']]],
    ],
  };
  for (const [name, [make, cases]] of Object.entries(layers)) {
    test(name, async () => {
      for (const [input, kind, pieces] of cases) await refuses(() => make().call(input), kind, ...pieces);
    });
  }

  const recurrent = { rnn: () => new RNN(3, 2), gru: () => new GRU(3, 2), lstm: () => new LSTM(3, 2) };
  for (const [kind, make] of Object.entries(recurrent)) {
    test(kind, async () => {
      const model = new Sequential({ rec: untyped<Module>(make()) });
      await refuses(() => model.call(zeros([2, 3])), ShapeError, `${kind} "rec": got [2, 3]`, '[N, T, F=3]');
      await refuses(() => model.call(zeros([2, 4, 5])), ShapeError, 'got [N=2, T=4, F=5]', 'for 5 inputs');
      await refuses(() => model.call(zeros([2, 0, 3])), ShapeError, 'T=0', 'at least one step');
      await refuses(() => model.call(zeros([2, 4, 3], 'int32')), DTypeError, 'layer "rec": got int32');
    });
  }

  test('what comes with a sequence', async () => {
    const lstm = new LSTM(3, 2);
    const model = new Sequential({ rec: untyped<Module>(lstm) });
    const x = zeros([2, 4, 3]);
    const call = (more: object) => () => model.call(untyped<Tensor>({ x, ...more }));
    const state = zeros([1, 2, 2]);
    await refuses(call({ lengths: tensor([1, 2]) }), DTypeError, 'lstm "rec" lengths: got float32', 'int32');
    await refuses(call({ lengths: int32([1, 2, 3]) }), ShapeError, 'lengths: got [N=3]', '[N=2]');
    await refuses(call({ lengths: int32([1, 9]) }), OptionError, 'lengths: got 9 at index 1', '0 to 4');
    await refuses(call({ lengths: [1, 2] }), DTypeError, 'lengths: got [1,2]', 'a tensor');
    await refuses(call({ mask: zeros([2, 4]) }), DTypeError, 'mask: got float32, expected bool');
    await refuses(call({ mask: zeros([4, 2], 'bool') }), ShapeError, 'mask: got [N=4, T=2]', '[N=2, T=4]');
    await refuses(call({ mask: zeros([2, 4], 'bool'), lengths: int32([1, 2]) }), OptionError, 'one of them');
    await refuses(call({ length: 3 }), OptionError, 'lstm "rec": got unknown option "length"');
    await refuses(call({ x: undefined }), DTypeError, 'lstm "rec" x: got undefined');
    await refuses(call({ initialState: { h: state } }), OptionError, 'state of h, expected h and c');
    await refuses(
      call({ initialState: { h: state, c: zeros([2, 2]) } }),
      ShapeError,
      'initialState.c',
      'H=2',
    );
    const integers = zeros([1, 2, 2], 'int32');
    await refuses(call({ initialState: { h: integers, c: state } }), DTypeError, 'initialState.h', 'int32');
  });

  test('what is no tensor', async () => {
    for (const layer of [new Dense(2, 2), new ReLU(), new Flatten(), new MaxPool2d(2), new LSTM(2, 2)]) {
      const module = untyped<Module>(layer);
      for (const input of [undefined, null, 3, [1, 2], new Float32Array(2)]) {
        await refuses(
          () => module.call(untyped<Tensor>(input)),
          DTypeError,
          `${layer.kind}: got`,
          'a tensor',
        );
      }
    }
    await refuses(
      () => tensor([1]).add(untyped<Tensor>([1])),
      DTypeError,
      'arithmetic: got [1]',
      'a tensor or a number',
    );
  });

  test('an index outside an embedding, found when it is computed', async () => {
    const model = new Sequential({ words: new Embedding(5, 2) });
    for (const index of [5, -1]) {
      await refuses(() => model.call(int32([index])).data(), IndexError, 'words', `index ${index}`, '0 to 4');
    }
  });
});

describe('options of layers', () => {
  const cases: [make: (options: never) => unknown, options: unknown, pieces: string[]][] = [
    [(o) => new Dense(2, 3, o), { biass: false }, ['Dense: got unknown option "biass"', 'weightInitializer']],
    [(o) => new Dense(2, 3, o), 'relu', ['Dense: got "relu" for its options', 'an object']],
    [(o) => new Dense(2, 3, o), null, ['Dense: got null for its options']],
    [(o) => new Dense(2, 3, o), { bias: 'no' }, ['Dense: got bias "no"', 'true or false']],
    [(o) => new Dense(2, 3, o), { weightInitializer: 'he' }, ['weightInitializer "he"', 'a function']],
    [
      (o) => new Dense(2, 3, o),
      { weightInitializer: () => zeros([3]) },
      ['float32[3] from', 'float32[2, 3]'],
    ],
    [(o) => new Dense(2, o), undefined, ['Dense: got outputs undefined', 'a whole number of at least 1']],
    [(o) => new Dense(o, 2), Number.NaN, ['Dense: got inputs NaN']],
    [(o) => new Conv2d(1, 2, 3, o), { strides: 2 }, ['Conv2d: got unknown option "strides"', 'stride']],
    [(o) => new Conv2d(1, 2, 3, o), { stride: 0 }, ['Conv2d: got stride 0', '[height, width]']],
    [(o) => new Conv2d(1, 2, 3, o), { dilation: [1, 0] }, ['Conv2d: got dilation [1,0]']],
    [(o) => new Conv2d(1, 2, 3, o), { padding: 'SAME' }, ['Conv2d: got padding "SAME"', "'same'"]],
    [(o) => new Conv2d(1, 2, 3, o), { padding: -1 }, ['Conv2d: got padding -1']],
    [(o) => new Conv2d(3, 2, 3, o), { groups: 2 }, ['groups 2 for 3 input and 2 output channels']],
    [(o) => new Conv2d(1, 2, o), undefined, ['Conv2d: got kernel size undefined']],
    [(o) => new Conv1d(1, 2, 3, o), { padding: 'x' }, ['Conv1d: got padding "x"']],
    [(o) => new Conv1d(1, 2, 3, o), { stride: 0 }, ['Conv1d: got stride 0']],
    [(o) => new ConvTranspose2d(1, 2, 3, o), { padding: 'same' }, ['ConvTranspose2d: got padding "same"']],
    [(o) => new MaxPool2d(2, o), { strides: 2 }, ['MaxPool2d: got unknown option "strides"']],
    [(o) => new MaxPool2d(o), 0, ['MaxPool2d: got window 0']],
    [(o) => new AvgPool2d(2, o), { countPadding: 'no' }, ['AvgPool2d: got countPadding "no"']],
    [(o) => new BatchNorm(2, o), { eps: 1 }, ['BatchNorm: got unknown option "eps"', 'epsilon']],
    [(o) => new BatchNorm(2, o), { momentum: 2 }, ['BatchNorm: got momentum 2', 'from 0 to 1']],
    [(o) => new LayerNorm(o), [], ['LayerNorm: got number of axes 0']],
    [(o) => new GroupNorm(3, 4, o), {}, ['GroupNorm: got 3 groups for 4 channels']],
    [(o) => new Embedding(o, 2), 0, ['Embedding: got count 0']],
    [(o) => new LSTM(2, 3, o), { layer: 2 }, ['LSTM: got unknown option "layer"', 'layers']],
    [(o) => new LSTM(2, 3, o), null, ['LSTM: got null for its options']],
    [(o) => new LSTM(2, 3, o), { bidirectional: 'yes' }, ['LSTM: got bidirectional "yes"']],
    [(o) => new LSTM(2, 3, o), { fused: 1 }, ['LSTM: got fused 1']],
    [(o) => new LSTM(2, 3, o), { forgetBias: Number.NaN }, ['LSTM: got forgetBias NaN']],
    [(o) => new LSTM(2, 3, o), { forgetBias: 1, bias: false }, ['forgetBias 1 with bias false']],
    [(o) => new LSTM(2, 3, o), { output: 'all' }, ['LSTM: got output "all"', "'last', 'sequence'"]],
    [(o) => new LSTM(2, 3, o), { dropout: 0.5 }, ['dropout 0.5 with one layer', 'add a Dropout layer']],
    [(o) => new GRU(2, 3, o), { forgetBias: 1 }, ['GRU: got unknown option "forgetBias"']],
    [(o) => new RNN(2, 3, o), { fused: true }, ['RNN: got unknown option "fused"']],
    [(o) => new Dropout(o), 2, ['Dropout: got rate 2', 'from 0 to 1']],
    [(o) => new LeakyReLU(o), Number.NaN, ['LeakyReLU: got slope NaN']],
    [(o) => new Sequential(o), null, ['Sequential: got null', 'an array of modules']],
    [(o) => new Sequential(o), new ReLU(), ['Sequential: got a single relu']],
    [(o) => new Sequential(o), [(x: Tensor) => x], ['Sequential "0": got a function', 'new Activation']],
    [(o) => new Sequential(o), { 'a.b': new ReLU() }, ['the name "a.b"', 'without dots']],
  ];
  test.each(cases)('%s with %j', async (make, options, pieces) => {
    await refuses(() => make(untyped<never>(options)), OptionError, ...pieces);
  });
});

describe('losses', () => {
  const logits = zeros([3, 4]);
  const labels = int32([0, 2, 1]);
  test('labels out of range', async () => {
    for (const label of [4, -1]) {
      await refuses(
        () => softmaxCrossEntropy(logits, int32([0, label, 1])),
        LabelError,
        `softmaxCrossEntropy: got label ${label} at index 1`,
        'from 0 to 3 (4 classes)',
        'Count classes from 0',
      );
    }
    // Computed labels are only known when they are used.
    await refuses(() => softmaxCrossEntropy(logits, labels.mul(2)).item(), IndexError, 'index 4', '0 to 3');
  });
  test('targets of another batch, shape or dtype', async () => {
    await refuses(
      () => softmaxCrossEntropy(logits, int32([0, 1])),
      ShapeError,
      'int32[2]',
      'int32 targets [3]',
    );
    await refuses(() => softmaxCrossEntropy(logits, zeros([3, 5])), ShapeError, 'float32[3, 5]', '[3, 4]');
    await refuses(
      () => softmaxCrossEntropy(logits, zeros([3], 'bool')),
      DTypeError,
      'bool targets',
      "cast('int32')",
    );
    await refuses(() => softmaxCrossEntropy(zeros([3, 4], 'int32'), labels), DTypeError, 'int32 predictions');
    await refuses(
      () => softmaxCrossEntropy(logits, untyped<Tensor>([0, 1, 2])),
      DTypeError,
      'targets [0,1,2]',
    );
    for (const loss of [binaryCrossEntropy, meanSquaredError, meanAbsoluteError, huber]) {
      await refuses(() => loss(logits, zeros([3, 1])), ShapeError, `${loss.name}: got`, 'do not broadcast');
      await refuses(
        () => loss(zeros([3], 'int32'), zeros([3])),
        DTypeError,
        `${loss.name}: got int32 predictions`,
      );
    }
  });
  test('options', async () => {
    const options: [options: object, piece: string][] = [
      [{ smoothing: 0.1 }, 'unknown option "smoothing"'],
      [{ reduction: 'avg' }, "reduction \"avg\", expected one of 'mean', 'sum', 'none'"],
      [{ labelSmoothing: 2 }, 'labelSmoothing 2'],
      [{ ignoreIndex: 1.5 }, 'ignoreIndex 1.5, expected a whole number'],
    ];
    for (const [given, piece] of options) {
      await refuses(
        () => softmaxCrossEntropy(logits, labels, given),
        OptionError,
        'softmaxCrossEntropy',
        piece,
      );
    }
    await refuses(
      () => softmaxCrossEntropy(logits, labels, { classWeights: ones([3]) }),
      ShapeError,
      '[C=4]',
    );
    const numbers = untyped<Tensor>([1, 1, 1, 1]);
    await refuses(
      () => softmaxCrossEntropy(logits, labels, { classWeights: numbers }),
      ShapeError,
      'a tensor [C=4]',
    );
    await refuses(() => huber(logits, logits, { delta: 0 }), OptionError, 'huber: got delta 0', 'above 0');
    const positiveWeight = Number.NaN;
    await refuses(
      () => binaryCrossEntropy(logits, logits, { positiveWeight }),
      OptionError,
      'positiveWeight NaN',
    );
  });
});

/** Six pictures of 4×4, two of each of three classes. */
function toy(changes: Partial<ImageDataset> = {}): ImageDataset {
  return {
    name: 'toy',
    images: new Uint8Array(6 * 16).map((_, index) => index * 2),
    shape: [6, 4, 4, 1],
    labels: Int32Array.of(0, 1, 2, 0, 1, 2),
    classNames: ['a', 'b', 'c'],
    ...changes,
  };
}

function denseModel(outputs = 3, inputs = 16): Sequential {
  return new Sequential({ flat: new Flatten(), head: new Dense(inputs, outputs) });
}

/** Trains a small model for an epoch, with these changes. */
function trains(options: object = {}, data: Partial<ImageDataset> = {}, model: Module = denseModel()) {
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
  return () => fit(model, toy(data), { epochs: 1, optimizer, ...options });
}

function withPixel(value: number): Float32Array {
  const pixels = new Float32Array(96).fill(0.5);
  pixels[2 * 16 + 5] = value;
  return pixels;
}

describe('fit', () => {
  const options: [options: object, pieces: string[]][] = [
    [{ epoch: 2 }, ['unknown option "epoch"', 'epochs']],
    [{ epochs: -1 }, ['epochs -1', 'a whole number of at least 1']],
    [{ batchSize: 0 }, ['batchSize 0']],
    [{ seed: -1 }, ['seed -1']],
    [{ optimizer: 'adam' }, ['optimizer "adam"', 'new Adam(model.parameters())']],
    [{ optimizer: new SGD(denseModel().parameters()) }, ['without any parameter of the model']],
    [{ loss: 'mse' }, ['loss "mse"', 'a function']],
    [{ onStep: 5 }, ['onStep 5', 'a function']],
    [{ restoreBest: 'yes' }, ['restoreBest "yes"', 'true or false']],
    [{ restoreBest: true }, ['restoreBest without a validation set', 'stratifiedSplit']],
    [{ earlyStopping: 3, validation: toy() }, ['earlyStopping of fit: got 3 for its options']],
    [{ earlyStopping: { patience: 0 }, validation: toy() }, ['patience 0']],
    [{ augmentation: { shfit: 1 } }, ['fit, augmentation: got unknown option "shfit"', 'shift']],
    [{ augmentation: { rotation: Number.NaN } }, ['fit, augmentation: got rotation NaN', '0 to 360']],
    [{ normalisation: {} }, ['0 means and 0 deviations', 'C=1']],
    [{ normalisation: { mean: [0, 0], std: [1, 1] } }, ['2 means and 2 deviations', 'C=1']],
    [{ normalisation: { mean: [0], std: [0] } }, ['deviations 0', 'channelStatistics']],
    [{ validation: toy({ classNames: ['x', 'y', 'z'] }) }, ['classes x, y, z', 'a, b, c']],
  ];
  test.each(options)('options %j', async (given, pieces) => {
    await refuses(trains(given), OptionError, 'fit', ...pieces);
  });
  test('no options, no model', async () => {
    await refuses(
      () => fit(denseModel(), toy(), untyped<FitOptions>(undefined)),
      OptionError,
      'for its options',
    );
    const optimizer = new SGD(denseModel().parameters());
    await refuses(
      () => fit(untyped<Module>('cnn'), toy(), { epochs: 1, optimizer }),
      OptionError,
      'fit: got "cnn" for a model',
    );
  });
  test('data', async () => {
    const labels = Int32Array.of(0, 1, 2, 3, 1, 2);
    await refuses(trains({}, { labels }), LabelError, 'toy, item 3: got label 3', '0 to 2', '3 classes');
    await refuses(trains({ validation: toy({ name: 'held', labels }) }), LabelError, 'held, item 3');
    await refuses(trains({}, { labels: labels.slice(2) }), DatasetError, 'got 4 labels', '6 images');
    await refuses(trains({}, { images: new Uint8Array(5) }), DatasetError, '5 pixel values', '96');
    const none = { images: new Uint8Array(0), labels: new Int32Array(0), shape: [0, 4, 4, 1] as const };
    await refuses(trains({}, none), DatasetError, 'toy: got no images');
    await refuses(trains({}, { classNames: [] }), DatasetError, '0 class names', 'at least one');
    await refuses(trains({}, { shape: untyped([6, 16]) }), DatasetError, 'shape [6,16]', '[N, H, W, C]');
    await refuses(trains({ validation: toy({ shape: [6, 2, 8, 1] }) }), DatasetError, '2×8×1', '4×4×1');
    const model = denseModel();
    const optimizer = new SGD(model.parameters());
    const whole = untyped<ImageDataset>(loadDataset('digits'));
    await refuses(
      () => fit(model, whole, { epochs: 1, optimizer }),
      DatasetError,
      'no data set',
      'train or test',
    );
  });
  test('a model for other pictures or other classes', async () => {
    await refuses(trains({}, {}, denseModel(3, 25)), ShapeError, 'dense "head": got [N=6, F=16]', 'axis 25');
    await refuses(
      trains({}, {}, denseModel(4)),
      ShapeError,
      'toy',
      'scores of shape [6, 4]',
      '[N=6, classes=3]',
    );
    const rows = (scores: Tensor, labels: Tensor) =>
      softmaxCrossEntropy(scores, labels, { reduction: 'none' });
    await refuses(trains({ loss: rows }), ShapeError, 'loss of shape [6]', 'a scalar');
    await refuses(trains({ loss: () => undefined }), ShapeError, 'no tensor', 'a scalar');
  });
  test('a schedule that gives NaN', async () => {
    const model = denseModel();
    const optimizer = new SGD(model.parameters(), { learningRate: () => Number.NaN });
    await refuses(
      trains({ optimizer }, {}, model),
      OptionError,
      'schedule of SGD at step 0',
      'learningRate NaN',
    );
  });
  test('a loss that turns NaN names step, epoch, operation, layer and cause, and changes nothing', async () => {
    const bad = new Activation('log', (x) => log(x.sub(100)));
    const model = new Sequential({ flat: new Flatten(), head: new Dense(16, 3), bad });
    const before = await model.stateDict();
    const error = await refuses(
      trains({}, {}, model),
      NonFiniteStepError,
      'step 1 of 1 in epoch 1: got loss NaN',
      'first log in layer "bad" gave NaN at [0, 0] of [6, 3]',
      'Likely cause: the logarithm of',
      'learning rate 0.1',
      'parameters and optimiser state are as they were',
    );
    expect(error).toMatchObject({ step: 1, epoch: 1, finding: { operation: 'log', layer: 'bad' } });
    expect(await model.stateDict()).toEqual(before);
  });
  test('a learning rate that is too high', async () => {
    const model = denseModel();
    const optimizer = new SGD(model.parameters(), { learningRate: 1e38 });
    await refuses(
      trains({ optimizer, epochs: 40 }, {}, model),
      NonFiniteStepError,
      'in layer "head"',
      'a learning rate that is too high',
      '1e+38',
    );
    for (const parameter of model.parameters()) {
      expect((await parameter.data()).every(Number.isFinite)).toBe(true);
    }
  });
  test('NaN in a picture', async () => {
    await refuses(
      trains({}, { images: withPixel(Number.NaN) }),
      NonFiniteStepError,
      'image 2 of toy holds NaN',
    );
  });
});

describe('evaluate and predict', () => {
  test('options', async () => {
    await refuses(
      () => evaluate(denseModel(), toy(), untyped({ batch: 2 })),
      OptionError,
      'unknown option "batch"',
    );
    await refuses(
      () => evaluate(denseModel(), toy(), { batchSize: 0 }),
      OptionError,
      'evaluate: got batchSize 0',
    );
    const normalisation = { mean: [0, 0], std: [1, 1] };
    await refuses(() => evaluate(denseModel(), toy(), { normalisation }), OptionError, '2 means', 'C=1');
    const flat = { mean: [0], std: [0] };
    await refuses(() => evaluate(denseModel(), toy(), { normalisation: flat }), OptionError, 'deviations 0');
    const picture = new Float32Array(16);
    const shape = [1, 4, 4, 1] as const;
    await refuses(
      () => predict(denseModel(), picture, shape, { normalisation }),
      OptionError,
      'predict',
      'C=1',
    );
    await refuses(() => predict(denseModel(), picture, shape, untyped({ norm: 1 })), OptionError, '"norm"');
  });
  test('another number of classes, more or fewer', async () => {
    for (const outputs of [2, 4]) {
      const expected = [`scores of shape [6, ${outputs}]`, '[N=6, classes=3]', 'one output for each class'];
      await refuses(() => evaluate(denseModel(outputs), toy()), ShapeError, ...expected);
    }
  });
  test('another size of picture', async () => {
    await refuses(() => evaluate(denseModel(3, 25), toy()), ShapeError, 'dense "head": got [N=6, F=16]');
    await refuses(
      () => predict(denseModel(), new Float32Array(25), [1, 5, 5, 1]),
      ShapeError,
      'dense "head"',
    );
  });
  test('pixels that do not fill their shape, or are none', async () => {
    await refuses(
      () => predict(denseModel(), new Float32Array(10), [1, 4, 4, 1]),
      ShapeError,
      'predict: got 10 pixel values for [N=1, H=4, W=4, C=1]',
      '16 pixel values',
    );
    await refuses(
      () => predict(denseModel(), new Float32Array(16), untyped([4, 4])),
      ShapeError,
      '[N, H, W, C]',
    );
    const bytes = untyped<Float32Array>(new Uint8Array(16));
    await refuses(
      () => predict(denseModel(), bytes, [1, 4, 4, 1]),
      DTypeError,
      'got Uint8Array data',
      'divided by 255',
    );
  });
  test('NaN in a picture', async () => {
    const images = withPixel(Number.NaN);
    await refuses(
      () => evaluate(denseModel(), toy({ images })),
      NonFiniteError,
      'evaluate on toy, image 2',
      'NaN',
    );
    await refuses(() => predict(denseModel(), images, [6, 4, 4, 1]), NonFiniteError, 'predict, image 2');
    await refuses(() => channelStatistics(toy({ images })), NonFiniteError, 'toy: got a NaN');
  });
});

describe('optimisers, schedules, models, devices, seeds', () => {
  const parameters = () => denseModel().parameters();
  test('options of optimisers', async () => {
    const cases: [make: () => unknown, pieces: string[]][] = [
      [() => new Adam(parameters(), untyped({ lr: 1 })), ['Adam: got unknown option "lr"', 'learningRate']],
      [() => new Adam(parameters(), { learningRate: Number.NaN }), ['Adam: got learningRate NaN']],
      [() => new Adam(parameters(), untyped(null)), ['Adam: got null for its options']],
      [() => new Adam(parameters(), untyped(0.01)), ['Adam: got 0.01 for its options']],
      [() => new AdamW(parameters(), { weightDecay: -1 }), ['AdamW: got weightDecay -1']],
      [() => new RMSprop(parameters(), untyped({ alpha: 0.9 })), ['RMSprop: got unknown option "alpha"']],
      [() => new SGD(parameters(), untyped({ learningRate: '0.1' })), ['SGD: got learningRate "0.1"']],
      [() => new SGD(parameters(), { nesterov: true }), ['nesterov with momentum 0', '0.9 is usual']],
      [() => new SGD(parameters(), { dampening: 0.5 }), ['dampening 0.5 without momentum']],
      [() => new Adam([]), ['no parameters', 'model.parameters()']],
      [() => new Adam(untyped(denseModel())), ['no list of parameters', 'model.parameters()']],
      [() => new Adam(untyped([zeros([2])])), ['something else among the parameters']],
      [() => warmUp(untyped(0.1), 5), ['warmUp: got schedule 0.1', 'a function']],
    ];
    for (const [make, pieces] of cases) await refuses(make, OptionError, ...pieces);
    await refuses(() => new Adam(parameters()).step(), GradientError, 'Adam.step', 'loss.backward()');
  });
  test('createModel', async () => {
    const inputShape = [8, 8, 1] as const;
    await refuses(
      () => createModel('resnet', { inputShape, classes: 2 }),
      OptionError,
      '"resnet"',
      'conv-lstm',
    );
    const more = untyped<{ inputShape: typeof inputShape; classes: number }>({
      inputShape,
      classes: 2,
      hidden: 5,
    });
    await refuses(() => createModel('cnn', more), OptionError, 'createModel: got unknown option "hidden"');
    for (const shape of [undefined, [8, 8], [8, 8, 1, 1], [8, 0, 1]]) {
      const given = { inputShape: untyped<typeof inputShape>(shape), classes: 2 };
      await refuses(() => createModel('cnn', given), OptionError, 'createModel: got inputShape', '[H, W, C]');
    }
    await refuses(() => createModel('cnn', { inputShape, classes: 0 }), OptionError, 'classes 0');
    await refuses(
      () => createModel('cnn', { inputShape: [3, 8, 1], classes: 2 }),
      ShapeError,
      '[H=3, W=8]',
      '4×4',
    );
  });
  test('setDevice and seeds', async () => {
    await refuses(() => setDevice('cuda'), DeviceUnavailableError, 'setDevice: got "cuda"', 'cpu');
    for (const value of [-1, 0.5, Number.NaN]) {
      await refuses(() => seed(value), OptionError, `seed: got ${value}`, 'a whole number from 0');
      await refuses(() => new RandomGenerator(value), OptionError, `seed ${value}`);
    }
  });
});

describe('compile', () => {
  const x = zeros([2]);
  test('awaiting inside', async () => {
    const awaiting = compile(async (a: Tensor) => {
      await a.sum().item();
      return a;
    });
    await refuses(() => awaiting(x), TraceError, 'compile: got awaiting a value', 'await it outside');
    const weight = new Parameter(zeros([2]), 'head.weight');
    const reading = compile(async (a: Tensor) => {
      await weight.data();
      return a;
    });
    await refuses(() => reading(x), TraceError, '"head.weight"');
  });
  test('options, arguments and results', async () => {
    const same = (a: Tensor) => a;
    await refuses(() => compile(same, untyped({ finite: true })), OptionError, 'unknown option "finite"');
    await refuses(() => compile(same, untyped(null)), OptionError, 'compile: got null for its options');
    await refuses(() => compile(untyped<typeof same>(5)), OptionError, 'its first argument 5', 'a function');
    await refuses(
      () => compile(same)(untyped<Tensor>([1, 2])),
      TraceError,
      'the argument [1,2]',
      'tensors only',
    );
    await refuses(() => compile(() => untyped<Tensor>(5))(), TraceError, 'the result 5', 'a tensor');
    await refuses(() => compile(() => untyped<Tensor>(undefined))(), TraceError, 'no result');
    const guarded = compile((a: Tensor) => a.log(), { requireFinite: true });
    await refuses(() => guarded(x), NonFiniteError, '-Infinity', 'No variable was changed');
  });
});

describe('parameters and derivatives', () => {
  const x = tensor([1, 2, 3]);
  test('a stale read', async () => {
    const weight = new Parameter(ones([2]), 'conv1.weight');
    const before = weight.mul(2);
    const square = weight.mul(weight).sum();
    await weight.set(Float32Array.of(3, 4));
    await refuses(
      () => before.data(),
      StaleParameterError,
      'parameter "conv1.weight"',
      'version 0',
      'version 1',
    );
    await refuses(
      () => grad(square, weight).data(),
      StaleParameterError,
      '"conv1.weight"',
      'before the update',
    );
  });
  test('values that do not fit', async () => {
    const weight = new Parameter(zeros([2]), 'w');
    await refuses(
      () => weight.set(new Float32Array(3)),
      ShapeError,
      'set of "w": got 3 elements',
      'shape [2]',
    );
    await refuses(
      () => weight.set(Int32Array.of(1, 2)),
      DTypeError,
      'set of "w": got Int32Array data',
      'float32',
    );
    await refuses(() => weight.assign(zeros([3])), ShapeError, 'assign to "w": got [3]');
    await refuses(() => weight.assign(zeros([2], 'int32')), DTypeError, 'assign to "w": got int32');
  });
  test('backward', async () => {
    const weight = new Parameter(ones([2]), 'w');
    await refuses(
      () => backward(weight.mul(2)),
      ShapeError,
      'backward(): got a tensor of shape [2]',
      'a scalar',
    );
    await refuses(() => x.sum().backward(), GradientError, 'no trainable parameter', 'use grad');
    await refuses(() => weight.cast('int32').sum().backward(), GradientError, 'got dtype int32', 'float32');
  });
  test('cotangents and targets', async () => {
    const y = x.mul(x);
    await refuses(() => grad(y, x), ShapeError, 'grad: got a tensor of shape [3], expected a scalar');
    for (const shape of [[4], [1], [], [2, 3]]) {
      await refuses(
        () => grad(y, x, ones(shape)),
        ShapeError,
        'grad: got a cotangent of shape',
        'expected [3]',
      );
    }
    await refuses(() => grad(y, x, ones([3], 'int32')), GradientError, 'grad, cotangent: got dtype int32');
    await refuses(
      () => grad(y, x, untyped<Tensor>([1, 1, 1])),
      GradientError,
      'grad, cotangent: got [1,1,1]',
    );
    await refuses(() => grad(x.sum(), int32([1])), GradientError, 'grad, target: got dtype int32');
  });
  test('the state of another model; nothing is changed', async () => {
    const model = denseModel();
    const before = await model.stateDict();
    const other = await new Sequential({ a: new Dense(2, 2) }).stateDict();
    await refuses(() => model.loadStateDict(other), OptionError, 'without head.weight', 'unknown a.weight');
    const larger = await denseModel(4).stateDict();
    await refuses(() => model.loadStateDict(larger), ShapeError, '"head.weight"', '[16, 4]', '[16, 3]');
    const good = await denseModel().stateDict();
    const cut = { ...good, 'head.bias': { ...good['head.bias'], data: new Float32Array(1) } };
    await refuses(() => model.loadStateDict(cut), ShapeError, '"head.bias"', '1 elements');
    const integers = { ...good, 'head.bias': { ...good['head.bias'], data: new Int32Array(3) } };
    await refuses(
      () => model.loadStateDict(integers),
      OptionError,
      '"head.bias"',
      'a typed array of the dtype',
    );
    await refuses(() => model.loadStateDict(untyped(undefined)), OptionError, 'a state dict');
    expect(await model.stateDict()).toEqual(before);
  });
});

describe('pictures and data sets', () => {
  test('an empty class folder', async () => {
    const folder = temporaryFolder({ 'a/1.png': plainPng(5) });
    mkdirSync(join(folder, 'b'));
    for (const read of [datasetFromFolder, loadDataset]) {
      await refuses(
        () => read(folder),
        DatasetError,
        join(folder, 'b'),
        'an empty class folder',
        'Add pictures',
      );
    }
  });
  test('pictures of different sizes', async () => {
    const folder = temporaryFolder({ 'a/1.png': plainPng(5), 'a/2.png': plainPng(5, 3, 2) });
    await refuses(
      () => loadDataset(folder),
      DatasetError,
      '2.png: got a picture of 3×2',
      '2×2, the size of',
      '1.png',
    );
  });
  test('a truncated PNG', async () => {
    const folder = temporaryFolder({ 'a/1.png': plainPng(5).subarray(0, 50) });
    await refuses(() => loadDataset(folder), PngError, '1.png: got a file of 50 bytes', 'IDAT', 'truncated');
  });
  test('a header that claims 100,000×100,000 pixels', async () => {
    const bytes = Buffer.from(plainPng(5));
    bytes.writeUInt32BE(100_000, 16);
    bytes.writeUInt32BE(100_000, 20);
    const before = process.memoryUsage().arrayBuffers;
    await refuses(
      () => decodePng(bytes, { name: 'huge.png' }),
      PngError,
      'huge.png: got a size of 100000×100000',
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });
  test('folders and options', async () => {
    await refuses(() => loadDataset('/no/such'), DatasetError, '"/no/such"', "'digits'");
    await refuses(
      () => datasetFromFolder('/no/such'),
      DatasetError,
      '/no/such: got ENOENT',
      'a readable folder',
    );
    await refuses(() => loadDataset('digits', untyped({ sede: 1 })), OptionError, 'unknown option "sede"');
    const folder = temporaryFolder({ 'a/1.png': plainPng(5) });
    await refuses(
      () => datasetFromFolder(folder, untyped({ chanels: 3 })),
      OptionError,
      '"chanels"',
      'channels',
    );
    await refuses(
      () => datasetFromFolder(folder, untyped({ channels: 2 })),
      OptionError,
      'channels 2',
      '1 or 3',
    );
    await refuses(
      () => decodePng(plainPng(5), untyped({ maxPixel: 5 })),
      OptionError,
      '"maxPixel"',
      'maxPixels',
    );
    await refuses(() => stratifiedSplit(toy(), 2, new RandomGenerator(0)), OptionError, 'fraction 2');
    const pixels = new Float32Array(3);
    const image = { width: 2, height: 2, channels: 1, bitDepth: 8, pixels } as const;
    await refuses(() => encodePng(image), OptionError, '3 values for 2×2 pixels');
    await refuses(
      () => validateLabels(toy({ labels: Int32Array.of(9, 0, 0, 0, 0, 0) })),
      LabelError,
      'item 0',
    );
  });
});

describe('saved models', () => {
  async function saved(): Promise<string> {
    const folder = join(temporaryFolder(), 'run');
    const model = denseModel();
    await saveModel(folder, { model, name: 'm', classNames: ['a', 'b', 'c'], inputShape: [4, 4, 1] });
    return folder;
  }

  interface Stored {
    [field: string]: unknown;
    architecture: {
      type: string;
      config: unknown;
      modules: Record<string, { type: string; config: unknown }>;
    };
  }

  async function withDescription(change: (stored: Stored) => unknown): Promise<string> {
    const folder = await saved();
    const path = join(folder, 'model.json');
    const stored = JSON.parse(readFileSync(path, 'utf8')) as Stored;
    change(stored);
    writeFileSync(path, JSON.stringify(stored));
    return folder;
  }

  const descriptions: [name: string, change: (stored: Stored) => unknown, pieces: string[]][] = [
    ['format', (s) => (s.format = 5), ['format 5', 'weft-model']],
    ['version', (s) => (s.version = 2), ['version 2, expected 1', 'the version of weft that saved it']],
    ['name', (s) => delete s.name, ['name undefined', 'a text']],
    ['inputShape', (s) => (s.inputShape = [4, -4, 1]), ['inputShape [4,-4,1]', 'height, width, channels']],
    [
      'another inputShape',
      (s) => (s.inputShape = [5, 5, 1]),
      ['dense "head": got [N=1, F=25]', 'last axis 16'],
    ],
    ['classNames', (s) => (s.classNames = 'abc'), ['classNames "abc"', 'a list of texts']],
    [
      'fewer classNames',
      (s) => (s.classNames = ['a', 'b']),
      ['2 names for scores [1, 3]', 'one name for each'],
    ],
    ['normalisation', (s) => (s.normalisation = { mean: [0] }), ['normalisation {"mean":[0]}', 'a std']],
    ['zero deviation', (s) => (s.normalisation = { mean: [0], std: [0] }), ['deviations 0']],
    ['two channels', (s) => (s.normalisation = { mean: [0, 0], std: [1, 1] }), ['2 means', 'C=1']],
    ['hash', (s) => (s.weightsSha256 = 'abc'), ['SHA-256', 'as model.json says']],
    ['hash of another type', (s) => (s.weightsSha256 = 5), ['weightsSha256 5']],
    [
      'architecture',
      (s) => Reflect.deleteProperty(s, 'architecture'),
      ['moduleFromConfig', '{ type: string'],
    ],
    ['type', (s) => (s.architecture.modules.head.type = 'Dense2'), ['"head"', 'type "Dense2"', 'Dense, ']],
    ['inherited type', (s) => (s.architecture.modules.head.type = 'constructor'), ['type "constructor"']],
    [
      'arguments',
      (s) => (s.architecture.modules.head.config = [16]),
      ['"head", Dense: got outputs undefined'],
    ],
    ['no arguments', (s) => (s.architecture.modules.head.config = {}), ['"head"', 'config: array']],
    [
      'an option',
      (s) => (s.architecture.modules.head.config = [16, 3, { bias: 'no' }]),
      ['"head", Dense', '"no"'],
    ],
    ['sizes', (s) => (s.architecture.modules.head.config = [16, 4]), ['"head.weight"', '[16, 3]', '[16, 4]']],
    ['a missing layer', (s) => delete s.architecture.modules.head, ['unknown head.weight', 'no variables']],
  ];
  test.each(descriptions)('model.json: %s', async (_, change, pieces) => {
    const folder = await withDescription(change);
    await refuses(() => loadModel(folder), CheckpointError, join(folder, 'model.'), ...pieces);
  });

  test('model.json that is no object', async () => {
    const folder = await saved();
    const path = join(folder, 'model.json');
    const texts = { '{"format': 'not JSON', '': 'not JSON', '[]': 'no JSON object', null: 'no JSON object' };
    for (const [text, piece] of Object.entries(texts)) {
      writeFileSync(path, text);
      await refuses(() => loadModel(folder), CheckpointError, path, piece, 'expected a JSON object');
    }
  });

  const files: [name: string, change: (bytes: Buffer) => Uint8Array, pieces: string[]][] = [
    ['empty', (bytes) => bytes.subarray(0, 0), ['0 bytes', 'at least 8']],
    ['cut in the header', (bytes) => bytes.subarray(0, 30), ['a header length of', 'in a file of 30']],
    ['cut in the data', (bytes) => bytes.subarray(0, -5), ['199 bytes of data (truncated)', '204']],
    ['longer', (bytes) => Buffer.concat([bytes, Buffer.of(1)]), ['205 bytes of data (trailing bytes)']],
    [
      'one bit',
      (bytes) => bytes.fill(bytes[bytes.length - 1] ^ 64, bytes.length - 1),
      ['SHA-256', 'damaged'],
    ],
    ['text', () => Buffer.from('this is no model at all'), ['a header length of']],
  ];
  test.each(files)('model.safetensors: %s', async (_, change, pieces) => {
    const folder = await saved();
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, change(readFileSync(path)));
    await refuses(() => loadModel(folder), CheckpointError, path, ...pieces);
  });

  const entries: [entry: unknown, pieces: string[]][] = [
    [5, ['got 5', 'an object with dtype']],
    [{ dtype: 'F16', shape: [1], data_offsets: [0, 4] }, ['dtype "F16"', 'F32, I32 or BOOL']],
    [{ dtype: 'F32', shape: [-1], data_offsets: [0, 4] }, ['shape [-1]']],
    [{ dtype: 'F32', shape: [2], data_offsets: [0, 4] }, ['4 bytes, expected 8, for float32[2]']],
    [{ dtype: 'F32', shape: [1], data_offsets: [0] }, ['data_offsets [0]']],
    [{ dtype: 'F32', shape: [1], data_offsets: [4, 8] }, ['byte 4 of the data, which leaves a gap']],
  ];
  test.each(entries)('safetensors entry %j', async (entry, pieces) => {
    const header = Buffer.from(JSON.stringify({ w: entry }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const bytes = Buffer.concat([length, header, Buffer.alloc(4)]);
    await refuses(
      () => decodeSafetensors(bytes, 'x.safetensors'),
      CheckpointError,
      'x.safetensors, tensor "w"',
      ...pieces,
    );
  });

  test('missing files, and places that cannot be written', async () => {
    const folder = await saved();
    rmSync(join(folder, 'model.safetensors'));
    await refuses(
      () => loadModel(folder),
      CheckpointError,
      'model.safetensors: got ENOENT',
      'saveModel wrote',
    );
    await refuses(() => loadModel('/no/such'), CheckpointError, '/no/such/model.json');
    const target = {
      model: denseModel(),
      name: 'm',
      classNames: ['a', 'b', 'c'],
      inputShape: [4, 4, 1] as const,
    };
    const file = join(folder, 'model.json');
    await refuses(() => saveModel(file, target), CheckpointError, file, 'a folder that can be written to');
    const nowhere = join(folder, 'none');
    await refuses(
      () => saveModel(nowhere, { ...target, classNames: [] }),
      OptionError,
      'saveModel: got classNames []',
    );
    expect(existsSync(nowhere)).toBe(false);
    const activation = new Sequential({ a: new Activation('x', (x) => x) });
    await refuses(
      () => saveModel(nowhere, { ...target, model: activation }),
      ModelConfigError,
      '"a"',
      'Activation',
    );
  });

  test('the state of another optimiser', async () => {
    const folder = temporaryFolder();
    const model = denseModel();
    const adam = new Adam(model.parameters());
    model
      .call(ones([2, 16]))
      .sum()
      .backward();
    await adam.step();
    await saveOptimizer(folder, adam);
    const sgd = new SGD(model.parameters(), { momentum: 0.9 });
    await refuses(
      () => loadOptimizer(folder, sgd),
      CheckpointError,
      'optimizer.safetensors',
      '"adam.',
      'velocity',
    );
  });
});
