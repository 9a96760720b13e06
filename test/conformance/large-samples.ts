/** Larger calls of every primitive, for comparing devices: odd sizes, more than a tile, more than a thread's share. */

import type { BinaryRow, ComparisonRow, UnaryRow } from '../../kernels/elementwise/operators/row.ts';
import { tensor } from '../../src/ops/creation.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { Numbers } from '../support/numbers.ts';
import { drawPair } from '../support/operands.ts';
import { binaryNames, binaryRows, unaryNames, unaryRows } from '../support/operators.ts';
import { type Pooling, positionsInWindows } from '../support/pooling.ts';
import { largeLoopSamples } from './loop-samples.ts';
import type { Sample } from './samples.ts';

const numbers = new Numbers(9);
const real = numbers.real.bind(numbers);
const distinct = numbers.distinct.bind(numbers);
const ints = numbers.ints.bind(numbers);
const bools = numbers.bools.bind(numbers);

function sample(title: string, inputs: readonly Tensor[], attributes: object = {}): Sample {
  return { title, inputs, attributes };
}

/** One long and one wide array. */
const shapes: readonly Shape[] = [
  [257, 131],
  [3, 1, 1023],
];

/** A row of one operand, on each of its dtypes. */
function unary({ float32, int32, bool }: UnaryRow): Sample[] {
  const floats = (float32?.wide ?? []).flatMap((range) =>
    shapes.map((shape) => {
      const [low, high] = range === 'between halves' ? [-4, 4] : range;
      return sample(`float32 [${shape.join(', ')}]`, [real(shape, low, high)]);
    }),
  );
  const wholes = (int32?.wide ?? []).map((range) => sample('int32', [ints([257, 131], ...range)]));
  return [...floats, ...wholes, ...(bool ? [sample('bool', [bools([257, 131])])] : [])];
}

/** A row of two operands, on each of its dtypes. */
function binary({ float32, int32, bool }: BinaryRow | ComparisonRow): Sample[] {
  const floats = (float32?.wide ?? []).flatMap((from) =>
    shapes.map((shape) => sample(`float32 [${shape.join(', ')}]`, drawPair(numbers, shape, from))),
  );
  const wholes = (int32?.wide ?? []).map(([a, b]) =>
    sample(`int32 from ${a} and ${b}`, [ints([257, 131], ...a), ints([257, 131], ...b)]),
  );
  return [...floats, ...wholes, ...(bool ? [sample('bool', [bools([257, 131]), bools([257, 131])])] : [])];
}

/** Of every operator of the table. */
const operatorSamples: Readonly<Record<string, readonly Sample[]>> = Object.fromEntries([
  ...unaryNames.map((name) => [name, unary(unaryRows[name])]),
  ...binaryNames.map((name) => [name, binary(binaryRows[name])]),
]);

function reductions(make: (shape: Shape) => Tensor): Sample[] {
  return [
    sample('last axis', [make([131, 517])], { axes: [1] }),
    sample('short last axis', [make([1023, 5])], { axes: [1] }),
    sample('first axis', [make([1031, 67])], { axes: [0] }),
    sample('middle axis', [make([5, 301, 33])], { axes: [1] }),
    sample('two axes apart', [make([7, 65, 129])], { axes: [0, 2] }),
    sample('all axes', [make([33, 17, 65])], { axes: [0, 1, 2] }),
  ];
}

/** With float32 values that are all different, so that there is one largest. */
function separate(shape: Shape): Tensor {
  return distinct(shape, 1 / 128);
}

interface Convolution {
  readonly title: string;
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number, number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
}

