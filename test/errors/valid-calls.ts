/**
 * One right call of everything that the package exports: where the test of wrong arguments starts from. A function, class
 * or method without a row is named by that test.
 */
import * as weft from '../../src/index.ts';
import * as activations from '../../src/ops/activations.ts';
import { shortNames } from '../../src/tensor-methods.ts';
import { layerExamples } from '../nn/layer-examples.ts';
import { optimizerExamples } from '../optim/optimizer-examples.ts';
import { binaryNames, binaryRows, unaryNames, unaryRows } from '../support/operators.ts';
import { denseModel, int32, toy } from './support.ts';

/** The arguments of a right call, made anew for each call. */
export type Arguments = () => readonly unknown[];

const none: Arguments = () => [];
const vector = () => weft.tensor([0.5, -1, 2]);
const matrix = () =>
  weft.tensor([
    [1, 2],
    [3, 4],
  ]);
const bools = () => weft.tensor([true, false, true]);
const image = () => weft.zeros([1, 4, 4, 2]);
const sequence = () => weft.zeros([1, 3, 2]);
const complex = (): weft.ComplexTensor => ({ real: sequence(), imaginary: sequence() });
const picture = (): weft.Image => ({
  width: 2,
  height: 2,
  channels: 1,
  bitDepth: 8,
  pixels: Float32Array.of(0, 0.25, 0.5, 1),
});
/** Gray, 2×2. */
const smallJpeg = () =>
  Buffer.from(
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB' +
      'AQEBAQEBAQH/wAALCAACAAIBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z',
    'base64',
  );
const generator = () => new weft.RandomGenerator(1);
const dense = () => new weft.Dense(2, 2);
const parameter = () => new weft.Parameter(weft.ones([2]), 'w');
const loss = () => parameter().mul(2).sum();
const rows = () => Float32Array.from({ length: 2 * 16 }, (_, index) => index / 32);
const normalization = () => ({ mean: [0.5], std: [0.5] });
/** Scores of two images for two classes, and their labels. */
const scored = () => [
  [0.5, 0.5, 0.25, 0.75],
  [0, 1],
];
/** Scores of two classifiers on two data sets. */
const ranked = () => [
  [0.5, 0.25],
  [0.75, 0.5],
];
/** Functions of users, made of functions of the package: what they are wrongly given, those refuse. */
const double = (x: weft.Tensor) => weft.multiply(x, 2);
const total = (x: weft.Tensor) => weft.sum(x);
const tensorList = () => [vector(), vector()];
/** An optimizer with a gradient to step along. */
const stepped = () => {
  const weight = parameter();
  weight.mul(2).sum().backward();
  return new weft.SGD([weight]);
};

const binary: Arguments = () => [vector(), 2];
const unary: Arguments = () => [vector()];
const bool: Arguments = () => [bools()];
const twoBools: Arguments = () => [bools(), bools()];
const reduction: Arguments = () => [matrix(), 0, { keepDims: true }];
const losses: Arguments = () => [matrix(), matrix(), { reduction: 'sum' }];

function each(names: string, row: Arguments): Record<string, Arguments> {
  return Object.fromEntries(names.split(' ').map((name) => [name, row]));
}

