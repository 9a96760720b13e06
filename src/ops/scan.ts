/** `scan`: a loop over time as one operation, whose body is a plain function of tensors. */
import { DTypeError, OptionError, ShapeError, TraceError } from '../errors.ts';
import {
  describeValue,
  requireBoolean,
  requireFunction,
  requireKnownOptions,
  requireNumber,
} from '../options.ts';
import { concealedResults, expose, isExposing } from '../tensor/exposure.ts';
import { nextNodeId } from '../tensor/node.ts';
import { drawingPerStep } from '../tensor/random.ts';
import { buildingLoop } from '../tensor/recorder.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { inScope } from '../tensor/scope.ts';
import { checkSize, formatShape, sameShape } from '../tensor/shape.ts';
import { notATensor, Tensor } from '../tensor/tensor.ts';
import { type FlatTree, flattenTree } from '../tensor/tree.ts';
import { apply } from './apply.ts';
import { reshape, reshapePrimitive } from './broadcast.ts';
import { where } from './elementwise.ts';
import { iota } from './indexing.ts';
import { standIn } from './loop-body.ts';
import { buildLoop, type LoopDraft, type LoopResults, type StandIn } from './loop-motion.ts';
import { concat, narrow, permute } from './movement.ts';
import { makeScan } from './scan-primitive.ts';

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
  /** bool [N, T]: at steps that are not real (false) the carry stays as it is and the output is zero. */
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

/**
 * A loop over time: `carry, output = body(carry, x_t, t)` for t = 0 … T-1.
 *
 * The body is called once, to be captured: it builds what one step computes. The loop is then planned, differentiated and
 * run as a loop, so that neither the time to prepare it nor the size of its code depends on T. It may read tensors and
 * parameters from outside, whose gradients are summed over the steps. What it computes without the carry is computed for
 * all steps at once. Random numbers that it draws differ from step to step; those drawn outside are the same at every step.
 * `t` is the step's number, an int32 scalar.
 *
 * ```ts
 * const w = tensor([[0.5, -0.2], [0.1, 0.3]]);
 * const x = ones([3, 4, 2]); // [N, T, F]
 * const { carry, outputs } = scan(
 *   (h, xt) => {
 *     const next = tanh(add(xt, matmul(h, w)));
 *     return { carry: next, output: next };
 *   },
 *   { initial: zeros([3, 2]), inputs: x },
 * );
 * carry.shape; // [3, 2]
 * outputs.shape; // [3, 4, 2]
 * ```
 *
 * @throws TraceError for a body that awaits, changes a variable, or returns anything but tensors; ShapeError or DTypeError
 * for a next carry unlike the one before, for sequences of different lengths, and for a mask that does not fit; OptionError
 * for an unknown option, an axis that an input does not have, and where neither inputs nor steps say how long the loop is
 */
export function scan<
  Carry extends object,
  Inputs extends object = Record<string, never>,
  Output extends object = Record<string, never>,
>(
  body: (
    carry: Tensors<Carry>,
    x: Tensors<Inputs>,
    t: Tensor,
  ) => ScanStep<Tensors<Carry>, Output & TensorTree>,
  options: ScanOptions<Carry, Inputs>,
): ScanResult<Tensors<Carry>, Tensors<Output>>;
export function scan(
  body: (carry: never, x: never, t: Tensor) => unknown,
  options: ScanOptions<TensorTree, TensorTree>,
): ScanResult<TensorTree, TensorTree> {
  const where = inScope('scan');
  requireFunction('scan', 'the body', body);
  requireKnownOptions(where, options, optionNames);
  requireBoolean(where, 'reverse', options.reverse ?? false);
  const given = checkInputs(where, options);
  const { recompute } = options;
  if (recompute !== undefined) requireNumber(where, 'recompute', recompute, 'a whole number of at least 1');
  let outputTree: FlatTree | undefined;
  const results = concealedResults(() => {
    const { draft, output } = draftLoop(where, body as UntypedBody, given, options);
    outputTree = output;
    const { carries, outputs } =
      recompute === undefined ? buildLoop(draft, makeScan) : inBlocks(draft, recompute);
    // Results are nodes of their own: who holds one holds nothing else of the loop.
    const itself = (x: Tensor): Tensor => apply(reshapePrimitive, [x], { shape: x.shape });
    return [...carries.map(itself), ...outputs.map((each) => itself(fromFront(where, each, given.axis)))];
  });
  if (isExposing()) expose(results);
  const { initial } = given;
  return {
    carry: initial.rebuild(results),
    outputs: outputTree!.rebuild(results.slice(initial.tensors.length)),
  };
}

