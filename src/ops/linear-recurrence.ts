/** The linear recurrence over time, of real and of complex numbers: what minGRU, LRU and state-space models run on. */
import {
  type LinearRecurrenceAttributes,
  linearRecurrence as linearRecurrenceContract,
} from '../../kernels/linear-recurrence/index.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { describeValue, isPlainObject, requireBoolean, requireKnownOptions } from '../options.ts';
import { concealed } from '../tensor/exposure.ts';
import { fill } from '../tensor/leaves.ts';
import type { Primitive } from '../tensor/primitive.ts';
import { inScope } from '../tensor/scope.ts';
import { broadcastShapes, formatShape, type Shape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyAll, requireDType } from './apply.ts';
import { broadcastTo, broadcastTogether, reshape, sum } from './broadcast.ts';
import { add, multiply, negate, subtract } from './elementwise.ts';
import { expandDims, narrow, pad, slice, squeeze, stack } from './movement.ts';

/** A number as its real part, or as its real and its imaginary part. */
type Parts = readonly Tensor[];

/**
 * Inputs: a [N or 1, T or 1, F or 1], b [N, T, F], initial [N, F]; of complex numbers the two parts of each in turn. Outputs:
 * h [N, T, F], of complex numbers its two parts. The contract has the formula.
 */
export const linearRecurrencePrimitive: Primitive<LinearRecurrenceAttributes> = {
  name: 'linearRecurrence',
  kind: 'kernel',
  outputs: (inputs, { complex }) => (complex ? inputs.slice(2, 4) : [inputs[1]]),
  /**
   * With ā for the conjugate, dB_t = dH_t + ā_{t+1} ⊙ dB_{t+1}: a recurrence against time that adds first, since the a of
   * a step leads from it to the next. dA_t = h̄_{t-1} ⊙ dB_t, and ā ⊙ dB of the first step reaches the initial state. With
   * addFirst every a is one step later: dB_t = dH_t + ā_t ⊙ dB_{t+1}, dA_t = h̄_t ⊙ dB_{t+1}, dB itself reaches the state.
   */
  gradient: ({ cotangents, inputs, outputs, attributes }) => {
    const { reverse, complex, addFirst } = attributes;
    const [a, , initial] = operandsOf(inputs, complex);
    const time = outputs[0].shape[1];
    if (time === 0) return inputs.map(() => undefined);
    const dH = outputs.map(({ shape }, part) => cotangents[part] ?? fill(0, shape));
    const nothing = initial.map(({ shape }) => fill(0, shape));
    const against = { reverse: !reverse, complex, addFirst: !addFirst };
    const dB = applyAll(
      linearRecurrencePrimitive,
      [a[0], ...a.slice(1).map(negate), ...dH, ...nothing],
      against,
    );
    const firstDB = dB.map((each) => firstStep(each, reverse));
    const { shape } = a[0];
    if (addFirst) {
      const dA = conjugateProduct(outputs, moved(dB, reverse), shape);
      return [...dA, ...dB, ...likeStates(firstDB)];
    }
    const later = conjugateProduct(moved(outputs, !reverse), dB, shape);
    const first = conjugateProduct(
      initial.map((each) => expandDims(each, 1)),
      firstDB,
      shape,
    );
    const others = shape[1] - 1;
    const atFirst = first.map((each) => surrounded(each, reverse ? [others, 0] : [0, others]));
    const dInitial = conjugateProduct(
      a.map((each) => firstStep(each, reverse)),
      firstDB,
      firstDB[0].shape,
    );
    return [...plus(later, atFirst), ...dB, ...likeStates(dInitial)];
  },
  composed: (inputs, attributes) => linearRecurrenceSteps(inputs, attributes),
  contract: linearRecurrenceContract,
};

/** a, b and the initial state of a call. */
function operandsOf(inputs: Parts, complex: boolean): readonly [a: Parts, b: Parts, initial: Parts] {
  const parts = complex ? 2 : 1;
  return [inputs.slice(0, parts), inputs.slice(parts, 2 * parts), inputs.slice(2 * parts)];
}

function product([re, im]: Parts, [x, y]: Parts): Tensor[] {
  if (im === undefined) return [multiply(re, x)];
  return [subtract(multiply(re, x), multiply(im, y)), add(multiply(re, y), multiply(im, x))];
}

/**
 * The conjugate of the first, times the second, summed along the axes on which `shape` has 1. Term by term: a sum of two
 * products reads four arrays, and a pass on a GPU only so many.
 */