/** By the name of the export. `folder` is there to be written to. */
export const functions = (folder: string): Record<string, Arguments> => ({
  ...Object.fromEntries(unaryNames.map((name) => [name, unaryRows[name].float32 ? unary : bool])),
  ...Object.fromEntries(binaryNames.map((name) => [name, binaryRows[name].float32 ? binary : twoBools])),
  ...Object.fromEntries(Object.keys(activations).map((name) => [name, unary])),
  ...each('greater greaterEqual leakyRelu elu celu', binary),
  glu: () => [matrix(), 0],
  ...each('square stopGradient isNaN isFinite', unary),
  where: () => [bools(), 1, vector()],
  clamp: () => [vector(), 0, 1],
  cast: () => [vector(), 'int32'],
  ...each('sum prod any all mean max min logSumExp', reduction),
  ...each('variance standardDeviation', () => [matrix(), [0, 1], { keepDims: false, correction: 1 }]),
  norm: () => [matrix(), [0], { keepDims: true, order: 1 }],
  ...each('argMax argMin softmax logSoftmax', () => [matrix(), 0]),
  cumulativeSum: () => [matrix(), 0, { reverse: true }],
  ...each('cumulativeProduct cumulativeMax', () => [matrix(), 0]),
  ...each('sort argSort', () => [matrix(), { axis: 0, descending: true }]),
  topK: () => [matrix(), 1, { axis: 0, descending: false }],
  outer: () => [vector(), vector()],
  ...each('diag tril triu', () => [matrix(), 1]),
  roll: () => [matrix(), [1, -1], [0, 1]],
  matmul: () => [matrix(), matrix()],
  einsum: () => ['ij,jk->ik', matrix(), matrix()],
  reshape: () => [matrix(), [4, -1]],
  broadcastTo: () => [vector(), [2, 3]],
  permute: () => [matrix(), [1, 0]],
  transpose: () => [matrix(), 0, 1],
  squeeze: () => [weft.ones([1, 3]), 0],
  expandDims: () => [vector(), 0],
  slice: () => [matrix(), 0, [0, 1, 1]],
  pad: () => [vector(), [[1, 0]], 2],
  flip: () => [matrix(), [0]],
  tile: () => [matrix(), [2, 1]],
  split: () => [matrix(), [1, 1], 0],
  ...each('concat stack', () => [tensorList(), 0]),
  gather: () => [matrix(), int32([0, 1]), 1],
  scatter: () => [matrix(), int32([0, 1]), 3, 0],
  takeAlongAxis: () => [matrix(), weft.zeros([2, 1], { dtype: 'int32' }), 1],
  oneHot: () => [int32([0, 1]), 3, { dtype: 'bool' }],
  embedding: () => [matrix(), int32([0, 1])],
  ...each('layerNorm', () => [matrix(), { axes: -1, epsilon: 1e-3, scale: weft.ones([2]) }]),
  batchNorm: () => [matrix(), { epsilon: 1e-3, scale: weft.ones([2]), shift: weft.ones([2]) }],
  instanceNorm: () => [image(), { epsilon: 1e-3, scale: weft.ones([2]), shift: weft.ones([2]) }],
  rmsNorm: () => [matrix(), { axes: [-1], epsilon: 1e-3, scale: weft.ones([2]) }],
  groupNorm: () => [matrix(), 1, { epsilon: 1e-3, scale: weft.ones([2]) }],
  dropout: () => [matrix(), 0.5, { sharedAxes: [1] }],
  conv1d: () => [
    sequence(),
    weft.ones([2, 2, 1]),
    { stride: 1, padding: 1, dilation: 1, groups: 1, bias: weft.ones([1]) },
  ],
  conv2d: () => [
    image(),
    weft.ones([2, 2, 2, 1]),
    { stride: [1, 1], padding: 'same', dilation: 1, groups: 1, bias: weft.ones([1]) },
  ],
  convTranspose2d: () => [
    image(),
    weft.ones([2, 2, 1, 2]),
    { stride: 2, padding: 0, outputPadding: 1, dilation: 1, groups: 1, bias: weft.ones([1]) },
  ],
  linearRecurrence: () => [sequence(), sequence(), { initial: weft.ones([1, 2]), reverse: true }],
  complexLinearRecurrence: () => [
    complex(),
    complex(),
    { initial: { real: weft.ones([1, 2]), imaginary: weft.ones([1, 2]) }, reverse: true },
  ],
  unfold: () => [image(), [2, 2], { stride: 1, padding: 'same', dilation: [1, 2] }],
  maxPool2d: () => [image(), 2, { stride: 2, padding: 'valid' }],
  avgPool2d: () => [image(), [2, 2], { stride: 2, padding: 0, countPadding: true }],
  ...each('globalAvgPool2d globalMaxPool2d', () => [image()]),
  ...each('adaptiveAvgPool2d adaptiveMaxPool2d', () => [image(), [3, 2]]),
  ...each('adaptiveAvgPool1d adaptiveMaxPool1d', () => [sequence(), 2]),
  upsample2d: () => [image(), { size: [3, 8], mode: 'bilinear' }],
  scaledDotProductAttention: () => [
    sequence(),
    sequence(),
    sequence(),
    { mask: weft.ones([3, 3], 'bool'), causal: true, dropout: 0.5, scale: 2 },
  ],
  maxPool1d: () => [sequence(), 2, { stride: 2, padding: 'same' }],
  avgPool1d: () => [sequence(), 2, { stride: 1, padding: [1, 0], countPadding: true }],
  ...each('globalAvgPool1d globalMaxPool1d', () => [sequence()]),
  tensor: () => [[1, 2, 3, 4], { shape: [2, 2], dtype: 'int32' }],
  full: () => [[2], 7, { dtype: 'int32' }],
  ...each('zeros ones', () => [[2, 3], { dtype: 'bool' }]),
  ...each('zerosLike onesLike', () => [matrix(), { dtype: 'bool' }]),
  eye: () => [2, 3, { dtype: 'int32' }],
  arange: () => [0, 4, 1, { dtype: 'float32' }],
  linspace: () => [0, 1, 3],
  ...each('rand randn randomBits', () => [[2, 3]]),
  randint: () => [0, 5, [2]],
  randomPermutation: () => [5],
  categorical: () => [matrix(), 3],
  bernoulli: () => [0.5, [2]],
  seed: () => [3],
  backward: () => [loss()],
  grad: () => [matrix().sum(), [matrix()], weft.tensor(1)],
  valueAndGrad: () => [total],
  gradCheck: () => [weft.square, [weft.tensor([1])], { epsilon: 1e-2, tolerance: 0.1, order: 1 }],
  scan: () => [
    (carry: weft.Tensor, x: weft.Tensor) => ({ carry: weft.multiply(carry, 0.5), output: x }),
    {
      initial: matrix(),
      inputs: matrix(),
      steps: 2,
      axis: 1,
      reverse: true,
      mask: weft.less(matrix(), 3),
      recompute: 2,
    },
  ],
  compile: () => [double, { requireFinite: true }],
  ...each('explain planOf kernelSources', () => [double, vector()]),
  setDevice: () => ['cpu', {}],
  ...each('deviceNames deviceInfo memory gpuCounters', none),

  softmaxCrossEntropy: () => [
    matrix(),
    int32([0, 1]),
    { reduction: 'mean', labelSmoothing: 0.1, classWeights: weft.ones([2]), ignoreIndex: 5 },
  ],
  binaryCrossEntropy: () => [matrix(), matrix(), { reduction: 'none', positiveWeight: 2 }],
  ...each('meanSquaredError meanAbsoluteError', losses),
  negativeLogLikelihood: () => [matrix(), int32([0, 1]), { classWeights: weft.ones([2]), ignoreIndex: 5 }],
  focal: () => [matrix(), int32([0, 1]), { gamma: 1, reduction: 'sum' }],
  binaryFocal: () => [matrix(), matrix(), { gamma: 1, alpha: 0.5 }],
  hinge: () => [matrix(), matrix(), { reduction: 'none' }],
  multiClassHinge: () => [matrix(), int32([0, 1]), { margin: 2, power: 2 }],
  cosineSimilarity: () => [matrix(), matrix(), { axis: 0, epsilon: 1e-6 }],
  cosineEmbedding: () => [matrix(), matrix(), int32([1, -1]), { margin: 0.5 }],
  triplet: () => [matrix(), matrix(), matrix(), { margin: 2, swap: true }],
  klDivergence: () => [matrix(), matrix(), { logTargets: true }],
  dice: () => [weft.ones([1, 2, 2]), weft.ones([1, 2, 2]), { smooth: 0.5 }],
  ctc: () => [
    weft.ones([2, 3, 2]),
    weft.ones([2, 1], 'int32'),
    { inputLengths: int32([3, 2]), targetLengths: int32([1, 1]), blank: 0, zeroInfinity: true },
  ],
  huber: () => [matrix(), matrix(), { reduction: 'mean', delta: 2 }],
  sequenceShape: () => ['patches:2x2', [4, 4, 1]],
  listModels: none,
  modelFacts: () => ['row-lstm'],
  createModel: () => ['row-lstm', { inputShape: [4, 4, 1], classes: 2 }],
  ...each('summarize summary', () => [dense(), [2], { dtype: 'float32' }]),
  inMode: () => [dense(), 'eval', () => 1],
  layerOutputs: () => [dense(), matrix(), { mode: 'eval' }],
  moduleToConfig: () => [dense(), { Mine: weft.Dense }],
  moduleFromConfig: () => [weft.moduleToConfig(dense()), { Mine: weft.Dense }],

  clipByGlobalNorm: () => [tensorList(), 1],
  clipByValue: () => [tensorList(), 1],
  constant: () => [0.1],
  cosine: () => [0.1, 10, 0.01],
  stepDecay: () => [0.1, 10, 0.5],
  exponential: () => [0.1, 10, 0.5],
  polynomial: () => [0.1, 10, 2, 0.01],
  warmRestarts: () => [0.1, 10, 2, 0.01],
  plateau: () => [0.1, { factor: 0.5, patience: 3, threshold: 0.01, rest: 1, minimum: 0.001 }],
  decayGroups: () => [dense().parameters()],
  oneCycle: () => [0.1, 10, { warmUpShare: 0.2, initialDivisor: 10, finalDivisor: 100 }],
  warmUp: () => [() => 0.1, 10],

  augmentBatch: () => [rows(), [2, 4, 4, 1], { shift: 1, rotation: 5, scale: 0.1 }, generator()],
  batchIndices: () => [6, 2, { shuffle: generator(), dropLast: true }],
  gatherBatch: () => [toy(), [0, 1], normalization()],
  imageCount: () => [toy()],
  validateLabels: () => [toy(), 'labels'],
  subset: () => [toy(), [0, 1], 'part'],
  concatenate: () => [toy(), toy(), 'both'],
  classCounts: () => [toy()],
  shuffledIndices: () => [5, generator()],
  balancedIndices: () => [toy(), generator()],
  stratifiedSplit: () => [toy(), 0.5, generator()],
  findOverlap: () => [toy(), toy(), { correlation: 0.99, mirrored: true }],
  stridedSplit: () => [toy(), 2],
  digitsFromSheet: () => [picture()],
  loadDigits: none,
  datasetFromFolder: () => [
    `${folder}/pictures`,
    { name: 'p', classNames: ['a'], channels: 1, maxPixels: 9, size: [2, 2], fit: 'pad' },
  ],
  decodeIdx: () => [weft.encodeIdx({ shape: [2], data: Uint8Array.of(1, 2) }), { name: 'f', maxBytes: 99 }],
  encodeIdx: () => [{ shape: [2], data: Uint8Array.of(1, 2) }],
  readIdx: () => [`${folder}/two.idx`, { name: 'f', maxBytes: 99 }],
  compositeAlpha: () => [picture(), 0.5],
  ...each('toGray toRgb', () => [picture(), 0.5]),
  invert: () => [picture()],
  resize: () => [picture(), 3, 3],
  fitTo: () => [picture(), [3, 4], 'pad'],
  openDataset: () => [`${folder}/pictures`, { seed: 1, size: [3, 2], cache: `${folder}/cache` }],
  samplePictures: () => [weft.openDataset(`${folder}/pictures`).train, 1],
  loadDataset: () => [`${folder}/pictures`, { seed: 1, size: [3, 2], fit: 'crop', groups: /(.)/ }],
  applyNormalization: () => [Float32Array.of(1, 2), normalization()],
  channelStatistics: () => [toy(), { missing: 'mask' }],
  removePixels: () => [toy(), { what: 'rows', rate: 0.5, seed: 1 }],
  decodePng: () => [weft.encodePng(picture()), { name: 'f', maxPixels: 9 }],
  encodePng: () => [picture()],
  decodeJpeg: () => [smallJpeg(), { name: 'f', maxPixels: 64 }],
  readPicture: () => [`${folder}/one.png`, { maxPixels: 9 }],
  readPng: () => [`${folder}/one.png`, { name: 'f', maxPixels: 9 }],
  datasetFromSheet: () => [
    picture(),
    { name: 's', cellWidth: 1, cellHeight: 1, label: () => 0, classNames: ['a'] },
  ],

  saveModel: () => [
    `${folder}/saved`,
    { model: denseModel(), name: 'm', classNames: ['a', 'b', 'c'], inputShape: [4, 4, 1] },
    {},
  ],
  loadModel: () => [`${folder}/model`, {}],
  storedModels: () => [],
  deleteStoredModel: () => ['digits'],
  saveOptimizer: () => [`${folder}/saved`, stepped()],
  loadOptimizer: () => [`${folder}/model`, stepped()],
  loadTraining: () => [`${folder}/training`],
  findNonFinite: () => [weft.tensor([-1]).log()],
  evaluate: () => [
    denseModel(),
    toy(),
    { batchSize: 4, normalization: normalization(), missing: 'mean', views: { flip: true, shift: 1 } },
  ],
  robustness: () => [
    denseModel(),
    toy(),
    {
      ...{ images: 4, seed: 1, disturbances: ['shift', 'noise'], batchSize: 4 },
      ...{
        normalization: normalization(),
        missing: 'mean',
        remove: { what: 'rows', rate: 0.5 },
        views: { flip: true },
      },
    },
  ],
  fromPixels: () => [
    { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) },
    { size: [1, 2], fit: 'pad', channels: 1, invert: false, background: 0 },
  ],
  predictOutputs: () => [dense(), matrix(), {}],
  predict: () => [
    denseModel(),
    rows(),
    [2, 4, 4, 1],
    { normalization: normalization(), missing: 'last', views: { flip: true, shift: 1 } },
  ],
  findLearningRate: () => {
    const model = denseModel();
    const optimizer = new weft.SGD(model.parameters());
    return [
      model,
      toy(),
      { optimizer, normalization: normalization(), lowest: 1e-3, highest: 0.1, steps: 3 },
    ];
  },
  fit: () => {
    const model = denseModel();
    return [
      model,
      toy(),
      {
        epochs: 1,
        optimizer: new weft.SGD(model.parameters()),
        batchSize: 3,
        validation: toy(),
        normalization: normalization(),
        missing: 'mask',
        augmentation: { shift: 1 },
        seed: 1,
        onStep: () => {},
      },
    ];
  },
  ...each('accuracyOf majorityAccuracy', () => [
    [0, 1],
    [0, 0],
  ]),
  accuracyInterval: () => [0.5, 10],
  ...each('balancedAccuracy classMetrics averageClassMetrics cohensKappa matthewsCorrelation', () => [
    Int32Array.of(1, 0, 0, 1),
  ]),
  confusionMatrix: () => [[0, 1], [0, 0], 2],
  topKAccuracy: () => [...scored(), 2, 1],
  ...each('rocAuc averagePrecision', () => [[0.5, 0.25], [1, 0], 1]),
  ...each(
    'rocAucOfClasses averagePrecisionOfClasses logLoss brierScore fitTemperature findLabelErrors',
    () => [...scored(), 2],
  ),
  ...each('reliabilityBins expectedCalibrationError', () => [...scored(), 2, { bins: 5 }]),
  probabilitiesAtTemperature: () => [[0.5, 0.5, 0.25, 0.75], 2, 1.5],
  bootstrapInterval: () => [3, () => 0.5, { samples: 10, confidence: 0.9, seed: 1 }],
  bootstrapIntervalOverSeeds: () => [
    2,
    3,
    () => 0.5,
    { samples: 10, confidence: 0.9, seed: 1, images: 'own' },
  ],
  mcNemarTest: () => [
    [0, 1],
    [0, 0],
    [1, 1],
  ],
  exactSignTest: () => [1, 5],
  pairedBootstrapTest: () => [[0, 1], [0, 0], [1, 1], { samples: 10, confidence: 0.9, seed: 1 }],
  accuracyIntervalOverSeeds: () => [[Uint8Array.of(0, 1)], [1, 1], { confidence: 0.9 }],
  pairedTestOverSeeds: () => [[Uint8Array.of(0, 1)], [[0, 0]], [1, 1], { confidence: 0.9 }],
  fiveByTwoTest: () => [[0.1, 0.2, 0.3, 0.1, 0.2].map((each) => [each, each / 2])],
  friedmanTest: () => [ranked()],
  nemenyiTest: () => [ranked(), { significance: 0.1 }],
  holmCorrection: () => [[0.5, 0.01]],
  decodeSafetensors: () => [weft.encodeSafetensors({}), 'f'],
  encodeSafetensors: () => [
    { a: { shape: [1], dtype: 'float32', data: Float32Array.of(1) } },
    { made: 'here' },
  ],
});

