/** Sample calls of every primitive: inputs away from kinks, all attributes varied, odd, single and empty lengths. */
import '../../src/index.ts';
import type { Operator } from '../../kernels/elementwise/index.ts';
import type { BinaryRow, ComparisonRow, UnaryRow } from '../../kernels/elementwise/operators/row.ts';
import { tensor } from '../../src/ops/creation.ts';
import type { DType } from '../../src/tensor/dtype.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { Numbers } from '../support/numbers.ts';
import { drawPair } from '../support/operands.ts';
import { binaryNames, binaryRows, unaryNames, unaryRows } from '../support/operators.ts';
import { type Pooling, positionsInWindows } from '../support/pooling.ts';
import { loopSamples } from './loop-samples.ts';
import type { Sample } from './sample.ts';

export type { Sample } from './sample.ts';

const numbers = new Numbers(1);
const real = numbers.real.bind(numbers);
const distinct = numbers.distinct.bind(numbers);
const ints = numbers.ints.bind(numbers);
const bools = numbers.bools.bind(numbers);

function sample(
  title: string,
  inputs: readonly Tensor[],
  attributes: object = {},
  ...shapes: Shape[]
): Sample {
  return { title, inputs, attributes, ...(shapes.length > 0 && { shapes }) };
}

/** float32 values whose distance from every multiple of a half is at least 0.1. */
function offGrid(shape: Shape): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from(
    { length: size },
    () => numbers.whole(-4, 3) / 2 + 0.1 + 0.3 * numbers.next(),
  );
  return tensor(data, { shape });
}

const unaryShapes: readonly Shape[] = [[3, 5], [1], [], [2, 0, 3]];
const binaryShapes: readonly Shape[] = [[3, 5], [1, 1], [], [0]];

