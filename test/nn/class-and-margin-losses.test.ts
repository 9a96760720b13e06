/** Losses beyond cross-entropy and distances: their edges, and what they refuse. Values are held to PyTorch's in test/golden. */
import { describe, expect, it } from 'vitest';
import {
  binaryFocal,
  cosineEmbedding,
  cosineSimilarity,
  ctc,
  DTypeError,
  dice,
  focal,
  grad,
  hinge,
  klDivergence,
  LabelError,
  logSoftmax,
  multiClassHinge,
  negativeLogLikelihood,
  OptionError,
  ShapeError,
  softmaxCrossEntropy,
  tensor,
  triplet,
  zeros,
} from '../../src/index.ts';
import { errorOf, expectClose, int32, values } from './support.ts';

describe('losses of classes', () => {
  const logits = values([5, 3]).mul(4);
  const targets = int32([2, 0, 1, 0, 2]);

  it('agree with softmax cross-entropy where they mean the same', async () => {
    const expected = softmaxCrossEntropy(logits, targets);
    await expectClose(negativeLogLikelihood(logSoftmax(logits), targets), expected, 1e-6);
    await expectClose(focal(logits, targets, { gamma: 0 }), expected, 1e-6);
  });

  it('stay finite where a class is certain', async () => {
    const certain = tensor([[200, 0, 0]]);
    for (const gamma of [0.5, 1, 2]) {
      const loss = focal(certain, int32([0]), { gamma });
      expect(await loss.item()).toBeCloseTo(0, 6);
    }
    expect(Array.from(await grad(focal(certain, int32([1])), certain).data()).every(Number.isFinite)).toBe(
      true,
    );
    const extreme = tensor([100, -100]);
    expect(await binaryFocal(extreme, tensor([1, 0])).item()).toBe(0);
    expect(await binaryFocal(extreme, tensor([0, 1])).item()).toBeCloseTo(100, 4);
  });

  it('count 0·log 0 as 0, and classes that cannot be as infinitely far', async () => {
    const p = logSoftmax(tensor([[1, 2, Number.NEGATIVE_INFINITY]]));
    const t = tensor([[0.5, 0.5, 0]]);
    const loss = klDivergence(p, t);
    expect(Number.isFinite(await loss.item())).toBe(true);
    const logs = tensor([[Math.log(0.5), Math.log(0.5), Number.NEGATIVE_INFINITY]]);
    await expectClose(klDivergence(p, logs, { logTargets: true }), loss, 1e-6);
    const impossible = klDivergence(p, tensor([[0, 0.5, 0.5]]));
    expect(await impossible.item()).toBe(Number.POSITIVE_INFINITY);
  });

  it('take targets of -1 and 1, or booleans', async () => {
    const x = tensor([0.5, -2, 3]);
    await expectClose(hinge(x, tensor([true, false, false])), hinge(x, tensor([1, -1, -1])));
    const [a, b] = [values([2, 4]), values([2, 4], 1)];
    await expectClose(cosineEmbedding(a, b, tensor([true, false])), cosineEmbedding(a, b, int32([1, -1])));
  });
});

describe('losses of vectors', () => {
  it('have finite derivatives at zero vectors and equal vectors', async () => {
    const nothing = zeros([1, 3]);
    expect(await cosineSimilarity(nothing, tensor([[1, 2, 3]])).item()).toBe(0);
    for (const loss of [
      cosineSimilarity(nothing, tensor([[1, 2, 3]])).sum(),
      triplet(nothing, nothing, tensor([[1, 2, 3]]), { margin: 9 }),
    ]) {
      expect(Array.from(await grad(loss, nothing).data()).every(Number.isFinite)).toBe(true);
    }
  });

  it('measure along the axis that is named', async () => {
    const [a, b] = [values([2, 3, 4]), values([2, 3, 4], 2)];
    await expectClose(
      cosineSimilarity(a, b, { axis: 1 }),
      cosineSimilarity(a.transpose(1, 2), b.transpose(1, 2)),
    );
  });

  it('refuse shapes that do not belong together', () => {
    const [a, b] = [values([2, 3]), values([2, 4])];
    expect(errorOf(() => triplet(a, a, b))).toBeInstanceOf(ShapeError);
    expect(errorOf(() => triplet(a, a, b)).message).toContain('negative [2, 4] beside anchor [2, 3]');
    expect(errorOf(() => cosineEmbedding(a, b, int32([1, 1])))).toBeInstanceOf(ShapeError);
    expect(errorOf(() => dice(a, a)).message).toContain('[N, H, W, C]');
    expect(errorOf(() => multiClassHinge(a, int32([0, 3])))).toBeInstanceOf(LabelError);
    expect(errorOf(() => multiClassHinge(a, values([2])))).toBeInstanceOf(DTypeError);
  });
});

