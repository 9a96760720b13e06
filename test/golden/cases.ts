/** What each vector says, in weft: one entry a file. */
import {
  add,
  avgPool2d,
  BatchNorm,
  binaryCrossEntropy,
  celu,
  complexLinearRecurrence,
  conv1d,
  conv2d,
  convTranspose2d,
  divide,
  GRU,
  gather,
  gelu,
  glu,
  groupNorm,
  hardsigmoid,
  hardswish,
  LSTM,
  layerNorm,
  linearRecurrence,
  logSigmoid,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maxPool2d,
  mean,
  mish,
  multiply,
  RNN,
  relu6,
  selu,
  silu,
  softmax,
  softmaxCrossEntropy,
  softplus,
  square,
  stack,
  subtract,
  variance,
} from '../../src/index.ts';
import { along, type Build, type Case, expression, type Results, type Tensors, unary } from './expression.ts';
import { layerCases } from './layer-cases.ts';
import {
  channelsFirst,
  channelsLast,
  kernelLast,
  kernelLast1d,
  recurrentState,
  swapLast,
} from './layouts.ts';
import { lossCases } from './loss-cases.ts';
import { optimizerCases } from './optimizer-cases.ts';
import { orderAndMatrixCases } from './order-and-matrix-cases.ts';
import { train } from './training.ts';
import { type Golden, numberIn, pairIn } from './vectors.ts';

const convolution = expression('convolution', ({ x, weight, bias }, { config }) => ({
  y: channelsFirst(
    conv2d(channelsLast(x), kernelLast(weight), {
      stride: pairIn(config, 'stride'),
      padding: pairIn(config, 'padding'),
      dilation: pairIn(config, 'dilation'),
      groups: numberIn(config, 'groups'),
      bias: bias,
    }),
  ),
}));

/** The settings that all recurrent layers share, and the input they run on. */
function recurrentCall({ x, lengths, h0, c0 }: Tensors, { config }: Golden) {
  const options = {
    layers: numberIn(config, 'layers'),
    bidirectional: config['bidirectional'] === true,
    output: 'sequence',
  } as const;
  const input = { x: x, ...(lengths && { lengths }) };
  const state = h0 && c0 ? { initialState: { h: h0, c: c0 } } : {};
  return { inputs: x.shape[2], hidden: numberIn(config, 'hidden'), options, input, state };
}

function lstm(fused: boolean): Build {
  return async (tensors, golden) => {
    const { inputs, hidden, options, input, state } = recurrentCall(tensors, golden);
    const layer = new LSTM(inputs, hidden, { ...options, fused });
    await layer.loadStateDict(await recurrentState(golden));
    const { output, h, c } = layer.run({ ...input, ...state });
    return { y: output, h_n: h, c_n: c };
  };
}

function gru(fused: boolean): Build {
  return async (tensors, golden) => {
    const { inputs, hidden, options, input } = recurrentCall(tensors, golden);
    const layer = new GRU(inputs, hidden, { ...options, fused });
    await layer.loadStateDict(await recurrentState(golden));
    const { output, h } = layer.run(input);
    return { y: output, h_n: h };
  };
}

const projectedLstm: Build = async (tensors, golden) => {
  const { inputs, hidden, options, input, state } = recurrentCall(tensors, golden);
  const layer = new LSTM(inputs, hidden, { ...options, projection: numberIn(golden.config, 'projection') });
  const parameters = layer.namedParameters();
  for (const [path, parameter] of parameters) await parameter.set(await tensors[path].data());
  const { output, h, c } = layer.run({ ...input, ...state });
  const named = parameters.map(([path, parameter]) => [`parameter ${path}`, parameter]);
  return { y: output, h_n: h, c_n: c, ...Object.fromEntries(named) };
};

const rnn: Build = async (tensors, golden) => {
  const { inputs, hidden, options, input } = recurrentCall(tensors, golden);
  const layer = new RNN(inputs, hidden, options);
  await layer.loadStateDict(await recurrentState(golden));
  const { output, h } = layer.run(input);
  return { y: output, h_n: h };
};