function inBrackets(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** A row of one operand: over shapes of every kind, on each of its dtypes. */
function unary({ float32, int32, bool }: UnaryRow): Sample[] {
  const floats = (float32?.smooth ?? []).flatMap((range) =>
    unaryShapes.map((shape) => {
      const x = range === 'between halves' ? offGrid(shape) : real(shape, ...range);
      return sample(`${inBrackets(shape)} from ${range}`, [x], {}, shape);
    }),
  );
  const wholes = (int32?.smooth ?? []).map((range) => sample('int32', [ints([3], ...range)], {}, [3]));
  const flags = bool ? [bools([3, 3]), bools([0])] : [];
  return [...floats, ...wholes, ...flags.map((x) => sample(`bool ${inBrackets(x.shape)}`, [x], {}, x.shape))];
}

/** A row of two operands: over shapes of every kind, on each of its dtypes. */
function binary({ float32, int32, bool }: BinaryRow | ComparisonRow): Sample[] {
  const floats = (float32?.smooth ?? []).flatMap((from) =>
    binaryShapes.map((shape) => {
      const title = `${inBrackets(shape)} from ${JSON.stringify(from)}`;
      return sample(title, drawPair(numbers, shape, from), {}, shape);
    }),
  );
  const wholes = (int32?.smooth ?? []).map(([a, b]) =>
    sample('int32', [ints([7], ...a), ints([7], ...b)], {}, [7]),
  );
  const flags = bool ? [[3, 3] as const, [2, 3] as const, [0, 2] as const] : [];
  return [
    ...floats,
    ...wholes,
    ...flags.map((shape) => sample(`bool ${inBrackets(shape)}`, [bools(shape), bools(shape)], {}, shape)),
  ];
}

/** What no range says: operands that are equal, quotients and exponents that are whole. */
const equalElements = sample('equal elements', [tensor([1, 2, 3]), tensor([1, 5, 0])], {}, [3]);
const furtherSamples: Partial<Record<Operator, readonly Sample[]>> = {
  power: [sample('exponents 0, 1 and 2', [real([4], 0.6, 2), tensor([0, 1, 2, 0])], {}, [4])],
  remainder: [
    // a/b stays away from whole numbers: b in ±[0.9, 1.1] and a/b near k + ½.
    sample('positive divisor', [tensor([-2.5, -0.5, 0.5, 3.5]), tensor([1.02, 0.98, 1, 0.99])], {}, [4]),
    sample('negative divisor', [tensor([-1.5, 0.5, 2.5]), tensor([-1, -0.95, -1.05])], {}, [3]),
  ],
  equal: [equalElements],
  notEqual: [equalElements],
  less: [equalElements],
  lessEqual: [equalElements],
};

/** Of every operator of the table. */
const operatorSamples: Readonly<Record<string, readonly Sample[]>> = Object.fromEntries([
  ...unaryNames.map((name) => [name, [...unary(unaryRows[name]), ...(furtherSamples[name] ?? [])]]),
  ...binaryNames.map((name) => [name, [...binary(binaryRows[name]), ...(furtherSamples[name] ?? [])]]),
]);

function matmul(
  title: string,
  a: Shape,
  b: Shape,
  transposeA: boolean,
  transposeB: boolean,
  y: Shape,
): Sample {
  return sample(`${title} [${a}]·[${b}]`, [real(a), real(b)], { transposeA, transposeB }, y);
}

const matmulSamples: Sample[] = [
  matmul('plain', [2, 3, 4], [2, 4, 5], false, false, [2, 3, 5]),
  matmul('aᵀ', [2, 4, 3], [2, 4, 5], true, false, [2, 3, 5]),
  matmul('bᵀ', [2, 3, 4], [2, 5, 4], false, true, [2, 3, 5]),
  matmul('aᵀ bᵀ', [2, 4, 3], [2, 5, 4], true, true, [2, 3, 5]),
  matmul('shared a', [1, 3, 2], [3, 2, 5], false, false, [3, 3, 5]),
  matmul('shared b', [3, 3, 2], [1, 2, 1], false, false, [3, 3, 1]),
  matmul('shared aᵀ', [1, 2, 3], [3, 2, 2], true, false, [3, 3, 2]),
  matmul('shared bᵀ', [3, 1, 2], [1, 3, 2], false, true, [3, 1, 3]),
  matmul('shared aᵀ bᵀ', [1, 2, 3], [2, 4, 2], true, true, [2, 3, 4]),
  matmul('dot', [1, 1, 7], [1, 7, 1], false, false, [1, 1, 1]),
  matmul('tiles and rest', [1, 9, 2], [1, 2, 9], false, false, [1, 9, 9]),
  matmul('empty depth', [2, 3, 0], [2, 0, 2], false, false, [2, 3, 2]),
  matmul('no rows', [1, 0, 3], [1, 3, 2], false, false, [1, 0, 2]),
  matmul('empty batch', [0, 2, 3], [0, 3, 2], false, false, [0, 2, 2]),
  matmul('empty batch, shared b', [0, 2, 3], [1, 3, 2], false, false, [0, 2, 2]),
  matmul('empty batch, shared a', [1, 2, 3], [0, 3, 2], false, false, [0, 2, 2]),
];

/** One convolution with its three shapes; its two gradients are sampled with the same. */
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

const convolutions: Convolution[] = [
  { title: 'plain', x: [2, 4, 5, 3], weight: [3, 2, 3, 2], y: [2, 2, 4, 2] },
  { title: '1×1', x: [1, 3, 3, 2], weight: [1, 1, 2, 5], y: [1, 3, 3, 5] },
  {
    title: 'padding of four kinds',
    x: [1, 3, 4, 2],
    weight: [3, 3, 2, 3],
    padding: [1, 0, 2, 1],
    y: [1, 2, 5, 3],
  },
  { title: 'stride', x: [2, 5, 6, 1], weight: [2, 3, 1, 2], stride: [2, 3], y: [2, 2, 2, 2] },
  {
    title: 'stride that leaves a rest',
    x: [1, 6, 6, 1],
    weight: [3, 2, 1, 1],
    stride: [2, 3],
    y: [1, 2, 2, 1],
  },
  { title: 'dilation', x: [1, 5, 6, 2], weight: [2, 3, 2, 1], dilation: [3, 2], y: [1, 2, 2, 1] },
  { title: 'groups', x: [2, 3, 3, 4], weight: [2, 2, 2, 6], groups: 2, y: [2, 2, 2, 6] },
  {
    title: 'depthwise',
    x: [1, 4, 3, 3],
    weight: [3, 3, 1, 3],
    groups: 3,
    padding: [1, 1, 1, 1],
    y: [1, 4, 3, 3],
  },
  {
    title: 'depthwise, two each',
    x: [1, 3, 3, 3],
    weight: [2, 2, 1, 6],
    groups: 3,
    stride: [1, 2],
    y: [1, 2, 1, 6],
  },
  {
    title: 'everything',
    x: [2, 5, 4, 4],
    weight: [2, 2, 2, 4],
    stride: [2, 1],
    padding: [1, 2, 0, 1],
    dilation: [2, 3],
    groups: 2,
    y: [2, 3, 2, 4],
  },
  { title: 'one pixel', x: [1, 1, 1, 1], weight: [1, 1, 1, 1], y: [1, 1, 1, 1] },
  { title: 'empty batch', x: [0, 3, 3, 1], weight: [2, 2, 1, 2], y: [0, 2, 2, 2] },
];

function convolutionSamples(which: 'forward' | 'input' | 'weight'): Sample[] {
  return convolutions.map(({ title, x, weight, y, ...given }) => {
    const attributes = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, ...given };
    if (which === 'forward') return sample(title, [real(x), real(weight)], attributes, y);
    if (which === 'input') return sample(title, [real(y), real(weight)], { ...attributes, shape: x }, x);
    return sample(title, [real(x), real(y)], { ...attributes, shape: weight }, weight);
  });
}

