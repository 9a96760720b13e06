/** Attention: masks of each kind, a query without any key, and the layer's inputs. */
import { describe, expect, it } from 'vitest';
import {
  grad,
  MultiHeadAttention,
  scaledDotProductAttention,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';
import { expectClose, values } from '../nn/support.ts';

const [query, key, value] = [values([2, 3, 4]), values([2, 5, 4], 1), values([2, 5, 2], 2)] as const;

/** The definition, with 0 and 1 for what may be looked at, or a number that is added. */
function composed(allowed: Tensor, added: Tensor | number = 0): Tensor {
  const shares = query.matmul(key.transpose()).div(2).add(added).exp().mul(allowed);
  return shares.div(shares.sum(-1, { keepDims: true })).matmul(value);
}

const chosen = tensor([
  [1, 0, 1, 1, 0],
  [0, 0, 0, 0, 1],
  [1, 1, 1, 1, 1],
]);

describe('scaledDotProductAttention', () => {
  it('of a mask of booleans, of numbers, and of the past alone', async () => {
    await expectClose(scaledDotProductAttention(query, key, value), composed(chosen.mul(0).add(1)));
    const mask = chosen.cast('bool');
    await expectClose(scaledDotProductAttention(query, key, value, { mask }), composed(chosen));
    const added = mask.where(values([3, 5], 4), Number.NEGATIVE_INFINITY);
    await expectClose(
      scaledDotProductAttention(query, key, value, { mask: added }),
      composed(chosen, values([3, 5], 4)),
    );
    const past = scaledDotProductAttention(query, key, value, { causal: true });
    await expectClose(past, composed(zeros([3, 5]).add(1).tril()));
    const both = scaledDotProductAttention(query, key, value, {
      causal: true,
      mask: tensor([[true, true, true, true, false]]),
    });
    await expectClose(both, composed(zeros([3, 5]).add(1).tril()));
  });

  it('gives zeros to a query that may look at nothing, and gradients that are numbers', async () => {
    const mask = tensor([[true], [false], [true]]);
    const y = scaledDotProductAttention(query, key, value, { mask });
    expect(await y.slice(null, 1).array()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    for (const gradient of grad(y.square().sum(), [query, key, value])) {
      expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    }
    const added = zeros([3, 5]).add(Number.NEGATIVE_INFINITY);
    const none = scaledDotProductAttention(query, key, value, { mask: added });
    expect((await none.data()).every((each) => each === 0)).toBe(true);
  });

  it('refuses what does not fit', () => {
    expect(() => scaledDotProductAttention(query, value, value)).toThrow(
      /query \[2, 3, 4\], key \[2, 5, 2\]/,
    );
    const mask = zeros([7, 3, 5], 'bool');
    expect(() => scaledDotProductAttention(query, key, value, { mask })).toThrow(/mask.*\[2, 3, 5\]/);
  });
});

describe('MultiHeadAttention', () => {
  it('joins both masks, and takes nothing where both leave nothing', async () => {
    const layer = new MultiHeadAttention(4, 2).eval();
    const keyMask = tensor([
      [true, true, false, false, false],
      [true, true, true, true, false],
    ]);
    const { output, weights } = layer.run({ query, key, keyMask, mask: chosen.cast('bool') });
    expect(weights.shape).toEqual([2, 2, 3, 5]);
    const allowed = chosen.mul(keyMask.cast('float32').reshape(2, 1, 1, 5));
    const sums = await weights.sum(-1).data();
    await expectClose(
      tensor(Array.from(sums)),
      await allowed.max(-1).reshape(2, 1, 3).tile([1, 2, 1]).data(),
    );
    // The bias of the output is 0 at the beginning.
    expect(await output.slice(0, 1).array()).toEqual([0, 0, 0, 0]);
    const added = layer.run({
      query,
      key,
      keyMask,
      mask: chosen.cast('bool').where(0, Number.NEGATIVE_INFINITY),
    });
    await expectClose(added.weights, weights);
  });

  it.each(['a sequence that looks at itself', 'keys and values of their own', 'the past alone'])(
    'what keyMask leaves out of %s changes no bit, whatever it is',
    async (kind) => {
      const layer = new MultiHeadAttention(4, 2, { causal: kind.includes('past') }).eval();
      // Padding on the right, on the left, and nothing but padding.
      const rows = [
        [true, true, true, false, false],
        [false, true, true, false, true],
        [false, false, false, false, false],
      ];
      const keyMask = tensor(rows);
      const real = keyMask.expandDims(-1);
      const bits = async (filler: number): Promise<Float32Array[]> => {
        const [own, other] = [values([3, 5, 4]), values([3, 5, 4], 1)].map((x) => real.where(x, filler));
        const apart = kind.startsWith('keys');
        const asking = apart ? values([3, 2, 4], 2) : own;
        const { output, weights } = layer.run(
          apart ? { query: asking, key: own, value: other, keyMask } : { query: own, keyMask },
        );
        const loss = output.mul(values(output.shape, 5)).sum().add(weights.square().sum());
        const read = apart ? [asking, own, other] : [own];
        const gradients = grad(loss, [...read, ...layer.parameters()]);
        return Promise.all(
          [output, weights, ...gradients].map(async (each) => Float32Array.from(await each.data())),
        );
      };
      const wanted = await bits(0);
      for (const array of wanted) expect(array.every(Number.isFinite)).toBe(true);
      for (const filler of [Number.NaN, Number.NEGATIVE_INFINITY, 3e38])
        expect(await bits(filler)).toEqual(wanted);
      // Who has nothing to look at gets the bias of the output, which is 0 at first.
      expect(wanted[0].slice(-wanted[0].length / 3).every((each) => each === 0)).toBe(true);
    },
  );

  it('refuses heads that do not divide, and keys of another batch', () => {
    expect(() => new MultiHeadAttention(5, 2)).toThrow(/2 heads for 5 features/);
    const layer = new MultiHeadAttention(4, 2);
    expect(() => layer.call({ query, key: zeros([1, 5, 4]) })).toThrow(
      /multiHeadAttention key.*\[N=2, S, F=4\]/,
    );
    expect(() => layer.call({ query, keyMask: zeros([2, 4], 'bool') })).toThrow(/keyMask: got \[N=2, S=4\]/);
  });
});