const recurrence = expression('recurrent', ({ a, b, initial }, { config }) => ({
  y: linearRecurrence(a, b, { initial, reverse: config['reverse'] === true }),
}));

const complexRecurrence = expression('recurrent', (tensors) => {
  const of = (name: string) => ({ real: tensors[`${name}_real`], imaginary: tensors[`${name}_imaginary`] });
  const { real, imaginary } = complexLinearRecurrence(of('a'), of('b'), { initial: of('initial') });
  return { y: stack([real, imaginary], -1) };
});

/** Both ways of a case, which have to give the vector each: the results of the second are checked by the first's names. */
function both(family: string, ways: (fused: boolean) => Build): Case {
  const [fused, composed] = [expression(family, ways(true)), expression(family, ways(false))];
  return {
    family,
    run: async (golden) => {
      const results = await fused.run(golden);
      const second = await composed.run(golden);
      const named = (record: Results['outputs']) => rename(record, (name) => `${name} (composed)`);
      return {
        outputs: { ...results.outputs, ...named(second.outputs) },
        grads: { ...results.grads, ...named(second.grads) },
      };
    },
  };
}

function rename<Value>(record: Readonly<Record<string, Value>>, to: (name: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [to(name), value]));
}

const batchNormalization: Build = async ({ x, weight, bias }, { config }) => {
  const layer = new BatchNorm(x.shape[1], {
    momentum: numberIn(config, 'momentum_pytorch'),
    epsilon: numberIn(config, 'eps'),
  });
  await layer.scale!.set(Float32Array.from(await weight.data()));
  await layer.shift!.set(Float32Array.from(await bias.data()));
  const y = channelsFirst(layer.call(channelsLast(x)));
  return {
    y,
    running_mean: layer.runningMean,
    running_var: layer.runningVariance,
    'parameter weight': layer.scale!,
    'parameter bias': layer.shift!,
  };
};

function crossEntropy(name: 'plain' | 'smoothed' | 'weighted' | 'ignore'): Case {
  return expression('losses', ({ logits, target, class_weight }, { config }) => ({
    loss: softmaxCrossEntropy(logits, target, {
      ...(name === 'smoothed' && { labelSmoothing: numberIn(config, 'label_smoothing') }),
      ...(name === 'weighted' && { classWeights: class_weight }),
      ...(name === 'ignore' && { ignoreIndex: numberIn(config, 'ignore_index') }),
    }),
  }));
}

const training: Case = {
  family: 'training',
  run: async (golden) => {
    const compiled = await train(golden, 'compiled');
    const plain = rename(await train(golden, 'plain'), (name) => `${name} (composed)`);
    return { outputs: { ...compiled, ...plain }, grads: {} };
  },
};

