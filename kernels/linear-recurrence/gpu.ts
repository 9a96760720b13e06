/**
 * The linear recurrence on the GPU, where no thread waits for another: two steps s → a ⊙ s + b are one such step again
 * (Blelloch 1990). A thread begins with the s before its block of 32 steps, and takes the steps up to its own. What the s
 * before blocks are is the same question about ⌈T / 32⌉ steps, each composed of a block:
 *
 *     up        A = Π a,  B = s after the block, from s = 0       for every block but the last
 *     across    s before each block                               from the steps (A, B) in the same way
 *     down      h_t                                               from s before its block
 *
 * No thread reads more than 32 steps. T up to 1024 needs this once, T up to 32768 once more for the steps across; doubling
 * would be 2 log₂ T passes over all numbers. Arrays of complex numbers are joined first: the parts of each lie together.
 */
import { sizeOf } from '../support/contract.ts';
import { type GpuArray, type GpuKernel, input, output } from '../support/gpu/gpu-kernel.ts';
import { PassList } from '../support/gpu/pass-list.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { denseStrides } from '../support/view.ts';
import { type LinearRecurrenceAttributes, linearRecurrenceSizes } from './index.ts';

/** Steps of a block: fewer where passes met too many segments of long arrays and are composed again with fewer reads. */
function blockLengthOf(mostReads: number): number {
  return 2 ** Math.max(1, Math.min(5, mostReads - 2));
}

/** The parts of a number: names of floats, or texts. */
type NumberNames = readonly string[];

/** Numbers of each sequence, step and feature. An axis of length 1 is for all. */
interface StepNumbers {
  /** [...shape, parts] */
  readonly array: GpuArray;
  readonly shape: readonly number[];
}

/** Names of whole numbers. */
type StepNames = readonly [sequence: string, step: string, feature: string];

/** A recurrence of so many steps. */
interface StepLevel {
  readonly length: number;
  readonly a: StepNumbers;
  readonly b: StepNumbers;
  readonly addFirst: boolean;
  /** Whether the first step lies last. */
  readonly reverse: boolean;
}

export const linearRecurrenceGpu: GpuKernel<LinearRecurrenceAttributes> = (call, { mostReads }) => {
  const { reverse, addFirst } = call.attributes;
  const { batch, time, features, parts } = linearRecurrenceSizes(call);
  if (batch * time * features === 0) return { passes: [] };
  const passes = new LinearRecurrencePasses(parts, blockLengthOf(mostReads));
  const [a, b, initial] = [0, 1, 2].map((position) => {
    const { shape } = call.inputs[position * parts];
    const array = passes.joined(position * parts, sizeOf(shape));
    return { array, shape: shape.length === 3 ? shape : [batch, 1, features] };
  });
  const level: StepLevel = { length: time, a, b, addFirst, reverse };
  const stateBefore = passes.stateBefore(level, initial);
  for (let part = 0; part < parts; part++) {
    passes.list.add(output(part), batch * time * features, (f) => {
      const [sequence, t, feature] = f.coordinates(f.index, [batch, time, features]);
      const place: StepNames = [sequence, passes.stepAt(f, level, t), feature];
      f.return(passes.take(f, level, place, stateBefore(f, place)).h[part]);
    });
  }
  return { passes: passes.list.passes };
};

/** The passes of numbers in one or two parts. */
class LinearRecurrencePasses {
  readonly list = new PassList();
  readonly #parts: number;
  readonly #blockLength: number;

  constructor(parts: number, blockLength: number) {
    this.#parts = parts;
    this.#blockLength = blockLength;
  }

