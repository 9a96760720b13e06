/** GRU-D: a GRU whose inputs and state decay while nothing is seen. */
import { OptionError } from '../../errors.ts';
import { relu } from '../../ops/activations.ts';
import {
  add,
  exp,
  greater,
  multiply,
  negate,
  sigmoid,
  subtract,
  tanh,
  where,
} from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import { concat, narrow, split } from '../../ops/movement.ts';
import { fill } from '../../tensor/leaves.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Parameter, Variable } from '../../tensor/variable.ts';
import { sequenceCure } from '../checks.ts';
import type { CellPass, CellRun, CellStep } from '../recurrent/cell-pass.ts';
import { checkedMask, type RecurrentInput, type SeenSequence } from '../recurrent/recurrent-input.ts';
import { RecurrentLayer } from '../recurrent/recurrent-layer.ts';
import type { RecurrentOptions } from '../recurrent/recurrent-options.ts';
import type { HiddenState } from '../recurrent/recurrent-steps.ts';
import { asNumbers, lastSeen, learnMean, seenOf, timeSinceSeen } from './seen.ts';

/** The weights of one direction of a GRU-D. */
export interface GrudWeights {
  /** w_x [F]: how fast what was seen of a feature goes over into its mean. */
  readonly inputDecay: Parameter;
  /** b_x [F] */
  readonly inputDecayBias: Parameter;
  /** W_h [F, H]: how fast the state fades while a feature is not seen. */
  readonly stateDecay: Parameter;
  /** b_h [H] */
  readonly stateDecayBias: Parameter;
  /** [2F, 3H], of the values and of what is seen, gates in the order r, z, n. */
  readonly inputWeight: Parameter;
  /** [H, 3H] */
  readonly recurrentWeight: Parameter;
  /** [3H] */
  readonly bias: Parameter;
}

/**
 * GRU with trainable decays (Che et al. 2018), for sequences of which values are missing: x [N, T, inputs] with NaN, or
 * `{ x, mask }` with a mask [N, T, inputs], → what `GRU` gives. With m what is seen, δ the steps since it was seen, x' what was
 * seen last and x̄ the mean of what is seen in training:
 *
 * ```
 * γ_x = exp(-max(0, w_x ⊙ δ + b_x))      x̂ = m ⊙ x + (1 - m) ⊙ (γ_x ⊙ x' + (1 - γ_x) ⊙ x̄)
 * γ_h = exp(-max(0, W_h δ + b_h))        h' = γ_h ⊙ h
 * r, z = σ(W [x̂, m] + U h' + b)          n = tanh(W [x̂, m] + U (r ⊙ h') + b)      h = (1 - z) ⊙ n + z ⊙ h'
 * ```
 *
 * Before a feature is seen for the first time, x' is x̄. z is that of `GRU`: the paper's is 1 - z. A step of which nothing is seen is
 * a step like others, in which the state fades; a mask [N, T], or `lengths`, tells of padding, which takes no time. x̄ is
 * learned in training mode, as that of `FillMissing`, and kept in the variables `mean` and `count` [inputs].
 *
 * ```ts
 * const grud = new GRUD(2, 8);
 * grud.call(tensor([[[1, NaN], [NaN, NaN], [3, 4]]])).shape; // [1, 8]
 * ```
 *
 * @throws OptionError for options out of range, and more than one layer; ShapeError for a sequence, mask or state that does not fit.
 */
