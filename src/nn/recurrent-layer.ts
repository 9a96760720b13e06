/** What the recurrent layers share: stacking, directions, masks, initial states and what comes out. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { reshape } from '../ops/broadcast.ts';
import { dropout } from '../ops/dropout.ts';
import { less } from '../ops/elementwise.ts';
import { iota } from '../ops/indexing.ts';
import { concat, expandDims, narrow, stack } from '../ops/movement.ts';
import { maskSteps } from '../ops/recurrent.ts';
import { requireBoolean, requireKnownOptions, requireNumber, requireOneOf } from '../options.ts';
import type { DType } from '../tensor/dtype.ts';
import { fill } from '../tensor/leaves.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import type { Parameter } from '../tensor/variable.ts';
import { type NamedAxis, requireAxes } from './checks.ts';
import { type JsonValue, Layer } from './layer.ts';

/** Options of every recurrent layer. */
export interface RecurrentOptions {
  /** How many layers are stacked; each reads the sequence of the one before. Default 1. */
  readonly layers?: number;
  /** Whether a second set of weights reads from the end; the features of both are joined. Default false. */
  readonly bidirectional?: boolean;
  /** Dropout rate between layers, in training mode. Default 0. For dropout after the last layer add a Dropout layer. */
  readonly dropout?: number;
  /** What `call` returns: the final state of the last layer [N, D·H], or every step [N, T, D·H]. Default 'last'. */
  readonly output?: 'last' | 'sequence';
  /** Whether biases are added. Default true. */
  readonly bias?: boolean;
  /** Recurrent weights: 'uniform' (default) in ±1/√hidden like the others (PyTorch), or 'orthogonal' per gate. */
  readonly recurrentInitializer?: 'uniform' | 'orthogonal';
}

/** The names of RecurrentOptions. */
const optionNames = ['layers', 'bidirectional', 'dropout', 'output', 'bias', 'recurrentInitializer'] as const;

/** A sequence with what may come with it. */
export interface RecurrentInput<State> {
  /** [N, T, F] */
  readonly x: Tensor;
  /** int32 [N]: how many steps of each sequence are real; the rest, on the right, is padding. */
  readonly lengths?: Tensor;
  /** bool [N, T]: which steps are real. Padding may be anywhere, also on the left. */
  readonly mask?: Tensor;
  /** What each layer and direction starts from, each [layers·D, N, H]. Default zeros. */
  readonly initialState?: State;
}

/** What every cell has: the weights of one layer and direction. */
export interface CellWeights {
  /** [F, gates·H], F being the features that the layer reads. */
  readonly inputWeight: Parameter;
  /** [H, gates·H] */
  readonly recurrentWeight: Parameter;
}

/** One pass of one cell over a whole sequence. */
export interface CellPass<Weights> {
  /** Of this layer and direction. */
  readonly weights: Weights;
  /** [N, T, F] */
  readonly x: Tensor;
  /** The initial states, each [N, H]. */
  readonly states: readonly Tensor[];
  /** bool [N, T] */
  readonly mask: Tensor | undefined;
  /** Whether it reads from the end. */
  readonly reverse: boolean;
}

/** Makes the weights of a cell that reads `features` features. */
export type CellMaker<Weights> = (
  features: number,
  hidden: number,
  options: Required<RecurrentOptions>,
) => Weights;

/**
 * The base of LSTM, GRU and RNN. At padding the state is carried over unchanged and the output is zero, so padding
 * may be on either side, and a sequence without any real step keeps its initial state. The state after the last step
 * is therefore the state after the last real one; the backward direction ends at the first.
 */
export abstract class RecurrentLayer<
  Weights extends CellWeights,
  State extends { readonly h: Tensor },
