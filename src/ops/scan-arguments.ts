/** The arguments of `scan` and what its body gives: their types, and all that is looked at. */
import { DTypeError, OptionError, ShapeError, TraceError } from '../errors.ts';
import { describeValue, requireBoolean, requireKnownOptions, requireNumber } from '../options.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import { type FlatTree, flattenTree } from '../tensor/tree.ts';

/** A tree of the same structure, all of whose leaves are tensors: parameters stand for what they hold. */
export type Tensors<Tree> = TensorTree extends Tree
  ? Tree
  : Tree extends Tensor
    ? Tensor
    : { readonly [Name in keyof Tree]: Tensors<Tree[Name]> };

/** A tree again if all its leaves are tensors; anything else in it becomes `never`. */
export type TreeOfTensors<Tree> = TensorTree extends Tree
  ? Tree
  : Tree extends Tensor
    ? Tree
    : Tree extends object
      ? { readonly [Name in keyof Tree]: TreeOfTensors<Tree[Name]> }
      : never;

/** What one step gives. */
export interface ScanStep<Carry, Output> {
  /** What the next step starts from: of the structure, shapes and dtypes of `initial`. */
  readonly carry: Carry;
  /** What is kept of every step. Default: nothing. */
  readonly output?: Output;
}

/** Options of `scan`. */
export interface ScanOptions<Carry, Inputs> {
  /** The carry before the first step: a tensor, or an array or object of tensors. */
  readonly initial: Carry & TreeOfTensors<Carry>;
  /** Sequences, [N, T, …] by default: a tensor, or an array or object of tensors that are equally long. */
  readonly inputs?: Inputs & TreeOfTensors<Inputs>;
  /** T, where there are no inputs to tell it. */
  readonly steps?: number;
  /** The axis of the inputs and of the outputs that is time. Default 1. */
  readonly axis?: number;
  /** Whether the steps run from the last to the first. Outputs stay at their places. Default false. */
  readonly reverse?: boolean;
  /**
   * bool [N, T]: at steps that are not real (false) the carry stays as it is and the output is zero. The body gets the inputs as
   * they are, so NaN there leaves carry and outputs alone, but not the gradients of what the body uses (0 · NaN). Inputs that may
   * hold it are first made `where(mask, x, 0)`; recurrent layers do that.
   */
  readonly mask?: Tensor;
  /**
   * Save memory in training: of every so many steps only the carry is kept for the way back, and the rest is computed
   * again. About √T is best: the memory of √T steps for one more pass forward. Default: everything is kept.
   */
  readonly recompute?: number;
}

/** What a loop over time gives. */
export interface ScanResult<Carry, Output> {
  /** The carry after the last step. */
  readonly carry: Carry;
  /** The outputs of all steps, stacked along `axis`. */
  readonly outputs: Output;
}

const optionNames = ['initial', 'inputs', 'steps', 'axis', 'reverse', 'mask', 'recompute'];

/** The body, as far as it can be known here. */
export type UntypedBody = (carry: TensorTree, x: TensorTree, t: Tensor) => ScanStep<TensorTree, TensorTree>;

/** The arguments of a loop, looked at. */
export interface ScanInputs {
  readonly initial: FlatTree;
  readonly inputs: FlatTree;
  readonly steps: number;
  readonly axis: number;
  readonly reverse: boolean;
  /** bool [N, T] */
  readonly mask: Tensor | undefined;
}

/** Looks at the arguments of a loop. */
export function checkInputs(where: string, options: ScanOptions<TensorTree, TensorTree>): ScanInputs {
  requireKnownOptions(where, options, optionNames);
  const { initial, inputs = [], steps, axis = 1, mask, recompute, reverse = false } = options;
  requireBoolean(where, 'reverse', reverse);
  if (recompute !== undefined) requireNumber(where, 'recompute', recompute, 'a whole number of at least 1');
  const carries = flattenTree(initial, `${where}, initial`);
  const sequences = flattenTree(inputs, `${where}, inputs`);
  if (steps !== undefined) requireNumber(where, 'steps', steps, 'a whole number of at least 0');
  if (!Number.isInteger(axis) || axis < 0) {
    throw new OptionError({
      where,
      got: `axis ${describeValue(axis)}`,
      expected: 'a whole number from 0',
      cure: 'Inputs and outputs may differ in rank: count the axis of time from the start.',
    });
  }
  const lengths = sequences.tensors.map(({ shape }, at) => {
    if (axis < shape.length) return shape[axis];
    throw new OptionError({
      where: `${where}, inputs${sequences.paths[at]}`,
      got: `axis ${axis} of ${formatShape(shape)}`,
      expected: shape.length > 0 ? `an axis from 0 to ${shape.length - 1}` : 'at least one axis: time',
      cure: 'Say with `axis` which axis of all inputs is time; by default it is 1.',
    });
  });
  const all = steps === undefined ? lengths : [steps, ...lengths];
  if (all.length === 0) {
    throw new OptionError({
      where,
      got: 'neither inputs nor steps',
      expected: 'one of them, to say how long the loop is',
      cure: 'Pass inputs: x, or steps: 10.',
    });
  }
  const [length] = all;
  const wrong = lengths.findIndex((each) => each !== length);
  if (wrong >= 0) {
    throw new ShapeError({
      where: `${where}, inputs${sequences.paths[wrong]}`,
      got: `${formatShape(sequences.tensors[wrong].shape)}, ${lengths[wrong]} steps along axis ${axis}`,
      expected: `${length} steps, ${steps === undefined ? 'as the first input has' : 'as `steps` says'}`,
      cure: 'All sequences of one loop are equally long: cut or pad them, and mask the padding.',
    });
  }
  if (mask !== undefined) checkMask(where, mask, carries, length);
  return { initial: carries, inputs: sequences, steps: length, axis, reverse, mask: mask?.snapshot() };
}