const poolings: Pooling[] = [
  { title: 'plain', x: [2, 4, 4, 2], window: [2, 2], stride: [2, 2], y: [2, 2, 2, 2] },
  { title: 'overlapping', x: [1, 4, 5, 1], window: [3, 2], stride: [1, 1], y: [1, 2, 4, 1] },
  { title: 'gaps', x: [1, 6, 5, 1], window: [1, 2], stride: [2, 3], y: [1, 3, 2, 1] },
  { title: 'a rest', x: [1, 5, 5, 3], window: [2, 2], stride: [2, 2], y: [1, 2, 2, 3] },
  {
    title: 'padded',
    x: [1, 4, 3, 2],
    window: [3, 2],
    stride: [2, 1],
    padding: [1, 2, 1, 0],
    y: [1, 3, 3, 2],
  },
  { title: 'one pixel', x: [1, 1, 1, 1], window: [1, 1], stride: [1, 1], y: [1, 1, 1, 1] },
  { title: 'empty batch', x: [0, 4, 4, 2], window: [2, 2], stride: [2, 2], y: [0, 2, 2, 2] },
];

function poolingSamples(which: 'max' | 'maxGradient' | 'sum' | 'gradient'): Sample[] {
  return poolings.map((pooling) => {
    const { title, x, y, ...given } = pooling;
    const attributes = { padding: [0, 0, 0, 0], ...given };
    if (which === 'max') return sample(title, [distinct(x)], attributes, y, y);
    if (which === 'sum') return sample(title, [real(x)], attributes, y);
    if (which === 'maxGradient') {
      const positions = positionsInWindows(numbers, pooling);
      return sample(title, [real(y), positions], { ...attributes, shape: x }, x);
    }
    return sample(title, [real(y)], { ...attributes, shape: x }, x);
  });
}

/** [N, T, H] of the recurrent samples: several, one step, one of each, an empty batch. */
const sequences: readonly (readonly [number, number, number])[] = [
  [2, 3, 2],
  [1, 1, 3],
  [3, 2, 1],
  [0, 2, 2],
];

/** A mask [N, T] with padding at the end, at the start, in the middle, and throughout. */
function maskOf(n: number, t: number): Tensor {
  const kinds = [
    (step: number) => step < t - 1,
    (step: number) => step > 0,
    () => false,
    (step: number) => step !== 1,
  ];
  const values = Array.from({ length: n * t }, (_, k) => Number(kinds[Math.floor(k / t) % 4](k % t)));
  return tensor(Uint8Array.from(values), { shape: [n, t], dtype: 'bool' });
}

