/** The four-lane float functions against the cpu's double-precision ones, over all exponents and every special value. */
import { describe, expect, it } from 'vitest';
import type { Loop } from '../../kernels/elementwise/cpu/loop-types.ts';
import { binaryVersion, unaryVersion } from '../../kernels/elementwise/operators/index.ts';
import {
  type FunctionBuilder,
  i32,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../../kernels/support/wasm/assembler/index.ts';
import {
  cos,
  erf,
  exp,
  expm1,
  log,
  log1p,
  power,
  remainder,
  sigmoid,
  sin,
  tanh,
} from '../../kernels/support/wasm/vector-math/index.ts';
import type { WasmKernel } from '../../kernels/support/wasm/wasm-kernel.ts';
import { randomNumbers, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

type VectorFunction = (f: FunctionBuilder, target: Target, ...operands: readonly Vector[]) => Vector;

/** A kernel whose items are vectors: output = function(inputs). */
function kernelOf(compute: VectorFunction): WasmKernel {
  return ({ inputs }, target) => ({
    stages: [
      {
        items: inputs[0].shape[0] / 4,
        write: (f, { first, end }, memory) =>
          f.for(first, end, 1, (item) => {
            const at = f.local('i32');
            const operands = memory.inputs.map((input): Vector => {
              pointTo(f, at, input, item);
              return f.keep(v128.load(at));
            });
            const result = compute(f, target, ...operands);
            pointTo(f, at, memory.outputs[0], item);
            f.do(v128.store(at, result));
          }),
      },
    ],
  });
}

/** pointer = base + 16 bytes per vector */
function pointTo(f: FunctionBuilder, pointer: Local<'i32'>, base: Local<'i32'>, item: Local<'i32'>): void {
  f.set(pointer, i32.add(base, i32.shiftLeft(item, 4)));
}

function run(compute: VectorFunction, target: Target, ...operands: readonly Float32Array[]): Float32Array {
  const inputs = operands.map(({ length }) => specOf([length]));
  const call = { inputs, outputs: [inputs[0]], attributes: {} };
  return runWasmKernel(kernelOf(compute), call, operands, { target })[0] as Float32Array;
}

/** The distance in representable floats; 0 for equal values, NaN and the sign of zero included. */
function distance(actual: number, expected: number): number {
  if (Object.is(actual, expected)) return 0;
  if (Number.isNaN(actual) || Number.isNaN(expected) || (actual === 0 && expected === 0)) return Infinity;
  return Math.abs(order(actual) - order(expected));
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The place of a float among all floats. */
function order(value: number): number {
  float[0] = value;
  return bits[0] < 0 ? -(bits[0] & 0x7fffffff) : bits[0];
}

/** Expects every result within `limit` of the expected one, naming the worst. */
function closeInPlaces(
  actual: Float32Array,
  expected: Float32Array,
  limit: number,
  ...operands: readonly Float32Array[]
): void {
  let worst = { at: 0, places: 0 };
  for (let at = 0; at < actual.length; at++) {
    const places = distance(actual[at], expected[at]);
    if (places > worst.places) worst = { at, places };
  }
  const { at, places } = worst;
  const of = operands.map((operand) => operand[at]).join(', ');
  expect(places, `of (${of}): ${actual[at]}, expected ${expected[at]}`).toBeLessThanOrEqual(limit);
}

const edges = [
  0,
  2 ** -149,
  3 * 2 ** -149,
  2 ** -127,
  2 ** -126 - 2 ** -149,
  2 ** -126,
  2 ** -64,
  2 ** -26,
  2 ** -25,
  2 ** -24,
  1e-3,
  0.1,
  0.25,
  1 / 3,
  0.5,
  Math.SQRT1_2,
  0.75,
  0.92,
  1 - 2 ** -24,
  1,
  1 + 2 ** -23,
  Math.SQRT2,
  1.5,
  2,
  2.5,
  Math.E,
  3,
  Math.PI,
  4,
  5,
  7,
  8.6,
  9.01,
  9.2,
  10,
  17.33,
  18,
  31,
  40,
  87.33,
  88.72,
  88.73,
  89,
  100,
  103.9,
  103.98,
  104,
  127,
  128,
  149,
  150,
  151,
  1000,
  65535,
  2 ** 20 - 1,
  2 ** 20,
  2 ** 23 + 1,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 24 + 2,
  2 ** 31,
  2 ** 63,
  1e30,
  2 ** 127,
  (2 - 2 ** -23) * 2 ** 127,
  Number.POSITIVE_INFINITY,
];
const signedEdges = Float32Array.from([...edges, ...edges.map((edge) => -edge), Number.NaN, Number.NaN]);

/** Every 9973rd float by its bits, so all exponents and both signs, and the edges; a whole number of vectors. */
function floatsOfAllSizes(): Float32Array {
  const samples = new Uint32Array(Math.ceil(2 ** 32 / 9973)).map((_, at) => at * 9973);
  const length = Math.ceil((samples.length + signedEdges.length) / 4) * 4;
  const all = new Float32Array(length);
  all.set(new Float32Array(samples.buffer));
  all.set(signedEdges, samples.length);
  return all;
}

/** Each function, and how far it may be off, in units of the last place. */
const unary = {
  exp: { compute: exp, places: 1 },
  expm1: { compute: expm1, places: 1 },
  log: { compute: log, places: 2 },
  log1p: { compute: log1p, places: 1 },
  sin: { compute: sin, places: 1 },
  cos: { compute: cos, places: 1 },
  tanh: { compute: tanh, places: 3 },
  sigmoid: { compute: sigmoid, places: 3 },
  erf: { compute: erf, places: 3 },
} as const;

type Name = keyof typeof unary;
const names = Object.keys(unary) as Name[];

/** What the cpu makes of x. */
function onCpu(name: Name, x: Float32Array): Float32Array {
  const y = new Float32Array(x.length);
  unaryVersion(name, 'float32').cpu(x.length, y, 0, x, 0);
  return y;
}

describe.each(targets)('with %o', (target) => {
  const x = floatsOfAllSizes();

  it.each(names)('%s, over all floats', (name) => {
    const { compute, places } = unary[name];
    closeInPlaces(run(compute, target, x), onCpu(name, x), places, x);
  });

  it.each(names)('%s of a lane does not depend on the other lanes', (name) => {
    const { compute } = unary[name];
    const moved = new Float32Array(x.length);
    moved.set(x.subarray(1));
    moved[x.length - 1] = x[0];
    const [result, movedResult] = [run(compute, target, x), run(compute, target, moved)];
    const differs = result.findIndex((value, at) => !Object.is(value, movedResult.at(at - 1)));
    expect(differs, `the place of ${x[differs]}`).toBe(-1);
  });

  // Around the places where formulas change and results are steep, more densely.
  it.each([
    ['exp', -104.5, 89.5],
    ['expm1', -20, 20],
    ['log', 0.5, 2],
    ['log1p', -1, 3],
    ['sin', -10, 10],
    ['cos', 2 ** 20 - 20, 2 ** 20 + 20],
    ['tanh', -10, 10],
    ['sigmoid', -104.5, 20],
    ['erf', -4.5, 4.5],
  ] as const)('%s, densely from %d to %d', (name, from, to) => {
    const count = 100_000;
    const points = Float32Array.from({ length: count }, (_, at) => from + ((to - from) * at) / count);
    const { compute, places } = unary[name];
    closeInPlaces(run(compute, target, points), onCpu(name, points), places, points);
  });

  it.each(['tanh', 'sigmoid', 'erf'] as const)('%s stays within its bounds and saturates', (name) => {
    const result = run(unary[name].compute, target, x);
    const least = name === 'sigmoid' ? 0 : -1;
    result.forEach((value, at) => {
      if (Number.isNaN(x[at])) expect(value).toBeNaN();
      else if (!(value >= least && value <= 1)) throw new Error(`${name}(${x[at]}) = ${value}`);
      else if (x[at] > 18) expect(value).toBe(1);
    });
  });

  it.each([
    ['power', power, 1],
    ['remainder', remainder, 0],
  ] as const)('%s, of all pairs of edges and of random floats', (name, compute, places) => {
    const pairs: [number, number][] = [];
    for (const a of signedEdges) for (const b of signedEdges) pairs.push([a, b]);
    // All bits random; then moderate numbers; then bases near 1, whose powers amplify errors most.
    const next = randomNumbers(5);
    const anyFloat = (): number => {
      bits[0] = Math.floor(2 ** 32 * next());
      return float[0];
    };
    for (let i = 0; i < 60_000; i++) {
      pairs.push([anyFloat(), anyFloat()], [10 * next(), 20 * next() - 10]);
      pairs.push([1 + (next() - 0.5) / 1000, 20000 * (next() - 0.5)]);
      pairs.push([Math.round(2000 * (next() - 0.5)), Math.round(60 * (next() - 0.5))]);
    }
    while (pairs.length % 4 !== 0) pairs.push([1, 1]);
    const a = Float32Array.from(pairs, ([first]) => first);
    const b = Float32Array.from(pairs, ([, second]) => second);
    const expected = new Float32Array(a.length);
    const { cpu }: { readonly cpu: Loop } = binaryVersion(name, 'float32');
    cpu(a.length, expected, 0, a, 0, b, 0, b, 0);
    closeInPlaces(run(compute, target, a, b), expected, places, a, b);
  });

  it('works on a function twice in one body, and on its own results', () => {
    const points = Float32Array.from({ length: 64 }, (_, at) => at / 8 - 4);
    const twice: VectorFunction = (f, t, operand) => tanh(f, t, sin(f, t, sin(f, t, operand)));
    const expected = points.map((value) => Math.tanh(Math.fround(Math.sin(Math.fround(Math.sin(value))))));
    closeInPlaces(run(twice, target, points), expected, 6, points);
  });
});
