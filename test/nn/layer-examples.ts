/**
 * What the tests know of each layer of the package, a row each: how one is made, what it takes and what it computes. A
 * layer without a row does not compile here, and every-layer.test.ts names it.
 */
import * as weft from '../../src/index.ts';
import { gridOutputs, writtenBiLSTM2D, writtenReNet } from './grid-layers-written.ts';
import { writtenMLSTM, writtenVisionLSTM } from './mlstm-written.ts';
import { int32, values } from './support.ts';

type LayerTypes = typeof weft.layerTypes;

/** A row. */
export interface LayerExample<Arguments, Layer> {
  /** Of its constructor, made anew for each layer, with all its options. */
  readonly arguments: () => Arguments;
  /** What it is called with, away from kinks. */
  readonly input: () => weft.Tensor;
  /** How it is called with that. Default: `layer.call(x)`. */
  readonly call?: (layer: Layer, x: weft.Tensor) => weft.Tensor;
  /** What it computes of that in evaluation mode, said without it. */
  readonly computes: (layer: Layer, x: weft.Tensor) => weft.Tensor;
}

const { ones } = weft.initializers;
const matrix = () => values([2, 3]);
const sequence = () => values([2, 3, 2]);
/** What is seen of it: not the first feature at the second step, and in the other sequence nothing then. */
const seen = () => int32([1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1]).reshape(2, 3, 2).cast('bool');
/** The multiples of 1/20 from -3 on in some order, so that no two of them are equal. */
const image = () =>
  weft.tensor(
    Float32Array.from({ length: 120 }, (_, index) => ((index * 37) % 120) / 20 - 3),
    { shape: [2, 5, 6, 2] },
  );

/** The example of an activation without arguments. */
function activation(computes: (x: weft.Tensor) => weft.Tensor): LayerExample<[], unknown> {
  return { arguments: () => [], input: matrix, computes: (_, x) => computes(x) };
}

/** A state [2, H] that a cell starts from. */
const state = (hidden: number) => values([2, hidden], 3);

/** What the input and the state of a cell give to its gates. */
function ofGates(cell: weft.CellWeights, x: weft.Tensor, hidden: number): [weft.Tensor, weft.Tensor] {
  return [
    x.matmul(cell.inputWeight).add(cell.inputBias!),
    state(hidden).matmul(cell.recurrentWeight).add(cell.recurrentBias!),
  ];
}

/** The next h of a GRU. */
function gru(fromInput: weft.Tensor, fromState: weft.Tensor, h: weft.Tensor): weft.Tensor {
  const [reset, update, candidate] = fromInput.split(3, -1);
  const [resetOf, updateOf, candidateOf] = fromState.split(3, -1);
  const kept = update.add(updateOf).sigmoid();
  const next = candidate.add(reset.add(resetOf).sigmoid().mul(candidateOf)).tanh();
  return next.add(kept.mul(h.sub(next)));
}

/** The next h and c of an LSTM. */
function lstm(fromInput: weft.Tensor, fromState: weft.Tensor, c: weft.Tensor): [weft.Tensor, weft.Tensor] {
  const [input, forget, candidate, output] = fromInput.add(fromState).split(4, -1);
  const cell = forget.sigmoid().mul(c).add(input.sigmoid().mul(candidate.tanh()));
  return [output.sigmoid().mul(cell.tanh()), cell];
}

/** The last state of a cell that reads steps [N, F] from first to last. `step` gives the next states from x·W + b. */
function lastState(
  { cells: [cell] }: { readonly cells: readonly weft.CellWeights[] },
  x: weft.Tensor,
  step: (fromInput: weft.Tensor, fromState: weft.Tensor, states: weft.Tensor[]) => weft.Tensor[],
): weft.Tensor {
  let states = [weft.zeros([x.shape[0], 3]), weft.zeros([x.shape[0], 3])];
  for (let t = 0; t < x.shape[1]; t++) {
    const fromInput = x.slice(null, t).matmul(cell.inputWeight).add(cell.inputBias!);
    states = step(fromInput, states[0].matmul(cell.recurrentWeight).add(cell.recurrentBias!), states);
  }
  return states[0];
}