function recurrentSamples(make: (n: number, t: number, h: number, options: Modes) => Sample[]): Sample[] {
  return sequences.flatMap(([n, t, h]) =>
    [false, true].flatMap((reverse) =>
      [false, true].flatMap((masked) =>
        make(n, t, h, { reverse, masked }).map((each) => ({
          ...each,
          title: `[N=${n}, T=${t}, H=${h}]${reverse ? ' reverse' : ''}${masked ? ' masked' : ''}${each.title}`,
        })),
      ),
    ),
  );
}

interface Modes {
  readonly reverse: boolean;
  readonly masked: boolean;
}

function lstm(n: number, t: number, h: number, modes: Modes): Sample[] {
  const mask = modes.masked ? [maskOf(n, t)] : [];
  const inputs = [real([n, t, 4 * h]), real([h, 4 * h], -0.8, 0.8), real([n, h]), real([n, h]), ...mask];
  return [sample('', inputs, modes, [n, t, h], [n, t, h], [n, t, 4 * h])];
}

function gru(n: number, t: number, h: number, modes: Modes): Sample[] {
  const mask = modes.masked ? [maskOf(n, t)] : [];
  const weights = [real([h, 3 * h], -0.8, 0.8), real([3 * h])];
  return [
    sample('', [real([n, t, 3 * h]), ...weights, real([n, h]), ...mask], modes, [n, t, h], [n, t, 4 * h]),
  ];
}

/** Every subset of the cotangents that a gradient row may be given, the empty one excepted. */
function presences(count: number): boolean[][] {
  return Array.from({ length: 2 ** count - 1 }, (_, bits) =>
    Array.from({ length: count }, (_, k) => (((bits + 1) >> k) & 1) === 1),
  );
}

/** Only the first size gets every subset of cotangents; the others get all of them. */
function presencesAt(n: number, count: number): boolean[][] {
  return n === 2 ? presences(count) : [new Array<boolean>(count).fill(true)];
}

function lstmGradient(n: number, t: number, h: number, modes: Modes): Sample[] {
  return presencesAt(n, 3).map((present) => {
    const [hasDH, hasDC, hasDGates] = present;
    const inputs = [
      real([h, 4 * h], -0.8, 0.8),
      real([n, h]),
      real([n, t, h]),
      real([n, t, 4 * h], 0.1, 0.9),
      ...(modes.masked ? [maskOf(n, t)] : []),
      ...(hasDH ? [real([n, t, h])] : []),
      ...(hasDC ? [real([n, t, h])] : []),
      ...(hasDGates ? [real([n, t, 4 * h])] : []),
    ];
    const names = ['dH', 'dC', 'dGates'].filter((_, k) => present[k]).join(' ');
    const attributes = { ...modes, hasDH, hasDC, hasDGates };
    return sample(` ${names}`, inputs, attributes, [n, t, 4 * h], [n, h], [n, h]);
  });
}

function gruGradient(n: number, t: number, h: number, modes: Modes): Sample[] {
  return presencesAt(n, 2).map((present) => {
    const [hasDH, hasDGates] = present;
    const inputs = [
      real([h, 3 * h], -0.8, 0.8),
      real([n, h]),
      real([n, t, h]),
      real([n, t, 4 * h], 0.1, 0.9),
      ...(modes.masked ? [maskOf(n, t)] : []),
      ...(hasDH ? [real([n, t, h])] : []),
      ...(hasDGates ? [real([n, t, 4 * h])] : []),
    ];
    const names = ['dH', 'dGates'].filter((_, k) => present[k]).join(' ');
    const attributes = { ...modes, hasDH, hasDGates };
    return sample(` ${names}`, inputs, attributes, [n, t, 3 * h], [n, t, 3 * h], [n, h]);
  });
}

function reduceSamples(make: (shape: Shape) => Tensor): Sample[] {
  return [
    sample('last axis', [make([3, 5])], { axes: [1] }, [3]),
    sample('first axis', [make([3, 5])], { axes: [0] }, [5]),
    sample('middle axis', [make([2, 3, 2])], { axes: [1] }, [2, 2]),
    sample('two axes apart', [make([2, 3, 4])], { axes: [0, 2] }, [3]),
    sample('all axes', [make([3, 1, 3])], { axes: [0, 1, 2] }, []),
    sample('an axis of length 1', [make([1, 4])], { axes: [0] }, [4]),
    sample('an empty axis stays', [make([0, 3])], { axes: [1] }, [0]),
  ];
}

