/** The vectors of losses other than cross-entropies, in weft. */
import {
  binaryFocal,
  cosineEmbedding,
  cosineSimilarity,
  ctc,
  dice,
  focal,
  hinge,
  klDivergence,
  type LossReduction,
  logSoftmax,
  multiClassHinge,
  negativeLogLikelihood,
  type Tensor,
  triplet,
} from '../../src/index.ts';
import { type Case, expression, type Tensors } from './expression.ts';
import { type Golden, numberIn } from './vectors.ts';

function loss(build: (inputs: Tensors, config: Golden['config']) => Tensor): Case {
  return expression('losses', (inputs, { config }) => ({ loss: build(inputs, config) }));
}

const nll = loss(({ x, target, class_weight }, { ignore_index }) =>
  negativeLogLikelihood(x, target, {
    ...(class_weight && { classWeights: class_weight }),
    ...(typeof ignore_index === 'number' && { ignoreIndex: ignore_index }),
  }),
);

const margin = loss(({ x, target }, config) =>
  multiClassHinge(x, target, {
    margin: numberIn(config, 'margin'),
    power: numberIn(config, 'power') === 1 ? 1 : 2,
  }),
);

const triplets = loss(({ a, b, c }, config) =>
  triplet(a, b, c, { margin: numberIn(config, 'margin'), swap: config['swap'] === true }),
);

const connectionist = loss(({ x, target, input_lengths, target_lengths }, { reduction }) =>
  ctc(logSoftmax(x), target, {
    inputLengths: input_lengths,
    targetLengths: target_lengths,
    reduction: reduction as LossReduction,
  }),
);

export const lossCases: Readonly<Record<string, Case>> = {
  nll,
  nll_weighted: nll,
  nll_ignore: nll,
  focal: loss(({ x, target }, config) => focal(x, target, { gamma: numberIn(config, 'gamma') })),
  binary_focal: loss(({ x, labels }, config) =>
    binaryFocal(x, labels, { gamma: numberIn(config, 'gamma'), alpha: numberIn(config, 'alpha') }),
  ),
  kl_divergence: loss(({ x, probabilities }) => klDivergence(x, probabilities)),
  hinge: loss(({ x, signs }) => hinge(x, signs)),
  multi_margin_1: margin,
  multi_margin_2: margin,
  cosine_similarity: expression('losses', ({ a, b }) => ({ y: cosineSimilarity(a, b) })),
  cosine_embedding: loss(({ a, b, signs }, config) =>
    cosineEmbedding(a, b, signs, { margin: numberIn(config, 'margin') }),
  ),
  triplet: triplets,
  triplet_swap: triplets,
  dice: loss(({ x, region }, config) => dice(x, region, { smooth: numberIn(config, 'smooth') })),
  ctc: connectionist,
  ctc_sum: connectionist,
  ctc_none: connectionist,
};
