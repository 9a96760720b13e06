/** The mLSTM: a recurrent layer whose memory is a matrix, and whose steps can be computed all at once. */
import { OptionError } from '../../errors.ts';
import { reshape } from '../../ops/broadcast.ts';
import { linspace } from '../../ops/creation.ts';
import { multiply } from '../../ops/elementwise.ts';
import { concat } from '../../ops/movement.ts';
import { maskSteps } from '../../ops/recurrent.ts';
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asOne } from '../../tensor/exposure.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { requireAxes } from '../checks.ts';
import { Conv1d } from '../convolution.ts';
import { Dense } from '../dense.ts';
import { type Initializer, normal, zeros } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import { GroupNorm } from '../normalization.ts';
import { parallelForm, recurrentForm } from './mlstm-forms.ts';
import { type RecurrentInput, seenSequence } from './recurrent-input.ts';

/** Options of `MLSTM`. */
export interface MlstmOptions {
  /** Whether it reads from the end. Default false. */
  readonly reverse?: boolean;
  /**
   * 'parallel', the default, computes all T steps at once, with T² numbers per head; 'recurrent' goes from step to step with a
   * matrix of (features/heads)² per head: for long sequences. Both give the same.
   */
  readonly form?: 'parallel' | 'recurrent';
  /** The projections mix features in blocks of so many. Default: all of them. */
  readonly block?: number;
  /** Whether NaN stands for a missing feature, as in recurrent layers. Default false. */
  readonly nanIsMissing?: boolean;
  /** Of the projections' weights. Default: normal, of variance 2/(5·features). */
  readonly weightInitializer?: Initializer;
}

/** What `MLSTM` is given besides a sequence alone. */
export interface MlstmInput extends Omit<RecurrentInput<never>, 'initialState'> {
  /** What the memory keeps, [N, T, features]. Default: x. */
  readonly value?: Tensor;
}

/**
 * The mLSTM (Beck et al. 2024), the matrix memory of xLSTM: x [N, T, features] → [N, T, features]. Each of `heads` has a matrix
 * C of (features/heads)². A step stores its value v under its key k and asks with its query q:
 *
 *     C ← σ(f̃) C + exp(ĩ) k vᵀ,   n ← σ(f̃) n + exp(ĩ) k,   h = Cᵀq / max(|n·q|, 1)
 *
 * q, k = x·W + b divided by √(features/heads) once, v = value·W + b, and of all three the gates ĩ and f̃, one number per head. What
 * comes out is h, normalized in each head. No step needs the h of the one before it, so that training does all at once.
 *
 * ```ts
 * const layer = new MLSTM(64, 4);
 * layer.call(ones([2, 10, 64])).shape; // [2, 10, 64]
 * layer.call({ x: ones([2, 10, 64]), lengths: tensor([10, 3], { dtype: 'int32' }) }).shape; // [2, 10, 64]
 * ```
 *
 * With padding (`lengths` or `mask`, as those of `LSTM`) the memory stays as it is at the steps that are not real, and 0 comes
 * out. Parts: `query`, `key`, `value` (`Conv1d` of length 1, so that the projections can be block-diagonal), `inputGate`,
 * `forgetGate` (`Dense`), `norm` (`GroupNorm`). The gates begin without weights, the forget gates with biases from 3 to 6.
 *
 * @throws OptionError for options out of range; ShapeError for inputs that do not fit.
 */
export class MLSTM extends Layer<Tensor | MlstmInput, Tensor> {
  static readonly ofLibrary = true;

  /** Features of each step, of what comes in and out. */
  readonly inputs: number;
  /** How many memories there are side by side. */
  readonly heads: number;
  /** The options, defaults filled in. */
  readonly options: Required<Omit<MlstmOptions, 'weightInitializer'>>;
  /** Of what comes in, what is asked. */
  readonly query: Conv1d;
  /** Of what comes in, under which it is stored. */
  readonly key: Conv1d;
  /** Of what comes in, or of what is given as `value`, what is stored. */
  readonly value: Conv1d;
  /** [query, key, value] → ĩ of each head. */
  readonly inputGate: Dense;
  /** [query, key, value] → f̃ of each head. */
  readonly forgetGate: Dense;
  /** Normalizes what each head gives. */
  readonly norm: GroupNorm;

