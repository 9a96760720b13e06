/** Making tensors: from JS values and typed arrays, filled, counted, and random. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { describeValue, requireAttached, requireKnownOptions, requireNumber } from '../options.ts';
import {
  allocate,
  type DType,
  type DTypeOptions,
  dtypeFrom,
  type NumericArray,
  requireDTypeName,
  requireElement,
} from '../tensor/dtype.ts';
import { fill, fromData, iotaPrimitive, randomPrimitive } from '../tensor/leaves.ts';
import type { NestedArray } from '../tensor/print.ts';
import { claimedState } from '../tensor/random.ts';
import { formatShape, mostAxes, requireShape, type Shape, sameShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply, requireTensor } from './apply.ts';
import { add, cast, cos, equal, floor, less, log, multiply, sqrt, subtract } from './elementwise.ts';
import { expandDims } from './movement.ts';

/** What `tensor` accepts. Float64Array and other number arrays are converted to float32. */
export type TensorSource = NestedArray | NumberArray | readonly (number | boolean)[];

/** Typed arrays of JS numbers. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** Shape and dtype of the data that `tensor` takes. */
export interface TensorOptions extends DTypeOptions {
  /** Shape of flat data. Default: as nested, or one axis. */
  readonly shape?: Shape;
  /** Default: bool for booleans, int32 for an Int32Array, otherwise float32. */
  readonly dtype?: DType;
}

/**
 * A tensor of host data. Nested arrays give their own shape; flat ones take `options.shape`. The data is copied.
 *
 * @throws ShapeError for ragged arrays or a shape of another size; DTypeError for an unknown dtype, values it cannot
 * hold, and data that is no array of numbers or booleans; OptionError for an unknown option, and for data that were transferred.
 */
export function tensor(source: TensorSource, options: TensorOptions = {}): Tensor {
  requireKnownOptions('tensor', options, ['shape', 'dtype']);
  const dtype = options.dtype === undefined ? undefined : requireDTypeName('tensor', options.dtype);
  const shape = options.shape === undefined ? undefined : requireShape('tensor', options.shape);
  if (isNumberArray(source)) {
    requireAttached('tensor', source);
    return fromTypedArray(source, shape, dtype);
  }
  const flat: (number | boolean)[] = [];
  const nested = flatten(source as NestedArray, flat, []);
  const allBooleans = flat.length > 0 && flat.every((value) => typeof value === 'boolean');
  const own = allBooleans ? 'bool' : 'float32';
  return withShape(convert(flat.map(Number), dtype ?? own), shape ?? nested, dtype ?? own);
}

/** By their names, which the arrays of another page or sandbox share: those of BigInts hold no JS numbers. */
function isNumberArray(source: TensorSource): source is NumberArray {
  const name = ArrayBuffer.isView(source) ? source[Symbol.toStringTag] : '';
  return name.endsWith('Array') && !name.startsWith('Big');
}

function fromTypedArray(source: NumberArray, shape: Shape = [source.length], asked?: DType): Tensor {
  const own = source[Symbol.toStringTag] === 'Int32Array' ? 'int32' : 'float32';
  const dtype = asked ?? own;
  const same = dtype === own && (source instanceof Float32Array || source instanceof Int32Array);
  return withShape(same ? source.slice() : convert(source, dtype), shape, dtype);
}

/** Writes the elements of nested arrays behind `flat`; `path` is where among them `source` was found. */
function flatten(source: NestedArray, flat: (number | boolean)[], path: number[]): Shape {
  if (typeof source === 'number' || typeof source === 'boolean') {
    flat.push(source);
    return [];
  }
  const place = path.length === 0 ? 'tensor' : `tensor at index [${path.slice(0, 8).join(', ')}]`;
  if (!Array.isArray(source)) {
    throw new DTypeError({
      where: place,
      got: describeValue(source),
      expected: 'a number or boolean, an array of them, or a typed array of numbers',
      cure: 'Convert the data to numbers first.',
    });
  }
  if (path.length === mostAxes) {
    throw new ShapeError({
      where: place,
      got: `arrays in one another ${path.length + 1} deep`,
      expected: `at most ${mostAxes} axes`,
      cure: 'Check that no array contains itself, or flatten axes that belong together.',
    });
  }
  let inner: Shape | undefined;
  // By index: holes are seen as well.
  for (let index = 0; index < source.length; index++) {
    path.push(index);
    const shape = flatten(source[index], flat, path);
    if (inner !== undefined && !sameShape(inner, shape)) {
      throw new ShapeError({
        where: `tensor at index [${path.join(', ')}]`,
        got: formatShape(shape),
        expected: `${formatShape(inner)}, like its neighbors`,
        cure: 'All rows of a nested array must have one length; pad the short ones.',
      });
    }
    inner ??= shape;
    path.pop();
  }
  return [source.length, ...(inner ?? [])];
}

