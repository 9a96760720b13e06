/**
 * Derivatives at special points: where a value is finite, its first derivative is a number, and where x and that are finite
 * so is the second. Infinite ones are named below, with the reason.
 */
import { afterAll, describe, expect, it } from 'vitest';
import {
  adaptiveAvgPool1d,
  adaptiveMaxPool1d,
  avgPool2d,
  batchNorm,
  binaryCrossEntropy,
  clamp,
  clipByGlobalNorm,
  cumulativeMax,
  cumulativeProduct,
  cumulativeSum,
  deviceNames,
  grad,
  groupNorm,
  huber,
  instanceNorm,
  layerNorm,
  logSoftmax,
  logSumExp,
  max,
  maxPool2d,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  min,
  norm,
  prod,
  scaledDotProductAttention,
  setDevice,
  softmax,
  softmaxCrossEntropy,
  sort,
  square,
  standardDeviation,
  sum,
  type Tensor,
  tensor,
  topK,
  upsample2d,
  variance,
} from '../../src/index.ts';
import * as activations from '../../src/ops/activations.ts';
import * as elementwiseOperations from '../../src/ops/elementwise.ts';
import { binaryNames, binaryRows, unaryNames, unaryRows } from '../support/operators.ts';

type Function = (x: Tensor) => Tensor;

const infinity = Number.POSITIVE_INFINITY;
const magnitudes = [0, 1e-40, 1e-30, 1e-10, 0.5, 1, 2, 1e10, 1e20, 3e38, infinity];
const points = magnitudes.flatMap((each) => [each, -each]);

/** Where a derivative is infinite although the value is finite. */
const infinite: Readonly<Record<string, string>> = {
  sqrt: '1 / 2√x at 0, as PyTorch has it',
  log: '1/x beyond the largest float',
  log2: '1/x beyond the largest float',
  log10: '1/x beyond the largest float',
  asin: '1/√(1-x²) at ±1, as PyTorch has it',
  acos: '1/√(1-x²) at ±1, as PyTorch has it',
  atan2: '1/√(a²+b²) beyond the largest float',
  rsqrt: 'x^-1.5 beyond the largest float',
  reciprocal: 'x^-2 beyond the largest float',
  divide: 'a/b² beyond the largest float',
  power: 'b·a^(b-1) at 0, or beyond the largest float',
  remainder: 'the quotient beyond the largest float',
  prod: 'products of the others beyond the largest float',
  cumulativeProduct: 'sums of products beyond the largest float',
};

const operations = { ...elementwiseOperations };
const elementwise: Readonly<Record<string, Function>> = {
  ...Object.fromEntries(
    unaryNames
      .filter((name) => unaryRows[name].float32)
      .map((name) => [name, (x: Tensor) => operations[name](x)]),
  ),
  ...activations,
  square,
  clamp: (x) => clamp(x, -1, 1),
  huber: (x) => huber(x, x.mul(0), { reduction: 'none' }),
  meanSquaredError: (x) => meanSquaredError(x, x.mul(0), { reduction: 'none' }),
  meanAbsoluteError: (x) => meanAbsoluteError(x, x.mul(0), { reduction: 'none' }),
  'binaryCrossEntropy of 0': (x) => binaryCrossEntropy(x, tensor(points.map(() => 0)), { reduction: 'none' }),
  'binaryCrossEntropy of 1': (x) => binaryCrossEntropy(x, tensor(points.map(() => 1)), { reduction: 'none' }),
};

/** Functions of a row of values, which give one value or a row of them. */
const ofRows: Readonly<Record<string, Function>> = {
  sum: (x) => sum(x),
  mean: (x) => mean(x),
  max: (x) => max(x),
  min: (x) => min(x),
  variance: (x) => variance(x),
  standardDeviation: (x) => standardDeviation(x),
  'norm squared': (x) => norm(x).square(),
  norm: (x) => norm(x),
  'norm of order 1': (x) => norm(x, undefined, { order: 1 }),
  'norm of order ∞': (x) => norm(x, undefined, { order: infinity }),
  logSumExp: (x) => logSumExp(x),
  softmax: (x) => softmax(x),
  logSoftmax: (x) => logSoftmax(x),
  cumulativeSum: (x) => cumulativeSum(x),
  prod: (x) => prod(x),
  cumulativeProduct: (x) => cumulativeProduct(x),
  cumulativeMax: (x) => cumulativeMax(x),
  sort: (x) => sort(x),
  topK: (x) => topK(x, 2).values,
  layerNorm: (x) => layerNorm(x),
  batchNorm: (x) => batchNorm(x.reshape([-1, 1])),
  groupNorm: (x) => groupNorm(x.reshape([1, -1]), 1),
  instanceNorm: (x) => instanceNorm(x.reshape([1, -1, 1])),
  scaledDotProductAttention: (x) => {
    const each = x.reshape([2, 2]);
    return scaledDotProductAttention(each, each, each, { causal: true });
  },
  clipByGlobalNorm: (x) => {
    const { gradients, norm } = clipByGlobalNorm([x], 1);
    // A norm that overflows scales everything to 0.
    return gradients[0]!.add(norm.mul(0));
  },
  'softmaxCrossEntropy of a class': (x) =>
    softmaxCrossEntropy(x.reshape([1, -1]), tensor([0], { dtype: 'int32' })),
  'softmaxCrossEntropy of probabilities': (x) =>
    softmaxCrossEntropy(x.reshape([1, -1]), tensor([[0.5, 0.5, 0, 0]])),
  avgPool2d: (x) => avgPool2d(x.reshape([1, 2, 2, 1]), 2),
  adaptiveAvgPool1d: (x) => adaptiveAvgPool1d(x.reshape([1, 4, 1]), 3),
  adaptiveMaxPool1d: (x) => adaptiveMaxPool1d(x.reshape([1, 4, 1]), 3),
  upsample2d: (x) => upsample2d(x.reshape([1, 2, 2, 1]), { mode: 'bilinear' }),
  maxPool2d: (x) => maxPool2d(x.reshape([1, 2, 2, 1]), 2),
};