const convolutions: readonly Convolution[] = [
  { title: '3×3', x: [9, 17, 17, 5], weight: [3, 3, 5, 7], padding: [1, 1, 1, 1], y: [9, 17, 17, 7] },
  { title: 'one channel', x: [5, 28, 27, 1], weight: [3, 3, 1, 16], y: [5, 26, 25, 16] },
  { title: '1×1', x: [3, 13, 11, 33], weight: [1, 1, 33, 17], y: [3, 13, 11, 17] },
  {
    title: 'stride',
    x: [4, 19, 18, 8],
    weight: [5, 4, 8, 13],
    stride: [2, 3],
    padding: [2, 2, 1, 0],
    y: [4, 10, 6, 13],
  },
  { title: 'dilation', x: [3, 15, 16, 6], weight: [3, 3, 6, 9], dilation: [3, 2], y: [3, 9, 12, 9] },
  {
    title: 'groups',
    x: [3, 11, 13, 12],
    weight: [3, 3, 4, 15],
    groups: 3,
    padding: [1, 1, 1, 1],
    y: [3, 11, 13, 15],
  },
  {
    title: 'depthwise',
    x: [3, 15, 13, 19],
    weight: [3, 3, 1, 19],
    groups: 19,
    padding: [1, 1, 1, 1],
    y: [3, 15, 13, 19],
  },
];

function convolutionSamples(which: 'forward' | 'input' | 'weight'): Sample[] {
  return convolutions.map(({ title, x, weight, y, ...given }) => {
    const attributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, ...given };
    if (which === 'forward') return sample(title, [real(x), real(weight)], attributes);
    if (which === 'input') return sample(title, [real(y), real(weight)], { ...attributes, shape: x });
    return sample(title, [real(x), real(y)], { ...attributes, shape: weight });
  });
}

const poolings: readonly Pooling[] = [
  { title: '2×2', x: [5, 18, 21, 16], window: [2, 2], stride: [2, 2], y: [5, 9, 10, 16] },
  { title: 'odd channels', x: [3, 17, 19, 9], window: [2, 3], stride: [2, 1], y: [3, 8, 17, 9] },
  { title: 'one channel', x: [7, 17, 19, 1], window: [3, 3], stride: [2, 2], y: [7, 8, 9, 1] },
  {
    title: 'padded',
    x: [2, 16, 15, 13],
    window: [3, 3],
    stride: [2, 2],
    padding: [1, 1, 1, 1],
    y: [2, 8, 8, 13],
  },
];

function poolingSamples(which: 'max' | 'maxGradient' | 'sum' | 'gradient'): Sample[] {
  return poolings.map((pooling) => {
    const { title, x, y, ...given } = pooling;
    const attributes = { padding: [0, 0, 0, 0], ...given };
    if (which === 'max') return sample(title, [separate(x)], attributes);
    if (which === 'sum') return sample(title, [real(x)], attributes);
    if (which === 'maxGradient') {
      const positions = positionsInWindows(numbers, pooling);
      return sample(title, [real(y), positions], { ...attributes, shape: x });
    }
    return sample(title, [real(y)], { ...attributes, shape: x });
  });
}

function product(a: Shape, b: Shape, transposeA: boolean, transposeB: boolean): Sample {
  const title = `[${a.join(', ')}]${transposeA ? 'ᵀ' : ''}·[${b.join(', ')}]${transposeB ? 'ᵀ' : ''}`;
  return sample(title, [real(a), real(b)], { transposeA, transposeB });
}

const products: readonly Sample[] = [
  product([1, 127, 129], [1, 129, 131], false, false),
  product([1, 129, 127], [1, 129, 131], true, false),
  product([1, 127, 129], [1, 131, 129], false, true),
  product([1, 129, 127], [1, 131, 129], true, true),
  product([5, 33, 17], [5, 17, 29], false, false),
  product([1, 33, 17], [5, 17, 29], false, false),
  product([5, 33, 17], [1, 29, 17], false, true),
  product([1, 1, 1025], [1, 1025, 67], false, false),
  product([1, 517, 3], [1, 3, 1], false, false),
];

