/** What each vector says, in weft: one entry a file. */
import {
  Adam,
  AdamW,
  add,
  avgPool2d,
  BatchNorm,
  binaryCrossEntropy,
  clipByGlobalNorm,
  conv1d,
  conv2d,
  convTranspose2d,
  cosine,
  divide,
  GRU,
  gather,
  gelu,
  grad,
  groupNorm,
  LSTM,
  layerNorm,
  logSoftmax,
  logSumExp,
  matmul,
  max,
  maxPool2d,
  mean,
  multiply,
  type Optimizer,
  oneCycle,
  Parameter,
  RMSprop,
  RNN,
  type Schedule,
  SGD,
  silu,
  softmax,
  softmaxCrossEntropy,
  softplus,
  square,
  stepDecay,
  subtract,
  type Tensor,
  variance,
} from '../../src/index.ts';
import {
  channelsFirst,
  channelsLast,
  kernelLast,
  kernelLast1d,
  recurrentState,
  swapLast,
} from './layouts.ts';
import { train } from './training.ts';
import { floats, type Golden, integers, numberIn, pairIn } from './vectors.ts';

/** What came out, by the names of the file, in PyTorch's layouts. */
export interface Results {
  readonly outputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly grads: Readonly<Record<string, ArrayLike<number>>>;
}

export interface Case {
  /** For the report: cases of one family have one kind of arithmetic. */
  readonly family: string;
  readonly run: (golden: Golden) => Promise<Results>;
  /** Largest error allowed beside the largest expected value of an array. Default 1e-5; `why` explains another. */
  readonly bound?: number;
  readonly why?: string;
}

type Tensors = Readonly<Record<string, Tensor>>;

/** Expressions of float32 inputs. The first is differentiated: contracted with the cotangent, or as the loss it is. */
type Build = (inputs: Tensors, golden: Golden) => Tensors | Promise<Tensors>;

/** Inputs that are not float32. */
const integerInputs = new Set(['index', 'lengths', 'target', 'Y']);

function expression(family: string, build: Build, more: Partial<Case> = {}): Case {
  const run = async (golden: Golden): Promise<Results> => {
    const isInteger = (name: string) => integerInputs.has(name) && golden.name !== 'bce_with_logits';
    const inputs = mapValues(golden.inputs, (array, name) =>
      isInteger(name) ? integers(array) : floats(array),
    );
    const results = await build(inputs, golden);
    // Parameters of a layer stand for the input they were loaded from.
    const targets = Object.keys(golden.grads).map((name) => results[`parameter ${name}`] ?? inputs[name]);
    const first = results[Object.keys(golden.outputs)[0]];
    const gradients = grad(first, targets, inputs['cotangent']);
    const grads: Record<string, ArrayLike<number>> = {};
    for (const [k, name] of Object.keys(golden.grads).entries()) grads[name] = await gradients[k].data();
    const outputs: Record<string, ArrayLike<number>> = {};
    for (const name of Object.keys(golden.outputs)) outputs[name] = await results[name].data();
    return { outputs, grads };
  };
  return { family, run, ...more };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  f: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}

function unary(operation: (x: Tensor) => Tensor): Case {
  return expression('elementwise', ({ x }) => ({ y: operation(x) }));
}

function along(operation: (x: Tensor, axis: number) => Tensor): Case {
  return expression('reductions and softmax', ({ x }, { config }) => ({
    y: operation(x, numberIn(config, 'axis')),
  }));
}

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

const rnn: Build = async (tensors, golden) => {
  const { inputs, hidden, options, input } = recurrentCall(tensors, golden);
  const layer = new RNN(inputs, hidden, options);
  await layer.loadStateDict(await recurrentState(golden));
  const { output, h } = layer.run(input);
  return { y: output, h_n: h };
};

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

