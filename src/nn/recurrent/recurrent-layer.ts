/** What the recurrent layers share: stacking, directions, masks, initial states and what comes out. */
import { OptionError } from '../../errors.ts';
import { bernoulli } from '../../ops/creation.ts';
import { dropout } from '../../ops/dropout.ts';
import { add, multiply, where } from '../../ops/elementwise.ts';
import { concat, stack } from '../../ops/movement.ts';
import { maskSteps } from '../../ops/recurrent.ts';
import { scan } from '../../ops/scan.ts';
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../../options.ts';
import { asCodeOf, asOne, concealed } from '../../tensor/exposure.ts';
import { fill } from '../../tensor/leaves.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Parameter } from '../../tensor/variable.ts';
import { requireAxes } from '../checks.ts';
import { uniform } from '../initializers.ts';
import { type JsonValue, Layer } from '../layer.ts';
import type { CellPass, CellRun, CellStep } from './cell-pass.ts';
import { Readout } from './readout.ts';
import {
  initialStates,
  type RecurrentInput,
  type SeenSequence,
  seenSequence,
  type TensorsByName,
} from './recurrent-input.ts';
import { type RecurrentOptions, recurrentDefaults } from './recurrent-options.ts';
import { lastOutput } from './sequence-steps.ts';

/**
 * The base of LSTM, GRU, RNN, and of cells of one's own: it stacks layers, reads in both directions, and knows of padding,
 * lengths and initial states. A subclass says what its states are called, which weights a cell has, and what one step
 * computes.
 *
 * ```ts
 * class MovingAverage extends RecurrentLayer<{ readonly rate: Parameter }, { readonly h: Tensor }> {
 *   protected readonly stateNames = ['h'] as const;
 *
 *   protected cellWeights() {
 *     return { rate: this.weight([this.hidden]) };
 *   }
 *
 *   protected step({ rate }: { readonly rate: Tensor }, { h }: { readonly h: Tensor }, xt: Tensor) {
 *     return { state: { h: h.add(xt.sub(h).mul(rate)) } };
 *   }
 * }
 * const average = new MovingAverage(3, 3, { bidirectional: true });
 * average.call(ones([2, 5, 3])).shape; // [2, 6]
 * ```
 *
 * At padding the state is carried over unchanged and the output is zero, so padding may be on either side, and a sequence
 * without any real step keeps its initial state. The state after the last step is therefore the state after the last real
 * one; the backward direction ends at the first. Nothing that a mask leaves out is computed with: it may be NaN, and changes no
 * bit of an output or a gradient.
 *
 * `call` takes x [N, T, inputs], or `{ x, lengths, mask, initialState }`, and gives the output at the last step
 * [N, D·hidden], or what the option `output` says; `run` gives every step [N, T, D·hidden] and the final states. To be saved
 * and loaded, a class needs nothing but its name in the tables of `saveModel` and `loadModel`, as long as its constructor
 * takes (inputs, hidden, options).
 *
 * @throws OptionError for options out of range; ShapeError for a sequence, mask or state that does not fit, and for a step
 * whose states or output have other shapes than those before it.
 */
export abstract class RecurrentLayer<
  Weights extends object,
  State extends TensorsByName<State>,
  OwnOptions extends object = object,
