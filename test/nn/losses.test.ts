/** Losses against loops written here, their reductions and what they refuse. */
import { describe, expect, it } from 'vitest';
import { compile, grad, type Tensor, tensor } from '../../src/index.ts';
import {
  binaryCrossEntropy,
  focal,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from '../../src/nn/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

/** Per-row losses and weights, straight from the definition, in float64. */
function direct(
  logits: number[][],
  targets: number[],
  { smoothing = 0, weights, ignore }: { smoothing?: number; weights?: number[]; ignore?: number } = {},
) {
  return targets.map((target, row) => {
    const values = logits[row];
    const most = Math.max(...values);
    const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most;
    if (target === ignore) return { loss: 0, weight: 0 };
    const classes = values.length;
    const weightOf = (k: number) => weights?.[k] ?? 1;
    const nll = -weightOf(target) * (values[target] - total);
    const even = values.reduce((sum, value, k) => sum - weightOf(k) * (value - total), 0) / classes;
    return { loss: (1 - smoothing) * nll + smoothing * even, weight: weightOf(target) };
  });
}

describe('softmaxCrossEntropy', () => {
  const logits = values([5, 3]).mul(3);
  const targets = [2, 0, 1, 0, 2];
  const weights = [0.5, 2, 1];
  const cases = [
    {},
    { smoothing: 0.2 },
    { weights },
    { weights, smoothing: 0.1 },
    { ignore: 0 },
    { ignore: 0, weights, smoothing: 0.3 },
  ];
  it.each(cases)('%j', async (options) => {
    const rows = (await logits.array()) as number[][];
    const wanted = direct(rows, targets, options);
    const given = {
      labelSmoothing: options.smoothing ?? 0,
      ...(options.weights && { classWeights: tensor(options.weights) }),
      ...(options.ignore !== undefined && { ignoreIndex: options.ignore }),
    };
    const labels = int32(targets);
    const losses = wanted.map(({ loss }) => loss);
    const sum = losses.reduce((a, b) => a + b);
    const count = wanted.reduce((a, { weight }) => a + weight, 0);
    await expectClose(softmaxCrossEntropy(logits, labels, { ...given, reduction: 'none' }), losses);
    await expectClose(softmaxCrossEntropy(logits, labels, { ...given, reduction: 'sum' }), [sum]);
    await expectClose(softmaxCrossEntropy(logits, labels, given), [sum / count]);
  });

  it('soft targets agree with classes', async () => {
    const labels = int32(targets);
    const soft = labels.oneHot(3);
    for (const options of [{}, { labelSmoothing: 0.1 }]) {
      await expectClose(
        softmaxCrossEntropy(logits, soft, options),
        softmaxCrossEntropy(logits, labels, options),
      );
    }
    const classWeights = tensor(weights);
    await expectClose(
      softmaxCrossEntropy(logits, soft, { classWeights, reduction: 'sum', labelSmoothing: 0.1 }),
      softmaxCrossEntropy(logits, labels, { classWeights, reduction: 'sum', labelSmoothing: 0.1 }),
    );
    // With probabilities the mean divides by the rows, not by the weights, as in PyTorch.
    const sum = await softmaxCrossEntropy(logits, soft, { classWeights, reduction: 'sum' }).item();
    await expectClose(softmaxCrossEntropy(logits, soft, { classWeights }), [sum / 5]);
  });

  it('takes any leading axes', async () => {
    const stacked = values([2, 3, 4]);
    const labels = tensor(
      [
        [0, 1, 2],
        [3, 2, 1],
      ],
      { dtype: 'int32' },
    );
    const flat = softmaxCrossEntropy(stacked.reshape(6, 4), labels.reshape(6), { reduction: 'none' });
    const losses = softmaxCrossEntropy(stacked, labels, { reduction: 'none' });
    expect(losses.shape).toEqual([2, 3]);
    await expectClose(losses, flat);
  });

  it('is finite at ±1e4, value and gradient, and exact', async () => {
    const extreme = tensor([
      [1e4, -1e4, 0],
      [1e4, -1e4, 0],
    ]);
    const labels = int32([0, 1]);
    const loss = softmaxCrossEntropy(extreme, labels, { labelSmoothing: 0.1 });
    expect(Number.isFinite(await loss.item())).toBe(true);
    expect((await grad(loss, extreme).data()).every(Number.isFinite)).toBe(true);
    await expectClose(softmaxCrossEntropy(extreme, labels, { reduction: 'none' }), [0, 2e4]);
    expect(Number.isFinite(await softmaxCrossEntropy(extreme, labels.oneHot(3)).item())).toBe(true);
  });

  it('a class that is switched off by -Infinity makes no NaN', async () => {
    const off = tensor([[1, Number.NEGATIVE_INFINITY, 2]]);
    for (const targets of [int32([0]), tensor([[1, 0, 0]])]) {
      const loss = softmaxCrossEntropy(off, targets);
      await expectClose(loss, [Math.log(1 + Math.E)]);
      await expectClose(grad(loss, off), [1 / (1 + Math.E) - 1, 0, Math.E / (1 + Math.E)]);
    }
  });

  it('ignored rows take no gradient, whatever is in them', async () => {
    const broken = tensor([
      [1, 2],
      [Number.NaN, 1],
    ]);
    const loss = softmaxCrossEntropy(broken, int32([1, -100]), { ignoreIndex: -100 });
    await expectClose(loss, [Math.log1p(Math.exp(-1))]);
    const all = softmaxCrossEntropy(tensor([[1, 2]]), int32([-100]), { ignoreIndex: -100 });
    expect(await all.item()).toBeNaN();
  });

  it.each([
    ['cross-entropy', softmaxCrossEntropy, { labelSmoothing: 0.2 }],
    ['focal', focal, {}],
    ['of log-probabilities', negativeLogLikelihood, {}],
  ] as const)('of %s, ignored rows may hold NaN: no gradient sees it', async (_, loss, more) => {
    const weights = values([4, 3], 2);
    const classWeights = tensor([0.5, 2, 1]);
    const options = { ignoreIndex: -1, classWeights, ...more };
    const results = (filler: number) => {
      // Two rows that count, and two that a model made of NaN, or of what overflows.
      const x = tensor([[1, 1, filler, filler]])
        .transpose()
        .mul(values([4, 4]));
      const logits = x.matmul(weights);
      const value = loss(logits, int32([2, 0, -1, -1]), options);
      return [value, ...grad(value, [logits, classWeights])];
    };
    const wanted = results(0);
    for (const filler of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      for (const [index, result] of results(filler).entries()) {
        expect(await result.data()).toEqual(await wanted[index].data());
      }
    }
  });

  it('names labels out of range, at once or when the result is awaited', async () => {
    const error = errorOf(() => softmaxCrossEntropy(logits, int32([0, 1, 3, 0, 0])));
    expect(error.name).toBe('LabelError');
    expect(error.message).toContain('softmaxCrossEntropy: got label 3 at index 2, expected whole numbers');
    const step = compile((x: Tensor, y: Tensor) => softmaxCrossEntropy(x, y));
    await expect(step(logits, int32([0, 1, 3, 0, 0]))).rejects.toThrow();
  });

  it('refuses shapes that do not belong together', () => {
    expect(errorOf(() => softmaxCrossEntropy(logits, int32([1, 2]))).message).toBe(
      'softmaxCrossEntropy: got targets int32[2] for predictions [5, 3], expected int32 targets [5], without the class axis. Reshape one of them: losses do not broadcast, because that hides mistakes.',
    );
    expect(() => softmaxCrossEntropy(logits, values([4]))).toThrow(
      /probabilities of the shape of the logits/,
    );
    expect(() => softmaxCrossEntropy(logits, logits, { ignoreIndex: 0 })).toThrow(/only with int32 targets/);
    expect(() => softmaxCrossEntropy(logits, int32(targets), { classWeights: values([2]) })).toThrow(/C=3/);
  });
});

describe('binaryCrossEntropy', () => {
  it('matches the definition', async () => {
    const logits = values([6]).mul(4);
    const targets = tensor([0, 1, 0.25, 1, 0, 1]);
    const [x, t] = [await logits.data(), await targets.data()];
    const losses = Array.from(x, (value, index) => {
      const p = 1 / (1 + Math.exp(-value));
      return -3 * t[index] * Math.log(p) - (1 - t[index]) * Math.log(1 - p);
    });
    await expectClose(binaryCrossEntropy(logits, targets, { positiveWeight: 3, reduction: 'none' }), losses);
    await expectClose(binaryCrossEntropy(logits, targets, { positiveWeight: tensor([3]) }), [
      losses.reduce((a, b) => a + b) / 6,
    ]);
  });

  it('is finite at ±1e4 and takes bool targets', async () => {
    const logits = tensor([1e4, -1e4, 1e4, -1e4, 0]);
    const targets = tensor([true, true, false, false, true]);
    const losses = binaryCrossEntropy(logits, targets, { reduction: 'none' });
    await expectClose(losses, [0, 1e4, 1e4, 0, Math.log(2)]);
    await expectClose(grad(losses.sum(), logits), [0, -1, 1, 0, -0.5]);
  });
});

describe('regression losses', () => {
  const predictions = tensor([0, 1, 2, -3]);
  const targets = tensor([0.5, 1, -1, 0]);
  it('match their definitions', async () => {
    await expectClose(meanSquaredError(predictions, targets), [(0.25 + 0 + 9 + 9) / 4]);
    await expectClose(meanAbsoluteError(predictions, targets), [(0.5 + 0 + 3 + 3) / 4]);
    await expectClose(huber(predictions, targets, { reduction: 'none' }), [0.125, 0, 2.5, 2.5]);
    await expectClose(huber(predictions, targets, { delta: 2, reduction: 'sum' }), [0.125 + 4 + 4]);
    await expectClose(grad(huber(predictions, targets, { reduction: 'sum' }), predictions), [-0.5, 0, 1, -1]);
  });

  it('do not broadcast and know their options', () => {
    expect(() => meanSquaredError(predictions, targets.reshape(4, 1))).toThrow(/one shape for both/);
    const misspelt = { reduction: 'sum' as const, reduce: 'sum' };
    expect(() => meanSquaredError(predictions, targets, misspelt)).toThrow(/unknown option "reduce"/);
    expect(() => huber(predictions, targets, { delta: 0 })).toThrow(/delta 0/);
  });
});