function convert(values: ArrayLike<number>, dtype: DType): NumericArray {
  const data = allocate(dtype, values.length);
  if (dtype === 'int32') {
    const bad = Array.prototype.find.call(values, (value) => (value | 0) !== value);
    if (bad !== undefined) requireElement('tensor', 'the value', bad, 'int32');
  }
  data.set(dtype === 'bool' ? Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)) : values);
  return data;
}

function withShape(data: NumericArray, shape: Shape, dtype: DType): Tensor {
  if (sizeOf(shape) === data.length) return fromData(data, shape, dtype);
  throw new ShapeError({
    where: 'tensor',
    got: `${data.length} elements for shape ${formatShape(shape)}`,
    expected: `${sizeOf(shape)} elements`,
    cure: 'Correct the shape, or the data.',
  });
}

/**
 * `value` everywhere. Default float32; `full([2], 7, { dtype: 'int32' })` for another dtype.
 *
 * @throws ShapeError for what is no shape; DTypeError for an unknown dtype, or a value that the dtype cannot hold.
 */
export function full(shape: Shape, value: number | boolean, options: DType | DTypeOptions = {}): Tensor {
  return filled('full', shape, value, options);
}

function filled(
  operation: string,
  shape: Shape,
  value: number | boolean,
  options: DType | DTypeOptions,
): Tensor {
  const lengths = requireShape(operation, shape);
  const dtype = dtypeFrom(operation, options, 'float32');
  // As it is stored: rounded for float32, "not zero" for bool.
  const element = requireElement(operation, 'value', value, dtype === 'bool' ? 'float32' : dtype);
  return fill(convert([element], dtype)[0], lengths, dtype);
}

/**
 * 0 everywhere. Default float32; `zeros([2], { dtype: 'int32' })` for another dtype.
 *
 * @throws ShapeError for what is no shape; DTypeError for an unknown dtype.
 */
export function zeros(shape: Shape, options: DType | DTypeOptions = {}): Tensor {
  return filled('zeros', shape, 0, options);
}

/**
 * 1 everywhere. Default float32; `ones([2], { dtype: 'int32' })` for another dtype.
 *
 * @throws ShapeError for what is no shape; DTypeError for an unknown dtype.
 */
export function ones(shape: Shape, options: DType | DTypeOptions = {}): Tensor {
  return filled('ones', shape, 1, options);
}

/**
 * 0 everywhere, in the shape of `x`, and in its dtype or another: `zerosLike(x, { dtype: 'int32' })`.
 *
 * @throws DTypeError for what is no tensor, and for an unknown dtype.
 */
export function zerosLike(x: Tensor, options: DType | DTypeOptions = {}): Tensor {
  return filledLike('zerosLike', x, 0, options);
}

/**
 * 1 everywhere, in the shape of `x`, and in its dtype or another: `onesLike(x, { dtype: 'int32' })`.
 *
 * @throws DTypeError for what is no tensor, and for an unknown dtype.
 */
export function onesLike(x: Tensor, options: DType | DTypeOptions = {}): Tensor {
  return filledLike('onesLike', x, 1, options);
}

function filledLike(operation: string, x: Tensor, value: number, options: DType | DTypeOptions): Tensor {
  const { shape, dtype } = requireTensor(operation, x);
  return fill(value, shape, dtypeFrom(operation, options, dtype));
}

/**
 * The identity matrix [rows, columns] (default: square). Default float32.
 *
 * @throws ShapeError for lengths that are no whole numbers ≥ 0; DTypeError for an unknown dtype.
 */
export function eye(rows: number, columns: number = rows, options: DType | DTypeOptions = {}): Tensor {
  requireShape('eye', [rows, columns]);
  return cast(equal(expandDims(arange(rows), 1), arange(columns)), dtypeFrom('eye', options, 'float32'));
}

/**
 * Numbers from `start` up to but not including `stop`, `step` apart: `arange(stop)` or `arange(start, stop, step)`.
 * Default: int32 where all three are whole numbers of 32 bits, else float32.
 *
 * @throws OptionError for numbers that are not finite, and a step of 0; DTypeError for an unknown dtype, or one that
 * cannot hold the numbers; ShapeError for more than 2^31 - 1 of them.
 */
