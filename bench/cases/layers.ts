/** Single layers, forward alone and with all gradients (of the weights and of the input). */
import {
  BatchNorm,
  Conv2d,
  compile,
  Dense,
  GRU,
  LayerNorm,
  LRU,
  LSTM,
  MaxPool2d,
  MinGRU,
  type Module,
  Parameter,
  type Tensor,
  Variable,
  zeros,
} from '../../src/index.ts';
import { type Case, convolutionFlops, matmulFlops, recurrentFlops, type Step } from './case.ts';
import { examples } from './data.ts';

/** A layer with a `call` from one tensor to one tensor. */
type Layer = Module & { call(x: Tensor): Tensor };

interface LayerWork {
  readonly name: string;
  /** Of the forward pass. None where a rate says nothing. */
  readonly flops?: number;
  /** Input and result of the forward pass, where memory is the limit. */
  readonly bytes?: number;
  readonly inputShape: readonly number[];
  create(): Layer;
}

const lstm = recurrentFlops(128, 28, 28, 128, 4);
/** Bytes of [64, 28, 28, 32] floats. */
const mapBytes = 4 * 64 * 28 * 28 * 32;
const gru = recurrentFlops(128, 28, 28, 128, 3);

const works: readonly LayerWork[] = [
  {
    name: 'dense-b128-512-512',
    flops: matmulFlops(128, 512, 512),
    inputShape: [128, 512],
    create: () => new Dense(512, 512),
  },
  {
    name: 'conv2d-b64-14x14-32-64',
    flops: convolutionFlops(64, 14, 14, 3, 32, 64),
    inputShape: [64, 14, 14, 32],
    create: () => new Conv2d(32, 64, 3, { padding: 'same' }),
  },
  {
    name: 'lstm-b128-t28-h128',
    flops: lstm.input + lstm.recurrent,
    inputShape: [128, 28, 28],
    create: () => new LSTM(28, 128),
  },
  {
    name: 'gru-b128-t28-h128',
    flops: gru.input + gru.recurrent,
    inputShape: [128, 28, 28],
    create: () => new GRU(28, 128),
  },
  // Many steps: a layer that is one linear recurrence, the same by a scan of its steps (which moves the products out of
  // the loop), and one whose steps wait for products.
  ...Object.entries({ 'min-gru': MinGRU, lru: LRU, gru: GRU }).flatMap(([name, Layer]) =>
    [true, false].map(
      (fused): LayerWork => ({
        name: `${name}${fused ? '' : '-scan'}-b16-t784-h64`,
        inputShape: [16, 784, 32],
        create: () => new Layer(32, 64, { output: 'sequence', fused }),
      }),
    ),
  ),
  {
    name: 'max-pool-b64-28x28-32',
    // A quarter as many results as inputs.
    bytes: mapBytes * 1.25,
    inputShape: [64, 28, 28, 32],
    create: () => new MaxPool2d(2),
  },
  {
    name: 'batch-norm-b64-28x28-32',
    bytes: mapBytes * 2,
    inputShape: [64, 28, 28, 32],
    create: () => new BatchNorm(32),
  },
  {
    name: 'layer-norm-b128-512',
    bytes: 2 * 4 * 128 * 512,
    inputShape: [128, 512],
    create: () => new LayerNorm(512),
  },
];

/** The forward pass; its result stays on the device. */
function forwardStep({ create, inputShape }: LayerWork): Step {
  const layer = create();
  const x = new Variable(examples(inputShape), 'x');
  const y = new Variable(zeros(layer.call(x).shape), 'y');
  const run = compile(() => {
    y.assign(layer.call(x));
    return [];
  });
  return Object.assign(run, { kept: y });
}

/** Forward and backward, for a given gradient of the result; all gradients stay on the device. */
function gradientStep({ create, inputShape }: LayerWork): Step {
  const layer = create();
  const x = new Parameter(examples(inputShape), 'x');
  const wanted = [x, ...layer.parameters()];
  const gradients = wanted.map(({ shape }) => new Variable(zeros(shape), 'gradient'));
  const dY = new Variable(examples(layer.call(x).shape), 'dY');
  const run = compile(() => {
    const loss = layer.call(x).mul(dY).sum();
    loss.backward();
    wanted.forEach(({ grad }, at) => {
      if (grad) gradients[at].assign(grad);
    });
    // Without it, the forward pass would not be needed by most layers and left out.
    return loss;
  });
  return async () => {
    await run();
  };
}

export const layerCases: readonly Case[] = works.flatMap((work): Case[] => {
  const { name, flops, bytes } = work;
  return [
    {
      name: `layer-${name}`,
      suite: 'layers',
      ...(flops !== undefined && { flops }),
      ...(bytes !== undefined && { bytes }),
      make: () => forwardStep(work),
    },
    {
      name: `layer-${name}-gradient`,
      suite: 'layers',
      ...(flops !== undefined && { flops: 3 * flops }),
      make: () => gradientStep(work),
    },
  ];
});