/** The body, as far as it can be known here. */
type UntypedBody = (carry: TensorTree, x: TensorTree, t: Tensor) => ScanStep<TensorTree, TensorTree>;

/** The arguments of a loop, looked at. */
interface ScanInputs {
  readonly initial: FlatTree;
  readonly inputs: FlatTree;
  readonly steps: number;
  readonly axis: number;
  /** bool [N, T] */
  readonly mask: Tensor | undefined;
}

function checkInputs(
  where: string,
  { initial, inputs = [], steps, axis = 1, mask }: ScanOptions<TensorTree, TensorTree>,
): ScanInputs {
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
  return { initial: carries, inputs: sequences, steps: length, axis, mask: mask?.snapshot() };
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

/** Calls the body for one step and notes what it builds. */
function draftLoop(
  where: string,
  body: UntypedBody,
  { initial, inputs, steps, axis, mask }: ScanInputs,
  { reverse = false }: { readonly reverse?: boolean },
): { readonly draft: LoopDraft; readonly output: FlatTree } {
  const firstNode = nextNodeId();
  const carries = initial.tensors.map((outside): StandIn => ({ inside: standIn(outside), outside }));
  const sliceOf = (whole: Tensor): StandIn => {
    const { dtype } = whole;
    return { inside: standIn({ shape: whole.shape.slice(1), dtype }), outside: whole };
  };
  const sequences = inputs.tensors.map((each) => sliceOf(toFront(each, axis)));
  const number = sliceOf(iota(steps));
  const real = mask && sliceOf(toFront(mask, 1));
  const insides = (standIns: readonly StandIn[]): Tensor[] => standIns.map(({ inside }) => inside);
  const { result, drawn } = drawingPerStep(steps, () =>
    buildingLoop(() => {
      const step = body(initial.rebuild(insides(carries)), inputs.rebuild(insides(sequences)), number.inside);
      return checkStep(where, step, initial);
    }),
  );
  const { output } = result;
  const masked = (next: Tensor, otherwise: Tensor | number): Tensor =>
    real ? where_(real.inside, next, otherwise) : next;
  return {
    draft: {
      steps,
      reverse,
      recompute: false,
      firstNode,
      carries: carries.map((carry, at) => ({ ...carry, next: masked(result.next[at], carry.inside) })),
      sequences: [...sequences, number, ...(real ? [real] : []), ...drawn],
      constants: [],
      outputs: output.tensors.map((each, at) => {
        checkSize(`scan output${output.paths[at]}`, [steps, ...each.shape]);
        return masked(each, 0);
      }),
      sums: [],
    },
    output,
  };
}

/** `next` where a sequence of the batch is real, [N] said per sequence; `next` is [N, …]. */
function where_(real: Tensor, next: Tensor, otherwise: Tensor | number): Tensor {
  const spread = reshape(real, [real.shape[0], ...next.shape.slice(1).map(() => 1)]);
  return where(spread, next, otherwise);
}

/** Looks at what the body returned; the next carries come in the order of the initial ones. */
function checkStep(
  where: string,
  step: ScanStep<TensorTree, TensorTree>,
  initial: FlatTree,
): { readonly next: readonly Tensor[]; readonly output: FlatTree } {
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
  const unknown = carry.paths.find((path) => !initial.paths.includes(path));
  if (unknown === undefined) return { next, output };
  throw new ShapeError({
    where: `${where}, carry${unknown} after a step`,
    got: 'a tensor',
    expected: `only ${initial.paths.map((path) => `carry${path}`).join(', ') || 'an empty carry'}`,
    cure: 'What goes into the next step needs an initial value; what is kept of every step is the output.',
  });
}

/**
 * The loop in blocks of so many steps: a loop over blocks, which keeps only its carries for the way back, around a loop
 * over the steps of one block. Steps that fill no block are a loop of their own, at the end (Chen et al. 2016, "Training
 * deep nets with sublinear memory cost").
 */
function inBlocks(draft: LoopDraft, block: number): LoopResults {
  const { steps, reverse, sequences } = draft;
  if (steps < block) return buildLoop(draft, makeScan);
  const blocks = Math.floor(steps / block);
  const whole = blocks * block;
  // The steps that fill no block are the last that are run.
  const [from, restFrom] = reverse ? [steps - whole, 0] : [0, whole];
  const cut = (first: number, end: number): StandIn[] =>
    sequences.map(({ inside, outside }) => ({ inside, outside: narrow(outside, 0, first, end) }));
  const body = cut(from, from + whole);
  const firstNode = nextNodeId();
  const carries = draft.carries.map(({ outside }) => ({ inside: standIn(outside), outside }));
  const ofBlock = body.map(({ outside: { shape, dtype } }) =>
    standIn({ shape: [block, ...shape.slice(1)], dtype }),
  );
  const inner = buildLoop(
    {
      ...draft,
      steps: block,
      carries: draft.carries.map((carry, at) => ({ ...carry, outside: carries[at].inside })),
      sequences: body.map(({ inside }, at) => ({ inside, outside: ofBlock[at] })),
    },
    makeScan,
  );
  const outer = buildLoop(
    {
      ...draft,
      steps: blocks,
      recompute: true,
      firstNode,
      carries: carries.map((carry, at) => ({ ...carry, next: inner.carries[at] })),
      sequences: body.map(({ outside }, at) => ({
        inside: ofBlock[at],
        outside: reshape(outside, [blocks, block, ...outside.shape.slice(1)]),
      })),
      outputs: inner.outputs,
    },
    makeScan,
  );
  const rest = buildLoop(
    {
      ...draft,
      steps: steps - whole,
      carries: draft.carries.map((carry, at) => ({ ...carry, outside: outer.carries[at] })),
      sequences: cut(restFrom, restFrom + steps - whole),
    },
    makeScan,
  );
  const outputs = outer.outputs.map((each, at) => {
    const ofBlocks = reshape(each, [whole, ...each.shape.slice(2)]);
    const parts = reverse ? [rest.outputs[at], ofBlocks] : [ofBlocks, rest.outputs[at]];
    return concat(
      parts.filter(({ shape }) => shape[0] > 0),
      0,
    );
  });
  return { carries: rest.carries, outputs, sums: [] };
}

/** The axis of time as the first. */
function toFront(x: Tensor, axis: number): Tensor {
  if (axis === 0) return x;
  const others = x.shape.map((_, each) => each).filter((each) => each !== axis);
  return permute(x, [axis, ...others]);
}

/** Time [T, …] as axis `axis`. */
function fromFront(where: string, x: Tensor, axis: number): Tensor {
  if (axis >= x.rank) {
    throw new ShapeError({
      where: `${where}, the output of the body`,
      got: `${formatShape(x.shape.slice(1))}, to be stacked along axis ${axis}`,
      expected: `at least ${axis === 1 ? 'one axis' : `${axis} axes`}`,
      cure: 'Stack scalars along axis 0: give inputs [T, …] with axis: 0.',
    });
  }
  const rest = x.shape.slice(1).map((_, each) => each + 1);
  return permute(x, [...rest.slice(0, axis), 0, ...rest.slice(axis)]);
}