/** Members of `initializers`: those that make an initializer, and initializers themselves. */
export const initializers: Record<string, Arguments> = {
  ...each('constant uniform normal orthogonal', () => [0.5]),
  ...each('zeros ones', () => [[2, 3]]),
  ...each('glorotUniform glorotNormal heUniform heNormal pytorchDefault', () => [[2, 3], { in: 2, out: 3 }]),
  fansOf: () => [[2, 3]],
};

/** The recurrent layers, and their base. */
const recurrent = Object.entries(weft).flatMap(([name, value]) =>
  value === weft.RecurrentLayer ||
  (typeof value === 'function' && value.prototype instanceof weft.RecurrentLayer)
    ? [name]
    : [],
);

/** By the name of the class: the arguments of its constructor. */
export const constructors: Record<string, Arguments> = {
  // Tensors are made by functions: the constructor is for the engine, which hands it a node.
  Tensor: () => [vector().node, 0],
  Variable: () => [vector(), 'v'],
  Parameter: () => [vector(), 'p'],
  ...each('Module Layer', none),
  RecurrentLayer: () => [
    2,
    3,
    { layers: 2, dropout: 0.5 },
    { bias: true, recurrentInitializer: 'uniform', nonlinearity: 'tanh', identityScale: 1 },
  ],
  Activation: () => ['double', double],
  ...Object.fromEntries(Object.entries(layerExamples).map(([name, row]) => [name, row.arguments])),
  Optimizer: () => [[parameter()], {}, { kind: 'own', defaults: {}, check: () => {} }],
  ...Object.fromEntries(
    Object.entries(optimizerExamples).map(([name, { variants }]) => [
      name,
      () => [[parameter()], { learningRate: 0.1, clipNorm: 1, clipValue: 1, ...variants.at(-1) }],
    ]),
  ),
  RandomGenerator: () => [1, 2],
  WeightAverage: () => [dense(), { decay: 0.9 }],
};

