/** The cpu linear recurrence against complex numbers step by step, its gradient against differences of those. */
import { describe, expect, it } from 'vitest';
import { linearRecurrenceCpu } from '../../kernels/linear-recurrence/cpu.ts';
import { type LinearRecurrenceAttributes, linearRecurrence } from '../../kernels/linear-recurrence/index.ts';
import { sizeOf } from '../../kernels/support/contract.ts';
import { differences, dot, randomDoubles } from './support/recurrent.ts';
import { closeTo, runKernel, specOf } from './support/run.ts';

type Shape = readonly [batch: number, time: number, features: number];

interface Problem extends LinearRecurrenceAttributes {
  readonly shape: Shape;
  readonly shapeOfA: Shape;
  /** a, b and the initial state: the real parts; imaginary ones if they are complex. */
  readonly arrays: readonly Float64Array[];
}

const shapes: readonly (readonly [shape: Shape, shapeOfA: Shape])[] = [
  [
    [1, 1, 1],
    [1, 1, 1],
  ],
  [
    [3, 4, 3],
    [3, 4, 3],
  ],
  [
    [3, 4, 3],
    [1, 1, 3],
  ],
  [
    [2, 3, 2],
    [2, 1, 1],
  ],
  [
    [2, 3, 2],
    [1, 3, 1],
  ],
  [
    [2, 0, 3],
    [2, 0, 3],
  ],
  [
    [0, 3, 2],
    [0, 3, 2],
  ],
];

function problemOf(shape: Shape, shapeOfA: Shape, modes: LinearRecurrenceAttributes): Problem {
  const sizes = [shapeOfA, shape, [shape[0], shape[2]]].flatMap((each) =>
    modes.complex ? [sizeOf(each), sizeOf(each)] : [sizeOf(each)],
  );
  return { ...modes, shape, shapeOfA, arrays: sizes.map((size, at) => randomDoubles(size, at + 1)) };
}

/** h, its parts one after the other, with the state as one number with two parts and every index written out. */
function reference({ shape, shapeOfA, complex, reverse, addFirst, arrays }: Problem): Float64Array {
  const [batch, time, features] = shape;
  const [aBatch, aTime, aFeatures] = shapeOfA;
  const zeros = (like: Float64Array) => new Float64Array(like.length);
  const [a, aIm, b, bIm, initial, initialIm] = complex
    ? arrays
    : arrays.flatMap((each) => [each, zeros(each)]);
  const size = sizeOf(shape);
  const h = new Float64Array(2 * size);
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < features; k++) {
      let [x, y] = [initial[n * features + k], initialIm[n * features + k]];
      for (let order = 0; order < time; order++) {
        const t = reverse ? time - 1 - order : order;
        const at = (n * time + t) * features + k;
        const of = (length: number, index: number): number => (length === 1 ? 0 : index);
        const from = (of(aBatch, n) * aTime + of(aTime, t)) * aFeatures + of(aFeatures, k);
        const multiply = (): void => {
          [x, y] = [x * a[from] - y * aIm[from], x * aIm[from] + y * a[from]];
        };
        if (!addFirst) multiply();
        x += b[at];
        y += bIm[at];
        h[at] = x;
        h[size + at] = y;
        if (addFirst) multiply();
      }
    }
  }
  return complex ? h : h.subarray(0, size);
}

/** What the kernel gives, its parts one after the other. */
function run({ shape, shapeOfA, arrays, ...attributes }: Problem): number[] {
  const twice = <Value>(value: Value): Value[] => (attributes.complex ? [value, value] : [value]);
  const call = {
    inputs: [specOf(shapeOfA), specOf(shape), specOf([shape[0], shape[2]])].flatMap(twice),
    outputs: twice(specOf(shape)),
    attributes,
  };
  const inputs = arrays.map((array) => Float32Array.from(array));
  return runKernel(linearRecurrence, linearRecurrenceCpu, call, inputs).flatMap((part) => [...part]);
}

const both = [false, true];
const allModes = both.flatMap((complex) =>
  both.flatMap((reverse) => both.map((addFirst) => ({ complex, reverse, addFirst }))),
);
const real = { complex: false, reverse: false, addFirst: false };