  /**
   * A matrix memory, x [N, T, features] → [N, T, features]; `heads` divides `features`, and so does `block`. Defaults: forward,
   * the parallel form, dense projections.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(features: number, heads: number, options: MlstmOptions = {}) {
    super();
    const where = 'MLSTM';
    this.inputs = requireNumber(where, 'features', features, 'a whole number of at least 1');
    this.heads = requireDivisor('heads', heads, features);
    requireKnownOptions(where, options, ['reverse', 'form', 'block', 'nanIsMissing', 'weightInitializer']);
    const { reverse = false, form = 'parallel', block = features, nanIsMissing = false } = options;
    requireBoolean(where, 'reverse', reverse);
    requireOneOf(where, 'form', form, ['parallel', 'recurrent']);
    requireDivisor('block', block, features);
    requireBoolean(where, 'nanIsMissing', nanIsMissing);
    this.options = { reverse, form, block, nanIsMissing };
    const { weightInitializer = normal(Math.sqrt(2 / (5 * features))) } = options;
    const projection = () =>
      new Conv1d(features, features, 1, {
        groups: features / block,
        weightInitializer,
        biasInitializer: zeros,
      });
    const gate = (biasInitializer: Initializer) =>
      new Dense(3 * features, heads, { weightInitializer: zeros, biasInitializer });
    this.query = projection();
    this.key = projection();
    this.value = projection();
    this.inputGate = gate(normal(0.1));
    this.forgetGate = gate(([length]) => linspace(3, 6, length));
    this.norm = new GroupNorm(heads, features);
  }

  override get kind(): string {
    return 'mlstm';
  }

  config(): readonly JsonValue[] {
    return [this.inputs, this.heads, this.options];
  }

  forward(input: Tensor | MlstmInput): Tensor {
    return asOne(() => this.#read(input instanceof Tensor ? { x: input } : input));
  }

  #read(input: MlstmInput): Tensor {
    requireKnownOptions(this.describe(), input, ['x', 'value', 'lengths', 'mask']);
    const { value, ...sequence } = input;
    const { x, mask } = seenSequence(this, sequence);
    const [n, steps] = x.shape as [number, number];
    if (value !== undefined) {
      const named = { describe: () => `${this.describe()} value` };
      const axes = [
        ['N', n],
        ['T', steps],
        ['F', this.inputs],
      ] as const;
      requireAxes(named, value, axes, 'What is stored has as many steps and features as x.');
    }
    const kept = value ? seenSequence(this, { ...sequence, x: value }).x : x;
    const [query, key, stored] = [this.query.call(x), this.key.call(x), this.value.call(kept)];
    const ofGates = concat([query, key, stored], -1);
    const size = this.inputs / this.heads;
    const byHead = (each: Tensor): Tensor => reshape(each, [n, steps, this.heads, size]);
    const form = this.options.form === 'parallel' ? parallelForm : recurrentForm;
    const read = form({
      query: byHead(multiply(query, 1 / Math.sqrt(size))),
      key: byHead(key),
      value: byHead(stored),
      inputGate: this.inputGate.call(ofGates),
      forgetGate: this.forgetGate.call(ofGates),
      mask,
      reverse: this.options.reverse,
    });
    const normalized = this.norm.call(reshape(read, [n * steps, this.inputs]));
    const output = reshape(normalized, [n, steps, this.inputs]);
    return mask ? maskSteps(output, mask) : output;
  }
}

function requireDivisor(name: string, value: number, features: number): number {
  requireNumber('MLSTM', name, value, 'a whole number of at least 1');
  if (features % value === 0) return value;
  throw new OptionError({
    where: 'MLSTM',
    got: `${name} ${value} for ${features} features`,
    expected: 'a number that divides the features',
    cure: 'The features come first, then the heads.',
  });
}
