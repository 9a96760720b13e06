/** Sample loops: bodies of many kinds, whose carries and slices are moved about, kept, swapped, counted and drawn. */
import {
  add,
  argMax,
  cast,
  concat,
  conv2d,
  cumulativeSum,
  flip,
  full,
  gather,
  greater,
  logicalOr,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  multiply,
  pad,
  remainder,
  reshape,
  scan,
  sigmoid,
  slice,
  softmax,
  sort,
  split,
  subtract,
  sum,
  type Tensor,
  tanh,
  tensor,
  transpose,
  where,
  zeros,
} from '../../src/index.ts';
import { apply } from '../../src/ops/apply.ts';
import { LoopBody, standIn } from '../../src/ops/loop-body.ts';
import type { ScanAttributes } from '../../src/ops/scan-primitive.ts';
import { randomPrimitive } from '../../src/tensor/leaves.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Numbers } from '../support/numbers.ts';
import type { Sample } from './sample.ts';

/** What a loop is given. */
interface LoopInputs {
  readonly carries?: readonly Tensor[];
  /** [T, …] */
  readonly sequences?: readonly Tensor[];
  readonly constants?: readonly Tensor[];
}

/** What one step of a loop gives. */
interface LoopStep {
  readonly next: readonly Tensor[];
  readonly stacks?: readonly Tensor[];
}

type Step = (carries: readonly Tensor[], slices: readonly Tensor[], constants: readonly Tensor[]) => LoopStep;

type LoopOptions = Partial<Omit<ScanAttributes, 'body'>>;

/**
 * A loop as one call of its row. Behind the carries and what the step stacks (of the shapes `stacked` a step) come the
 * carries as each step finds them, which the gradient reads.
 */
function loopSample(
  title: string,
  { carries = [], sequences = [], constants = [] }: LoopInputs,
  step: Step,
  stacked: readonly Shape[] = [],
  { steps = sequences[0].shape[0], reverse = false, recompute = false }: LoopOptions = {},
): Sample {
  const slices = sequences.map(({ shape, dtype }) => ({ shape: shape.slice(1), dtype }));
  const insides = [carries, slices, constants].map((group) => group.map(standIn));
  const { next, stacks = [] } = step(insides[0], insides[1], insides[2]);
  const body = new LoopBody(insides.flat(), carries.length, sequences.length, [
    ...next,
    ...stacks,
    ...insides[0],
  ]);
  const before = carries.map(({ shape }) => shape);
  const overSteps = (shapes: readonly Shape[]): Shape[] => shapes.map((shape) => [steps, ...shape]);
  return {
    title,
    inputs: [...carries, ...sequences, ...constants],
    attributes: { body, steps, reverse, recompute } satisfies ScanAttributes,
    shapes: [...before, ...overSteps(stacked), ...overSteps(before)],
  };
}

const tanhStep: Step = ([h], [x], [w]) => {
  const next = tanh(add(x, matmul(h, w)));
  return { next: [next], stacks: [next] };
};

/** Gates [N, 4·H] of the LSTM, in the order input, forget, cell, output. */
const lstmStep: Step = ([h, c], [z], [w]) => {
  const [i, f, g, o] = split(add(z, matmul(h, w)), 4, 1);
  const cell = add(multiply(sigmoid(f), c), multiply(sigmoid(i), tanh(g)));
  const hidden = multiply(sigmoid(o), tanh(cell));
  return { next: [hidden, cell], stacks: [hidden, sigmoid(o)] };
};

/** A loop in a loop: every step of the outer one runs along the second axis of its slice, from the outer carry on. */
const nestedStep: Step = ([h], [rows], [w]) => {
  const { carry, outputs } = scan(
    (inner: Tensor, row: Tensor) => {
      const next = tanh(add(row, matmul(inner, w)));
      return { carry: next, output: multiply(next, inner) };
    },
    { initial: h, inputs: rows, axis: 0 },
  );
  return { next: [carry], stacks: [mean(outputs, 0)] };
};