/** Rows of four: equal values, one among zeros, and one among ones. */
const rows = points.flatMap((each) => [
  [each, each, each, each],
  [each, 0, 0, 0],
  [1, each, 1, -1],
]);

/** Values and two derivatives of the sum, in each place. */
async function derivatives(f: Function, values: readonly number[]) {
  const x = tensor(values);
  const y = f(x);
  const first = grad(y.sum(), x);
  const second = grad(first.sum(), x);
  return { y: await y.data(), first: await first.data(), second: await second.data() };
}

/** Fails with the point where a derivative is no number, or infinite for no reason that is named. */
function check(name: string, at: string, isKnown: boolean, derivative: number): void {
  if (!isKnown || Number.isFinite(derivative)) return;
  if (!Number.isNaN(derivative) && name in infinite) return;
  expect.fail(`${name} at ${at}: the derivative is ${derivative}`);
}

afterAll(() => setDevice('wasm'));

describe.each(deviceNames().filter((name) => name !== 'gpu'))('derivatives on %s', (device) => {
  it.each(Object.keys(elementwise))('%s', async (name) => {
    await setDevice(device);
    const { y, first, second } = await derivatives(elementwise[name]!, points);
    points.forEach((point, at) => {
      check(name, `${point}`, Number.isFinite(y[at]), first[at]!);
      const isFirstKnown = [point, y[at], first[at]].every(Number.isFinite);
      check(name, `${point}, second`, isFirstKnown, second[at]!);
    });
  });

  it.each(binaryNames.filter((name) => binaryRows[name].float32))('%s', async (name) => {
    await setDevice(device);
    // The reciprocal of 1e-40 is beyond the largest float, and so is every step on the way of a quotient.
    const operands = points.filter((each) => Math.abs(each) !== 1e-40);
    const pairs = operands.flatMap((a) =>
      operands.filter((b) => name !== 'power' || Number.isFinite(b)).map((b) => [a, b] as const),
    );
    const [a, b] = [0, 1].map((side) => tensor(pairs.map((pair) => pair[side]!))) as [Tensor, Tensor];
    const y = operations[name](a, b);
    if (y.dtype !== 'float32') return;
    const [dA, dB] = grad(y.sum(), [a, b]);
    const [dAA, dBB] = [grad(dA!.sum(), a), grad(dB!.sum(), b)];
    const [values, ...all] = await Promise.all([y, dA!, dB!, dAA, dBB].map((each) => each.data()));
    pairs.forEach(([left, right], at) => {
      const isKnown = Number.isFinite(values![at]);
      all.forEach((each, number) => {
        const isLower = number < 2 || [left, right, all[number - 2]![at]].every(Number.isFinite);
        check(name, `${left}, ${right}, derivative ${number}`, isKnown && isLower, each[at]!);
      });
    });
  });

  it.each(Object.keys(ofRows))('%s', async (name) => {
    await setDevice(device);
    for (const row of rows) {
      const { y, first, second } = await derivatives(ofRows[name]!, row);
      const isKnown = y.every(Number.isFinite);
      for (const each of first) check(name, `${row}`, isKnown, each);
      const isFirstKnown = isKnown && [...row, ...first].every(Number.isFinite);
      for (const each of second) check(name, `${row}, second`, isFirstKnown, each);
    }
  });

  it('are 0 where a norm or a standard deviation is 0', async () => {
    await setDevice(device);
    const zeros = tensor([0, 0, 0]);
    const equal = tensor([2, 2, 2]);
    expect(await grad(norm(zeros), zeros).array()).toEqual([0, 0, 0]);
    expect(await grad(norm(zeros).square(), zeros).array()).toEqual([0, 0, 0]);
    expect(await grad(standardDeviation(equal), equal).array()).toEqual([0, 0, 0]);
    const absent = tensor([-infinity, -infinity]);
    expect(await logSumExp(absent).item()).toBe(-infinity);
    expect(await grad(logSumExp(absent), absent).array()).toEqual([0, 0]);
  });
});