> extends Layer<Tensor | RecurrentInput<State>, Tensor> {
  /** Features of each step of the input. */
  readonly inputs: number;
  /** Features of the output, and of each state. */
  readonly hidden: number;
  /** The options, defaults filled in. */
  readonly options: Required<RecurrentOptions> & OwnOptions;
  /** In PyTorch's order, which is that of the states' first axis: layer 0 forward, layer 0 backward, layer 1 … */
  readonly cells: readonly Weights[];
  /** What reads the outputs of all steps, if `output` asks for it: with 'attention' it has weights. */
  readonly readout: Readout | undefined;

  /**
   * Draws the weights of every layer and direction. `inputs` is F of x [N, T, F]. A subclass with options of its own gives
   * their defaults.
   *
   * @throws OptionError for sizes or options out of range
   */
  constructor(
    inputs: number,
    hidden: number,
    options: RecurrentOptions & Partial<OwnOptions> = {},
    defaults?: OwnOptions,
  ) {
    super();
    const where = new.target.name;
    requireNumber(where, 'inputs', inputs, 'a whole number of at least 1');
    requireNumber(where, 'hidden', hidden, 'a whole number of at least 1');
    const all = { ...recurrentDefaults, ...defaults };
    requireKnownOptions(where, options, Object.keys(all));
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.inputs = inputs;
    this.hidden = hidden;
    this.options = { ...all, ...Object.fromEntries(given) } as typeof this.options;
    this.checkOptions(where);
    const { layers, output } = this.options;
    const directions = this.#directions.length;
    this.cells = Array.from({ length: layers * directions }, (_, cell) =>
      this.cellWeights(cell < directions ? inputs : directions * this.outputs),
    );
    const readsAll = output !== 'last' && output !== 'sequence';
    this.readout = readsAll ? new Readout(output, directions * this.outputs) : undefined;
  }

  /** The names of the states that go from step to step. Unless a step says otherwise, the first is the output. */
  protected abstract readonly stateNames: readonly (keyof State & string)[];

  /** Features of the output of one direction: `hidden`, unless a subclass says otherwise. */
  get outputs(): number {
    return this.hidden;
  }

  /** Features of the state of that name: `hidden`, unless a subclass says otherwise. */
  protected widthOf(_state: keyof State & string): number {
    return this.hidden;
  }

  /**
   * The weights of one layer and direction, which reads `features` features: an object of parameters, or of modules. The
   * constructor calls it, before fields of a subclass have their values; `hidden` and `options` are there.
   */
  protected abstract cellWeights(features: number): Weights;

  /**
   * What a cell computes of the step's input [N, F] and the states before it, each as wide as `widthOf` says. It is the body of a
   * `scan`. `recurrent` is the first state as recurrent products are to read it: with `recurrentDropout`, some of its features are 0.
   */
  protected abstract step(weights: Weights, state: State, xt: Tensor, recurrent: Tensor): CellStep<State>;

  /**
   * Whether the products of `step` read `recurrent`. Default false: `recurrentDropout` would do nothing, and is refused. The constructor
   * asks for it, so it is no field.
   */
  protected get readsRecurrent(): boolean {
    return false;
  }

  /** Whether an option asks for step after step, whatever other way the layer has. */
  protected get perStep(): boolean {
    const { recurrentDropout, zoneout } = this.options;
    return zoneout > 0 || (recurrentDropout > 0 && this.training);
  }

  /**
   * All steps of one cell: a `scan` of `step`. A subclass overrides it where it has another way than step after step (LSTM
   * and GRU have kernels, minGRU has a `linearRecurrence`), and calls this one if `perStep`.
   */
  protected runCell({ weights, x, state, mask, reverse }: CellPass<Weights, State>): CellRun<State> {
    return concealed(() => {
      let hasOutput = false;
      const [first] = this.stateNames;
      const { recurrentDropout } = this.options;
      // Drawn outside of the loop, so that it is the same at every step.
      const kept =
        recurrentDropout > 0 && this.training
          ? dropout(fill(1, state[first].shape), recurrentDropout)
          : undefined;
      const {
        carry,
        outputs: [outputs, ...details],
      } = scan(
        (before, xt) => {
          const h = before[first];
          const next = this.step(weights, before as State, xt, kept ? multiply(h, kept) : h);
          requireKnownOptions(`${this.describe()} step`, next, ['state', 'output', 'details']);
          const carry = this.#zonedOut(before, { ...next.state });
          // What is a state of the step is that state as it goes on.
          const goingOn = (given: Tensor): Tensor | undefined => {
            const name = this.stateNames.find((each) => next.state[each] === given);
            return name && carry[name];
          };
          hasOutput = next.output !== undefined;
          const output = hasOutput ? goingOn(next.output!) : carry[first];
          if (hasOutput) this.#requireOutput(next.output!, output === undefined, x);
          const details = (next.details ?? []).map((detail) => goingOn(detail) ?? detail);
          return { carry, output: [output ?? next.output!, ...details] };
        },
        { initial: { ...state } as Record<string, Tensor>, inputs: x, reverse, ...(mask && { mask }) },
      );
      const run = { outputs, state: carry as State, details };
      return hasOutput ? { ...run, last: lastOutput(outputs, mask, reverse) } : run;
    });
  }

  /**
   * Throws OptionError unless `options` has what the class takes. The constructor calls it before weights are drawn.
   * Overridden, it calls `super.checkOptions(where)` first.
   */
  protected checkOptions(where: string): void {
    const { layers, bidirectional, dropout, output, recurrentDropout, nanIsMissing } = this.options;
    requireNumber(where, 'layers', layers, 'a whole number from 1 to 1000');
    requireNumber(where, 'dropout', dropout, 'a number from 0 to 1');
    requireBoolean(where, 'bidirectional', bidirectional);
    requireOneOf(where, 'output', output, [...Readout.kinds, 'sequence']);
    requireBoolean(where, 'nanIsMissing', nanIsMissing);
    for (const name of ['inputDropout', 'recurrentDropout', 'zoneout'] as const) {
      requireNumber(where, name, this.options[name], 'a number from 0 to 1');
    }
    if (recurrentDropout > 0 && !this.readsRecurrent) {
      throw new OptionError({
        where,
        got: `recurrentDropout ${recurrentDropout}`,
        expected:
          'recurrentDropout 0: the steps of this layer have no recurrent product that is said to read less',
        cure: 'Use inputDropout or zoneout. In a cell of your own, let products read the fourth parameter of step, and readsRecurrent be true.',
      });
    }
    if (dropout === 0 || layers > 1) return;
    throw new OptionError({
      where,
      got: `dropout ${dropout} with one layer`,
      expected: 'dropout 0, or two layers or more: it acts between layers',
      cure: 'For dropout after the recurrent layer add a Dropout layer.',
    });
  }

  /** A parameter of a cell: uniform in ±1/√hidden, as those of PyTorch's recurrent layers. */
  protected weight(shape: readonly number[], name = 'weight'): Parameter {
    const { hidden } = this;
    return new Parameter(uniform(1 / Math.sqrt(hidden))(shape, { in: hidden, out: hidden }), name);
  }

  /** The arguments of the constructor. Options of a subclass's own are to be what JSON can hold. */
  config(): readonly JsonValue[] {
    return [this.inputs, this.hidden, { ...this.options } as Record<string, JsonValue>];
  }

  forward(input: Tensor | RecurrentInput<State>): Tensor {
    return asOne(() => {
      const { output, last, mask } = this.runLayers(input instanceof Tensor ? { x: input } : input);
      if (this.readout) return this.readout.call({ x: output, ...(mask && { mask }) });
      return this.options.output === 'sequence' ? output : last;
    });
  }

  /** All that comes out: the output at every step [N, T, D·H], and the final states, each [layers·D, N, H]. */
  run(input: RecurrentInput<State>): State & { readonly output: Tensor } {
    return this.inside(() =>
      asOne(() => {
        const { output, state } = this.runLayers(input);
        return { output, ...state };
      }),
    );
  }

  /**
   * What the first layer reads of the input: x with 0 where nothing is seen, and which steps are real. A subclass overrides it where
   * it makes more of what is missing.
   *
   * @internal
   */
  protected readSequence(input: RecurrentInput<State>): SeenSequence {
    return seenSequence(this, input);
  }

  /**
   * All that `runCell` gives of the last layer: its output and what else it tells of every step, [N, T, D·…] and 0 at
   * padding, its output at the last step [N, D·H]; the final states of all layers and directions, [layers·D, N, H]; and the
   * mask [N, T], if there is one.
   *
   * @internal
   */
  protected runLayers(input: RecurrentInput<State>): {
    readonly output: Tensor;
    readonly last: Tensor;
    readonly state: State;
    readonly details: readonly Tensor[];
    readonly mask: Tensor | undefined;
  } {
    const seen = this.readSequence(input);
    const { mask } = seen;
    let { x } = seen;
    const widths = this.stateNames.map((name) => [name, this.widthOf(name)] as const);
    const initial = initialStates(this, widths, input);
    const finals: State[] = [];
    let runs: readonly CellRun<State>[] = [];
    const { layers, dropout: rate, inputDropout } = this.options;
    for (let layer = 0; layer < layers; layer++) {
      if (layer > 0 && rate > 0 && this.training) x = dropout(x, rate);
      runs = this.#directions.map((reverse) => {
        const cell = finals.length;
        const state = this.#stateOf((name) => initial(name, cell));
        const read = inputDropout > 0 && this.training ? dropout(x, inputDropout, { sharedAxes: 1 }) : x;
        const pass = { weights: this.cells[cell]!, x: read, state, mask, reverse };
        // A pass that a user wrote may keep what it builds.
        const run = asCodeOf(this, pass, () => this.runCell(pass));
        finals.push(run.state);
        return run;
      });
      x = sideBySide(runs.map(({ outputs }) => outputs));
    }
    const [first] = this.stateNames;
    const details = runs[0].details?.map((_, index) => sideBySide(runs.map((run) => run.details![index])));
    const atReal = (each: Tensor): Tensor => (mask ? maskSteps(each, mask) : each);
    return {
      output: atReal(x),
      last: sideBySide(runs.map(({ state, last = state[first] }) => last)),
      state: this.#stateOf((name) =>
        stack(
          finals.map((each) => each[name]),
          0,
        ),
      ),
      details: details?.map(atReal) ?? [],
      mask,
    };
  }

  /** For each direction, whether it reads from the end. */
  get #directions(): readonly boolean[] {
    return this.options.bidirectional ? [false, true] : [false];
  }

  #stateOf(tensorOf: (name: keyof State & string) => Tensor): State {
    return Object.fromEntries(this.stateNames.map((name) => [name, tensorOf(name)])) as State;
  }

  /** The states after a step, of which `zoneout` keeps some units, or some of each, as they were. */
  #zonedOut(before: Record<string, Tensor>, after: Record<string, Tensor>): Record<string, Tensor> {
    const { zoneout } = this.options;
    if (zoneout === 0) return after;
    const { training } = this;
    return Object.fromEntries(
      Object.entries(after).map(([name, next]) => {
        const old = before[name] ?? next;
        if (training) return [name, where(bernoulli(zoneout, next.shape), old, next)];
        return [name, add(multiply(old, zoneout), multiply(next, 1 - zoneout))];
      }),
    );
  }

  #requireOutput(output: Tensor, isApart: boolean, x: Tensor): void {
    const { zoneout } = this.options;
    if (zoneout > 0 && isApart) {
      throw new OptionError({
        where: this.describe(),
        got: `zoneout ${zoneout}, and an output beside the states`,
        expected: 'zoneout 0, or a state as output: this one is made of states before zoneout acts on them',
        cure: 'Give the states as details of the step, and make the output of those in runCell, as LRU does.',
      });
    }
    const named = { describe: () => `${this.describe()} output of a step` };
    const axes = [
      ['N', x.shape[0]],
      ['H', this.outputs],
    ] as const;
    requireAxes(named, output, axes, 'The next layer reads as many features per direction as a state has.');
  }
}

/** Tensors side by side along the last axis. */
function sideBySide(tensors: readonly Tensor[]): Tensor {
  return concat(tensors, -1);
}