/** The last state [N, 3] of a cell that goes over x [N, T, F] from zeros. */
function steps(x: weft.Tensor, step: (h: weft.Tensor, xt: weft.Tensor) => weft.Tensor): weft.Tensor {
  let h = weft.zeros([x.shape[0], 3]);
  for (let t = 0; t < x.shape[1]; t++) h = step(h, x.slice(null, t));
  return h;
}

/** What minGRU and minLSTM make of a candidate. */
const minimal = (x: weft.Tensor): weft.Tensor => weft.where(x.less(0), x.sigmoid(), x.add(0.5));

/** The last state of a GRU-D [2, 3] that reads x [2, 3, 2], of which `seen()` is seen. */
function gruD(layer: weft.GRUD, x: weft.Tensor): weft.Tensor {
  const { mean } = layer;
  const cell = layer.cells[0]!;
  const decay = (rate: weft.Tensor) => rate.relu().neg().exp();
  let [h, last, since] = [weft.zeros([2, 3]), weft.zeros([2, 2]).add(mean), weft.zeros([2, 2])];
  for (let t = 0; t < 3; t++) {
    const m = seen().slice(null, t);
    const kept = decay(since.mul(cell.inputDecay).add(cell.inputDecayBias));
    const value = weft.where(m, x.slice(null, t), kept.mul(last).add(kept.neg().add(1).mul(mean)));
    const before = decay(since.matmul(cell.stateDecay).add(cell.stateDecayBias)).mul(h);
    const given = weft
      .concat([value, m.cast('float32')], -1)
      .matmul(cell.inputWeight)
      .add(cell.bias);
    const [r, z, n] = given.split(3, -1) as [weft.Tensor, weft.Tensor, weft.Tensor];
    const [ur, uz, un] = cell.recurrentWeight.split(3, -1) as [weft.Tensor, weft.Tensor, weft.Tensor];
    const reset = r.add(before.matmul(ur)).sigmoid();
    const update = z.add(before.matmul(uz)).sigmoid();
    const candidate = n.add(reset.mul(before).matmul(un)).tanh();
    h = candidate.mul(update.neg().add(1)).add(update.mul(before));
    last = weft.where(m, value, last);
    since = weft.where(m, 1, since.add(1));
  }
  return h;
}

