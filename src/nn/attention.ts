/** Multi-head attention. */
import { OptionError } from '../errors.ts';
import { requireDType } from '../ops/apply.ts';
import { attentionWeights } from '../ops/attention.ts';
import { reshape } from '../ops/broadcast.ts';
import { logicalAnd, where } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { expandDims, permute } from '../ops/movement.ts';
import { requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import { asOne } from '../tensor/exposure.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type NamedAxis, requireAxes, requireMask, sequenceCure } from './checks.ts';
import { Dense } from './dense.ts';
import { glorotUniform, type Initializer, pytorchDefault, zeros } from './initializers.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of `MultiHeadAttention`. */
export interface MultiHeadAttentionOptions {
  /** Dropout rate of the weights, in training mode. Default 0. */
  readonly dropout?: number;
  /** Whether the four projections have biases. Default true. */
  readonly bias?: boolean;
  /** Whether step t may look at steps 0 to t only. Default false. */
  readonly causal?: boolean;
  /** Features of the keys. Default: those of the layer. */
  readonly keyInputs?: number;
  /** Features of the values. Default: those of the layer. */
  readonly valueInputs?: number;
}

/** What `MultiHeadAttention` is given besides a sequence that looks at itself. */
export interface AttentionInput {
  /** Who looks: [N, T, features]. */
  readonly query: Tensor;
  /** What is looked at: [N, S, keyInputs]. Default: the query, which then looks at itself. */
  readonly key?: Tensor;
  /** What is taken from there: [N, S, valueInputs]. Default: the key. */
  readonly value?: Tensor;
  /** bool [N, S]: which keys are real; the others are padding, and what stands there (NaN, too) changes nothing. Default: all. */
  readonly keyMask?: Tensor;
  /**
   * [T, S], or [N, T, S], or with heads [N, heads, T, S]. bool: true where a query may look at a key. float32: added to the
   * scores, -∞ where it may not. It says who looks where, not what is real: keys and values have to be finite.
   */
  readonly mask?: Tensor;
}

/** What `run` of `MultiHeadAttention` gives. */
export interface AttentionResult {
  /** [N, T, features] */
  readonly output: Tensor;
  /** How much each query takes from each key, by head: [N, heads, T, S]. */
  readonly weights: Tensor;
}

/**
 * Multi-head attention (Vaswani et al. 2017): x [N, T, features] → [N, T, features], each step looking at all of them; or, with
 * `{ query, key, value, keyMask, mask }`, at another sequence. `heads` of features/heads features each look for themselves.
 *
 * ```ts
 * const attention = new MultiHeadAttention(64, 4);
 * const sequence = ones([2, 10, 64]);
 * attention.call(sequence).shape; // [2, 10, 64]
 * attention.call({ query: sequence, key: ones([2, 7, 64]) }).shape; // [2, 10, 64]
 * attention.run({ query: sequence }).weights.shape; // [2, 4, 10, 10]
 * ```
 *
 * Masks are true where there is something to look at, as those of recurrent layers (PyTorch's `key_padding_mask` and
 * `attn_mask` are the other way around). A query that may look at nothing takes nothing: its weights are 0, and its output is
 * the bias of the output projection (PyTorch gives NaN). Of a sequence that looks at itself, what `keyMask` leaves out asks
 * as 0 does.
 *
 * Four `Dense` layers: `query`, `key` and `value` (the three parts of PyTorch's in_proj_weight, transposed), and `output`.
 * Initial weights are PyTorch's, biases 0.
 *
 * @throws OptionError for options out of range; ShapeError for inputs that do not fit.
 */
export class MultiHeadAttention extends Layer<Tensor | AttentionInput, Tensor> {
  static readonly ofLibrary = true;

  /** Features of queries and of the result. */
  readonly features: number;
  /** How many look side by side. */
  readonly heads: number;
  /** Dropout rate of the weights. */
  readonly dropout: number;
  /** Whether step t may look at steps 0 to t only. */
  readonly causal: boolean;
  /** features → features */
  readonly query: Dense;
  /** keyInputs → features */
  readonly key: Dense;
  /** valueInputs → features */
  readonly value: Dense;
  /** features → features */
  readonly output: Dense;

  /**
   * Multi-head attention, x [N, T, features] → [N, T, features]; `heads` divides `features`. Defaults: biases, no dropout, all
   * steps in sight (`causal: false`). `call` takes `{ query, key, value, keyMask, mask }`, too; `run` gives the weights as well.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(features: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    const where = 'MultiHeadAttention';
    this.features = requireNumber(where, 'features', features, 'a whole number of at least 1');
    this.heads = requireNumber(where, 'heads', heads, 'a whole number of at least 1');
    if (features % heads !== 0) {
      throw new OptionError({
        where,
        got: `${heads} heads for ${features} features`,
        expected: 'a number of heads that divides the features',
        cure: 'The features come first, then the heads.',
      });
    }
    requireKnownOptions(where, options, ['dropout', 'bias', 'causal', 'keyInputs', 'valueInputs']);
    const {
      dropout = 0,
      bias = true,
      causal = false,
      keyInputs = features,
      valueInputs = features,
    } = options;
    this.dropout = requireNumber(where, 'dropout', dropout, 'a number from 0 to 1');
    this.causal = requireBoolean(where, 'causal', causal);
    requireNumber(where, 'keyInputs', keyInputs, 'a whole number of at least 1');
    requireNumber(where, 'valueInputs', valueInputs, 'a whole number of at least 1');
    // PyTorch draws three projections of one sequence as one weight, and those of several sequences one by one.
    const together = keyInputs === features && valueInputs === features;
    const drawn: Initializer = (shape, { in: inputs, out }) =>
      glorotUniform(shape, { in: inputs, out: together ? 3 * out : out });
    const projection = (inputs: number, weightInitializer: Initializer) =>
      new Dense(inputs, features, { bias, weightInitializer, biasInitializer: zeros });
    this.query = projection(features, drawn);
    this.key = projection(keyInputs, drawn);
    this.value = projection(valueInputs, drawn);
    this.output = projection(features, pytorchDefault);
  }

  override get kind(): string {
    return 'multiHeadAttention';
  }

  config(): readonly JsonValue[] {
    const { features, heads, dropout, causal, query, key, value } = this;
    const bias = query.bias !== undefined;
    return [features, heads, { dropout, bias, causal, keyInputs: key.inputs, valueInputs: value.inputs }];
  }

  forward(input: Tensor | AttentionInput): Tensor {
    return asOne(() => this.#attend(input instanceof Tensor ? { query: input } : input)).output;
  }

  /** The output, and how much each query took from each key. With dropout, in training mode, those that are left. */
  run(input: AttentionInput): AttentionResult {
    return this.inside(() => asOne(() => this.#attend(input)), input);
  }

  #attend(input: AttentionInput): AttentionResult {
    requireKnownOptions(this.describe(), input, ['query', 'key', 'value', 'keyMask', 'mask']);
    const { query, key = query, value = key } = input;
    requireAxes(
      this,
      query,
      ['N', 'T', ['F', this.features]],
      sequenceCure('Build the layer for the features of the queries.'),
    );
    const [n, steps] = query.shape as [number, number];
    this.#requireSequence('key', key, ['N', n], 'S', this.key.inputs);
    this.#requireSequence('value', value, ['N', n], ['S', key.shape[1]], this.value.inputs);
    const mask = this.#maskOf(input, n, key.shape[1]);
    const { keyMask } = input;
    // A weight of 0 does not help against NaN, nor against what overflows: 0 · ∞ is NaN, in the way back, too.
    const real = (x: Tensor): Tensor => (keyMask ? where(expandDims(keyMask, -1), x, 0) : x);
    const [keys, values] = [real(key), real(value)];
    const queries = query === key ? keys : query;
    const weights = attentionWeights(this.#byHead(this.query, queries), this.#byHead(this.key, keys), {
      causal: this.causal,
      dropout: this.dropout > 0 && this.training ? this.dropout : 0,
      ...(mask && { mask }),
    });
    const taken = permute(matmul(weights, this.#byHead(this.value, values)), [0, 2, 1, 3]);
    return { output: this.output.call(reshape(taken, [n, steps, this.features])), weights };
  }

  #requireSequence(name: string, x: Tensor, n: NamedAxis, steps: NamedAxis, features: number): void {
    const named = { describe: () => `${this.describe()} ${name}` };
    requireAxes(
      named,
      x,
      [n, steps, ['F', features]],
      'Keys and values are one sequence, beside the queries of a batch.',
    );
  }

  /** x [N, T, F] projected, as [N, heads, T, features/heads]. */
  #byHead(projection: Dense, x: Tensor): Tensor {
    const [n, steps] = x.shape as [number, number];
    const { heads, features } = this;
    return permute(reshape(projection.call(x), [n, steps, heads, features / heads]), [0, 2, 1, 3]);
  }

  /** Both masks as one, which broadcasts to [N, heads, T, S]. */
  #maskOf({ mask, keyMask }: AttentionInput, n: number, keys: number): Tensor | undefined {
    if (mask !== undefined) requireDType(`${this.kind} mask`, mask, 'bool', 'float32');
    // Of three axes, the first is the batch.
    const byHead = mask?.rank === 3 ? expandDims(mask, 1) : mask;
    if (keyMask === undefined) return byHead;
    const axes = [
      ['N', n],
      ['S', keys],
    ] as const;
    requireMask(this, 'keyMask', keyMask, axes, 'Give true or false for each key of each sequence.');
    const real = reshape(keyMask, [n, 1, 1, keys]);
    if (byHead === undefined) return real;
    return byHead.dtype === 'bool' ? logicalAnd(byHead, real) : where(real, byHead, Number.NEGATIVE_INFINITY);
  }
}