/** An optimizer on the given gradients: the parameter after each step. */
function optimizer(make: (parameter: Parameter, config: Golden['config']) => Optimizer): Case {
  const run = async ({ inputs, config }: Golden): Promise<Results> => {
    const parameter = new Parameter(floats(inputs['p0']), 'p');
    const optimizer = make(parameter, config);
    const outputs: Record<string, ArrayLike<number>> = {};
    for (let step = 1; inputs[`grad${step}`]; step++) {
      parameter.grad = floats(inputs[`grad${step}`]);
      await optimizer.step();
      outputs[`step${step}`] = await parameter.data();
    }
    return { outputs, grads: {} };
  };
  return { family: 'optimizers', run };
}

const momentumSgd = optimizer(
  (parameter, config) =>
    new SGD([parameter], {
      learningRate: numberIn(config, 'lr'),
      momentum: numberIn(config, 'momentum'),
      dampening: numberIn(config, 'dampening'),
      weightDecay: numberIn(config, 'weight_decay'),
      nesterov: config['nesterov'] === true,
    }),
);

function adamOptions(config: Golden['config']) {
  const [beta1, beta2] = pairIn(config, 'betas');
  return {
    learningRate: numberIn(config, 'lr'),
    beta1,
    beta2,
    epsilon: numberIn(config, 'eps'),
    weightDecay: numberIn(config, 'weight_decay'),
    amsgrad: config['amsgrad'] === true,
  };
}

const adam = optimizer((parameter, config) => new Adam([parameter], adamOptions(config)));

/** The vectors hold only the base rate; the other settings are those of generate.py. */
function schedule(make: (base: number, steps: number) => Schedule): Case {
  const run = async ({ config, outputs }: Golden): Promise<Results> => {
    const count = outputs['lr'].data.length;
    const rate = make(numberIn(config, 'base_lr'), count);
    return { outputs: { lr: Array.from({ length: count }, (_, step) => rate(step)) }, grads: {} };
  };
  return { family: 'schedules', run };
}

const clipping: Case = {
  family: 'clipping',
  run: async ({ inputs, config }) => {
    const { gradients, norm } = clipByGlobalNorm(
      [floats(inputs['a']), floats(inputs['b'])],
      numberIn(config, 'max_norm'),
    );
    const [a, b] = await Promise.all(gradients.map((gradient) => gradient.data()));
    return { outputs: { a: a, b: b, total_norm: await norm.data() }, grads: {} };
  },
};

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
  unary_abs: unary((x) => x.abs()),
  unary_sin: unary((x) => x.sin()),
  unary_rsqrt: unary((x) => x.rsqrt()),
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

  lstm_basic: both('recurrent', lstm),
  lstm_init_state: both('recurrent', lstm),
  lstm_stacked_bidirectional: both('recurrent', lstm),
  lstm_lengths: both('recurrent', lstm),
  lstm_single_step: both('recurrent', lstm),
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

  optim_sgd: momentumSgd,
  optim_sgd_momentum: momentumSgd,
  optim_sgd_nesterov_decay: momentumSgd,
  optim_adam: adam,
  optim_adam_amsgrad: adam,
  optim_adamw: optimizer((parameter, config) => new AdamW([parameter], adamOptions(config))),
  optim_rmsprop: optimizer(
    (parameter, config) =>
      new RMSprop([parameter], {
        learningRate: numberIn(config, 'lr'),
        smoothing: numberIn(config, 'alpha'),
        momentum: numberIn(config, 'momentum'),
        epsilon: numberIn(config, 'eps'),
        weightDecay: numberIn(config, 'weight_decay'),
        centered: config['centered'] === true,
      }),
  ),
  clip_grad_norm: clipping,
  schedule_cosine: schedule((base, steps) => cosine(base, steps, 1e-4)),
  schedule_step: schedule((base) => stepDecay(base, 3, 0.5)),
  schedule_onecycle: schedule((_, steps) => oneCycle(0.1, steps)),

  train_conv_lstm_12_steps: training,
};