const convolutionStep: Step = ([image], [x], [weight]) => {
  const next = tanh(add(conv2d(image, weight, { padding: 1 }), x));
  return { next: [next] };
};

const attentionStep: Step = ([query], [keys], [values]) => {
  const next = matmul(softmax(matmul(query, transpose(keys))), values);
  return { next: [next], stacks: [sum(query, 1)] };
};

/** A key and a counter for each of `steps` steps. */
function drawingStates(steps: number): Tensor {
  const words = Array.from({ length: steps }, (_, step) => [7, 1, 2 * step, 0]).flat();
  return tensor(Int32Array.from(words), { shape: [steps, 4] });
}

/** Loops of a few steps. */
export function loopSamples(numbers: Numbers): Sample[] {
  const real = numbers.real.bind(numbers);
  const rnn = (title: string, t: number, options: LoopOptions, n = 2): Sample =>
    loopSample(
      title,
      { carries: [real([n, 3])], sequences: [real([t, n, 3])], constants: [real([3, 3], -0.8, 0.8)] },
      tanhStep,
      [[n, 3]],
      options,
    );
  const lstm = (title: string, options: LoopOptions): Sample =>
    loopSample(
      title,
      {
        carries: [real([2, 2]), real([2, 2])],
        sequences: [real([3, 2, 8])],
        constants: [real([2, 8], -0.8, 0.8)],
      },
      lstmStep,
      [
        [2, 2],
        [2, 2],
      ],
      options,
    );
  const nested = (title: string, options: LoopOptions): Sample =>
    loopSample(
      title,
      { carries: [real([2, 2])], sequences: [real([3, 2, 2, 2])], constants: [real([2, 2])] },
      nestedStep,
      [[2, 2]],
      options,
    );
  return [
    rnn('tanh RNN', 4, {}),
    rnn('tanh RNN, reverse', 3, { reverse: true }),
    rnn('tanh RNN, one step', 1, {}),
    rnn('tanh RNN, two steps', 2, {}),
    rnn('tanh RNN, recomputed', 4, { recompute: true }),
    rnn('tanh RNN, recomputed in reverse', 3, { reverse: true, recompute: true }),
    rnn('tanh RNN, empty batch', 2, {}, 0),
    lstm('LSTM', {}),
    lstm('LSTM, reverse', { reverse: true }),
    lstm('LSTM, recomputed', { recompute: true }),
    nested('nested', {}),
    nested('nested, the outer in reverse', { reverse: true }),
    nested('nested, recomputed', { recompute: true }),
    loopSample('running sum', { carries: [real([3])], sequences: [real([5, 3])] }, ([h], [x]) => ({
      next: [add(h, x)],
    })),
    loopSample(
      'running extremes',
      { carries: [tensor([0, 0, 0]), tensor([0, 0, 0])], sequences: [numbers.distinct([4, 3], 0.2)] },
      ([highest, lowest], [x]) => {
        const [high, low] = [maximum(highest, x), minimum(lowest, x)];
        return { next: [high, low], stacks: [subtract(high, low)] };
      },
      [[3]],
    ),
    loopSample(
      'the carry times itself',
      { carries: [real([2, 2])], sequences: [real([3, 2, 2])] },
      ([h], [x]) => ({ next: [tanh(add(matmul(h, h), x))] }),
    ),
    loopSample(
      'the carry times itself, transposed',
      { carries: [real([2, 3])], constants: [real([2, 3])] },
      ([h], _, [b]) => ({
        next: [tanh(add(matmul(matmul(h, transpose(h)), h), b))],
      }),
      [],
      { steps: 3 },
    ),
    loopSample(
      'an int32 and a bool carry',
      {
        carries: [numbers.ints([3], -2, 2), numbers.bools([3]), real([3], 0.5, 1)],
        sequences: [numbers.distinct([4, 3], 0.3)],
      },
      ([count, seen, h], [x]) => {
        const isHigh = greater(x, 0);
        const next = where(seen, multiply(h, 0.5), add(h, multiply(x, h)));
        return {
          next: [add(count, cast(isHigh, 'int32')), logicalOr(seen, isHigh), next],
          stacks: [multiply(next, cast(count, 'float32'))],
        };
      },
      [[3]],
    ),
    loopSample(
      'a gather at carried indices',
      {
        carries: [tensor(Int32Array.of(2, 0)), real([2, 3])],
        sequences: [numbers.ints([4, 2], 0, 3)],
        constants: [real([4, 3])],
      },
      ([at, h], [by], [table]) => ({
        next: [remainder(add(at, by), 4), tanh(add(h, gather(table, at)))],
        stacks: [gather(table, by)],
      }),
      [[2, 3]],
    ),
    loopSample(
      'a delay line',
      { carries: [real([2, 4])], sequences: [real([3, 2, 1])] },
      ([line], [x]) => {
        const next = concat([slice(line, null, [1, 4]), x], 1);
        return { next: [next], stacks: [sum(multiply(line, flip(next, 1)), 1)] };
      },
      [[2]],
    ),
    loopSample(
      'slices, padding and views',
      { carries: [real([2, 3])], sequences: [real([3, 3, 2])], constants: [real([2])] },
      ([h], [x], [scale]) => {
        const turned = transpose(x);
        const part = pad(slice(h, null, [1, 3]), [
          [0, 0],
          [1, 0],
        ]);
        const next = add(multiply(tanh(part), reshape(scale, [2, 1])), turned);
        return { next: [next], stacks: [transpose(next), reshape(h, [6])] };
      },
      [[3, 2], [6]],
    ),
    loopSample(
      'a convolution',
      {
        carries: [real([1, 3, 3, 2])],
        sequences: [real([2, 1, 3, 3, 2])],
        constants: [real([3, 3, 2, 2], -0.5, 0.5)],
      },
      convolutionStep,
    ),
    loopSample(
      'attention',
      { carries: [real([2, 3])], sequences: [real([3, 4, 3])], constants: [real([4, 3])] },
      attentionStep,
      [[2]],
    ),
    loopSample(
      'reductions, a running sum and an order',
      { carries: [real([2, 3], 1, 2)], sequences: [numbers.distinct([2, 2, 3])] },
      ([h], [x]) => {
        const highest = max(x, 1, { keepDims: true });
        const next = add(multiply(h, highest), multiply(cumulativeSum(sort(x, { axis: 1 }), 1), 0.5));
        return { next: [next], stacks: [sum(next), argMax(x, 1)] };
      },
      [[], [2]],
    ),
    loopSample(
      'carries that swap places',
      { carries: [real([2]), real([2]), real([2])], sequences: [real([3, 2])] },
      ([a, b, c], [x]) => ({ next: [b, a, add(multiply(a, c), x)] }),
    ),
    loopSample(
      'carries that go round',
      { carries: [real([2]), real([2]), real([2])] },
      ([a, b, c]) => ({
        next: [b, c, a],
      }),
      [],
      { steps: 4 },
    ),
    loopSample(
      'a carry that never changes, and one that is not used',
      { carries: [real([2]), real([2]), real([3])], sequences: [real([3, 2])] },
      ([same, h, other], [x]) => ({ next: [same, add(multiply(h, same), x), tanh(other)] }),
    ),
    loopSample(
      'inputs that are not used',
      { carries: [real([2])], sequences: [real([3, 2]), real([3, 1])], constants: [real([4]), real([2])] },
      ([h], [x], [, b]) => ({ next: [multiply(add(h, x), b)] }),
    ),
    loopSample(
      'carries that are the slice before, a constant, and a number',
      { carries: [real([2]), real([2]), real([2])], sequences: [real([3, 2])], constants: [real([2])] },
      ([before, a, b], [x], [k]) => ({
        next: [x, k, full([2], 0.5)],
        stacks: [multiply(before, multiply(a, b))],
      }),
      [[2]],
    ),
    loopSample(
      'two carries of one next value',
      { carries: [real([2]), real([2])], sequences: [real([3, 2])] },
      ([a, b], [x]) => {
        const next = multiply(add(a, x), b);
        return { next: [next, next], stacks: [next] };
      },
      [[2]],
    ),
    loopSample(
      'scalars',
      { carries: [real([])], sequences: [real([4])], constants: [real([])] },
      ([h], [x], [k]) => ({ next: [add(multiply(h, k), x)], stacks: [multiply(h, h)] }),
      [[]],
    ),
    loopSample(
      'no carry',
      { sequences: [real([3, 2, 2])], constants: [real([2, 2])] },
      (_, [x], [w]) => ({ next: [], stacks: [tanh(matmul(x, w))] }),
      [[2, 2]],
    ),
    loopSample(
      'a count of steps alone',
      { carries: [real([2])] },
      ([h]) => ({ next: [multiply(h, 1.1)] }),
      [],
      {
        steps: 3,
      },
    ),
    loopSample(
      'random numbers',
      { carries: [real([3])], sequences: [real([3, 3]), drawingStates(3)] },
      ([h], [x, state]) => {
        const drawn = multiply(apply(randomPrimitive, [state], { shape: [3] }), 2 ** -24);
        const next = where(greater(drawn, 0.4), add(multiply(h, 0.5), multiply(x, drawn)), zeros([3]));
        return { next: [next], stacks: [drawn] };
      },
      [[3]],
    ),
  ];
}

