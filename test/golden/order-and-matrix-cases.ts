/** The vectors of products, orders and matrices, in weft. */
import {
  all,
  any,
  argSort,
  cumulativeMax,
  cumulativeProduct,
  diag,
  outer,
  prod,
  roll,
  sort,
  type Tensor,
  topK,
  tril,
  triu,
  unfold,
} from '../../src/index.ts';
import { along, type Case, expression } from './expression.ts';
import { channelsLast } from './layouts.ts';
import { type Golden, numberIn, pairIn } from './vectors.ts';

/** What the options of an order are called in the files as well. */
function orderIn({ config }: Golden) {
  return { axis: numberIn(config, 'axis'), descending: config['descending'] === true };
}

const ordered = expression('orders', ({ x }, golden) => ({
  y: sort(x, orderIn(golden)),
  index: argSort(x, orderIn(golden)),
}));

const best = expression('orders', ({ x }, golden) => {
  const { values, indices } = topK(x, numberIn(golden.config, 'count'), orderIn(golden));
  return { y: values, index: indices };
});

function onDiagonals(operation: (x: Tensor, offset: number) => Tensor): Case {
  return expression('matrices', ({ x }, { config }) => ({ y: operation(x, numberIn(config, 'offset')) }));
}

export const orderAndMatrixCases: Readonly<Record<string, Case>> = {
  prod: along((x, axis) => prod(x, axis)),
  cumprod: along(cumulativeProduct),
  cummax: along(cumulativeMax),
  any_all: expression('reductions and softmax', ({ x }, { config }) => {
    const axis = numberIn(config, 'axis');
    return {
      any: any(x.greater(1), axis),
      all: all(x.greater(-2), axis),
      any_of_all: any(x.notEqual(0)),
      all_of_all: all(x.notEqual(0)),
    };
  }),
  sort: ordered,
  sort_descending: ordered,
  topk: best,
  topk_smallest: best,
  outer: expression('matrices', ({ a, b }) => ({ y: outer(a, b) })),
  diag_vector: onDiagonals(diag),
  diag_vector_above: onDiagonals(diag),
  diag_vector_below: onDiagonals(diag),
  diag_matrix: onDiagonals(diag),
  diag_matrix_above: onDiagonals(diag),
  diag_matrix_below: onDiagonals(diag),
  tril: onDiagonals(tril),
  tril_above: onDiagonals(tril),
  triu: onDiagonals(triu),
  triu_below: onDiagonals(triu),
  roll: expression('matrices', ({ x }, { config }) => ({
    y: roll(x, pairIn(config, 'shifts'), pairIn(config, 'axes')),
  })),
  roll_flat: expression('matrices', ({ x }, { config }) => ({ y: roll(x, numberIn(config, 'shifts')) })),
  unfold: expression('convolution', ({ x }, { config }) => {
    const window = pairIn(config, 'kernel');
    const patches = unfold(channelsLast(x), window, {
      stride: pairIn(config, 'stride'),
      padding: pairIn(config, 'padding'),
      dilation: pairIn(config, 'dilation'),
    });
    // [N, OH, OW, taps · C] to [N, C · taps, OH · OW]
    const [images, channels] = x.shape;
    const taps = window[0] * window[1];
    return {
      y: patches
        .reshape(images, -1, taps, channels)
        .permute(0, 3, 2, 1)
        .reshape(images, channels * taps, -1),
    };
  }),
};
