/** The linear recurrent unit: a complex linear recurrence between two projections. */
import { OptionError } from '../../errors.ts';
import { rand, randn } from '../../ops/creation.ts';
import {
  add,
  clamp,
  cos,
  exp,
  expm1,
  log,
  multiply,
  negate,
  sin,
  subtract,
  where,
} from '../../ops/elementwise.ts';
import { type ComplexTensor, complexLinearRecurrence } from '../../ops/linear-recurrence.ts';
import { matmul } from '../../ops/matmul.ts';
import { expandDims } from '../../ops/movement.ts';
import { requireBoolean, requireNumber } from '../../options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import type { CellPass, CellRun, CellStep } from './cell-pass.ts';
import { refuseFusedZoneout } from './gated-layer.ts';
import { RecurrentLayer } from './recurrent-layer.ts';
import type { LinearOptions, Own } from './recurrent-options.ts';
import { lastOutput, lastRead } from './sequence-steps.ts';

/** Options of `LRU`. */
export interface LruOptions extends LinearOptions {
  /** How many complex states there are. Default `hidden`, the features of the output. */
  readonly states?: number;
  /** The least |λ| drawn: what a state keeps of itself each step. Default 0. For long sequences 0.9. */
  readonly minRadius?: number;
  /** The largest |λ| drawn. Default 1. */
  readonly maxRadius?: number;
  /** The largest angle drawn by which a state turns each step, in radians. Default 2π. */
  readonly maxPhase?: number;
}

/** The weights of one layer and direction, that reads F features and gives H, of S states. */
export interface LruWeights {
  /** ν [S]: |λ| = exp(-exp ν) < 1, whatever training makes of it. */
  readonly nu: Parameter;
  /** θ [S]: the angle of λ is exp θ. */
  readonly theta: Parameter;
  /** γ [S]: the input of a state is scaled by exp γ; at first by √(1 - |λ|²), which gives all states the same variance. */
  readonly gamma: Parameter;
  /** Re B [F, S] */
  readonly inputReal: Parameter;
  /** Im B [F, S] */
  readonly inputImaginary: Parameter;
  /** Re C [S, H] */
  readonly outputReal: Parameter;
  /** Im C [S, H] */
  readonly outputImaginary: Parameter;
  /** D: [H] where the cell reads as many features as it gives, else [F, H]. */
  readonly skip: Parameter;
}

/** The complex state between steps, each part [N, S]. */
export interface LruState {
  readonly real: Tensor;
  readonly imaginary: Tensor;
}

/** The states of all steps, each part [N, T, S], and the last of them. */
interface LruRun {
  readonly states: ComplexTensor;
  readonly state: LruState;
}

/** The distance from 0 and 1 that draws keep, so that no logarithm of them is infinite. */
const margin = 2 ** -23;

/**
 * The linear recurrent unit (Orvieto et al. 2023): x_t = λ ⊙ x_{t-1} + exp(γ) ⊙ (B u_t), y_t = Re(C x_t) + D ⊙ u_t, with
 * complex x, B, C and λ = exp(-exp ν + i exp θ). Its state is linear in the past, so a sequence is one
 * `complexLinearRecurrence`, and what is not linear stands between layers. `call` takes u [N, T, inputs], or
 * `{ x, lengths, mask, initialState }`, and gives y; `run` gives the final states as well. A residual block of it:
 *
 * ```ts
 * const lru = new LRU(16, 16, { output: 'sequence', minRadius: 0.9, maxRadius: 0.999 });
 * const block = new Residual({ lru, gelu: new GELU(), mix: new Dense(16, 32), glu: new GLU() });
 * block.call(randn([2, 100, 16])).shape; // [2, 100, 16]
 * ```
 *
 * |λ|² is drawn uniformly between minRadius² and maxRadius², that is λ uniformly in a ring; B of variance 1/(2F), C of 1/S, D of 1.
 *
 * Parameters per cell: `nu`, `theta`, `gamma` [S], `inputReal` and `inputImaginary` [F, S] (B, transposed), `outputReal` and
 * `outputImaginary` [S, H] (C, transposed), `skip` (D) [H]; where a cell reads more or fewer features than it gives, D is a
 * matrix [F, H].
 *
 * @throws OptionError for options out of range; ShapeError for a sequence, mask or state that does not fit.
 */
export class LRU extends RecurrentLayer<LruWeights, LruState, Own<LruOptions>> {
  static readonly ofLibrary = true;

  protected readonly stateNames = ['real', 'imaginary'] as const;