export class GRUD extends RecurrentLayer<GrudWeights, HiddenState> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['h'] as const;
  /** x̄ [F], from 0: the mean of what was seen in training. */
  readonly mean: Variable;
  /** How many values the mean is of, [F]. */
  readonly count: Variable;

  /**
   * GRU with decays for missing values: x [N, T, inputs], NaN where a value is missing, → the last output [N, hidden], or with
   * `output: 'sequence'` all [N, T, hidden]; twice as wide if bidirectional. Defaults: one direction.
   *
   * @throws OptionError for sizes or options out of range, and more than one layer
   */
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super(inputs, hidden, options, { nanIsMissing: true });
    this.mean = new Variable(fill(0, [inputs]), 'mean');
    this.count = new Variable(fill(0, [inputs]), 'count');
  }

  override get kind(): string {
    return 'gruD';
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { layers, nanIsMissing, inputDropout } = this.options;
    if (!nanIsMissing) {
      throw new OptionError({
        where,
        got: 'nanIsMissing false',
        expected: 'true: it is a layer for missing values',
        cure: 'Leave the option out; GRU takes NaN for what it is.',
      });
    }
    if (inputDropout > 0) {
      throw new OptionError({
        where,
        got: `inputDropout ${inputDropout}`,
        expected: 'inputDropout 0: a value that is dropped would be one that was not seen',
        cure: 'Remove values from the data: what is missing is filled in here.',
      });
    }
    if (layers === 1) return;
    throw new OptionError({
      where,
      got: `layers ${layers}`,
      expected: 'one layer: nothing is missing of what a second one would read',
      cure: "Put a GRU behind it: new GRUD(inputs, hidden, { output: 'sequence' }), new GRU(hidden, hidden).",
    });
  }

  protected cellWeights(features: number): GrudWeights {
    const { hidden } = this;
    const stateDecay = this.weight([features, hidden], 'stateDecay');
    // A matrix, and no weight: at 0 the state would never decay.
    stateDecay.decays = false;
    return {
      inputDecay: this.weight([features], 'inputDecay'),
      inputDecayBias: this.weight([features], 'inputDecayBias'),
      stateDecay,
      stateDecayBias: this.weight([hidden], 'stateDecayBias'),
      inputWeight: this.weight([2 * features, 3 * hidden], 'inputWeight'),
      recurrentWeight: this.weight([hidden, 3 * hidden], 'recurrentWeight'),
      bias: this.weight([3 * hidden], 'bias'),
    };
  }

  /** The values, 0 where they are missing, and beside them m: [N, T, 2F]. Only padding is masked. */
  protected override readSequence(input: RecurrentInput<HiddenState>): SeenSequence {
    const mask = checkedMask(this, input);
    const given = seenOf(this, { x: input.x, ...(mask && { mask }) }, [this.inputs], sequenceCure(''));
    if (this.training) learnMean(this, given);
    return {
      x: concat([given.x, asNumbers(given.seen)], -1),
      mask: mask?.rank === 3 ? undefined : mask,
    };
  }

  /** Fills the values and works out the decay of the state of all steps at once: x̂, m and γ_h, [N, T, 2F + H]. */
  protected override runCell(pass: CellPass<GrudWeights, HiddenState>): CellRun<HiddenState> {
    const { weights, mask, reverse } = pass;
    const [values, m] = split(pass.x, 2, -1) as [Tensor, Tensor];
    const seen = greater(m, 0);
    const since = timeSinceSeen(seen, mask, reverse);
    const kept = decay(add(multiply(since, weights.inputDecay), weights.inputDecayBias));
    const last = lastSeen({ x: values, seen }, this.mean, reverse);
    const guess = add(this.mean, multiply(kept, subtract(last, this.mean)));
    const stateKept = decay(add(matmul(since, weights.stateDecay), weights.stateDecayBias));
    return super.runCell({ ...pass, x: concat([where(seen, values, guess), m, stateKept], -1) });
  }

  protected override get readsRecurrent(): boolean {
    return true;
  }

  protected step(
    { inputWeight, recurrentWeight, bias }: GrudWeights,
    { h }: HiddenState,
    xt: Tensor,
    recurrent: Tensor,
  ): CellStep<HiddenState> {
    const { inputs, hidden } = this;
    const z = add(matmul(narrow(xt, -1, 0, 2 * inputs), inputWeight), bias);
    const stateKept = narrow(xt, -1, 2 * inputs, 2 * inputs + hidden);
    const [before, read] = [multiply(stateKept, h), multiply(stateKept, recurrent)];
    const gates = add(narrow(z, -1, 0, 2 * hidden), matmul(read, narrow(recurrentWeight, -1, 0, 2 * hidden)));
    const [reset, update] = split(sigmoid(gates), 2, -1) as [Tensor, Tensor];
    const candidate = tanh(
      add(
        narrow(z, -1, 2 * hidden, 3 * hidden),
        matmul(multiply(reset, read), narrow(recurrentWeight, -1, 2 * hidden, 3 * hidden)),
      ),
    );
    return { state: { h: add(candidate, multiply(update, subtract(before, candidate))) } };
  }
}

/** γ = exp(-max(0, rate)), in (0, 1]. */
function decay(rate: Tensor): Tensor {
  return exp(negate(relu(rate)));
}