function conjugateProduct([re, im]: Parts, [x, y]: Parts, shape: Shape): Tensor[] {
  const term = (left: Tensor, right: Tensor): Tensor => summedTo(multiply(left, right), shape);
  if (im === undefined) return [term(re, x)];
  return [add(term(re, x), term(im, y)), subtract(term(re, y), term(im, x))];
}

function plus(x: Parts, y: Parts): Tensor[] {
  return x.map((part, index) => add(part, y[index]));
}

/** Step t of [N, T or 1, F] as [N, F]. */
function step(sequence: Tensor, t: number): Tensor {
  return slice(sequence, null, sequence.shape[1] === 1 ? 0 : t);
}

/** The first step in time of [N, T, F] as [N, 1, F]. */
function firstStep(sequence: Tensor, reverse: boolean): Tensor {
  const time = sequence.shape[1];
  return reverse ? narrow(sequence, 1, time - 1, time) : narrow(sequence, 1, 0, 1);
}

/** [N, 1, F] as [N, F]. */
function likeStates(steps: Parts): Tensor[] {
  return steps.map((each) => squeeze(each, 1));
}

/** [N, T, F] one step further along the axis of time, or one back; 0 where there was no step. */
function moved(sequences: Parts, further: boolean): Tensor[] {
  return sequences.map((each) => {
    const time = each.shape[1];
    const kept = further ? narrow(each, 1, 0, time - 1) : narrow(each, 1, 1, time);
    return surrounded(kept, further ? [1, 0] : [0, 1]);
  });
}

/** Steps [N, T, F] with so many of 0 before and after them. */
function surrounded(sequence: Tensor, width: readonly [before: number, after: number]): Tensor {
  return pad(sequence, [[0, 0], width, [0, 0]]);
}

/** Summed along the axes on which `shape` has 1. */
function summedTo(x: Tensor, shape: Shape): Tensor {
  const axes = shape.flatMap((length, axis) => (length === 1 && x.shape[axis] !== 1 ? [axis] : []));
  return sum(x, axes, { keepDims: true });
}

/** Step by step from plain operations. */
function linearRecurrenceSteps(
  inputs: Parts,
  { reverse, complex, addFirst }: LinearRecurrenceAttributes,
): readonly Tensor[] {
  const [a, b, initial] = operandsOf(inputs, complex);
  const time = b[0].shape[1];
  if (time === 0) return b;
  const steps: Parts[] = [];
  let state = initial;
  for (let order = 0; order < time; order++) {
    const t = reverse ? time - 1 - order : order;
    const factor = a.map((each) => step(each, t));
    const added = b.map((each) => step(each, t));
    steps[t] = addFirst ? plus(state, added) : plus(product(factor, state), added);
    state = addFirst ? product(factor, steps[t]) : steps[t];
  }
  return b.map((_, part) =>
    stack(
      steps.map((each) => each[part]),
      1,
    ),
  );
}

/** A complex number, element by element: two float32 tensors that broadcast to one shape. */
export interface ComplexTensor {
  readonly real: Tensor;
  readonly imaginary: Tensor;
}

/** Options of `linearRecurrence`, and with complex numbers of `complexLinearRecurrence`. */
export interface LinearRecurrenceOptions<State = Tensor> {
  /** [N, F]: what the first step starts from. Default zeros. */
  readonly initial?: State;
  /** Whether time runs from the last step to the first. Default false. */
  readonly reverse?: boolean;
}

/**
 * The linear recurrence h_t = a_t · h_{t-1} + b_t over the steps of sequences, each feature by itself: h [N, T, F].
 *
 * a and b are float32 and broadcast to [N, T, F]. An `a` that is the same for all sequences, steps or features has length 1
 * there (or lacks the axis), and no array of its full size is made. The state is kept in float64 and rounded once for each
 * h_t, however many steps there are; on a GPU, where steps are composed in parallel (Blelloch 1990; Martin & Cundy 2018), in
 * float32. Derivatives of any order are linear recurrences in the other direction.
 *
 * The cell of minGRU (Feng et al. 2024), whose gate does not look at the state, and a moving average:
 *
 * ```ts
 * const gate = randn([8, 100, 16]).sigmoid(); // [N, T, F]
 * const candidate = randn([8, 100, 16]);
 * const h = linearRecurrence(gate.neg().add(1), gate.mul(candidate), { initial: zeros([8, 16]) });
 * await h.sum().item();
 *
 * const signal = tensor([[[8], [0], [4]]]);
 * await linearRecurrence(tensor(0.5), signal.mul(0.5)).array(); // [[[4], [2], [3]]]
 * ```
 *
 * @throws DTypeError unless all are float32 tensors; ShapeError unless a and b broadcast to three axes and `initial` is
 * [N, F]; OptionError for a `reverse` that is not true or false, and for an unknown option
 */