export const cases: Readonly<Record<string, Case>> = {
  unary_exp: unary((x) => x.exp()),
  unary_log: unary((x) => x.log()),
  unary_sqrt: unary((x) => x.sqrt()),
  unary_tanh: unary((x) => x.tanh()),
  unary_sigmoid: unary((x) => x.sigmoid()),
  unary_relu: unary((x) => x.relu()),
  unary_gelu_erf: unary(gelu),
  unary_silu: unary(silu),
  unary_softplus: unary(softplus),
  unary_mish: unary(mish),
  unary_hardswish: unary(hardswish),
  unary_hardsigmoid: unary(hardsigmoid),
  unary_relu6: unary(relu6),
  unary_selu: unary(selu),
  unary_celu: expression('elementwise', ({ x }, { config }) => ({ y: celu(x, numberIn(config, 'alpha')) })),
  unary_log_sigmoid: unary(logSigmoid),
  glu: along(glu),
  unary_abs: unary((x) => x.abs()),
  unary_sin: unary((x) => x.sin()),
  unary_rsqrt: unary((x) => x.rsqrt()),
  unary_tan: unary((x) => x.tan()),
  unary_asin: unary((x) => x.asin()),
  unary_acos: unary((x) => x.acos()),
  unary_atan: unary((x) => x.atan()),
  unary_sinh: unary((x) => x.sinh()),
  unary_cosh: unary((x) => x.cosh()),
  unary_log2: unary((x) => x.log2()),
  unary_log10: unary((x) => x.log10()),
  atan2: expression('elementwise', ({ a, b }) => ({ y: a.atan2(b) })),
  broadcast_arith: expression('elementwise', ({ a, b, c, d }) => ({
    y: square(subtract(add(multiply(a, b), divide(c, d)), a)),
  })),
  reduce_mean_var: along((x, axis) => add(mean(x, axis), variance(x, axis))),
  reduce_max: along((x, axis) => max(x, axis)),
  logsumexp: along((x, axis) => logSumExp(x, axis)),
  softmax: along(softmax),
  log_softmax: along(logSoftmax),
  matmul_batched: expression('matmul and gather', ({ a, b }) => ({ y: matmul(a, b) })),
  gather_rows: expression('matmul and gather', ({ x, index }) => ({ y: gather(x, index) })),

  ...layerCases,
  ...lossCases,
  ...optimizerCases,
  ...orderAndMatrixCases,

  conv2d_0: convolution,
  conv2d_1: convolution,
  conv2d_2: convolution,
  conv2d_3: convolution,
  conv2d_transpose: expression('convolution', ({ x, weight, bias }, { config }) => ({
    y: channelsFirst(
      convTranspose2d(channelsLast(x), kernelLast(weight), {
        stride: pairIn(config, 'stride'),
        padding: pairIn(config, 'padding'),
        outputPadding: pairIn(config, 'output_padding'),
        bias: bias,
      }),
    ),
  })),
  conv1d: expression('convolution', ({ x, weight, bias }, { config }) => ({
    y: swapLast(
      conv1d(swapLast(x), kernelLast1d(weight), {
        stride: numberIn(config, 'stride'),
        padding: numberIn(config, 'padding'),
        bias: bias,
      }),
    ),
  })),
  max_pool2d: expression('pooling', ({ x }, { config }) => ({
    y: channelsFirst(
      maxPool2d(channelsLast(x), pairIn(config, 'kernel'), {
        stride: pairIn(config, 'stride'),
        padding: pairIn(config, 'padding'),
      }),
    ),
  })),
  avg_pool2d: expression('pooling', ({ x }, { config }) => ({
    y: channelsFirst(
      avgPool2d(channelsLast(x), pairIn(config, 'kernel'), { stride: pairIn(config, 'stride') }),
    ),
  })),

  batch_norm2d_train: expression('normalization', batchNormalization),
  layer_norm: expression('normalization', ({ x, weight, bias }, { config }) => ({
    y: layerNorm(x, {
      axes: numberIn(config, 'axis'),
      epsilon: numberIn(config, 'eps'),
      scale: weight,
      shift: bias,
    }),
  })),
  group_norm: expression('normalization', ({ x, weight, bias }, { config }) => ({
    y: channelsFirst(
      groupNorm(channelsLast(x), numberIn(config, 'groups'), {
        epsilon: numberIn(config, 'eps'),
        scale: weight,
        shift: bias,
      }),
    ),
  })),

  linear_recurrence: recurrence,
  linear_recurrence_reverse: recurrence,
  linear_recurrence_complex: complexRecurrence,
  lstm_basic: both('recurrent', lstm),
  lstm_init_state: both('recurrent', lstm),
  lstm_stacked_bidirectional: both('recurrent', lstm),
  lstm_lengths: both('recurrent', lstm),
  lstm_single_step: both('recurrent', lstm),
  lstm_projection: expression('recurrent', projectedLstm),
  lstm_projection_stacked_bidirectional: expression('recurrent', projectedLstm),
  gru_basic: both('recurrent', gru),
  gru_stacked_bidirectional: both('recurrent', gru),
  rnn_tanh: expression('recurrent', rnn),

  cross_entropy: crossEntropy('plain'),
  cross_entropy_smoothed: crossEntropy('smoothed'),
  cross_entropy_weighted: crossEntropy('weighted'),
  cross_entropy_ignore: crossEntropy('ignore'),
  bce_with_logits: expression('losses', ({ logits, target }) => ({
    loss: binaryCrossEntropy(logits, target),
  })),

  train_conv_lstm_12_steps: training,
};