> extends Layer<Tensor | RecurrentInput<State>, Tensor> {
  /** Features of each step of the input. */
  readonly inputs: number;
  /** Features of each state. */
  readonly hidden: number;
  /** The options, defaults filled in. */
  readonly options: Required<RecurrentOptions>;
  /** In PyTorch's order, which is that of the states' first axis: layer 0 forward, layer 0 backward, layer 1 … */
  readonly cells: readonly Weights[];

  /**
   * Checks the options and makes the cells; `more` names the subclass's own options.
   *
   * @internal
   */
  constructor(
    where: string,
    inputs: number,
    hidden: number,
    options: RecurrentOptions,
    more: readonly string[],
    makeCell: CellMaker<Weights>,
  ) {
    super();
    requireNumber(where, 'inputs', inputs, 'a whole number of at least 1');
    requireNumber(where, 'hidden', hidden, 'a whole number of at least 1');
    requireKnownOptions(where, options, [...optionNames, ...more]);
    const { layers = 1, bidirectional = false, dropout = 0, output = 'last', bias = true } = options;
    const { recurrentInitializer = 'uniform' } = options;
    requireNumber(where, 'layers', layers, 'a whole number from 1 to 1000');
    requireNumber(where, 'dropout', dropout, 'a number from 0 to 1');
    requireBoolean(where, 'bidirectional', bidirectional);
    requireBoolean(where, 'bias', bias);
    requireOneOf(where, 'output', output, ['last', 'sequence']);
    requireOneOf(where, 'recurrentInitializer', recurrentInitializer, ['uniform', 'orthogonal']);
    if (dropout > 0 && layers === 1) {
      throw new OptionError({
        where,
        got: `dropout ${dropout} with one layer`,
        expected: 'dropout 0, or two layers or more: it acts between layers',
        cure: 'For dropout after the recurrent layer add a Dropout layer.',
      });
    }
    this.inputs = inputs;
    this.hidden = hidden;
    this.options = { layers, bidirectional, dropout, output, bias, recurrentInitializer };
    const directions = bidirectional ? 2 : 1;
    this.cells = Array.from({ length: layers * directions }, (_, cell) =>
      makeCell(cell < directions ? inputs : directions * hidden, hidden, this.options),
    );
  }

  /** The states that go from step to step, the output first. */
  protected abstract readonly stateNames: readonly (keyof State & string)[];

  /** All steps of one cell, each [N, T, …]: its states, the output first, then what else there is to know of a step. */
  protected abstract runCell(pass: CellPass<Weights>): readonly Tensor[];

  config(): readonly JsonValue[] {
    return [this.inputs, this.hidden, { ...this.options }];
  }

  forward(input: Tensor | RecurrentInput<State>): Tensor {
    const { steps, last } = this.runLayers(input instanceof Tensor ? { x: input } : input);
    return this.options.output === 'sequence' ? steps[0] : last;
  }

  /**
   * All that `runCell` gives of the last layer, each [N, T, D·…]; its final output [N, D·H]; and the final states
   * [layers·D, N, H].
   */
  protected runLayers(input: RecurrentInput<State>): {
    readonly steps: readonly Tensor[];
    readonly last: Tensor;
    readonly states: readonly Tensor[];
  } {
    const mask = this.#maskOf(input);
    const initial = this.#initialStates(input);
    const { layers, bidirectional } = this.options;
    const directions = bidirectional ? [false, true] : [false];
    const finals: (readonly Tensor[])[] = [];
    let steps: readonly Tensor[] = [input.x];
    for (let layer = 0; layer < layers; layer++) {
      const rate = this.options.dropout;
      const x = layer > 0 && rate > 0 && this.training ? dropout(steps[0], rate) : steps[0];
      const passes = directions.map((reverse) => {
        const cell = finals.length;
        const states = initial.map((state) => (state.rank === 3 ? cellState(state, cell) : state));
        const pass = this.runCell({ weights: this.cells[cell]!, x, states, mask, reverse });
        finals.push(pass.map((each) => stepOf(each, reverse ? 0 : each.shape[1] - 1)));
        return pass;
      });
      steps = passes[0].map((_, index) =>
        concat(
          passes.map((pass) => pass[index]),
          -1,
        ),
      );
    }
    return {
      steps: mask ? steps.map((each) => maskSteps(each, mask)) : steps,
      last: concat(
        finals.slice(-directions.length).map(([h]) => h),
        -1,
      ),
      states: this.stateNames.map((_, state) =>
        stack(
          finals.map((each) => each[state]),
          0,
        ),
      ),
    };
  }

  /** Checks the sequence and gives the mask [N, T], if there is padding. */
  #maskOf(input: RecurrentInput<State>): Tensor | undefined {
    requireKnownOptions(this.describe(), input, ['x', 'lengths', 'mask', 'initialState']);
    const { x, lengths, mask } = input;
    for (const [name, given] of Object.entries({ x, lengths, mask })) this.#requireTensor(name, given);
    requireAxes(
      this,
      x,
      ['N', 'T', ['F', this.inputs]],
      `The layer reads sequences of ${this.inputs} features per step: turn images into rows with RowsToSequence, or build it for ${x.shape[2] ?? 'other'} inputs.`,
    );
    const [n, steps] = x.shape as [number, number];
    if (steps === 0) {
      throw new ShapeError({
        where: this.describe(),
        got: `[N=${n}, T=0, F=${this.inputs}]`,
        expected: 'at least one step (T ≥ 1)',
        cure: 'Drop empty sequences, or pad them to one step and mask it.',
      });
    }
    if (lengths && mask) {
      throw new OptionError({
        where: this.describe(),
        got: 'lengths and mask',
        expected: 'one of them',
        cure: 'lengths is for padding on the right; a mask says the same and more.',
      });
    }
    if (mask) {
      this.#requireDType('mask', mask, 'bool');
      this.#requireBeside('mask', mask, [
        ['N', n],
        ['T', steps],
      ]);
      return mask;
    }
    if (!lengths) return undefined;
    this.#requireDType('lengths', lengths, 'int32');
    this.#requireBeside('lengths', lengths, [['N', n]]);
    this.#requireLengths(lengths, steps);
    return less(expandDims(iota(steps), 0), expandDims(lengths, 1));
  }

  /** The initial states: [layers·D, N, H] as given, or zeros [N, H] for every cell. */
  #initialStates({ x, initialState }: RecurrentInput<State>): Tensor[] {
    const n = x.shape[0];
    const { stateNames } = this;
    if (!initialState) return stateNames.map(() => fill(0, [n, this.hidden]));
    const given = Object.keys(initialState);
    if (given.length !== stateNames.length || !given.every((name) => stateNames.some((s) => s === name))) {
      throw new OptionError({
        where: this.describe(),
        got: `an initial state of ${given.join(', ') || 'no states'}`,
        expected: stateNames.join(' and '),
        cure: 'Give exactly the states that run() of such a layer returns.',
      });
    }
    const entries = new Map<string, Tensor>(Object.entries(initialState));
    return stateNames.map((name) => {
      const state = entries.get(name)!;
      this.#requireTensor(`initialState.${name}`, state);
      this.#requireDType(`initialState.${name}`, state, 'float32');
      this.#requireBeside(`initialState.${name}`, state, [
        ['layers·D', this.cells.length],
        ['N', n],
        ['H', this.hidden],
      ]);
      return state;
    });
  }

  #requireTensor(name: string, given: unknown): void {
    if (given instanceof Tensor || (given === undefined && name !== 'x')) return;
    throw notATensor(`${this.describe()} ${name}`, given);
  }

  /** Lengths that come from the host can be looked at; computed ones are limited to the steps there are. */
  #requireLengths(lengths: Tensor, steps: number): void {
    const { source } = lengths.snapshot().node;
    if (source?.kind !== 'data') return;
    const wrong = source.data.findIndex((length) => length < 0 || length > steps);
    if (wrong < 0) return;
    throw new OptionError({
      where: `${this.describe()} lengths`,
      got: `${source.data[wrong]} at index ${wrong}`,
      expected: `0 to ${steps}, the number of steps (T=${steps})`,
      cure: 'A length counts the real steps of its sequence; pad or cut the sequence to T steps.',
    });
  }

  #requireDType(name: string, tensor: Tensor, dtype: DType): void {
    if (tensor.dtype === dtype) return;
    throw new DTypeError({
      where: `${this.describe()} ${name}`,
      got: tensor.dtype,
      expected: dtype,
      cure: `Convert it: ${name}.cast('${dtype}').`,
    });
  }

  #requireBeside(name: string, tensor: Tensor, axes: readonly NamedAxis[]): void {
    const named = { describe: () => `${this.describe()} ${name}` };
    requireAxes(named, tensor, axes, 'It has to fit the sequence x and the sizes of the layer.');
  }
}

/** Step t of [N, T, F] as [N, F]. */
export function stepOf(sequence: Tensor, t: number): Tensor {
  const [n, , features] = sequence.shape as [number, number, number];
  return reshape(narrow(sequence, 1, t, t + 1), [n, features]);
}

/** The state of one cell [N, H] from those of all [layers·D, N, H]. */
function cellState(states: Tensor, cell: number): Tensor {
  return reshape(narrow(states, 0, cell, cell + 1), states.shape.slice(1));
}
