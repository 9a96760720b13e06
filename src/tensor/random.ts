/**
 * The seeded random generator behind every random tensor: a key and a counter (Threefry-2x32, Salmon et al. 2011).
 * A tensor's numbers depend on the seed and on how many were drawn before it, never on when they are computed.
 */
import { threefry2x32 } from '../../kernels/support/threefry.ts';
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { leaf } from './leaves.ts';
import { hostValue } from './recorder.ts';
import { sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** The counter advances by one for every two numbers. */
const numbersPerCounter = 2;

interface GeneratorState {
  seed: number;
  /** Blocks drawn so far; below 2^53, so exact. */
  counter: number;
}

const state: GeneratorState = { seed: 0, counter: 0 };

/**
 * Starts the random generator anew: initialization, dropout and random tensors made from here on repeat for the same
 * seed. Seeds are whole numbers from 0 to 2^53 - 1; 0 is a seed like any other, and the one a fresh process has.
 */
export function seed(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new OptionError({
      where: 'seed',
      got: describeValue(value),
      expected: 'a whole number from 0 to 2^53 - 1',
      cure: 'Use a small whole number such as 0 or 42.',
    });
  }
  state.seed = value;
  state.counter = 0;
}

/** Where the generator stands, to be stored with a checkpoint. */
export function randomState(): { seed: number; counter: number } {
  return { ...state };
}

/** Puts the generator back to a stored place. */
export function setRandomState(saved: { seed: number; counter: number }): void {
  seed(saved.seed);
  state.counter = saved.counter;
}

/** Runs `body` and puts the generator back to where it was, also when it throws. */
export function keepingRandom<Result>(body: () => Result): Result {
  const before = randomState();
  try {
    return body();
  } finally {
    setRandomState(before);
  }
}

function low(value: number): number {
  return value | 0;
}

function high(value: number): number {
  return Math.floor(value / 2 ** 32) | 0;
}

/** Claims `count` numbers, `times` over; returns (key, counter) of each as four int32 words. */
function claim(count: number, times = 1): Int32Array {
  const { seed: key, counter } = state;
  const blocks = Math.ceil(count / numbersPerCounter);
  state.counter += blocks * times;
  const words = new Int32Array(4 * times);
  for (let each = 0; each < times; each++) {
    const first = counter + each * blocks;
    words.set([low(key % 2 ** 32), high(key), low(first % 2 ** 32), high(first)], 4 * each);
  }
  return words;
}

/** A loop whose body is being built. */
interface DrawingLoop {
  readonly steps: number;
  /** What the body drew: the state of one step, and those of all steps. */
  readonly drawn: { readonly inside: Tensor; readonly outside: Tensor }[];
  readonly around: DrawingLoop | undefined;
}

let drawing: DrawingLoop | undefined;

/**
 * Builds the body of a loop of so many steps: random numbers that it draws are others at each step.
 *
 * @returns the body's result, and for each drawing the state of one step [4] and those of all steps [T, 4]
 */
export function drawingPerStep<Result>(
  steps: number,
  body: () => Result,
): { readonly result: Result; readonly drawn: DrawingLoop['drawn'] } {
  const loop: DrawingLoop = { steps, drawn: [], around: drawing };
  drawing = loop;
  try {
    return { result: body(), drawn: loop.drawn };
  } finally {
    drawing = loop.around;
  }
}

/**
 * The generator's state for `count` numbers, as a leaf [4]: fixed now, or, inside a compiled function, claimed anew at
 * every call.
 */
export function claimedState(count: number): Tensor {
  return stateIn(drawing, count, []);
}

/** States [...steps, 4] in a loop that is being built, or outside all loops. */
function stateIn(loop: DrawingLoop | undefined, count: number, steps: readonly number[]): Tensor {
  const shape = [...steps, 4];
  if (!loop) {
    const begin = (): (() => Int32Array) => {
      const claimed = claim(count, sizeOf(steps));
      return () => claimed;
    };
    return leaf(shape, 'int32', hostValue(begin));
  }
  const inside = leaf(shape, 'int32', { kind: 'standIn' });
  loop.drawn.push({ inside, outside: stateIn(loop.around, count, [loop.steps, ...steps]) });
  return inside;
}

/** Uniform float64 numbers of [0, 1), multiples of 2^-32, drawn now, for what the host computes itself. */
export function claimHostNumbers(count: number): Float64Array {
  const [key0, key1, counter0, counter1] = Array.from(claim(count));
  const words = new Uint32Array(Math.ceil(count / numbersPerCounter) * numbersPerCounter);
  let low32 = counter0 >>> 0;
  let high32 = counter1 >>> 0;
  for (let index = 0; index < words.length; index += numbersPerCounter) {
    threefry2x32(key0, key1, low32, high32, words, index);
    low32 = (low32 + 1) >>> 0;
    if (low32 === 0) high32 = (high32 + 1) >>> 0;
  }
  return Float64Array.from(words.subarray(0, count), (word) => word * 2 ** -32);
}