  /** The parts of `size` numbers in one array, from the inputs that hold one each. */
  joined(first: number, size: number): GpuArray {
    if (this.#parts === 1) return input(first);
    return this.list.once(2 * size, (f) => {
      const [at, part] = f.coordinates(f.index, [size, 2]);
      const [re, im] = [0, 1].map((each) => f.keep(f.read(input(first + each), at)));
      f.return(chosen([re, im], part));
    });
  }

  /** The step of a place along the axis, or the other way round. */
  stepAt(f: ThreadSource, { reverse, length }: StepLevel, place: string): string {
    return reverse ? f.whole(f.offset([place], [-1], length - 1), 'step') : place;
  }

  /** Adds the passes that are needed first, and gives what composes the state before a step. */
  stateBefore(level: StepLevel, initial: StepNumbers): (f: ThreadSource, place: StepNames) => NumberNames {
    const blockLength = this.#blockLength;
    const blocks = Math.ceil(level.length / blockLength);
    const beforeBlocks = blocks === 1 ? initial : this.#beforeBlocks(level, initial);
    return (f, [sequence, step, feature]) => {
      const [block, own] = f.coordinates(step, [blocks, blockLength]);
      const start = this.#read(f, beforeBlocks, [sequence, block, feature]);
      const state = start.map((part) => f.variable(part, 's'));
      f.loop(Math.min(blockLength, level.length) - 1, (turn) => {
        f.if(`${turn} < ${own}`, () =>
          this.#advance(f, level, [sequence, this.#stepOf(f, block, turn), feature], state),
        );
      });
      return state;
    };
  }

  /** The states before all blocks of a level. */
  #beforeBlocks(level: StepLevel, initial: StepNumbers): StepNumbers {
    const [batch, , features] = level.b.shape;
    const blocks = Math.ceil(level.length / this.#blockLength);
    const [batchOfA, stepsOfA, featuresOfA] = level.a.shape;
    const shapeOfA = [batchOfA, stepsOfA === 1 ? 1 : blocks - 1, featuresOfA];
    const a = this.#numbers(shapeOfA, (f, [sequence, block, feature]) => {
      const product = ['1.0', '0.0'].slice(0, this.#parts).map((start) => f.variable(start, 'product'));
      f.loop(this.#blockLength, (turn) => {
        const place = this.#placeOf(f, level, [sequence, this.#stepOf(f, block, turn), feature]);
        setAll(f, product, times(this.#read(f, level.a, place), product));
      });
      return product;
    });
    const b = this.#numbers([batch, blocks - 1, features], (f, [sequence, block, feature]) => {
      const state = ['0.0', '0.0'].slice(0, this.#parts).map((start) => f.variable(start, 's'));
      f.loop(this.#blockLength, (turn) => {
        this.#advance(f, level, [sequence, this.#stepOf(f, block, turn), feature], state);
      });
      return state;
    });
    const across: StepLevel = { length: blocks, a, b, addFirst: false, reverse: false };
    return this.#numbers([batch, blocks, features], this.stateBefore(across, initial));
  }

  /** A pass that computes numbers of a shape. */
  #numbers(
    shape: readonly number[],
    compose: (f: ThreadSource, place: StepNames) => NumberNames,
  ): StepNumbers {
    const array = this.list.once(sizeOf(shape) * this.#parts, (f) => {
      const [sequence, step, feature, part] = f.coordinates(f.index, [...shape, this.#parts]);
      f.return(chosen(compose(f, [sequence, step, feature]), part));
    });
    return { array, shape };
  }

  /** The step that is number `turn` of a block. */
  #stepOf(f: ThreadSource, block: string, turn: string): string {
    return f.whole(f.offset([block, turn], [this.#blockLength, 1]), 'step');
  }

  /** Where a step lies in the arrays. */
  #placeOf(f: ThreadSource, level: StepLevel, [sequence, step, feature]: StepNames): StepNames {
    return [sequence, this.stepAt(f, level, step), feature];
  }

  #read(f: ThreadSource, { array, shape }: StepNumbers, place: StepNames): NumberNames {
    const strides = denseStrides([...shape, this.#parts]).map((stride, axis) =>
      shape[axis] === 1 ? 0 : stride,
    );
    return Array.from({ length: this.#parts }, (_, part) =>
      f.keep(f.read(array, f.offset(place, strides, part))),
    );
  }

  /** h of a step, and the state after it, given the state before it. */
  take(
    f: ThreadSource,
    level: StepLevel,
    step: StepNames,
    before: NumberNames,
  ): { readonly h: NumberNames; readonly after: NumberNames } {
    const place = this.#placeOf(f, level, step);
    const [a, b] = [level.a, level.b].map((numbers) => this.#read(f, numbers, place));
    const plus = (values: NumberNames): NumberNames =>
      values.map((value, part) => f.keep(`${value} + ${b[part]}`));
    const h = plus(level.addFirst ? before : times(a, before));
    return { h, after: level.addFirst ? times(a, h) : h };
  }

  /** Takes a step: sets the state to that after it. */
  #advance(f: ThreadSource, level: StepLevel, step: StepNames, state: NumberNames): void {
    setAll(f, state, this.take(f, level, step, state).after);
  }
}

/** Sets variables to values that may read them. */
function setAll(f: ThreadSource, variables: NumberNames, values: NumberNames): void {
  const kept = values.map((value) => f.keep(value));
  for (const [at, variable] of variables.entries()) f.set(variable, kept[at]);
}

function times([re, im]: NumberNames, [x, y]: NumberNames): NumberNames {
  if (im === undefined) return [`${re} * ${x}`];
  return [`${re} * ${x} - ${im} * ${y}`, `${re} * ${y} + ${im} * ${x}`];
}

/** The part with a number that only the thread knows. */
function chosen([re, im]: NumberNames, part: string): string {
  return im === undefined ? re : `${part} == 0 ? ${re} : ${im}`;
}