function checkMask(where: string, mask: Tensor, carries: FlatTree, steps: number): void {
  if (!(mask instanceof Tensor)) throw notATensor(`${where} mask`, mask);
  if (mask.dtype !== 'bool') {
    throw new DTypeError({
      where: `${where} mask`,
      got: mask.dtype,
      expected: 'bool',
      cure: "Convert it: mask.cast('bool').",
    });
  }
  for (const [at, { shape }] of carries.tensors.entries()) {
    if (mask.rank === 2 && mask.shape[1] === steps && shape.length > 0 && shape[0] === mask.shape[0])
      continue;
    throw new ShapeError({
      where: `${where} mask`,
      got: formatShape(mask.shape),
      expected: `[N, T=${steps}], N being the first axis of every carry (initial${carries.paths[at]} is ${formatShape(shape)})`,
      cure: 'The mask says for each sequence of the batch which of its steps are real.',
    });
  }
}

/** Looks at what the body returned; the next carries come in the order of the initial ones. */
export function checkStep(
  where: string,
  step: ScanStep<TensorTree, TensorTree>,
  { initial, mask }: ScanInputs,
): { readonly next: readonly Tensor[]; readonly output: FlatTree } {
  // Its own failure, with values that do not exist, is nobody's concern any more.
  if (step instanceof Promise) step.catch(() => undefined);
  if (step instanceof Promise || typeof step !== 'object' || step === null || !('carry' in step)) {
    throw new TraceError({
      where: `${where}, the body`,
      got: describeValue(step),
      expected: '{ carry, output }',
      cure:
        step instanceof Promise
          ? 'Build tensors without awaiting them: the body stands for all steps, and has no values yet.'
          : 'Return { carry: next, output: what is kept of the step }.',
    });
  }
  requireKnownOptions(`${where}, the result of the body`, step, ['carry', 'output']);
  const carry = flattenTree(step.carry, `${where}, carry`);
  const output = flattenTree(step.output ?? [], `${where}, output`);
  const places = new Map(carry.paths.map((path, place) => [path, place]));
  const next = initial.paths.map((path, at) => {
    const place = places.get(path);
    const [before, after] = [initial.tensors[at], place === undefined ? undefined : carry.tensors[place]];
    if (after && after.dtype === before.dtype && sameShape(after.shape, before.shape)) return after;
    const parts = {
      where: `${where}, carry${path} after a step`,
      got: after ? `${after.dtype}${formatShape(after.shape)}` : 'nothing',
      expected: `${before.dtype}${formatShape(before.shape)}, as before it`,
      cure: 'A carry keeps its structure, shapes and dtypes: see what `initial` gives.',
    };
    throw after && sameShape(after.shape, before.shape) ? new DTypeError(parts) : new ShapeError(parts);
  });
  if (mask) checkMaskedOutputs(where, mask, output);
  const unknown = carry.paths.find((path) => !initial.paths.includes(path));
  if (unknown === undefined) return { next, output };
  throw new ShapeError({
    where: `${where}, carry${unknown} after a step`,
    got: 'a tensor',
    expected: `only ${initial.paths.map((path) => `carry${path}`).join(', ') || 'an empty carry'}`,
    cure: 'What goes into the next step needs an initial value; what is kept of every step is the output.',
  });
}

/** Outputs at padding are zero, so each needs an axis of sequences. */
function checkMaskedOutputs(where: string, mask: Tensor, { tensors, paths }: FlatTree): void {
  const [sequences] = mask.shape;
  const wrong = tensors.findIndex(({ shape }) => shape[0] !== sequences);
  if (wrong < 0) return;
  throw new ShapeError({
    where: `${where}, output${paths[wrong]} with a mask`,
    got: formatShape(tensors[wrong].shape),
    expected: `[N=${sequences}, …], since the mask says for each sequence which steps are real`,
    cure: 'Reduce over the batch behind the scan, or put out what is to be reduced.',
  });
}