export function arange(
  startOrStop: number,
  stop?: number,
  step = 1,
  options: DType | DTypeOptions = {},
): Tensor {
  const [start, end] = stop === undefined ? [0, startOrStop] : [startOrStop, stop];
  if (![start, end, step].every(Number.isFinite) || step === 0) {
    throw new OptionError({
      where: 'arange',
      got: `start ${describeValue(start)}, stop ${describeValue(end)}, step ${describeValue(step)}`,
      expected: 'finite numbers and a step other than 0',
      cure: 'Correct the arguments.',
    });
  }
  const length = Math.max(0, Math.ceil((end - start) / step));
  const last = start + Math.max(0, length - 1) * step;
  const whole = [start, step, last].every((value) => (value | 0) === value);
  const dtype = dtypeFrom('arange', options, whole ? 'int32' : 'float32', ['float32', 'int32']);
  if (dtype === 'int32') {
    for (const [name, value] of Object.entries({ start, step, 'last number': last })) {
      requireElement('arange', name, value, 'int32');
    }
  }
  return apply(iotaPrimitive, [], { start, step, length, dtype });
}

/**
 * `count` numbers evenly from `start` to `stop`, both included, float32.
 *
 * @throws OptionError for limits that are no finite numbers; ShapeError for a count that is no whole number ≥ 0.
 */
export function linspace(
  start: number,
  stop: number,
  count: number,
  options: DType | DTypeOptions = {},
): Tensor {
  requireNumber('linspace', 'start', start, 'a number');
  requireNumber('linspace', 'stop', stop, 'a number');
  requireShape('linspace', [count]);
  const dtype = dtypeFrom('linspace', options, 'float32', ['float32']);
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return apply(iotaPrimitive, [], { start, step, length: count, dtype });
}

/**
 * Uniform numbers of [0, 1), multiples of 2^-24, from the seeded generator, float32.
 *
 * @throws ShapeError for what is no shape
 */
export function rand(shape: Shape, options: DType | DTypeOptions = {}): Tensor {
  dtypeFrom('rand', options, 'float32', ['float32']);
  return uniform('rand', shape);
}

/** `rand`, under the name of the function that was called. */
function uniform(operation: string, shape: Shape): Tensor {
  return multiply(cast(bits(operation, shape), 'float32'), 2 ** -24);
}

/**
 * Normal numbers of mean 0 and deviation 1 (Box & Muller 1958), from the seeded generator, float32.
 *
 * @throws ShapeError for what is no shape
 */
export function randn(shape: Shape, options: DType | DTypeOptions = {}): Tensor {
  dtypeFrom('randn', options, 'float32', ['float32']);
  const radius = sqrt(multiply(log(subtract(1, uniform('randn', shape))), -2));
  return multiply(radius, cos(multiply(uniform('randn', shape), 2 * Math.PI)));
}

/**
 * Uniform whole numbers from `low` up to but not including `high`, int32.
 *
 * @throws OptionError for limits that are no whole numbers of 32 bits, or more than 2^24 apart; ShapeError for what is no
 * shape
 */
export function randint(low: number, high: number, shape: Shape, options: DType | DTypeOptions = {}): Tensor {
  dtypeFrom('randint', options, 'int32', ['int32']);
  const whole = [low, high].every(Number.isInteger) && low >= -(2 ** 31) && high <= 2 ** 31;
  if (!whole || high <= low || high - low > 2 ** 24) {
    throw new OptionError({
      where: 'randint',
      got: `low ${describeValue(low)}, high ${describeValue(high)}`,
      expected: 'whole numbers of 32 bits, low < high, at most 2^24 apart',
      cure: 'Correct the range: randint(low, high, shape).',
    });
  }
  return add(cast(floor(multiply(uniform('randint', shape), high - low)), 'int32'), low);
}

/**
 * Random int32 of [0, 2^24).
 *
 * @throws ShapeError for what is no shape
 */
export function randomBits(shape: Shape): Tensor {
  return bits('randomBits', shape);
}

function bits(operation: string, given: Shape): Tensor {
  const shape = requireShape(operation, given);
  return apply(randomPrimitive, [claimedState(sizeOf(shape))], { shape });
}

/**
 * Independent booleans, true with the given probability, from the seeded generator.
 *
 * @throws OptionError for a probability outside [0, 1]; ShapeError for what is no shape
 */
export function bernoulli(probability: number, shape: Shape): Tensor {
  requireNumber('bernoulli', 'probability', probability, 'a number from 0 to 1');
  return less(uniform('bernoulli', shape), probability);
}