/** A mask [N, T]: sequences of different lengths, the padding at either end, one of nothing else. */
function maskOf(n: number, t: number): Tensor {
  const values = Array.from({ length: n * t }, (_, k) => {
    const [row, step] = [Math.floor(k / t), k % t];
    const length = row % (t + 1);
    return Number(row % 2 === 0 ? step < length : step >= t - length);
  });
  return tensor(Uint8Array.from(values), { shape: [n, t], dtype: 'bool' });
}

interface Modes {
  readonly reverse: boolean;
  readonly masked: boolean;
}

/** [N, T, H]: an odd width, a width of whole tiles and more sequences than a tile, one sequence alone. */
const sequences: readonly (readonly [number, number, number])[] = [
  [5, 7, 33],
  [13, 4, 16],
  [1, 5, 40],
];

function recurrent(
  make: (n: number, t: number, h: number) => readonly (readonly [string, readonly Tensor[], object])[],
  maskPosition: number,
): Sample[] {
  return sequences.flatMap(([n, t, h], at) => {
    const modes: Modes[] = [{ reverse: at % 2 === 1, masked: false }];
    if (n > 1) modes.push({ reverse: at % 2 === 0, masked: true });
    return modes.flatMap(({ reverse, masked }) =>
      make(n, t, h).map(([title, inputs, more]) =>
        sample(
          `[N=${n}, T=${t}, H=${h}]${reverse ? ' reverse' : ''}${masked ? ' masked' : ''}${title}`,
          masked ? inputs.toSpliced(maskPosition, 0, maskOf(n, t)) : inputs,
          { reverse, masked, ...more },
        ),
      ),
    );
  });
}

const lstm = recurrent(
  (n, t, h) => [['', [real([n, t, 4 * h]), real([h, 4 * h], -0.3, 0.3), real([n, h]), real([n, h])], {}]],
  4,
);

const gru = recurrent(
  (n, t, h) => [['', [real([n, t, 3 * h]), real([h, 3 * h], -0.3, 0.3), real([3 * h]), real([n, h])], {}]],
  4,
);

const lstmGradient = recurrent((n, t, h) => {
  const state = [real([h, 4 * h], -0.3, 0.3), real([n, h]), real([n, t, h]), real([n, t, 4 * h], 0.1, 0.9)];
  const [dH, dC, dGates] = [real([n, t, h]), real([n, t, h]), real([n, t, 4 * h])];
  return [
    [' dH', [...state, dH], { hasDH: true, hasDC: false, hasDGates: false }],
    [' all', [...state, dH, dC, dGates], { hasDH: true, hasDC: true, hasDGates: true }],
  ];
}, 4);

const gruGradient = recurrent((n, t, h) => {
  const state = [real([h, 3 * h], -0.3, 0.3), real([n, h]), real([n, t, h]), real([n, t, 4 * h], 0.1, 0.9)];
  const [dH, dGates] = [real([n, t, h]), real([n, t, 4 * h])];
  return [
    [' dH', [...state, dH], { hasDH: true, hasDGates: false }],
    [' all', [...state, dH, dGates], { hasDH: true, hasDGates: true }],
  ];
}, 4);

/** Rows that end within a block, more steps than the gpu composes at once, and an a that is the same along some axes. */
function linearRecurrences(): Sample[] {
  const make = (a: Shape, b: Shape, complex: boolean, reverse: boolean, addFirst: boolean): Sample => {
    const pair = (draw: () => Tensor): Tensor[] => (complex ? [draw(), draw()] : [draw()]);
    return sample(
      `[${a.join(', ')}] [${b.join(', ')}]${complex ? ' complex' : ''}${reverse ? ' reverse' : ''}`,
      // |a| < 1, also of complex numbers.
      [pair(() => real(a, -0.7, 0.7)), pair(() => real(b)), pair(() => real([b[0], b[2]]))].flat(),
      { reverse, complex, addFirst },
    );
  };
  return [
    make([3, 37, 67], [3, 37, 67], false, false, false),
    make([3, 37, 67], [3, 37, 67], false, true, true),
    make([2, 1100, 5], [2, 1100, 5], false, true, false),
    make([1, 1, 33], [5, 70, 33], true, false, false),
    make([1, 1, 33], [5, 70, 33], true, true, true),
    make([3, 65, 1], [3, 65, 34], true, true, false),
    make([2, 40, 19], [2, 40, 19], true, false, true),
    make([1, 1100, 3], [2, 1100, 3], false, false, true),
  ];
}