/** What a layer is called with. */
const inputs: Record<string, Arguments> = {
  Activation: unary,
  ...Object.fromEntries(Object.entries(layerExamples).map(([name, { input }]) => [name, () => [input()]])),
  ...each('FillMissing MissingIndicators', () => [{ x: sequence(), mask: weft.ones([1, 3], 'bool') }]),
  ...each(recurrent.join(' '), () => [{ x: sequence(), lengths: int32([2]) }]),
  Readout: () => [{ x: weft.ones([1, 3, 2]), mask: weft.ones([1, 3], 'bool') }],
  ...each('RNNCell GRUCell', () => [{ x: weft.ones([2, 3]), state: { h: matrix() } }]),
  LSTMCell: () => [{ x: weft.ones([2, 3]), state: { h: matrix(), c: matrix() } }],
  BiLSTM2D: () => [{ x: weft.ones([1, 2, 3, 2]), mask: weft.ones([1, 2, 3], 'bool') }],
  VisionLSTM: () => [{ x: weft.ones([1, 2, 3, 6]), mask: weft.ones([1, 2, 3], 'bool') }],
  MLSTM: () => [{ x: weft.ones([1, 2, 6]), value: weft.ones([1, 2, 6]), mask: weft.ones([1, 2], 'bool') }],
  ...each('MultiDimensionalLSTM ReNet', () => [{ x: image(), mask: weft.ones([1, 4, 4], 'bool') }]),
  ConvLSTM2D: () => [{ x: weft.zeros([1, 2, 4, 5, 2]), lengths: int32([2]) }],
  MultiHeadAttention: () => [
    {
      query: weft.ones([1, 2, 4]),
      key: weft.ones([1, 3, 4]),
      value: weft.ones([1, 3, 4]),
      keyMask: weft.ones([1, 3], 'bool'),
      mask: weft.ones([2, 3], 'bool'),
    },
  ],
};