function softmaxSamples(): Sample[] {
  return [
    sample('[3, 5]', [real([3, 5], -2, 2)], {}, [3, 5]),
    sample('[2, 2, 3]', [real([2, 2, 3], -2, 2)], {}, [2, 2, 3]),
    sample('one class', [real([4, 1])], {}, [4, 1]),
    sample('one axis', [real([7])], {}, [7]),
    sample('empty batch', [real([0, 3])], {}, [0, 3]),
  ];
}

/** Shapes of a and b: all lengths of one; several, one step, one feature, none; and an a that is the same along some axes. */
const recurrences: readonly (readonly [a: Shape, b: Shape])[] = [
  [
    [2, 3, 2],
    [2, 3, 2],
  ],
  [
    [1, 1, 3],
    [1, 1, 3],
  ],
  [
    [2, 4, 1],
    [2, 4, 1],
  ],
  [
    [1, 1, 2],
    [2, 3, 2],
  ],
  [
    [2, 3, 1],
    [2, 3, 2],
  ],
  [
    [2, 1, 2],
    [2, 3, 2],
  ],
  [
    [1, 3, 1],
    [2, 3, 2],
  ],
  [
    [0, 2, 2],
    [0, 2, 2],
  ],
  [
    [2, 0, 2],
    [2, 0, 2],
  ],
];

interface RecurrenceModes {
  readonly complex: boolean;
  readonly reverse: boolean;
  readonly addFirst: boolean;
}

/** Only the first shapes get all modes; the others get one of them in turn, with real and with complex numbers. */
function recurrenceModesOf(at: number): RecurrenceModes[] {
  return [0, 1, 2, 3].flatMap((bits) => {
    const [reverse, addFirst] = [bits % 2 === 1, bits > 1];
    const modes = [false, true].map((complex) => ({ complex, reverse, addFirst }));
    return at === 0 || bits === at % 4 ? modes : [];
  });
}

function linearRecurrences(): Sample[] {
  return recurrences.flatMap(([a, b], at) =>
    recurrenceModesOf(at).map((modes) => {
      const names = Object.entries(modes).flatMap(([name, is]) => (is ? ` ${name}` : []));
      const shapes = [a, b, [b[0], b[2]]].flatMap((shape) => (modes.complex ? [shape, shape] : [shape]));
      return sample(
        `${inBrackets(a)} ${inBrackets(b)}${names.join('')}`,
        shapes.map((shape) => real(shape)),
        modes,
        ...(modes.complex ? [b, b] : [b]),
      );
    }),
  );
}

function castTo(dtype: DType): Sample[] {
  return [
    sample(`float32 to ${dtype}`, [offGrid([2, 3])], { dtype }, [2, 3]),
    sample(`int32 to ${dtype}`, [ints([4], -3, 3)], { dtype }, [4]),
    sample(`bool to ${dtype}`, [bools([0, 3])], { dtype }, [0, 3]),
  ];
}

