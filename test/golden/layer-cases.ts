/** The vectors of further layers, in weft: PyTorch's weights stand in the places of their parameters. */
import * as weft from '../../src/index.ts';
import { type Case, expression, type Tensors } from './expression.ts';
import { channelsFirst, channelsLast, kernelLast, swapLast, swapMatrix } from './layouts.ts';
import { type Golden, numberIn, pairIn } from './vectors.ts';

/** A layer with tensors in the places of its parameters, by path. */
function withWeights<Layer extends weft.AnyModule>(layer: Layer, weights: Tensors): Layer {
  for (const [path, weight] of Object.entries(weights)) {
    const keys = path.split('.');
    const owner = keys.slice(0, -1).reduce<object>((at, key) => Reflect.get(at, key), layer);
    Reflect.set(owner, keys.at(-1)!, weight);
  }
  return layer;
}

/** A layer of images [N, H, W, C]. */
function ofImages(
  make: (golden: Golden) => weft.Module,
  weights: (inputs: Tensors) => Tensors = () => ({}),
): Case {
  return expression('layers', (inputs, golden) => ({
    y: channelsFirst(withWeights(make(golden), weights(inputs)).call(channelsLast(inputs['x']))),
  }));
}

/** A layer of sequences [N, T, F]. */
function ofSteps(
  make: (golden: Golden) => weft.Module,
  weights: (inputs: Tensors) => Tensors = () => ({}),
): Case {
  return expression('layers', (inputs, golden) => ({
    y: swapLast(withWeights(make(golden), weights(inputs)).call(swapLast(inputs['x']))),
  }));
}

const windowIn = ({ config }: Golden) =>
  [
    numberIn(config, 'kernel'),
    { stride: numberIn(config, 'stride'), padding: numberIn(config, 'padding') },
  ] as const;

const averages = ofSteps((golden) => {
  const [window, options] = windowIn(golden);
  return new weft.AvgPool1d(window, { ...options, countPadding: golden.config['count'] === true });
});

const affine = ({ weight, bias }: Tensors) => ({ scale: weight, shift: bias });

/** By the name of a way to enlarge, and whether a factor or a size says how far. */
const upsampling = (mode: 'nearest' | 'bilinear') => ({
  [`upsample_${mode}_factor`]: ofImages(() => new weft.Upsample({ factor: [2, 3], mode })),
  [`upsample_${mode}_size`]: ofImages(
    ({ config }) => new weft.Upsample({ size: pairIn(config, 'size'), mode }),
  ),
  [`upsample_${mode}_smaller`]: ofImages(
    ({ config }) => new weft.Upsample({ size: pairIn(config, 'size'), mode }),
  ),
});

const adaptive = (kind: 'avg' | 'max') => {
  const Layer = kind === 'avg' ? weft.AdaptiveAvgPool2d : weft.AdaptiveMaxPool2d;
  const pooling = ofImages(({ config }) => new Layer(pairIn(config, 'size')));
  return Object.fromEntries(
    ['equal', 'uneven', 'larger'].map((size) => [`adaptive_${kind}_pool2d_${size}`, pooling]),
  );
};

const prelu = (inputs: Tensors) => ({ slope: inputs['weight'] });

/** The weights of a cell from PyTorch's. */
const cellWeights = (inputs: Tensors): Tensors => ({
  inputWeight: swapMatrix(inputs['weight_ih']),
  recurrentWeight: swapMatrix(inputs['weight_hh']),
  inputBias: inputs['bias_ih'],
  recurrentBias: inputs['bias_hh'],
});

function ofCell(Cell: typeof weft.GRUCell | typeof weft.RNNCell): Case {
  return expression('recurrent', (inputs) => {
    const { x, h } = inputs;
    return {
      y: withWeights(new Cell(x.shape[1], h.shape[1]), cellWeights(inputs)).run({ x, state: { h } }).h,
    };
  });
}

const lstmCell = expression('recurrent', (inputs) => {
  const { x, h, c } = inputs;
  const cell = withWeights(new weft.LSTMCell(x.shape[1], h.shape[1]), cellWeights(inputs));
  const next = cell.run({ x, state: { h, c } });
  return { y: next.h.add(next.c.mul(2)) };
});