export function linearRecurrence(a: Tensor, b: Tensor, options: LinearRecurrenceOptions = {}): Tensor {
  const { initial, reverse } = knownOptions('linearRecurrence', options);
  return recur('linearRecurrence', [a], [b], initial === undefined ? undefined : [initial], reverse)[0];
}

/**
 * The linear recurrence h_t = a_t · h_{t-1} + b_t of complex numbers, given and returned as real and imaginary parts: h has
 * both, each [N, T, F]. Everything else is as for `linearRecurrence`.
 *
 * The core of an LRU (Orvieto et al. 2023), whose `a` = exp(-exp(ν) + iθ) is the same at all steps:
 *
 * ```ts
 * const radius = rand([16]).mul(0.1).add(0.9);
 * const angle = rand([16]).mul(Math.PI);
 * const a = { real: radius.mul(angle.cos()), imaginary: radius.mul(angle.sin()) };
 * const b = { real: randn([8, 100, 16]), imaginary: randn([8, 100, 16]) };
 * const { real, imaginary } = complexLinearRecurrence(a, b);
 * await real.add(imaginary).sum().item();
 *
 * // A quarter of a turn at each step.
 * const turn = { real: tensor(0), imaginary: tensor(1) };
 * const pulse = { real: tensor([[[1], [0], [0]]]), imaginary: zeros([1, 3, 1]) };
 * await complexLinearRecurrence(turn, pulse).imaginary.array(); // [[[0], [1], [0]]]
 * ```
 *
 * @throws as `linearRecurrence`, and OptionError for a number that has no real and imaginary part
 */
export function complexLinearRecurrence(
  a: ComplexTensor,
  b: ComplexTensor,
  options: LinearRecurrenceOptions<ComplexTensor> = {},
): ComplexTensor {
  const operation = 'complexLinearRecurrence';
  const { initial, reverse } = knownOptions(operation, options);
  const [aParts, bParts] = [partsOf(operation, 'a', a), partsOf(operation, 'b', b)];
  const initialParts = initial === undefined ? undefined : partsOf(operation, 'initial', initial);
  const [real, imaginary] = recur(operation, aParts, bParts, initialParts, reverse);
  return { real, imaginary };
}

function knownOptions<State>(operation: string, options: LinearRecurrenceOptions<State>) {
  const where = inScope(operation);
  requireKnownOptions(where, options, ['initial', 'reverse']);
  const { initial, reverse = false } = options;
  return { initial, reverse: requireBoolean(where, 'reverse', reverse) };
}

function partsOf(operation: string, name: string, value: ComplexTensor): Parts {
  const known = isPlainObject(value) ? Object.keys(value).sort().join() : '';
  if (known === 'imaginary,real') return [value.real, value.imaginary];
  throw new OptionError({
    where: inScope(operation),
    got: `${name} ${describeValue(value)}`,
    expected: '{ real, imaginary }, two float32 tensors',
    cure: 'Give both parts: zerosLike(real) is the imaginary part of real numbers.',
  });
}

/** Applies the primitive to numbers in as many parts as each is given. */
function recur(
  operation: string,
  a: Parts,
  b: Parts,
  initial: Parts | undefined,
  reverse: boolean,
): readonly Tensor[] {
  for (const part of [...a, ...b, ...(initial ?? [])]) requireDType(operation, part, 'float32');
  const where = inScope(operation);
  const shape = broadcastShapes(where, ...[...a, ...b].map((part) => part.shape));
  if (shape.length !== 3) {
    throw new ShapeError({
      where,
      got: formatShape(shape),
      expected: '[N, T, F]: sequences, steps, features',
      cure: 'Reshape b: an axis of length 1 for one sequence or one feature, one axis for several of features.',
    });
  }
  const [batch, , features] = shape;
  const wrong = initial?.find((part) => !sameShape(part.shape, [batch, features]));
  if (wrong) {
    throw new ShapeError({
      where,
      got: `an initial state of ${formatShape(wrong.shape)}`,
      expected: formatShape([batch, features]),
      cure: 'Give each sequence its state: broadcastTo makes one state that of all.',
    });
  }
  const operands = concealed(() => [
    ...broadcastTogether(operation, a).map((part) => reshape(part, withThreeAxes(part.shape))),
    ...b.map((part) => broadcastTo(part, shape)),
    ...(initial ?? b.map(() => fill(0, [batch, features]))),
  ]);
  return applyAll(linearRecurrencePrimitive, operands, { reverse, complex: a.length === 2, addFirst: false });
}

function withThreeAxes(shape: Shape): Shape {
  return [1, 1, 1, ...shape].slice(-3);
}
