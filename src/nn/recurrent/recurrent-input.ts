/** What a recurrent layer is given: a sequence with its padding and its initial states, looked at. */
import { OptionError } from '../../errors.ts';
import { reshape } from '../../ops/broadcast.ts';
import { isNaN as isMissing, less, logicalAnd, logicalNot, where } from '../../ops/elementwise.ts';
import { iota } from '../../ops/indexing.ts';
import { expandDims, narrow } from '../../ops/movement.ts';
import { any } from '../../ops/reduce.ts';
import { requireKnownOptions } from '../../options.ts';
import { fill } from '../../tensor/leaves.ts';
import { notATensor, Tensor } from '../../tensor/tensor.ts';
import {
  type NamedAxis,
  requireAxes,
  requireDTypeFor,
  requireMask,
  requireSteps,
  sequenceCure,
} from '../checks.ts';

/** A sequence with what may come with it. */
export interface RecurrentInput<State> {
  /** [N, T, F] */
  readonly x: Tensor;
  /** int32 [N]: how many steps of each sequence are real; the rest, on the right, is padding. */
  readonly lengths?: Tensor;
  /**
   * bool [N, T]: which steps are real; padding may be anywhere, also on the left. Or bool [N, T, F]: which features of each step are
   * seen; the others count as 0, and a step of which nothing is seen is padding.
   */
  readonly mask?: Tensor;
  /** What each layer and direction starts from, each [layers·D, N, H], H being the width of that state. Default zeros. */
  readonly initialState?: State;
}

/** Tensors by name, whatever the names. */
export type TensorsByName<State> = { readonly [Name in keyof State]: Tensor };

/** What the door has to know of a layer. */
interface SequenceReader {
  readonly inputs: number;
  readonly options: { readonly nanIsMissing: boolean };
  describe(): string;
}

/** What the checks of initial states have to know of a layer. */
interface SequenceLayer extends SequenceReader {
  readonly cells: readonly object[];
}

/** A sequence as its cells see it. */
export interface SeenSequence {
  /** [N, T, F], 0 where nothing is seen. */
  readonly x: Tensor;
  /** bool [N, T]: which steps are real. Undefined if all are. */
  readonly mask: Tensor | undefined;
}

/**
 * Checks the sequence, and takes out what is not to be seen, NaN and all, before anything is computed of it: behind this
 * door it can reach neither an output nor a gradient.
 */
export function seenSequence<State>(layer: SequenceReader, input: RecurrentInput<State>): SeenSequence {
  const given = checkedMask(layer, input);
  const { x } = input;
  const present = layer.options.nanIsMissing ? logicalNot(isMissing(x)) : undefined;
  if (given === undefined && present === undefined) return { x, mask: undefined };
  /** [N, T, 1] or [N, T, F] */
  const known = given?.rank === 2 ? expandDims(given, -1) : given;
  const seen = known && present ? logicalAnd(known, present) : (known ?? present!);
  return { x: where(seen, x, 0), mask: given?.rank === 2 && !present ? given : any(seen, -1) };
}

/** Checks the sequence and gives its mask [N, T] or [N, T, F], if it has one. */
export function checkedMask<State>(layer: SequenceReader, input: RecurrentInput<State>): Tensor | undefined {
  requireKnownOptions(layer.describe(), input, ['x', 'lengths', 'mask', 'initialState']);
  const { x, lengths, mask } = input;
  for (const [name, given] of Object.entries({ x, lengths, mask })) requireTensor(layer, name, given);
  requireAxes(
    layer,
    x,
    ['N', 'T', ['F', layer.inputs]],
    sequenceCure((shape) =>
      shape.length === 3
        ? `Build the layer for ${shape[2]} inputs: it reads sequences of ${layer.inputs} features per step.`
        : 'Turn images into sequences with RowsToSequence or ColumnsToSequence.',
    ),
  );
  requireDTypeFor(layer, 'x', x, 'float32');
  const [n, steps] = x.shape as [number, number];
  requireSteps(layer, x);
  if (lengths && mask) {
    throw new OptionError({
      where: layer.describe(),
      got: 'lengths and mask',
      expected: 'one of them',
      cure: 'lengths is for padding on the right; a mask says the same and more.',
    });
  }
  if (mask) {
    const axes: NamedAxis[] = [
      ['N', n],
      ['T', steps],
    ];
    return requireMask(
      layer,
      'mask',
      mask,
      mask.rank === 3 ? [...axes, ['F', layer.inputs]] : axes,
      'A mask is true where x is real: [N, T] says it of steps, [N, T, F] of each feature.',
    );
  }
  if (!lengths) return undefined;
  requireDTypeFor(layer, 'lengths', lengths, 'int32');
  requireBeside(layer, 'lengths', lengths, [['N', n]]);
  requireWithin(layer, lengths, steps);
  return less(expandDims(iota(steps), 0), expandDims(lengths, 1));
}

/**
 * What each cell starts from, by the name of a state: its part [N, H] of what was given [layers·D, N, H], or zeros. `widths`
 * says H for each state.
 */
export function initialStates<State extends TensorsByName<State>>(
  layer: SequenceLayer,
  widths: readonly (readonly [name: keyof State & string, width: number])[],
  { x, initialState }: RecurrentInput<State>,
): (name: keyof State & string, cell: number) => Tensor {
  const [n] = x.shape;
  const { cells } = layer;
  const widthOf = new Map(widths);
  const stateNames = [...widthOf.keys()];
  if (!initialState) return (name) => fill(0, [n, widthOf.get(name)!]);
  const given = Object.keys(initialState);
  if (given.length !== stateNames.length || !given.every((name) => stateNames.some((s) => s === name))) {
    throw new OptionError({
      where: layer.describe(),
      got: `an initial state of ${given.join(', ') || 'no states'}`,
      expected: stateNames.join(' and '),
      cure: 'Give exactly the states that run() of such a layer returns.',
    });
  }
  for (const [name, width] of widths) {
    const state = initialState[name];
    requireTensor(layer, `initialState.${name}`, state);
    requireDTypeFor(layer, `initialState.${name}`, state, 'float32');
    requireBeside(layer, `initialState.${name}`, state, [
      ['layers·D', cells.length],
      ['N', n],
      ['H', width],
    ]);
  }
  return (name, cell) => reshape(narrow(initialState[name], 0, cell, cell + 1), [n, widthOf.get(name)!]);
}

function requireTensor(layer: SequenceReader, name: string, given: unknown): void {
  if (given instanceof Tensor || (given === undefined && name !== 'x')) return;
  throw notATensor(`${layer.describe()} ${name}`, given);
}

/** Lengths that come from the host can be looked at; computed ones are limited to the steps there are. */
function requireWithin(layer: SequenceReader, lengths: Tensor, steps: number): void {
  const { source } = lengths.snapshot().node;
  if (source?.kind !== 'data') return;
  const wrong = source.data.findIndex((length) => length < 0 || length > steps);
  if (wrong < 0) return;
  throw new OptionError({
    where: `${layer.describe()} lengths`,
    got: `${source.data[wrong]} at index ${wrong}`,
    expected: `0 to ${steps}, the number of steps (T=${steps})`,
    cure: 'A length counts the real steps of its sequence; pad or cut the sequence to T steps.',
  });
}

function requireBeside(
  layer: SequenceReader,
  name: string,
  tensor: Tensor,
  axes: readonly NamedAxis[],
): void {
  const named = { describe: () => `${layer.describe()} ${name}` };
  requireAxes(named, tensor, axes, 'It has to fit the sequence x and the sizes of the layer.');
}