const attention = expression('attention', (inputs, { config }) => {
  const { query, key = query, value = key, key_padding_mask: keyMask, attn_mask: mask } = inputs;
  const features = query.shape[2];
  const together = inputs['in_proj_weight'];
  const names = ['q_proj_weight', 'k_proj_weight', 'v_proj_weight'];
  const weights = together ? weft.split(together, 3) : names.map((name) => inputs[name]);
  const biases = weft.split(inputs['in_proj_bias'], 3);
  const parts = ['query', 'key', 'value'].flatMap((name, part) => [
    [`${name}.weight`, swapMatrix(weights[part])],
    [`${name}.bias`, biases[part]],
  ]);
  const options = {
    causal: config['causal'] === true,
    keyInputs: key.shape[2],
    valueInputs: value.shape[2],
  };
  const layer = withWeights(new weft.MultiHeadAttention(features, numberIn(config, 'heads'), options), {
    ...Object.fromEntries(parts),
    'output.weight': swapMatrix(inputs['out_proj.weight']),
    'output.bias': inputs['out_proj.bias'],
  });
  // The file has 1 and 0 for true and false.
  const seen = config['added'] === true ? mask : mask?.notEqual(0);
  const given = {
    query,
    key,
    value,
    ...(keyMask && { keyMask: keyMask.notEqual(0) }),
    ...(seen && { mask: seen }),
  };
  const { output, weights: shares } = layer.run(given);
  return { y: output, weights: shares };
});

export const layerCases: Readonly<Record<string, Case>> = {
  elu: expression('elementwise', ({ x }, { config }) => ({
    y: new weft.ELU(numberIn(config, 'alpha')).call(x),
  })),
  softsign: expression('elementwise', ({ x }) => ({ y: new weft.Softsign().call(x) })),
  prelu: ofSteps(() => new weft.PReLU(), prelu),
  prelu_channels: ofSteps(({ inputs }) => new weft.PReLU(inputs['weight'].shape[0]), prelu),
  ...upsampling('nearest'),
  ...upsampling('bilinear'),
  max_pool1d: ofSteps((golden) => new weft.MaxPool1d(...windowIn(golden))),
  avg_pool1d: averages,
  avg_pool1d_uncounted: averages,
  ...adaptive('avg'),
  ...adaptive('max'),
  adaptive_avg_pool1d: ofSteps(({ config }) => new weft.AdaptiveAvgPool1d(numberIn(config, 'size'))),
  adaptive_max_pool1d: ofSteps(({ config }) => new weft.AdaptiveMaxPool1d(numberIn(config, 'size'))),
  instance_norm1d: ofSteps(() => new weft.InstanceNorm(3, { affine: true }), affine),
  instance_norm2d: ofImages(() => new weft.InstanceNorm(3, { affine: true }), affine),
  ...Object.fromEntries(
    ['odd', 'even'].map((name) => [
      `local_response_norm_${name}`,
      ofImages(({ config }) => {
        const [alpha, beta, k] = ['alpha', 'beta', 'k'].map((option) => numberIn(config, option));
        return new weft.LocalResponseNorm(numberIn(config, 'size'), { alpha, beta, k });
      }),
    ]),
  ),
  rms_norm: expression('layers', ({ x, weight }, { config }) => {
    const layer = new weft.RMSNorm(x.shape[2], { epsilon: numberIn(config, 'eps') });
    return { y: withWeights(layer, { scale: weight }).call(x) };
  }),
  separable_conv2d: ofImages(
    ({ config }) =>
      new weft.SeparableConv2d(3, 5, 3, {
        stride: numberIn(config, 'stride'),
        padding: numberIn(config, 'padding'),
        depthMultiplier: numberIn(config, 'depth_multiplier'),
      }),
    ({ depthwise, pointwise, bias }) => ({
      'depthwise.weight': kernelLast(depthwise),
      'pointwise.weight': kernelLast(pointwise),
      'pointwise.bias': bias,
    }),
  ),
  rnn_cell: ofCell(weft.RNNCell),
  gru_cell: ofCell(weft.GRUCell),
  lstm_cell: lstmCell,
  ...Object.fromEntries(
    ['self', 'causal', 'cross', 'masked', 'added', 'features'].map((name) => [
      `multi_head_attention_${name}`,
      attention,
    ]),
  ),
};