/** By the name of the primitive. Leaves have no calls: their samples are empty. */
export const samples: Readonly<Record<string, readonly Sample[]>> = {
  input: [],
  variable: [],
  fill: [
    sample('float32', [], { value: -0.5, shape: [2, 3], dtype: 'float32' }, [2, 3]),
    sample('int32', [], { value: 7, shape: [], dtype: 'int32' }, []),
    sample('bool', [], { value: 1, shape: [0, 4], dtype: 'bool' }, [0, 4]),
  ],
  iota: [
    sample('int32', [], { start: -3, step: 2, length: 5, dtype: 'int32' }, [5]),
    sample('float32', [], { start: 0.5, step: -0.25, length: 7, dtype: 'float32' }, [7]),
    sample('empty', [], { start: 0, step: 1, length: 0, dtype: 'int32' }, [0]),
  ],
  random: [
    sample('odd length', [tensor(Int32Array.of(1, 2, 3, 4))], { shape: [3, 3] }, [3, 3]),
    sample('counter overflow', [tensor(Int32Array.of(-1, 0, -1, 5))], { shape: [8] }, [8]),
    sample('empty', [tensor(Int32Array.of(1, 2, 3, 4))], { shape: [0] }, [0]),
  ],

  ...operatorSamples,
  where: [
    sample('[3, 5]', [bools([3, 5]), real([3, 5]), real([3, 5])], {}, [3, 5]),
    sample('scalar', [bools([]), real([]), real([])], {}, []),
    sample('int32', [bools([4]), ints([4], 0, 5), ints([4], -5, 0)], {}, [4]),
    sample('bool', [bools([0]), bools([0]), bools([0])], {}, [0]),
  ],
  cast: [...castTo('float32'), ...castTo('int32'), ...castTo('bool')],
  stopGradient: [
    ...unaryShapes.map((shape) => sample(inBrackets(shape), [real(shape, -2, 2)], {}, shape)),
    sample('int32', [ints([3], -4, 4)], {}, [3]),
  ],

  sum: [
    ...reduceSamples(real),
    sample('of nothing', [real([2, 0])], { axes: [1] }, [2]),
    sample('int32', [ints([2, 3], -4, 4)], { axes: [0] }, [3]),
    sample('bool', [bools([2, 3])], { axes: [1] }, [2]),
  ],
  max: [...reduceSamples(distinct), sample('int32', [ints([2, 3], -4, 4)], { axes: [0] }, [3])],
  argMax: [
    sample('last axis', [distinct([3, 5])], { axes: [1] }, [3]),
    sample('first axis', [distinct([3, 5])], { axes: [0] }, [5]),
    sample('middle axis', [distinct([2, 3, 2])], { axes: [1] }, [2, 2]),
    sample('one element', [distinct([1])], { axes: [0] }, []),
    sample('empty', [distinct([0, 3])], { axes: [1] }, [0]),
  ],
  cumulativeSum: [
    sample('last axis', [real([3, 5])], { operator: 'sum', axis: 1, reverse: false }, [3, 5]),
    sample('reverse', [real([3, 5])], { operator: 'sum', axis: 1, reverse: true }, [3, 5]),
    sample('middle axis', [real([2, 3, 2])], { operator: 'sum', axis: 1, reverse: false }, [2, 3, 2]),
    sample('first axis, reverse', [real([3, 2])], { operator: 'sum', axis: 0, reverse: true }, [3, 2]),
    sample('one element', [real([1])], { operator: 'sum', axis: 0, reverse: false }, [1]),
    sample('empty axis', [real([2, 0])], { operator: 'sum', axis: 1, reverse: false }, [2, 0]),
    sample('int32', [ints([5], -3, 3)], { operator: 'sum', axis: 0, reverse: true }, [5]),
  ],
  cumulativeProduct: [
    sample('last axis', [real([3, 5])], { operator: 'product', axis: 1, reverse: false }, [3, 5]),
    sample(
      'a zero',
      [tensor([0.5, 0, -1.5, 2], { shape: [1, 4] })],
      { operator: 'product', axis: 1, reverse: false },
      [1, 4],
    ),
    sample('two zeros', [tensor([0.5, 0, -1.5, 0])], { operator: 'product', axis: 0, reverse: false }, [4]),
    sample('middle axis', [real([2, 3, 2])], { operator: 'product', axis: 1, reverse: false }, [2, 3, 2]),
    sample('first axis', [real([3, 2])], { operator: 'product', axis: 0, reverse: false }, [3, 2]),
    sample('one element', [real([1])], { operator: 'product', axis: 0, reverse: false }, [1]),
    sample('empty axis', [real([2, 0])], { operator: 'product', axis: 1, reverse: false }, [2, 0]),
    sample('int32', [ints([5], -3, 3)], { operator: 'product', axis: 0, reverse: false }, [5]),
  ],
  argSort: [
    sample('rows', [distinct([3, 5])], { descending: false }, [3, 5]),
    sample('descending', [distinct([2, 3, 4])], { descending: true }, [2, 3, 4]),
    sample('equal elements', [tensor([1, 0, 1, 0, -0, 1, 2])], { descending: false }, [7]),
    sample('equal elements, descending', [tensor([1, 0, 1, 0, -0, 1, 2])], { descending: true }, [7]),
    sample('one element', [real([2, 1])], { descending: false }, [2, 1]),
    sample('empty axis', [real([2, 0])], { descending: false }, [2, 0]),
    sample('int32', [ints([2, 6], -3, 3)], { descending: false }, [2, 6]),
    sample('int32 of all bits', [tensor(Int32Array.of(-1, 2 ** 31 - 1, 65536, -(2 ** 31), 65535, 0))], {
      descending: true,
    }),
  ],

  reshape: [
    sample('split', [real([2, 6])], { shape: [2, 3, 2] }, [2, 3, 2]),
    sample('merge', [real([2, 3, 2])], { shape: [12] }, [12]),
    sample('across', [real([3, 4])], { shape: [2, 6] }, [2, 6]),
    sample('scalar', [real([1, 1])], { shape: [] }, []),
    sample('empty', [real([2, 0])], { shape: [0, 5] }, [0, 5]),
    sample('bool', [bools([4])], { shape: [2, 2] }, [2, 2]),
  ],
  permute: [
    sample('transpose', [real([3, 5])], { order: [1, 0] }, [5, 3]),
    sample('cycle', [real([2, 3, 4])], { order: [2, 0, 1] }, [4, 2, 3]),
    sample('other cycle', [real([2, 3, 4])], { order: [1, 2, 0] }, [3, 4, 2]),
    sample('with length 1', [real([1, 3, 1])], { order: [2, 1, 0] }, [1, 3, 1]),
    sample('empty', [real([0, 3])], { order: [1, 0] }, [3, 0]),
    sample('int32', [ints([2, 3], 0, 9)], { order: [1, 0] }, [3, 2]),
  ],
  broadcast: [
    sample('rows', [real([1, 4])], { shape: [3, 4], axes: [0] }, [3, 4]),
    sample('columns', [real([3, 1])], { shape: [3, 4], axes: [1] }, [3, 4]),
    sample('both ends', [real([1, 3, 1])], { shape: [2, 3, 2], axes: [0, 2] }, [2, 3, 2]),
    sample('to nothing', [real([1, 3])], { shape: [0, 3], axes: [0] }, [0, 3]),
    sample('bool', [bools([1])], { shape: [3], axes: [0] }, [3]),
  ],
  slice: [
    sample('plain', [real([5, 4])], { start: [1, 0], length: [3, 4], step: [1, 1] }, [3, 4]),
    sample('steps', [real([7, 5])], { start: [1, 0], length: [3, 3], step: [2, 2] }, [3, 3]),
    sample('steps with a rest', [real([8])], { start: [1], length: [2], step: [3] }, [2]),
    sample('one element', [real([3, 3])], { start: [2, 1], length: [1, 1], step: [1, 1] }, [1, 1]),
    sample('nothing', [real([3])], { start: [1], length: [0], step: [2] }, [0]),
    sample('of an empty axis', [real([0, 3])], { start: [0, 1], length: [0, 2], step: [1, 1] }, [0, 2]),
    sample('int32', [ints([5], 0, 9)], { start: [0], length: [3], step: [2] }, [3]),
  ],
  pad: [
    sample('around', [real([2, 3])], { low: [1, 0], high: [0, 2], interior: [0, 0], value: 0 }, [3, 5]),
    sample('a value', [real([3])], { low: [2], high: [1], interior: [0], value: -1.5 }, [6]),
    sample('negative zero', [real([2])], { low: [1], high: [1], interior: [0], value: -0 }, [4]),
    sample('interior', [real([3, 2])], { low: [0, 0], high: [0, 0], interior: [2, 1], value: 0 }, [7, 3]),
    sample('everything', [real([3, 2])], { low: [1, 2], high: [2, 0], interior: [1, 3], value: 0.5 }, [8, 7]),
    sample('one element, interior', [real([1])], { low: [1], high: [0], interior: [4], value: 0 }, [2]),
    sample('of nothing', [real([0])], { low: [2], high: [1], interior: [0], value: 3 }, [3]),
    sample('of nothing, interior', [real([0])], { low: [2], high: [1], interior: [3], value: 3 }, [3]),
    sample('int32', [ints([2], 0, 9)], { low: [1], high: [0], interior: [1], value: 4 }, [4]),
  ],
  flip: [
    sample('last axis', [real([3, 4])], { axes: [1] }, [3, 4]),
    sample('all axes', [real([3, 1, 2])], { axes: [0, 1, 2] }, [3, 1, 2]),
    sample('empty', [real([0, 2])], { axes: [0, 1] }, [0, 2]),
    sample('bool', [bools([5])], { axes: [0] }, [5]),
  ],
  concat: [
    sample('first axis', [real([2, 3]), real([1, 3])], { axis: 0 }, [3, 3]),
    sample('last axis', [real([2, 3]), real([2, 1]), real([2, 2])], { axis: 1 }, [2, 6]),
    sample('middle axis', [real([2, 1, 2]), real([2, 2, 2])], { axis: 1 }, [2, 3, 2]),
    sample('with an empty one', [real([0, 2]), real([3, 2])], { axis: 0 }, [3, 2]),
    sample('one alone', [real([3])], { axis: 0 }, [3]),
    sample('int32', [ints([2], 0, 9), ints([3], 0, 9)], { axis: 0 }, [5]),
    sample('bool', [bools([1, 2]), bools([1, 2])], { axis: 1 }, [1, 4]),
  ],
  gather: [
    sample('rows', [real([5, 3]), tensor(Int32Array.of(4, 0, 4, 2))], { axis: 0 }, [4, 3]),
    sample('columns', [real([2, 4]), tensor(Int32Array.of(1, 1, 3))], { axis: 1 }, [2, 3]),
    sample('indices of two axes', [real([4, 2]), ints([2, 3], 0, 3)], { axis: 0 }, [2, 3, 2]),
    sample('middle axis', [real([2, 3, 2]), ints([2, 2], 0, 2)], { axis: 1 }, [2, 2, 2, 2]),
    sample('scalar index', [real([3, 2]), tensor(Int32Array.of(2), { shape: [] })], { axis: 0 }, [2]),
    sample('no indices', [real([3, 2]), ints([0], 0, 2)], { axis: 0 }, [0, 2]),
    sample(
      'another order',
      [real([2, 4, 3]), tensor(Int32Array.of(2, 0, 3, 1))],
      { axis: 1, reorders: true },
      [2, 4, 3],
    ),
    sample('int32', [ints([4], 0, 9), ints([3], 0, 3)], { axis: 0 }, [3]),
  ],
  scatterAdd: [
    sample(
      'rows, repeated',
      [real([4, 3]), tensor(Int32Array.of(4, 0, 4, 2))],
      { axis: 0, length: 5 },
      [5, 3],
    ),
    sample('columns', [real([2, 3]), tensor(Int32Array.of(1, 1, 3))], { axis: 1, length: 4 }, [2, 4]),
    sample('indices of two axes', [real([2, 3, 2]), ints([2, 3], 0, 3)], { axis: 0, length: 4 }, [4, 2]),
    sample('middle axis', [real([2, 2, 2, 2]), ints([2, 2], 0, 2)], { axis: 1, length: 3 }, [2, 3, 2]),
    sample(
      'scalar index',
      [real([2]), tensor(Int32Array.of(2), { shape: [] })],
      { axis: 0, length: 3 },
      [3, 2],
    ),
    sample('no indices', [real([0, 2]), ints([0], 0, 2)], { axis: 0, length: 3 }, [3, 2]),
    sample('int32', [ints([3], 0, 9), ints([3], 0, 3)], { axis: 0, length: 4 }, [4]),
  ],

  matmul: matmulSamples,
  conv2d: convolutionSamples('forward'),
  conv2dInputGradient: convolutionSamples('input'),
  conv2dWeightGradient: convolutionSamples('weight'),
  maxPool2d: poolingSamples('max'),
  maxPool2dInputGradient: poolingSamples('maxGradient'),
  sumPool2d: poolingSamples('sum'),
  sumPool2dInputGradient: poolingSamples('gradient'),
  softmax: softmaxSamples(),
  logSoftmax: softmaxSamples(),
  lstm: recurrentSamples(lstm),
  lstmGradient: recurrentSamples(lstmGradient),
  gru: recurrentSamples(gru),
  gruGradient: recurrentSamples(gruGradient),
  scan: loopSamples(numbers),
  linearRecurrence: linearRecurrences(),
};
