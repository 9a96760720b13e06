/** Random choices from the seeded generator: orders, and classes by their probabilities. */
import { ShapeError } from '../errors.ts';
import { requireNumber } from '../options.ts';
import { inScope } from '../tensor/scope.ts';
import { formatShape, requireShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireDType } from './apply.ts';
import { arange, rand, randomBits } from './creation.ts';
import { add, log, maximum, negate } from './elementwise.ts';
import { gather } from './indexing.ts';
import { expandDims } from './movement.ts';
import { argSort } from './ordering.ts';
import { argMax } from './reduce.ts';

/** Bits of a random key. */
const keyBits = 24;

/**
 * The numbers 0, 1, … length-1 in a random order, int32 [length].
 *
 * @throws ShapeError for a length that is no whole number ≥ 0
 */
export function randomPermutation(length: number): Tensor {
  requireShape('randomPermutation', [length]);
  // Sorted by random keys. Equal keys keep the order there was, so it is done until two numbers had the same keys every
  // time with a probability of less than 1 / length: there are length² / 2 pairs.
  const rounds = Math.max(1, Math.ceil((3 * Math.log2(length)) / keyBits));
  let order = arange(length);
  for (let round = 0; round < rounds; round++) order = gather(order, argSort(randomBits([length])));
  return order;
}

/**
 * Random classes by their logits […, C], unnormalized logarithms of probabilities; for probabilities give their `log`:
 * one class for each row, int32 […], or `count` independent ones, […, count]. A class of logit -Infinity is never chosen
 * beside others. (The largest logit after Gumbel noise was added: Maddison et al. 2014.)
 *
 * @throws DTypeError unless the logits are float32; ShapeError without a class; OptionError for a count that is no whole
 * number ≥ 0
 */
export function categorical(logits: Tensor, count?: number): Tensor {
  requireDType('categorical', logits, 'float32');
  if (count !== undefined) {
    requireNumber(inScope('categorical'), 'count', count, 'a whole number of at least 0');
  }
  if (logits.rank === 0 || logits.shape[logits.rank - 1] === 0) {
    throw new ShapeError({
      where: inScope('categorical'),
      got: formatShape(logits.shape),
      expected: 'logits […, C] of at least one class',
      cure: 'Give one logit for each class along the last axis.',
    });
  }
  const rows = count === undefined ? logits : expandDims(logits, -2);
  const classes = logits.shape[logits.rank - 1];
  const shape = count === undefined ? logits.shape : [...logits.shape.slice(0, -1), count, classes];
  // Half of the smallest number above 0 that `rand` gives stands for 0, so that the noise is finite.
  const noise = negate(log(negate(log(maximum(rand(shape), 2 ** -25)))));
  return argMax(add(rows, noise));
}