const softmax: readonly Sample[] = [
  sample('[129, 67]', [real([129, 67], -4, 4)]),
  sample('[33, 1025]', [real([33, 1025], -4, 4)]),
  sample('[7, 3, 131]', [real([7, 3, 131], -60, 60)]),
  sample('ten classes', [real([259, 10], -4, 4)]),
];

/** By the name of the primitive. */
export const largeSamples: Readonly<Record<string, readonly Sample[]>> = {
  fill: [sample('float32', [], { value: 1.25, shape: [257, 131], dtype: 'float32' })],
  iota: [
    sample('int32', [], { start: -5, step: 3, length: 33667, dtype: 'int32' }),
    sample('float32', [], { start: 0.5, step: -0.125, length: 33667, dtype: 'float32' }),
  ],
  random: [
    sample('[257, 131]', [tensor(Int32Array.of(7, 2, -3, 4))], { shape: [257, 131] }),
    // Blocks of two numbers whose count takes more than 16 bits.
    sample('[401, 403]', [tensor(Int32Array.of(7, 2, -3, 4))], { shape: [401, 403] }),
  ],

  ...operatorSamples,
  where: shapes.flatMap((shape) => [
    sample(`float32 [${shape.join(', ')}]`, [bools(shape), real(shape), real(shape)]),
    sample(`int32 [${shape.join(', ')}]`, [bools(shape), ints(shape, -9, 9), ints(shape, -9, 9)]),
    sample(`bool [${shape.join(', ')}]`, [bools(shape), bools(shape), bools(shape)]),
  ]),
  cast: shapes.flatMap((shape) =>
    (['float32', 'int32', 'bool'] as const).flatMap((dtype) => [
      sample(`float32 [${shape.join(', ')}] to ${dtype}`, [real(shape, -99, 99)], { dtype }),
      sample(`int32 [${shape.join(', ')}] to ${dtype}`, [ints(shape, -2, 2)], { dtype }),
      sample(`bool [${shape.join(', ')}] to ${dtype}`, [bools(shape)], { dtype }),
    ]),
  ),
  stopGradient: shapes.map((shape) => sample(`float32 [${shape.join(', ')}]`, [real(shape, -4, 4)])),

  sum: [
    ...reductions(real),
    sample('int32', [ints([131, 517], -9, 9)], { axes: [1] }),
    sample('bool', [bools([517, 131])], { axes: [0] }),
  ],
  max: [...reductions(separate), sample('int32', [ints([131, 517], -9, 9)], { axes: [0] })],
  argMax: [
    sample('last axis', [separate([131, 517])], { axes: [1] }),
    sample('ten classes', [separate([259, 10])], { axes: [1] }),
    sample('first axis', [separate([517, 131])], { axes: [0] }),
    sample('middle axis', [separate([5, 129, 33])], { axes: [1] }),
  ],
  cumulativeSum: [
    sample('last axis', [real([67, 259])], { operator: 'sum', axis: 1, reverse: false }),
    sample('first axis, reverse', [real([259, 67])], { operator: 'sum', axis: 0, reverse: true }),
    sample('middle axis', [real([5, 129, 33])], { operator: 'sum', axis: 1, reverse: false }),
    sample('int32', [ints([259, 37], -9, 9)], { operator: 'sum', axis: 0, reverse: false }),
  ],
  cumulativeProduct: [
    sample('last axis', [real([67, 259])], { operator: 'product', axis: 1, reverse: false }),
    sample('first axis', [real([259, 67])], { operator: 'product', axis: 0, reverse: false }),
    sample('middle axis', [real([5, 129, 33])], { operator: 'product', axis: 1, reverse: false }),
    sample('int32', [ints([259, 37], -9, 9)], { operator: 'product', axis: 0, reverse: false }),
  ],
  argSort: [
    sample('rows', [real([67, 259])], { descending: false }),
    sample('a long row', [real([20_011])], { descending: true }),
    sample('int32, many of them equal', [ints([37, 259], -9, 9)], { descending: true }),
  ],

  reshape: [
    sample('across', [real([129, 130])], { shape: [130, 129] }),
    sample('bool', [bools([129, 130])], { shape: [65, 258] }),
  ],
  permute: [
    sample('transpose', [real([257, 131])], { order: [1, 0] }),
    sample('cycle', [real([33, 65, 17])], { order: [2, 0, 1] }),
    sample('inner axes', [real([7, 65, 129])], { order: [0, 2, 1] }),
    sample('bool', [bools([257, 131])], { order: [1, 0] }),
  ],
  broadcast: [
    sample('rows', [real([1, 131])], { shape: [257, 131], axes: [0] }),
    sample('columns', [real([257, 1])], { shape: [257, 131], axes: [1] }),
    sample('both ends', [real([1, 129, 1])], { shape: [33, 129, 5], axes: [0, 2] }),
  ],
  slice: [
    sample('plain', [real([257, 131])], { start: [3, 5], length: [250, 121], step: [1, 1] }),
    sample('steps', [real([257, 131])], { start: [1, 0], length: [128, 44], step: [2, 3] }),
  ],
  pad: [
    sample('around', [real([129, 67])], { low: [3, 1], high: [1, 5], interior: [0, 0], value: 0.5 }),
    sample('interior', [real([65, 67])], { low: [0, 2], high: [1, 0], interior: [1, 2], value: 0 }),
    sample('int32', [ints([129, 67], 0, 9)], { low: [3, 1], high: [1, 5], interior: [0, 0], value: 4 }),
  ],
  flip: [
    sample('last axis', [real([257, 131])], { axes: [1] }),
    sample('all axes', [real([33, 17, 65])], { axes: [0, 1, 2] }),
  ],
  concat: [
    sample('first axis', [real([65, 131]), real([33, 131])], { axis: 0 }),
    sample('last axis', [real([257, 31]), real([257, 1]), real([257, 66])], { axis: 1 }),
    sample('bool', [bools([131, 33]), bools([131, 5])], { axis: 1 }),
  ],
  gather: [
    sample('rows', [real([259, 65]), ints([131], 0, 258)], { axis: 0 }),
    sample('columns', [real([131, 259]), ints([67], 0, 258)], { axis: 1 }),
    sample('middle axis', [real([5, 67, 33]), ints([9, 7], 0, 66)], { axis: 1 }),
  ],
  scatterAdd: [
    sample('rows', [real([259, 65]), ints([259], 0, 30)], { axis: 0, length: 31 }),
    sample('columns', [real([131, 259]), ints([259], 0, 66)], { axis: 1, length: 67 }),
    sample('middle axis', [real([5, 9, 7, 33]), ints([9, 7], 0, 66)], { axis: 1, length: 67 }),
  ],

  matmul: products,
  conv2d: convolutionSamples('forward'),
  conv2dInputGradient: convolutionSamples('input'),
  conv2dWeightGradient: convolutionSamples('weight'),
  maxPool2d: poolingSamples('max'),
  maxPool2dInputGradient: poolingSamples('maxGradient'),
  sumPool2d: poolingSamples('sum'),
  sumPool2dInputGradient: poolingSamples('gradient'),
  softmax,
  logSoftmax: softmax,
  lstm,
  lstmGradient,
  gru,
  gruGradient,
  scan: largeLoopSamples(numbers),
  linearRecurrence: linearRecurrences(),
};