export const layerExamples: {
  readonly [Name in keyof LayerTypes]: LayerExample<
    ConstructorParameters<LayerTypes[Name]>,
    InstanceType<LayerTypes[Name]>
  >;
} = {
  ReLU: activation(weft.relu),
  GELU: activation(weft.gelu),
  SiLU: activation(weft.silu),
  Tanh: activation(weft.tanh),
  Sigmoid: activation(weft.sigmoid),
  Softplus: activation(weft.softplus),
  Mish: activation(weft.mish),
  SELU: activation(weft.selu),
  ReLU6: activation(weft.relu6),
  GELUTanh: activation(weft.geluTanh),
  LogSigmoid: activation(weft.logSigmoid),
  Hardsigmoid: activation(weft.hardsigmoid),
  Hardswish: activation(weft.hardswish),
  Softsign: activation(weft.softsign),
  ELU: { arguments: () => [0.7], input: matrix, computes: ({ alpha }, x) => weft.elu(x, alpha) },
  CELU: { arguments: () => [0.7], input: matrix, computes: ({ alpha }, x) => weft.celu(x, alpha) },
  Softmax: { arguments: () => [1], input: sequence, computes: (_, x) => x.softmax(1) },
  LogSoftmax: { arguments: () => [1], input: sequence, computes: (_, x) => x.logSoftmax(1) },
  GLU: { arguments: () => [2], input: sequence, computes: (_, x) => weft.glu(x) },
  PReLU: {
    arguments: () => [3, 0.1],
    input: matrix,
    computes: ({ slope }, x) => x.maximum(0).add(x.minimum(0).mul(slope)),
  },
  LeakyReLU: {
    arguments: () => [0.1],
    input: matrix,
    computes: ({ slope }, x) => weft.leakyRelu(x, slope),
  },

  Dense: {
    arguments: () => [3, 2, { bias: true, weightInitializer: ones }],
    input: matrix,
    computes: ({ weight, bias }, x) => x.matmul(weight).add(bias!),
  },
  Conv1d: {
    arguments: () => [
      2,
      4,
      2,
      { bias: true, weightInitializer: ones, stride: 1, padding: 1, dilation: 1, groups: 2 },
    ],
    input: sequence,
    computes: ({ weight, bias }, x) => weft.conv1d(x, weight, { padding: 1, groups: 2, bias: bias! }),
  },
  Conv2d: {
    arguments: () => [
      2,
      4,
      [3, 2],
      { bias: true, weightInitializer: ones, stride: 2, padding: 'same', dilation: 1, groups: 2 },
    ],
    input: image,
    computes: ({ weight, bias }, x) =>
      weft.conv2d(x, weight, { stride: 2, padding: 'same', groups: 2, bias: bias! }),
  },
  ConvTranspose2d: {
    arguments: () => [
      2,
      1,
      3,
      { bias: true, weightInitializer: ones, stride: 2, padding: 1, outputPadding: 1, groups: 1 },
    ],
    input: image,
    computes: ({ weight, bias }, x) =>
      weft.convTranspose2d(x, weight, { stride: 2, padding: 1, outputPadding: 1, bias: bias! }),
  },
  MaxPool2d: {
    arguments: () => [3, { stride: 2, padding: 1 }],
    input: image,
    computes: (_, x) => weft.maxPool2d(x, 3, { stride: 2, padding: 1 }),
  },
  AvgPool2d: {
    arguments: () => [[2, 3], { stride: 2, padding: 1, countPadding: false }],
    input: image,
    computes: (_, x) => weft.avgPool2d(x, [2, 3], { stride: 2, padding: 1, countPadding: false }),
  },
  SeparableConv2d: {
    arguments: () => [
      2,
      3,
      2,
      { bias: true, weightInitializer: ones, stride: 1, padding: 1, dilation: 1, depthMultiplier: 2 },
    ],
    input: image,
    computes: ({ depthwise, pointwise }, x) => {
      const each = weft.conv2d(x, depthwise.weight, { padding: 1, groups: 2 });
      return each.matmul(pointwise.weight.reshape(4, 3)).add(pointwise.bias!);
    },
  },
  MaxPool1d: {
    arguments: () => [2, { stride: 2, padding: 1 }],
    input: sequence,
    computes: (_, x) =>
      weft.concat([x.slice(null, [0, 1]), x.slice(null, [1, 3]).max(1, { keepDims: true })], 1),
  },
  AvgPool1d: {
    arguments: () => [2, { stride: 2, padding: [1, 0], countPadding: false }],
    input: sequence,
    computes: (_, x) =>
      weft.concat([x.slice(null, [0, 1]), x.slice(null, [1, 3]).mean(1, { keepDims: true })], 1),
  },
  GlobalAvgPool1d: { arguments: () => [], input: sequence, computes: (_, x) => x.mean(1) },
  GlobalMaxPool1d: { arguments: () => [], input: sequence, computes: (_, x) => x.max(1) },
  GlobalAvgPool2d: { arguments: () => [], input: image, computes: (_, x) => x.mean([1, 2]) },
  GlobalMaxPool2d: { arguments: () => [], input: image, computes: (_, x) => x.max([1, 2]) },

  AdaptiveAvgPool2d: {
    arguments: () => [[2, 3]],
    input: image,
    computes: (_, x) => {
      const rows = [x.slice(null, [0, 3]), x.slice(null, [2, 5])].map((each) =>
        each.mean(1, { keepDims: true }),
      );
      return weft.concat(rows, 1).reshape(2, 2, 3, 2, 2).mean(3);
    },
  },
  AdaptiveMaxPool2d: {
    arguments: () => [[2, 3]],
    input: image,
    computes: (_, x) => {
      const rows = [x.slice(null, [0, 3]), x.slice(null, [2, 5])].map((each) =>
        each.max(1, { keepDims: true }),
      );
      return weft.concat(rows, 1).reshape(2, 2, 3, 2, 2).max(3);
    },
  },
  AdaptiveAvgPool1d: {
    arguments: () => [2],
    input: sequence,
    computes: (_, x) => weft.stack([x.slice(null, [0, 2]).mean(1), x.slice(null, [1, 3]).mean(1)], 1),
  },
  AdaptiveMaxPool1d: {
    arguments: () => [2],
    input: sequence,
    computes: (_, x) => weft.stack([x.slice(null, [0, 2]).max(1), x.slice(null, [1, 3]).max(1)], 1),
  },
  Upsample: {
    arguments: () => [{ factor: [2, 1], mode: 'bilinear' }],
    input: image,
    computes: (_, x) => {
      const [above, below] = [x.slice(null, [0, 1]), x.slice(null, [4, 5])];
      const [before, after] = [
        weft.concat([above, x.slice(null, [0, 4])], 1),
        weft.concat([x.slice(null, [1, 5]), below], 1),
      ];
      const between = (each: weft.Tensor) => x.mul(0.75).add(each.mul(0.25));
      return weft.stack([between(before), between(after)], 2).reshape(2, 10, 6, 2);
    },
  },
  ZeroPad2d: {
    arguments: () => [
      [
        [1, 0],
        [0, 2],
      ],
    ],
    input: image,
    computes: (_, x) =>
      x.pad([
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ]),
  },
  Crop2d: {
    arguments: () => [
      [
        [1, 0],
        [0, 2],
      ],
    ],
    input: image,
    computes: (_, x) => x.slice(null, [1, 5], [0, 4]),
  },

  BatchNorm: {
    arguments: () => [2, { epsilon: 1e-3, affine: true, momentum: 0.2 }],
    input: image,
    computes: ({ runningMean, runningVariance, scale, shift }, x) =>
      x.sub(runningMean).div(runningVariance.add(1e-3).sqrt()).mul(scale!).add(shift!),
  },
  LayerNorm: {
    arguments: () => [[3, 2], { epsilon: 1e-3, affine: true }],
    input: sequence,
    computes: ({ scale, shift }, x) =>
      weft.layerNorm(x, { axes: [1, 2], epsilon: 1e-3, scale: scale!, shift: shift! }),
  },
  GroupNorm: {
    arguments: () => [2, 2, { epsilon: 1e-3, affine: true }],
    input: image,
    computes: ({ scale, shift }, x) => weft.groupNorm(x, 2, { epsilon: 1e-3, scale: scale!, shift: shift! }),
  },
  InstanceNorm: {
    arguments: () => [2, { epsilon: 1e-3, affine: true }],
    input: image,
    computes: ({ scale, shift }, x) => weft.groupNorm(x, 2, { epsilon: 1e-3, scale: scale!, shift: shift! }),
  },
  RMSNorm: {
    arguments: () => [[3, 2], { epsilon: 1e-3, affine: true }],
    input: sequence,
    computes: ({ scale }, x) => {
      const size = x.square().mean([1, 2], { keepDims: true }).add(1e-3).sqrt();
      return x.div(size).mul(scale!);
    },
  },
  LocalResponseNorm: {
    arguments: () => [2, { alpha: 0.5, beta: 0.7, k: 2 }],
    input: image,
    computes: (_, x) => {
      const [first, second] = x.square().split(2, -1);
      const near = weft.concat([first, first.add(second)], -1);
      return x.div(near.mul(0.25).add(2).pow(0.7));
    },
  },
  SpatialDropout: { arguments: () => [0.5], input: sequence, computes: (_, x) => x },
  Dropout: { arguments: () => [0.5], input: matrix, computes: (_, x) => x },
  Embedding: {
    arguments: () => [3, 2, { weightInitializer: ones }],
    input: () => int32([0, 2, 0]),
    computes: ({ weight }, x) => weft.gather(weight, x, 0),
  },

  FillMissing: {
    arguments: () => [[2], 'learned'],
    input: sequence,
    call: (layer, x) => layer.call({ x, mask: seen() }),
    computes: ({ value }, x) => weft.where(seen(), x, value!),
  },
  GRUD: {
    arguments: () => [
      2,
      3,
      { layers: 1, bidirectional: false, dropout: 0, output: 'last', nanIsMissing: true },
    ],
    input: sequence,
    call: (layer, x) => layer.call({ x, mask: seen() }),
    computes: (layer, x) => gruD(layer, x),
  },
  MissingIndicators: {
    arguments: () => [2, { parts: ['values', 'seen', 'time'], fill: 'learned', unit: 2 }],
    input: sequence,
    call: (layer, x) => layer.call({ x, mask: seen() }),
    computes: ({ fill }, x) => {
      const since = weft.tensor([0, 0, 1, 1, 2, 1, 0, 0, 1, 1, 2, 2]).div(2).reshape(2, 3, 2);
      return weft.concat([weft.where(seen(), x, fill!.value!), seen().cast('float32'), since], -1);
    },
  },
  Readout: {
    arguments: () => ['attention', 2],
    input: sequence,
    computes: ({ weight, query }, x) => {
      const scores = x.matmul(weight!).tanh().mul(query!).sum(-1, { keepDims: true }).exp();
      return scores
        .div(scores.sum(1, { keepDims: true }))
        .mul(x)
        .sum(1);
    },
  },

  Flatten: { arguments: () => [], input: image, computes: (_, x) => x.reshape(2, 5 * 6 * 2) },
  Reshape: { arguments: () => [[4, -1, 3]], input: image, computes: (_, x) => x.reshape(2, 4, 5, 3) },
  ImageToSequence: {
    arguments: () => ['snake', { reverse: true }],
    input: image,
    computes: (_, x) => {
      const rows = [4, 3, 2, 1, 0].map((row) => x.slice(null, row, row % 2 === 0 ? [null, null, -1] : null));
      return weft.concat(rows, 1);
    },
  },
  SequenceToImage: {
    arguments: () => ['patches:1x2', [2, 4, 1], { reverse: true }],
    input: () => values([2, 4, 2]),
    computes: (_, x) => x.slice(null, [null, null, -1]).reshape(2, 2, 4, 1),
  },
  RecurrentAttention: {
    arguments: () => [2, 3, { steps: 2, side: 2, output: 'sequence' }],
    input: image,
    computes: ({ locate, cell }, x) => {
      const [n, height, width] = [2, 5, 6];
      let states = { h: weft.zeros([n, 3]), c: weft.zeros([n, 3]) };
      const steps = [0, 1].map(() => {
        const asked = locate.call(states.h);
        const [row, column, apart] = asked.sigmoid().split(3, -1);
        const distance = apart.mul(width / 2 - 1).add(1);
        // Side 2: a half of the distance before the middle, and after it.
        const along = (middle: weft.Tensor, length: number) =>
          weft.stack(
            [-0.5, 0.5].map((offset) => {
              const place = middle.mul(length - 1).add(distance.mul(offset));
              const pixels = weft.arange(-40, 40 + length).cast('float32');
              const weights = pixels.sub(place).div(distance).square().mul(-2).exp();
              return weights.div(weights.sum(-1, { keepDims: true })).slice(null, [40, 40 + length]);
            }),
            1,
          );
        const seen = weft.einsum('nih,nhwc,njw->nijc', along(row, height), x, along(column, width));
        states = cell.run({ x: weft.concat([seen.reshape(n, 8), asked.tanh()], -1), state: states });
        return states.h;
      });
      return weft.stack(steps, 1);
    },
  },
  RowsToSequence: { arguments: () => [], input: image, computes: (_, x) => x.reshape(2, 5, 6 * 2) },
  ColumnsToSequence: {
    arguments: () => [],
    input: image,
    computes: (_, x) => x.permute(0, 2, 1, 3).reshape(2, 6, 5 * 2),
  },

  RNN: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        bias: true,
        output: 'last',
        nanIsMissing: true,
        dropout: 0,
        nonlinearity: 'relu',
      },
    ],
    input: sequence,
    computes: (layer, x) => lastState(layer, x, (a, b) => [a.add(b).relu()]),
  },
  GRU: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        bias: true,
        output: 'last',
        nanIsMissing: true,
        dropout: 0,
        fused: true,
      },
    ],
    input: sequence,
    computes: (layer, x) => lastState(layer, x, (a, b, [h]) => [gru(a, b, h)]),
  },
  LSTM: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        bias: true,
        output: 'last',
        nanIsMissing: true,
        dropout: 0,
        fused: true,
        forgetBias: 1,
      },
    ],
    input: sequence,
    computes: (layer, x) => lastState(layer, x, (a, b, [, c]) => lstm(a, b, c)),
  },
  MultiDimensionalLSTM: {
    arguments: () => [2, 2, { directions: 4, join: 'sum', stable: true, patch: [1, 2], nanIsMissing: false }],
    input: image,
    computes: ({ cells }, x) => {
      const grid = x.reshape(2, 5, 3, 2 * 2);
      const corners = [[], [2], [1], [1, 2]];
      return corners
        .map((axes, corner) => gridOutputs(cells[corner], grid.flip(axes)).flip(axes))
        .reduce((a, b) => a.add(b));
    },
  },
  MinGRU: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        bias: true,
        output: 'last',
        dropout: 0,
        nanIsMissing: true,
        fused: true,
        chrono: 9,
      },
    ],
    input: sequence,
    computes: ({ cells: [{ gates }] }, x) =>
      steps(x, (h, xt) => {
        const [update, candidate] = gates.call(xt).split(2, -1);
        return h.add(update.sigmoid().mul(minimal(candidate).sub(h)));
      }),
  },
  MinLSTM: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        bias: true,
        output: 'last',
        dropout: 0,
        nanIsMissing: true,
        fused: true,
        chrono: 9,
      },
    ],
    input: sequence,
    computes: ({ cells: [{ gates }] }, x) =>
      steps(x, (h, xt) => {
        const [forget, input, candidate] = gates.call(xt).split(3, -1);
        const [f, i] = [forget.sigmoid(), input.sigmoid()];
        return f
          .mul(h)
          .add(i.mul(minimal(candidate)))
          .div(f.add(i));
      }),
  },
  LRU: {
    arguments: () => [
      2,
      3,
      {
        layers: 1,
        bidirectional: false,
        output: 'last',
        dropout: 0,
        nanIsMissing: true,
        states: 4,
        minRadius: 0.5,
        maxRadius: 0.9,
        maxPhase: 3,
        fused: true,
      },
    ],
    input: sequence,
    computes: ({ cells: [cell] }, x) => {
      const [decay, turn] = [cell.nu.exp(), cell.theta.exp()];
      const scale = cell.gamma.exp();
      let y = x.slice(null, -1).matmul(cell.skip);
      for (let t = 0; t < 3; t++) {
        // λ^(2 - t), of which the parts are a cosine and a sine.
        const radius = decay
          .mul(t - 2)
          .exp()
          .mul(scale);
        const [cosine, sine] = [turn.mul(2 - t).cos(), turn.mul(2 - t).sin()];
        const [re, im] = [cell.inputReal, cell.inputImaginary].map((each) => x.slice(null, t).matmul(each));
        const real = re.mul(cosine).sub(im.mul(sine)).mul(radius);
        const imaginary = re.mul(sine).add(im.mul(cosine)).mul(radius);
        y = y.add(real.matmul(cell.outputReal)).sub(imaginary.matmul(cell.outputImaginary));
      }
      return y;
    },
  },
  ReNet: {
    arguments: () => [2, 2, { patch: [1, 2], cell: 'rnn', first: 'rows', nanIsMissing: false }],
    input: image,
    computes: (layer, x) => writtenReNet(layer, x.reshape(2, 5, 3, 2 * 2)),
  },
  RNNCell: {
    arguments: () => [3, 2, { bias: true, nonlinearity: 'relu' }],
    input: matrix,
    call: (cell, x) => cell.run({ x, state: { h: state(2) } }).h,
    computes: (cell, x) => weft.add(...ofGates(cell, x, 2)).relu(),
  },
  GRUCell: {
    arguments: () => [3, 2, { bias: true }],
    input: matrix,
    call: (cell, x) => cell.run({ x, state: { h: state(2) } }).h,
    computes: (cell, x) => gru(...ofGates(cell, x, 2), state(2)),
  },
  LSTMCell: {
    arguments: () => [3, 2, { bias: true }],
    input: matrix,
    call: (cell, x) => {
      const { h, c } = cell.run({ x, state: { h: state(2), c: state(2).mul(2) } });
      return h.add(c);
    },
    computes: (cell, x) => {
      const [h, c] = lstm(...ofGates(cell, x, 2), state(2).mul(2));
      return h.add(c);
    },
  },
  ConvLSTM2D: {
    arguments: () => [
      2,
      1,
      [3, 2],
      {
        stride: 2,
        padding: 'same',
        dilation: 1,
        bias: true,
        forgetBias: 1,
        peepholes: [2, 3],
        bidirectional: false,
        output: 'last',
        nanIsMissing: false,
      },
    ],
    input: () => values([1, 2, 4, 5, 2]),
    computes: ({ cells: [{ input, recurrent, peepholes }] }, x) => {
      let [h, c] = [weft.zeros([1, 2, 3, 1]), weft.zeros([1, 2, 3, 1])];
      for (let t = 0; t < 2; t++) {
        const z = weft
          .conv2d(x.slice(null, t), input.weight, { stride: 2, padding: 'same', bias: input.bias! })
          .add(weft.conv2d(h, recurrent.weight, { padding: 'same' }));
        const [i, f, g, o] = z.split(4, -1);
        const kept = f.add(peepholes!.forget.mul(c)).sigmoid().mul(c);
        c = kept.add(i.add(peepholes!.input.mul(c)).sigmoid().mul(g.tanh()));
        h = o.add(peepholes!.output.mul(c)).sigmoid().mul(c.tanh());
      }
      return h;
    },
  },
  RecurrentConv2d: {
    arguments: () => [2, 3, [3, 2], { steps: 1, normalization: 'batch' }],
    input: () => values([1, 2, 2, 2]).mul(0.01).add(0.1),
    computes: ({ feedForward, recurrent, norms }, u) => {
      const z = weft.conv2d(u, feedForward.weight, { padding: 'same', bias: feedForward.bias! });
      const first = norms[0].call(z.relu());
      return norms[1].call(weft.conv2d(first, recurrent!.weight, { padding: 'same' }).add(z).relu());
    },
  },
  MultiHeadAttention: {
    arguments: () => [4, 2, { dropout: 0.5, bias: true, causal: true, keyInputs: 4, valueInputs: 4 }],
    input: () => values([2, 3, 4]),
    computes: ({ query, key, value, output }, x) => {
      const [q, k, v] = [query, key, value].map((each) => x.matmul(each.weight).add(each.bias!).split(2, -1));
      const heads = [0, 1].map((head) => {
        const scores = q[head].matmul(k[head].transpose()).div(Math.sqrt(2));
        const past = weft.tril(weft.ones([3, 3])).equal(1);
        return scores
          .exp()
          .mul(past)
          .div(scores.exp().mul(past).sum(-1, { keepDims: true }))
          .matmul(v[head]);
      });
      return weft.concat(heads, -1).matmul(output.weight).add(output.bias!);
    },
  },
  BiLSTM2D: {
    arguments: () => [2, 2, { nanIsMissing: false }],
    input: () => values([2, 2, 3, 2]),
    computes: writtenBiLSTM2D,
  },
  MLSTM: {
    arguments: () => [
      6,
      2,
      { reverse: true, form: 'parallel', block: 3, nanIsMissing: false, weightInitializer: ones },
    ],
    input: () => values([2, 4, 6]),
    computes: writtenMLSTM,
  },
  VisionLSTM: {
    arguments: () => [6, { heads: 4, reverse: true, form: 'recurrent', nanIsMissing: false }],
    input: () => values([1, 2, 3, 6]),
    computes: writtenVisionLSTM,
  },

  PositionEmbedding: {
    arguments: () => [[3, 2]],
    input: sequence,
    computes: ({ weight }, x) => x.add(weight),
  },
  FirstAndLast: {
    arguments: () => [],
    input: sequence,
    computes: (_, x) => weft.concat([x.slice(null, 0), x.slice(null, -1)], -1),
  },
  TimeDistributed: {
    arguments: () => [new weft.Dense(2, 3)],
    input: sequence,
    computes: ({ layers: [dense] }, x) => dense.call(x),
  },
  Ensemble: {
    arguments: () => [[new weft.Dense(3, 2), new weft.Dense(3, 2)], { combine: 'weights' }],
    input: matrix,
    computes: ({ layers: [first, second], mixture }, x) => {
      const [a, b] = mixture!.softmax().split(2, 0) as [weft.Tensor, weft.Tensor];
      return first!.call(x).softmax().mul(a).add(second!.call(x).softmax().mul(b)).log();
    },
  },
  Rescale: {
    arguments: () => [
      [2, 0.5, -1],
      [0, 1, 3],
    ],
    input: matrix,
    computes: (_, x) => x.mul(weft.tensor([2, 0.5, -1])).add(weft.tensor([0, 1, 3])),
  },
  Residual: {
    arguments: () => [{ dense: new weft.Dense(3, 3), tanh: new weft.Tanh() }],
    input: matrix,
    computes: ({ layers: [dense, tanh] }, x) => x.add(tanh.call(dense.call(x))),
  },
  Sequential: {
    arguments: () => [{ dense: new weft.Dense(3, 2), relu: new weft.ReLU() }],
    input: matrix,
    computes: ({ layers: [dense, relu] }, x) => relu.call(dense.call(x)),
  },
};
