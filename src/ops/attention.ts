/** Attention: for each query the mean of values, weighted by how well their keys fit it. */
import { ShapeError } from '../errors.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { broadcastShapes, formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType } from './apply.ts';
import { dropout as dropElements } from './dropout.ts';
import { add, greater, greaterEqual, logicalAnd, multiply, where } from './elementwise.ts';
import { iota } from './indexing.ts';
import { matmul } from './matmul.ts';
import { expandDims, transpose } from './movement.ts';
import { softmax } from './softmax.ts';

/** Options of `scaledDotProductAttention`. */
export interface AttentionOptions {
  /**
   * Broadcasts to the scores […, T, S]. bool: true where a query may look at a key. float32: added to the scores, -∞ where it
   * may not.
   */
  readonly mask?: Tensor;
  /** Whether query t may look at keys 0 to t only. Default false. */
  readonly causal?: boolean;
  /** Dropout rate of the weights. Default 0. */
  readonly dropout?: number;
  /** What the scores are multiplied by. Default 1/√E. */
  readonly scale?: number;
}

/** Far below every score and finite: the softmax of a query that may look at no key is a number, and then set to 0. */
const excluded = -3e38;

/** Weights […, T, S] of keys […, S, E] for queries […, T, E]: they sum to 1, or to 0 where a query may look at no key. */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  const { mask, causal = false, dropout = 0, scale = 1 / Math.sqrt(query.shape.at(-1) || 1) } = options;
  let scores = matmul(multiply(query, scale), transpose(key));
  if (mask !== undefined) requireMask(mask, scores);
  let allowed = mask;
  if (mask?.dtype === 'float32') {
    allowed = greater(mask, Number.NEGATIVE_INFINITY);
    scores = add(scores, where(allowed, mask, 0));
  }
  if (causal) {
    const [queries, keys] = scores.shape.slice(-2);
    const past = greaterEqual(expandDims(iota(queries), 1), iota(keys));
    allowed = allowed ? logicalAnd(allowed, past) : past;
  }
  const weights = softmax(allowed ? where(allowed, scores, excluded) : scores);
  // Without a mask every query may look at the first key.
  const real = mask && allowed ? where(allowed, weights, 0) : weights;
  return dropout > 0 ? dropElements(real, dropout) : real;
}

function requireMask(mask: Tensor, { shape }: Tensor): void {
  requireDType('scaledDotProductAttention mask', mask, 'bool', 'float32');
  const where = inScope('scaledDotProductAttention mask');
  if (sameShape(broadcastShapes(where, shape, mask.shape), shape)) return;
  throw new ShapeError({
    where,
    got: formatShape(mask.shape),
    expected: `a shape that broadcasts to ${formatShape(shape)}: […, T, S]`,
    cure: 'Give one element for each query and key; an axis of length 1 stands for all.',
  });
}

/**
 * softmax(query·keyᵀ / √E)·value (Vaswani et al. 2017): query […, T, E], key […, S, E] and value […, S, V] give […, T, V];
 * leading axes broadcast. A query that may look at no key gives zeros.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError unless query, key and value are float32; OptionError for options
 * out of range
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const operation = 'scaledDotProductAttention';
  for (const [name, each] of Object.entries({ query, key, value })) {
    requireDType(`${operation} ${name}`, each, 'float32');
  }
  requireKnownOptions(inScope(operation), options, ['mask', 'causal', 'dropout', 'scale']);
  const { causal = false, dropout = 0, scale = 1 } = options;
  requireBoolean(inScope(operation), 'causal', causal);
  requireNumber(inScope(operation), 'dropout', dropout, 'a number from 0 to 1');
  requireNumber(inScope(operation), 'scale', scale, 'a number');
  const [keys, features] = key.shape.slice(-2);
  const ranked = [query, key, value].every(({ rank }) => rank >= 2);
  if (!ranked || query.shape.at(-1) !== features || value.shape.at(-2) !== keys) {
    const named = Object.entries({ query, key, value }).map(
      ([name, { shape }]) => `${name} ${formatShape(shape)}`,
    );
    throw new ShapeError({
      where: inScope(operation),
      got: named.join(', '),
      expected: 'query […, T, E], key […, S, E] and value […, S, V]',
      cure: 'Queries and keys have as many features, and there is a value for each key.',
    });
  }
  return matmul(attentionWeights(query, key, options), value);
}