  /**
   * Linear recurrent unit: u [N, T, inputs] → the last output [N, hidden], or with `output: 'sequence'` all [N, T, hidden]; twice as
   * wide if bidirectional. Defaults: one layer, one direction, `hidden` states, |λ| from 0 to 1, angles to 2π, fused, no dropout.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(inputs: number, hidden: number, options: LruOptions = {}) {
    super(inputs, hidden, options, {
      states: hidden,
      minRadius: 0,
      maxRadius: 1,
      maxPhase: 2 * Math.PI,
      fused: !options?.zoneout,
    });
  }

  override get kind(): string {
    return 'lru';
  }

  protected override widthOf(): number {
    return this.options.states;
  }

  protected override checkOptions(where: string): void {
    super.checkOptions(where);
    const { states, minRadius, maxRadius, maxPhase, fused } = this.options;
    requireNumber(where, 'states', states, 'a whole number of at least 1');
    requireNumber(where, 'minRadius', minRadius, 'a number from 0 to 1');
    requireNumber(where, 'maxRadius', maxRadius, 'a number from 0 to 1');
    requireNumber(where, 'maxPhase', maxPhase, 'a number above 0');
    requireBoolean(where, 'fused', fused);
    refuseFusedZoneout(where, this.options);
    if (minRadius <= maxRadius) return;
    throw new OptionError({
      where,
      got: `minRadius ${minRadius}, maxRadius ${maxRadius}`,
      expected: 'minRadius of at most maxRadius',
      cure: 'Exchange the two.',
    });
  }

  protected cellWeights(features: number): LruWeights {
    const { hidden } = this;
    const { states, minRadius, maxRadius, maxPhase } = this.options;
    const least = minRadius ** 2;
    const squared = clamp(add(multiply(rand([states]), maxRadius ** 2 - least), least), margin, 1 - margin);
    const decay = multiply(log(squared), -0.5);
    const normal = (shape: readonly number[], variance: number, name: string): Parameter =>
      new Parameter(multiply(randn(shape), Math.sqrt(variance)), name);
    return {
      nu: new Parameter(log(decay), 'nu'),
      theta: new Parameter(log(multiply(clamp(rand([states]), margin, 1), maxPhase)), 'theta'),
      // expm1: near the unit circle 1 - |λ|² is what rounding leaves.
      gamma: new Parameter(multiply(log(negate(expm1(multiply(decay, -2)))), 0.5), 'gamma'),
      inputReal: normal([features, states], 0.5 / features, 'inputReal'),
      inputImaginary: normal([features, states], 0.5 / features, 'inputImaginary'),
      outputReal: normal([states, hidden], 1 / states, 'outputReal'),
      outputImaginary: normal([states, hidden], 1 / states, 'outputImaginary'),
      skip:
        features === hidden ? normal([hidden], 1, 'skip') : normal([features, hidden], 1 / features, 'skip'),
    };
  }

  protected step(weights: LruWeights, state: LruState, xt: Tensor): CellStep<LruState> {
    const a = eigenvalues(weights);
    const b = projected(weights, xt);
    const { real, imaginary } = state;
    const next = {
      real: add(subtract(multiply(a.real, real), multiply(a.imaginary, imaginary)), b.real),
      imaginary: add(add(multiply(a.real, imaginary), multiply(a.imaginary, real)), b.imaginary),
    };
    return { state: next, details: [next.real, next.imaginary] };
  }

  protected override runCell(pass: CellPass<LruWeights, LruState>): CellRun<LruState> {
    const { weights, x, mask, reverse } = pass;
    const { states, state } = this.perStep || !this.options.fused ? this.#byStep(pass) : this.#atOnce(pass);
    const outputs = outputOf(weights, states, x);
    return { outputs, state, last: lastOutput(outputs, mask, reverse) };
  }

  #byStep(pass: CellPass<LruWeights, LruState>): LruRun {
    const { state, details } = super.runCell(pass);
    const [real, imaginary] = details as [Tensor, Tensor];
    return { states: { real, imaginary }, state };
  }

  #atOnce({ weights, x, state, mask, reverse }: CellPass<LruWeights, LruState>): LruRun {
    let [a, b] = [eigenvalues(weights), projected(weights, x)];
    if (mask) {
      const real = expandDims(mask, -1);
      a = { real: where(real, a.real, 1), imaginary: where(real, a.imaginary, 0) };
      b = { real: where(real, b.real, 0), imaginary: where(real, b.imaginary, 0) };
    }
    const states = complexLinearRecurrence(a, b, { initial: state, reverse });
    const last = (each: Tensor): Tensor => lastRead(each, reverse);
    return { states, state: { real: last(states.real), imaginary: last(states.imaginary) } };
  }
}

/** λ = exp(-exp ν + i exp θ), [S] */
function eigenvalues({ nu, theta }: LruWeights): ComplexTensor {
  const [radius, angle] = [exp(negate(exp(nu))), exp(theta)];
  return { real: multiply(radius, cos(angle)), imaginary: multiply(radius, sin(angle)) };
}

/** exp(γ) ⊙ (B u), [..., S]. The scale goes to the weights, which are smaller than a sequence. */
function projected({ gamma, inputReal, inputImaginary }: LruWeights, u: Tensor): ComplexTensor {
  const scale = exp(gamma);
  return {
    real: matmul(u, multiply(inputReal, scale)),
    imaginary: matmul(u, multiply(inputImaginary, scale)),
  };
}

/** Re(C x) + D ⊙ u, [..., H] */
function outputOf({ outputReal, outputImaginary, skip }: LruWeights, x: ComplexTensor, u: Tensor): Tensor {
  const read = subtract(matmul(x.real, outputReal), matmul(x.imaginary, outputImaginary));
  return add(read, skip.rank === 1 ? multiply(skip, u) : matmul(u, skip));
}