describe.each(allModes)('complex $complex, reverse $reverse, addFirst $addFirst', (modes) => {
  it.each(shapes)('h of %j, a of %j', (shape, shapeOfA) => {
    const problem = problemOf(shape, shapeOfA, modes);
    closeTo(run(problem), reference(problem), 1e-7);
  });

  it('has as the gradient of b the recurrence against time, which adds first where this does not', () => {
    const problem = problemOf([2, 4, 3], [2, 4, 3], modes);
    const { arrays, complex, reverse, addFirst } = problem;
    const parts = complex ? 2 : 1;
    const a = arrays.slice(0, parts);
    const b = arrays.slice(parts, 2 * parts);
    const dH = randomDoubles(parts * b[0].length, 9);
    const expected = b.flatMap((part) => [...differences(part, () => dot(reference(problem), dH))]);
    const conjugate = a.map((part, at) => part.map((value) => (at === 0 ? value : -value)));
    const dHs = b.map((part, at) => dH.subarray(at * part.length, (at + 1) * part.length));
    const nothing = b.map(() => new Float64Array(6));
    const against = {
      ...problem,
      arrays: [...conjugate, ...dHs, ...nothing],
      reverse: !reverse,
      addFirst: !addFirst,
    };
    closeTo(run(against), expected, 1e-6);
  });
});

/** A problem of one sequence and one feature. */
function one(a: readonly number[], b: readonly number[], initial: number, modes = real): Problem {
  const shape: Shape = [1, b.length, 1];
  const arrays = [a, b, [initial]].map((values) => Float64Array.from(values));
  return { ...modes, shape, shapeOfA: [1, a.length, 1], arrays };
}

describe('of one number', () => {
  it('forgets at a = 0, and adds up at a = 1', () => {
    expect(run(one([0, 0, 0], [1, 2, 3], 5))).toEqual([1, 2, 3]);
    expect(run(one([1], [1, 2, 3], 5))).toEqual([6, 8, 11]);
    expect(run(one([1], [1, 2, 3], 5, { ...real, reverse: true }))).toEqual([11, 10, 8]);
    expect(run(one([2, 3, 4], [1, 1, 1], 1, { ...real, addFirst: true }))).toEqual([2, 5, 16]);
  });

  it('takes NaN and infinities on in time, and not back', () => {
    const steps = [1, 1, 1, 1];
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(run(one(steps, [1, bad, 1, 1], 0))).toEqual([1, bad, bad, bad]);
      expect(run(one(steps, [1, 1, bad, 1], 0, { ...real, reverse: true }))).toEqual([bad, bad, bad, 1]);
      expect(run(one([1, 1, bad, 1], steps, 0))).toEqual([1, 2, bad, bad]);
      expect(run(one([1, 1, bad, 1], steps, 0, { ...real, addFirst: true }))).toEqual([1, 2, 3, bad]);
      expect(run(one(steps, steps, bad))).toEqual([bad, bad, bad, bad]);
    }
  });

  it.each([false, true])('is rounded once after 4096 steps with |a| near 1; complex %s', (complex) => {
    const time = 4096;
    const modes = { ...real, complex };
    const problem = problemOf([1, time, 4], [1, time, 4], modes);
    const angles = randomDoubles(time * 4, 7);
    const radii = randomDoubles(time * 4, 8).map((value) => 1 + 1e-3 * value);
    const a = complex
      ? [
          radii.map((radius, at) => radius * Math.cos(angles[at])),
          radii.map((radius, at) => radius * Math.sin(angles[at])),
        ]
      : [radii];
    const arrays = [...a.map((part) => part.map(Math.fround)), ...problem.arrays.slice(a.length)];
    const exact = reference({ ...problem, arrays });
    const result = run({ ...problem, arrays });
    // In units of the last place of a float32; one rounding is half of one.
    const errors = exact.map((value, at) => Math.abs(result[at] - value) / (2 ** -23 * Math.abs(value)));
    expect(Math.max(...errors)).toBeLessThan(0.5001);
  });
});
