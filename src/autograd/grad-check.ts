/** Checks gradients against finite differences: the test that every function with its own derivative should pass. */
import { GradientError } from '../errors.ts';
import { requireTensors } from '../ops/apply.ts';
import { sum } from '../ops/broadcast.ts';
import { add, multiply } from '../ops/elementwise.ts';
import { requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { fromData } from '../tensor/leaves.ts';
import { runtime } from '../tensor/runtime.ts';
import { formatShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { grad } from './grad.ts';

/** Options of `gradCheck`. */
export interface GradCheckOptions {
  /**
   * How far each element is moved; the function is called at ±epsilon and ±2·epsilon from it. Default 2^-6 ≈ 0.016:
   * small steps drown in float32 rounding (error ≈ 1e-7 / epsilon), large ones leave the tangent (error ∝ epsilon⁴).
   */
  readonly epsilon?: number;
  /** The error allowed: |analytic - numeric| / max(1, |analytic|, |numeric|). Default 1e-3. */
  readonly tolerance?: number;
  /** 2 checks the second derivatives as well, as gradients of the contracted first ones. Default 1. */
  readonly order?: 1 | 2;
}

/** One derivative, both ways. */
export interface GradCheckEntry {
  /** Position in `inputs`. */
  readonly input: number;
  /** The element of that input, one index per axis. */
  readonly index: readonly number[];
  /** 1 for a first derivative, 2 for a second one. */
  readonly order: 1 | 2;
  /** As `grad` gives it. */
  readonly analytic: number;
  /** From central differences. */
  readonly numeric: number;
}

/** What `gradCheck` found. */
export interface GradCheckReport {
  /** The largest |analytic - numeric| / max(1, |analytic|, |numeric|). */
  readonly maxError: number;
  /** Where it was found; undefined where no input has a float32 element. */
  readonly worst: GradCheckEntry | undefined;
}

/** A function of tensors with one result or several. It must give the same result for the same tensors. */
export type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/**
 * Compares the gradients of a function with central differences of its values, for every element of every float32
 * input. Results that are not scalars are contracted with fixed cotangents first. The inputs should lie at least
 * 2·epsilon away from kinks (0 for `relu`, equal elements for `max`).
 *
 * ```ts
 * await gradCheck((x) => x.tanh(), [tensor([0.5, -1])]);
 * ```
 *
 * @throws GradientError when a derivative differs by more than the tolerance, naming input, element and both values;
 * OptionError for an unknown option or one out of range; DTypeError for what is no tensor.
 */
export async function gradCheck(
  f: Checked,
  inputs: readonly Tensor[],
  options: GradCheckOptions = {},
): Promise<GradCheckReport> {
  requireFunction('gradCheck', 'its first argument', f);
  requireTensors('gradCheck inputs', inputs);
  requireKnownOptions('gradCheck', options, ['epsilon', 'tolerance', 'order']);
  const { epsilon = 2 ** -6, tolerance = 1e-3, order = 1 } = options;
  requireNumber('gradCheck', 'epsilon', epsilon, 'a number above 0');
  requireNumber('gradCheck', 'tolerance', tolerance, 'a number of at least 0');
  requireNumber('gradCheck', 'order', order, '1 or 2');
  const first = await checkOnce(f, inputs, 1, epsilon, tolerance);
  if (order === 1) return first;
  const slope = (...tensors: Tensor[]): Tensor[] => {
    const floats = tensors.filter(isFloat);
    return grad(contract(resultsOf(f, tensors)), floats);
  };
  const second = await checkOnce(slope, inputs, 2, epsilon, tolerance);
  return second.maxError > first.maxError ? second : first;
}

function isFloat(x: Tensor): boolean {
  return x.dtype === 'float32';
}

/** The float32 results of a function. */
function resultsOf(f: Checked, inputs: Tensor[]): Tensor[] {
  const result = f(...inputs);
  const list = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
  return requireTensors('gradCheck, results of the function', list).filter(isFloat);
}

/** A fixed number in ±[0.5, 1.5], a multiple of 1/64, for element `position` of result `result`. */
function cotangentAt(result: number, position: number): number {
  const spread = ((position + 1) * 0.618033988749895 + result * 0.414213562373095) % 1;
  const size = Math.round(32 + spread * 64) / 64;
  return Math.floor(spread * 1024) % 2 === 0 ? size : -size;
}

function cotangentOf(result: number, { shape, size }: Tensor): Tensor {
  const data = Float32Array.from({ length: size }, (_, position) => cotangentAt(result, position));
  return fromData(data, shape, 'float32');
}

/** Σ result · cotangent as one scalar. */
function contract(results: readonly Tensor[]): Tensor {
  return results
    .map((result, index) => sum(multiply(result, cotangentOf(index, result))))
    .reduce((total, each) => add(total, each), fromData(new Float32Array(1), [], 'float32'));
}

/** The same on the host, in float64, so that the contraction adds no rounding. */
function contractOnHost(results: readonly NumericArray[]): number {
  let total = 0;
  results.forEach((data, result) => {
    data.forEach((value: number, position: number) => {
      total += value * cotangentAt(result, position);
    });
  });
  return total;
}

async function checkOnce(
  f: Checked,
  inputs: readonly Tensor[],
  order: 1 | 2,
  epsilon: number,
  tolerance: number,
): Promise<GradCheckReport> {
  const floats = inputs.flatMap((input, position) => (isFloat(input) ? [position] : []));
  const tensors = await Promise.all(
    inputs.map(async (input) => fromData((await input.data()).slice(), input.shape, input.dtype)),
  );
  const analytic = grad(
    contract(resultsOf(f, tensors)),
    floats.map((position) => tensors[position]),
  );
  await runtime().evaluate(analytic);
  // Captured once and replayed for every moved element.
  const replay = runtime().compile((...moved: Tensor[]) => resultsOf(f, moved), {});
  let maxError = 0;
  let worst: GradCheckEntry | undefined;
  for (const [k, input] of floats.entries()) {
    const { shape, size } = tensors[input];
    const slopes = await analytic[k].data();
    for (let position = 0; position < size; position++) {
      const numeric = await slopeAt(replay, tensors, input, position, epsilon);
      const entry = { input, index: indexOf(position, shape), order, analytic: slopes[position], numeric };
      const error = errorOf(entry);
      if (worst && error <= maxError) continue;
      maxError = error;
      worst = entry;
    }
  }
  if (worst && maxError > tolerance) throw mismatch(worst, tensors[worst.input], maxError, tolerance);
  return { maxError, worst };
}

/** d(contracted value)/d(element) from the values at ±ε and ±2ε (Richardson: the ε² error cancels). */
async function slopeAt(
  f: (...inputs: Tensor[]) => Promise<readonly Tensor[]>,
  inputs: readonly Tensor[],
  input: number,
  position: number,
  epsilon: number,
): Promise<number> {
  const original = await inputs[input].data();
  const { shape, dtype } = inputs[input];
  const valueAt = async (element: number): Promise<number> => {
    const data = original.slice();
    data[position] = element;
    const moved = inputs.map((each, k) => (k === input ? fromData(data, shape, dtype) : each));
    const results = await f(...moved);
    return contractOnHost(await Promise.all(results.map((result) => result.data())));
  };
  const difference = async (step: number): Promise<number> => {
    // The distance between the two float32 numbers, which need not be 2·step exactly.
    const above = Math.fround(original[position] + step);
    const below = Math.fround(original[position] - step);
    return ((await valueAt(above)) - (await valueAt(below))) / (above - below);
  };
  return (4 * (await difference(epsilon)) - (await difference(2 * epsilon))) / 3;
}

function errorOf({ analytic, numeric }: GradCheckEntry): number {
  const error = Math.abs(analytic - numeric) / Math.max(1, Math.abs(analytic), Math.abs(numeric));
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

/** A flat position as one index per axis. */
function indexOf(position: number, shape: Shape): number[] {
  const index: number[] = [];
  let rest = position;
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return index;
}

function mismatch(worst: GradCheckEntry, input: Tensor, error: number, tolerance: number): GradientError {
  const { input: position, index, order, analytic, numeric } = worst;
  const kind = order === 1 ? 'derivative' : 'second derivative';
  return new GradientError({
    where: `gradCheck, ${kind} with respect to input ${position} ${formatShape(input.shape)} at [${index.join(', ')}]`,
    got: `${analytic} from the gradient rules (error ${error.toExponential(2)})`,
    expected: `${numeric} as by finite differences, within ${tolerance}`,
    cure: 'Correct the gradient rule; or, if the input lies near a kink, move it; or choose another epsilon.',
  });
}