describe('ctc', () => {
  /** All ways to spell the text, one by one: -log of the sum of their probabilities. */
  function byEnumeration(logProbabilities: number[][], text: readonly number[]): number {
    const classes = logProbabilities[0].length;
    let total = 0;
    const paths = classes ** logProbabilities.length;
    for (let path = 0; path < paths; path++) {
      const symbols = logProbabilities.map((_, t) => Math.floor(path / classes ** t) % classes);
      const merged = symbols.filter((symbol, t) => symbol !== symbols[t - 1]);
      if (merged.filter((symbol) => symbol !== 0).join() !== text.join()) continue;
      total += Math.exp(symbols.reduce((sum, symbol, t) => sum + logProbabilities[t][symbol], 0));
    }
    return -Math.log(total);
  }

  it.each([[[1]], [[1, 1]], [[1, 2, 1]], [[2, 2, 1]]])('of %j is the sum over all paths', async (text) => {
    const x = logSoftmax(values([1, 5, 3]).mul(2));
    const [rows] = (await x.array()) as number[][][];
    await expectClose(ctc(x, int32(text).reshape(1, text.length), { reduction: 'none' }), [
      byEnumeration(rows, text),
    ]);
  });

  it('gives Infinity, or 0, for what cannot fit, and no gradient from it', async () => {
    const x = values([2, 3, 4]);
    const texts = tensor(
      [
        [1, 1, 2],
        [1, 2, 3],
      ],
      { dtype: 'int32' },
    );
    const losses = await ctc(logSoftmax(x), texts, { reduction: 'none' }).data();
    expect(losses[0]).toBe(Number.POSITIVE_INFINITY);
    expect(losses[1]).toBeGreaterThan(0);
    const loss = ctc(logSoftmax(x), texts, { zeroInfinity: true });
    expect(await loss.item()).toBeCloseTo(losses[1] / 3 / 2, 5);
    const gradients = (await grad(loss, x).array()) as number[][][];
    expect(gradients[0].flat().every((each) => each === 0)).toBe(true);
    expect(gradients[1].flat().some((each) => each !== 0)).toBe(true);
  });

  it('does not look at what lies behind the lengths', async () => {
    const x = logSoftmax(values([1, 6, 4]));
    const short = ctc(x.slice(null, [0, 4]), int32([3, 1]).reshape(1, 2), { reduction: 'none' });
    const broken = x.add(tensor([0, 0, 0, 0, Number.NaN, Number.NEGATIVE_INFINITY]).reshape(1, 6, 1));
    const long = ctc(broken, int32([3, 1, 99, -5]).reshape(1, 4), {
      inputLengths: int32([4]),
      targetLengths: int32([2]),
      reduction: 'none',
    });
    await expectClose(long, short, 1e-6);
    const gradient = grad(long.sum(), broken);
    const wanted = grad(short.sum(), x).slice(null, [0, 4]);
    expect(await gradient.slice(null, [0, 4]).data()).toEqual(await wanted.data());
    expect(await gradient.slice(null, [4, 6]).abs().max().item()).toBe(0);
  });

  it('holds over 600 steps of sure and of impossible classes', async () => {
    const x = values([2, 600, 5]).mul(60);
    const texts = tensor(
      Array.from({ length: 2 }, (_, row) => Array.from({ length: 40 }, (__, k) => 1 + ((k * 7 + row) % 4))),
      { dtype: 'int32' },
    );
    const loss = ctc(logSoftmax(x), texts);
    expect(Number.isFinite(await loss.item())).toBe(true);
    const gradient = await grad(loss, x).data();
    expect(Array.from(gradient).every(Number.isFinite)).toBe(true);
    // What a softmax is fed has gradients that sum to 0 at each step.
    const sums = await grad(loss, x).sum(-1).data();
    expect(Math.max(...Array.from(sums, Math.abs))).toBeLessThan(1e-5);
  });

  it('refuses what does not belong together', () => {
    const x = logSoftmax(values([2, 5, 4]));
    const texts = tensor(
      [
        [1, 2],
        [3, 1],
      ],
      { dtype: 'int32' },
    );
    expect(errorOf(() => ctc(x.reshape(10, 4), texts))).toBeInstanceOf(ShapeError);
    expect(errorOf(() => ctc(x, texts.reshape(4)))).toBeInstanceOf(ShapeError);
    expect(errorOf(() => ctc(x, values([2, 2])))).toBeInstanceOf(DTypeError);
    expect(errorOf(() => ctc(x, texts, { blank: 4 }))).toBeInstanceOf(OptionError);
    expect(errorOf(() => ctc(x, texts, { blank: 2 })).message).toContain(
      'the blank (class 2) among the labels',
    );
    expect(errorOf(() => ctc(x, texts, { inputLengths: int32([6, 1]) })).message).toContain('a length 6');
    expect(errorOf(() => ctc(x, texts, { targetLengths: int32([1]) }))).toBeInstanceOf(ShapeError);
    expect(
      errorOf(() =>
        ctc(
          x,
          tensor(
            [
              [1, 4],
              [1, 1],
            ],
            { dtype: 'int32' },
          ),
        ),
      ),
    ).toBeInstanceOf(LabelError);
  });
});
