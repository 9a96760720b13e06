/** Bad input to training and its measures: losses, fit, evaluate and predict. */
import { describe, expect, test } from 'vitest';
import {
  Activation,
  binaryCrossEntropy,
  channelStatistics,
  DatasetError,
  Dense,
  DTypeError,
  type EvaluateOptions,
  evaluate,
  type FitOptions,
  Flatten,
  fit,
  huber,
  type ImageDataset,
  IndexError,
  LabelError,
  loadDataset,
  log,
  type Module,
  meanAbsoluteError,
  meanSquaredError,
  NonFiniteError,
  NonFiniteStepError,
  OptionError,
  ones,
  predict,
  Sequential,
  SGD,
  ShapeError,
  seed,
  softmaxCrossEntropy,
  summary,
  type Tensor,
  TraceError,
  tensor,
  zeros,
} from '../../src/index.ts';
import { denseModel, int32, refuses, toy, untyped } from './support.ts';

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
    await refuses(
      () => softmaxCrossEntropy(logits, tensor([0, 1, 2])),
      DTypeError,
      'float32 targets',
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
    [{ augmentation: { rotation: Number.NaN } }, ['fit, augmentation: got rotation NaN', 'at most 360']],
    [{ normalization: {} }, ['0 means and 0 deviations', 'C=1']],
    [{ normalization: { mean: [0, 0], std: [1, 1] } }, ['2 means and 2 deviations', 'C=1']],
    [{ normalization: { mean: [0], std: [0] } }, ['deviations 0', 'channelStatistics']],
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
  test('what was not awaited, a saved model, and records of other names', async () => {
    const model = new Dense(3, 2);
    const options = { epochs: 1, optimizer: new SGD(model.parameters()) };
    const data = { inputs: zeros([4, 3]), targets: int32([0, 1, 1, 0]) };
    const train = (given: unknown) => fit(model, untyped<typeof data>(given), options);
    await refuses(() => train(Promise.resolve(data)), OptionError, 'a Promise that was not awaited');
    const later = { ...data, targets: Promise.resolve(data.targets) };
    await refuses(() => train(later), TraceError, 'targets of', 'a Promise that was not awaited');
    await refuses(() => train({ x: data.inputs, y: data.targets }), OptionError, '{ inputs, targets }');
    const saved = untyped<Module>({ model, name: 'm', inputShape: [3] });
    const cure = 'saved.model';
    await refuses(() => fit(saved, data, options), OptionError, 'fit: got', cure);
    await refuses(() => evaluate(saved, data), OptionError, 'evaluate: got', cure);
    await refuses(() => summary(saved, [3]), OptionError, 'summary: got', cure);
  });
  test('labels of examples in tensors: counted from 1, or as floats', async () => {
    const model = new Dense(3, 2);
    const optimizer = new SGD(model.parameters());
    const examples = (targets: Tensor) => ({ inputs: zeros([4, 3]), targets });
    const train = (targets: Tensor) => fit(model, examples(targets), { epochs: 1, optimizer });
    const fromOne = int32([1, 1, 2, 1]);
    const pieces = ['example 2 of', 'got label 2', 'from 0 to 1 (2 classes)', 'Count classes from 0'];
    await refuses(() => train(fromOne), LabelError, ...pieces);
    await refuses(() => evaluate(model, examples(fromOne)), LabelError, ...pieces);
    await refuses(() => train(tensor([0, 1, 1, 0])), OptionError, 'float32[4]', "targets.cast('int32')");
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
    await refuses(trains({ loss: () => undefined }), ShapeError, 'got undefined', 'a scalar');
    const later = untyped<FitOptions['loss']>(async () => zeros([]));
    await refuses(trains({ loss: later }), ShapeError, 'the option loss: got a Promise that was not awaited');
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
    // 0.10000000000000003, as schedules come to.
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 + 0.2 - 0.2 });
    const before = await model.stateDict();
    const error = await refuses(
      trains({ optimizer }, {}, model),
      NonFiniteStepError,
      'step 1 of 1 in epoch 1: got loss NaN',
      'first log in layer "bad" gave NaN at [0, 0] of [6, 3]',
      'Likely cause: the logarithm of',
      '(learning rate 0.1)',
      'parameters and optimizer state are as they were',
    );
    expect(error).toMatchObject({ step: 1, epoch: 1, finding: { operation: 'log', layer: 'bad' } });
    expect(await model.stateDict()).toEqual(before);
  });
  test('a learning rate that is too high', async () => {
    // Which operation overflows first, in the layer or in the mean of the loss, depends on the first weights.
    seed(0);
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
      () => evaluate(denseModel(), toy(), untyped<EvaluateOptions>({ batch: 2 })),
      OptionError,
      'unknown option "batch"',
    );
    await refuses(
      () => evaluate(denseModel(), toy(), { batchSize: 0 }),
      OptionError,
      'evaluate: got batchSize 0',
    );
    const normalization = { mean: [0, 0], std: [1, 1] };
    await refuses(() => evaluate(denseModel(), toy(), { normalization }), OptionError, '2 means', 'C=1');
    const flat = { mean: [0], std: [0] };
    await refuses(() => evaluate(denseModel(), toy(), { normalization: flat }), OptionError, 'deviations 0');
    const picture = new Float32Array(16);
    const shape = [1, 4, 4, 1] as const;
    await refuses(
      () => predict(denseModel(), picture, shape, { normalization }),
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
  test('floats up to 255, which only a normalization scales', async () => {
    const images = Float32Array.from(toy().images);
    const pieces = ['pixels from 0 to 190', 'pixels from 0 to 1', 'channelStatistics'];
    await refuses(trains({}, { images }), DatasetError, ...pieces);
    await refuses(() => evaluate(denseModel(), toy({ images })), DatasetError, ...pieces);
    await refuses(() => predict(denseModel(), images, [6, 4, 4, 1]), DatasetError, 'predict', ...pieces);
    const normalization = channelStatistics(toy({ images }));
    expect((await evaluate(denseModel(), toy({ images }), { normalization })).predictions).toHaveLength(6);
    expect(await predict(denseModel(), images, [6, 4, 4, 1], { normalization })).toHaveLength(6);
    await trains({ normalization }, { images })();
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