/** A parameter of a state. */
const entry = (shape: readonly number[]) => ({
  shape,
  dtype: 'float32',
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

const layerMethods = Object.fromEntries(
  Object.entries(inputs).flatMap(([name, row]) => [
    [`${name}.forward`, row],
    [`${name}.call`, row],
  ]),
);

/** Every method of a class that takes arguments, or is no part of another; by `Class.method`. */
export const methods: Record<string, Arguments> = {
  ...layerMethods,
  ...Object.fromEntries(
    [
      ...recurrent,
      'ConvLSTM2D',
      'RNNCell',
      'GRUCell',
      'LSTMCell',
      'MultiHeadAttention',
      'MultiDimensionalLSTM',
    ].map((name) => [`${name}.run`, inputs[name]]),
  ),
  'Module.call': inputs.Dense,
  'Layer.call': inputs.Dense,
  'Module.childName': () => [dense()],
  'Module.namedModules': () => ['model'],
  'Module.namedVariables': () => ['model'],
  'Module.loadStateDict': () => [{ weight: entry([3, 2]), bias: entry([2]) }],
  'Variable.assign': () => [vector()],
  'Variable.set': () => [Float32Array.of(1, 2, 3)],
  'Optimizer.loadStateDict': () => [{ stepCount: 1, variables: {} }],
  'Optimizer.observe': () => [0.5],
  'WeightAverage.loadStateDict': () => [
    { updates: 1, variables: { weight: entry([2, 2]), bias: entry([2]) } },
  ],
  'RandomGenerator.permutation': () => [4],
  'RandomGenerator.nextBelow': () => [4],
};

/** A right call of a method of Tensor, with the tensor first: those of the function of the operation. */
export function tensorMethod(name: string, table: Record<string, Arguments>): Arguments | undefined {
  const own: Record<string, Arguments> = {
    ...each('data array item text toString snapshot operand', () => [weft.tensor(1)]),
    reshape: () => [matrix(), 4, -1],
    permute: () => [matrix(), 1, 0],
  };
  const names: Readonly<Record<string, string>> = shortNames;
  return own[name] ?? table[names[name] ?? name];
}

/** Classes that are there to be extended, and one that extends each. */
export const instances: Record<string, string> = {
  Module: 'Dense',
  Layer: 'Dense',
  RecurrentLayer: 'RNN',
  Optimizer: 'SGD',
};

/** What belongs to subclasses, and not to users: the compiler calls it protected or internal. */
export const internal: readonly string[] = [
  'Module.inside',
  'Optimizer.update',
  'Optimizer.slots',
  'Optimizer.scalars',
  ...Object.keys(optimizerExamples).flatMap((name) => [`${name}.update`, `${name}.slots`, `${name}.scalars`]),
  ...recurrent.flatMap((name) =>
    [
      'cellWeights',
      'checkOptions',
      'kept',
      'readSequence',
      'runCell',
      'runLayers',
      'step',
      'weight',
      'widthOf',
    ].map((method) => `${name}.${method}`),
  ),
  ...['RNNCell.next', 'GRUCell.next', 'LSTMCell.next'],
  'Variable.plan',
  'Variable.settle',
];

/** Calls that end in an object which is no options but data, or whose names are the caller's. */
export const records: readonly string[] = [
  'new RecurrentLayer',
  'encodeSafetensors',
  'encodeIdx',
  'encodePng',
  'invert',
  'digitsFromSheet',
  'imageCount',
  'classCounts',
  'moduleToConfig',
  'moduleFromConfig',
  'new Sequential',
  'new Optimizer',
  'saveModel',
  'loadModel',
];

/**
 * Calls that are right in kind, and refused for what they meet: a sheet of another size, an optimizer that was not saved, and
 * the storage of a browser, which Node has not.
 */
export const refused: readonly string[] = [
  'digitsFromSheet',
  'loadOptimizer',
  'loadTraining',
  'new Optimizer',
  'storedModels',
  'deleteStoredModel',
];