/** Loops that several threads share. */
export function largeLoopSamples(numbers: Numbers): Sample[] {
  const real = numbers.real.bind(numbers);
  const rnn = (title: string, n: number, t: number, h: number, options: LoopOptions = {}): Sample =>
    loopSample(
      `${title} [N=${n}, T=${t}, H=${h}]`,
      { carries: [real([n, h])], sequences: [real([t, n, h])], constants: [real([h, h], -0.1, 0.1)] },
      tanhStep,
      [[n, h]],
      options,
    );
  return [
    rnn('tanh RNN', 37, 9, 65),
    rnn('tanh RNN, reverse', 64, 5, 128, { reverse: true }),
    rnn('tanh RNN, recomputed', 3, 12, 70, { recompute: true }),
    loopSample(
      'LSTM [N=19, T=6, H=43]',
      {
        carries: [real([19, 43]), real([19, 43])],
        sequences: [real([6, 19, 172])],
        constants: [real([43, 172], -0.1, 0.1)],
      },
      lstmStep,
      [
        [19, 43],
        [19, 43],
      ],
    ),
    loopSample(
      'nested',
      {
        carries: [real([33, 40])],
        sequences: [real([3, 4, 33, 40])],
        constants: [real([40, 40], -0.2, 0.2)],
      },
      nestedStep,
      [[33, 40]],
    ),
    loopSample(
      'a convolution',
      {
        carries: [real([3, 9, 11, 5])],
        sequences: [real([4, 3, 9, 11, 5])],
        constants: [real([3, 3, 5, 5], -0.2, 0.2)],
      },
      convolutionStep,
    ),
    loopSample(
      'attention',
      { carries: [real([65, 33])], sequences: [real([5, 41, 33])], constants: [real([41, 33])] },
      attentionStep,
      [[65]],
    ),
    loopSample(
      'running sums, swapped',
      { carries: [real([70, 301]), real([70, 301])], sequences: [real([7, 70, 301])] },
      ([a, b], [x]) => ({ next: [add(b, x), a], stacks: [sum(a, 0)] }),
      [[301]],
    ),
  ];
}
