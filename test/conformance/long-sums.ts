/** Contractions whose results are one long sum of equal or of random terms, for every path of their kernels. */
import {
  concat,
  conv2d,
  grad,
  matmul,
  ones,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from '../../src/index.ts';
import { applyAll } from '../../src/ops/apply.ts';
import { gruPrimitive, lstmGradientPrimitive } from '../../src/ops/recurrent.ts';
import { Numbers } from '../support/numbers.ts';

/** The largest relative error at any depth. */
export const longSumBound = 2e-6;

/** How the terms look. */
export const termKinds = ['equal', 'random'] as const;

/** So many terms, and their sum in float64. */
export function termsOf(kind: (typeof termKinds)[number], depth: number): { terms: Tensor; sum: number } {
  const numbers = new Numbers(depth);
  const terms = Float32Array.from({ length: depth }, () => (kind === 'equal' ? 0.01 : numbers.next()));
  return { terms: tensor(terms), sum: terms.reduce((total, term) => total + term, 0) };
}

/** Repeats a vector [D] as the rows of [rows, D]. */
function rowsOf(terms: Tensor, rows: number): Tensor {
  return terms.reshape([1, -1]).broadcastTo([rows, terms.size]);
}

/** What computes a tensor whose elements are all the sum of the terms [side²], by every way to have a long sum. */
export const longSums: Readonly<Record<string, (terms: Tensor, side: number) => Tensor>> = {
  'a dot product': (terms) => matmul(terms, ones(terms.shape)),
  'few rows, b in place': (terms) => matmul(rowsOf(terms, 3), ones([terms.size, 5])),
  'a times bᵀ, packed when needed': (terms) => matmul(ones([5, terms.size]), transpose(rowsOf(terms, 9))),
  'aᵀ times b, packed before': (terms) =>
    matmul(transpose(terms.reshape([-1, 1]).broadcastTo([terms.size, 17])), ones([terms.size, 13])),
  'a batch of products': (terms) =>
    matmul(rowsOf(terms, 10).reshape([2, 5, terms.size]), ones([2, terms.size, 3])),
  'the weight gradient of many rows': (terms) => {
    const weight = ones([1, 6]);
    const y = matmul(ones([terms.size, 1]), weight).mul(terms.reshape([-1, 1]));
    return grad(y.sum(), weight);
  },
  'a convolution over channels': (terms) => conv2d(terms.reshape([1, 1, 1, -1]), ones([1, 1, terms.size, 5])),
  'a convolution over a large window': (terms, side) =>
    conv2d(terms.reshape([1, side, side, 1]), ones([side, side, 1, 5])),
  'a depthwise convolution': (terms, side) =>
    conv2d(terms.reshape([1, side, side, 1]).broadcastTo([1, side, side, 6]), ones([side, side, 1, 6]), {
      groups: 6,
    }),
  'the input gradient of a convolution': (terms) => {
    const x = ones([1, 1, 1, 3]);
    return grad(
      conv2d(x, ones([1, 1, 3, terms.size]))
        .mul(terms)
        .sum(),
      x,
    );
  },
  'the weight gradient of a convolution': (terms, side) => {
    const weight = ones([1, 1, 2, 3]);
    const y = conv2d(ones([1, side, side, 2]), weight).mul(terms.reshape([1, side, side, 1]));
    return grad(y.sum(), weight);
  },
  'the weight gradient of a depthwise convolution': (terms, side) => {
    const weight = ones([1, 1, 1, 5]);
    const y = conv2d(ones([1, side, side, 5]), weight, { groups: 5 }).mul(terms.reshape([1, side, side, 1]));
    return grad(y.sum(), weight);
  },
};

/** What recurrent kernels give of their products alone: [2, H] whose elements are the sum of the terms. */
export const recurrentSums: Readonly<Record<string, (terms: Tensor) => Tensor>> = {
  'the candidate of a GRU': (terms) => {
    const hidden = terms.size;
    const [, gates] = applyAll(
      gruPrimitive,
      [zeros([2, 1, 3 * hidden]), ones([hidden, 3 * hidden]), zeros([3 * hidden]), rowsOf(terms, 2)],
      { reverse: false, masked: false },
    );
    return gates!.slice(null, 0, [3 * hidden, 4 * hidden]);
  },
  'the gradient of the first state of an LSTM': (terms) => {
    // With these gates the gradient of each sum is that of its gate.
    const hidden = terms.size / 4;
    const half = ones([2, 1, hidden]).mul(0.5);
    const gates = concat([half, half, zeros([2, 1, hidden]), half], 2);
    const slopes = concat([half.square(), half.square(), ones([2, 1, hidden]), half.square()], 2);
    const states = zeros([2, 1, hidden]);
    const [, dH0] = applyAll(
      lstmGradientPrimitive,
      [
        ones([hidden, 4 * hidden]),
        zeros([2, hidden]),
        states,
        gates,
        rowsOf(terms, 2).reshape([2, 1, -1]).div(slopes),
      ],
      { reverse: false, masked: false, hasDH: false, hasDC: false, hasDGates: true },
    );
    return dH0!;
  },
};
