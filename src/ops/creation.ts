/** Making tensors: from JS values and typed arrays, filled, counted, and random. */
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { allocate, type DType, type NumericArray } from '../tensor/dtype.ts';
import { fill, fromData, iotaPrimitive, randomPrimitive } from '../tensor/leaves.ts';
import type { NestedArray } from '../tensor/print.ts';
import { claimedState } from '../tensor/random.ts';
import { checkShape, formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { apply } from './apply.ts';
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
export interface TensorOptions {
  /** Shape of flat data. Default: as nested, or one axis. */
  readonly shape?: Shape;
  /** Default: bool for booleans, int32 for an Int32Array, otherwise float32. */
  readonly dtype?: DType;
}

/**
 * A tensor of host data. Nested arrays give their own shape; flat ones take `options.shape`. The data is copied.
 *
 * @throws ShapeError for ragged arrays or a shape of another size; DTypeError for values the dtype cannot hold.
 */
export function tensor(source: TensorSource, options: TensorOptions = {}): Tensor {
  if (ArrayBuffer.isView(source)) return fromTypedArray(source, options);
  const flat: (number | boolean)[] = [];
  const nested = flatten(source as NestedArray, flat, 0, []);
  const allBooleans = flat.length > 0 && flat.every((value) => typeof value === 'boolean');
  const dtype = options.dtype ?? (allBooleans ? 'bool' : 'float32');
  return withShape(convert(flat.map(Number), dtype), options.shape ?? nested, dtype);
}

function fromTypedArray(source: NumberArray, options: TensorOptions): Tensor {
  const own = source instanceof Int32Array ? 'int32' : 'float32';
  const dtype = options.dtype ?? own;
  const shape = options.shape ?? [source.length];
  const same = dtype === own && (source instanceof Float32Array || source instanceof Int32Array);
  return withShape(same ? source.slice() : convert(source, dtype), shape, dtype);
}

function flatten(source: NestedArray, flat: (number | boolean)[], depth: number, path: number[]): Shape {
  if (!Array.isArray(source)) {
    if (typeof source !== 'number' && typeof source !== 'boolean') {
      throw new DTypeError({
        where: `tensor at index [${path.join(', ')}]`,
        got: `a ${typeof source}`,
        expected: 'a number or boolean',
        cure: 'Convert the data to numbers first.',
      });
    }
    flat.push(source);
    return [];
  }
  let inner: Shape | undefined;
  source.forEach((part, index) => {
    const shape = flatten(part, flat, depth + 1, [...path, index]);
    if (inner !== undefined && formatShape(inner) !== formatShape(shape)) {
      throw new ShapeError({
        where: `tensor at index [${[...path, index].join(', ')}]`,
        got: formatShape(shape),
        expected: `${formatShape(inner)}, like its neighbours`,
        cure: 'All rows of a nested array must have one length; pad the short ones.',
      });
    }
    inner = shape;
  });
  return [source.length, ...(inner ?? [])];
}

function convert(values: ArrayLike<number>, dtype: DType): NumericArray {
  const data = allocate(dtype, values.length);
  if (dtype === 'int32') {
    const bad = Array.prototype.find.call(values, (value) => (value | 0) !== value);
    if (bad !== undefined) {
      throw new DTypeError({
        where: 'tensor',
        got: `${bad}`,
        expected: 'whole numbers of 32 bits, for int32',
        cure: "Use dtype 'float32', or round the values.",
      });
    }
  }
  data.set(dtype === 'bool' ? Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)) : values);
  return data;
}

function withShape(data: NumericArray, shape: Shape, dtype: DType): Tensor {
  checkShape('tensor', shape);
  if (sizeOf(shape) === data.length) return fromData(data, [...shape], dtype);
  throw new ShapeError({
    where: 'tensor',
    got: `${data.length} elements for shape ${formatShape(shape)}`,
    expected: `${sizeOf(shape)} elements`,
    cure: 'Correct the shape, or the data.',
  });
}

/**
 * `value` everywhere.
 *
 * @throws DTypeError for a value that the dtype cannot hold.
 */
export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  checkShape('full', shape);
  return fill(convert([value], dtype)[0], [...shape], dtype);
}

/** 0 everywhere. Default float32. */
export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 0, dtype);
}

/** 1 everywhere. Default float32. */
export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 1, dtype);
}

/** The identity matrix [rows, columns] (default: square), float32. */
export function eye(rows: number, columns: number = rows): Tensor {
  checkShape('eye', [rows, columns]);
  return cast(equal(expandDims(arange(rows), 1), arange(columns)), 'float32');
}

/**
 * Numbers from `start` up to but not including `stop`, `step` apart: `arange(stop)` or `arange(start, stop, step)`.
 * int32 where all three are whole numbers, else float32.
 */
export function arange(startOrStop: number, stop?: number, step = 1, dtype?: DType): Tensor {
  const [start, end] = stop === undefined ? [0, startOrStop] : [startOrStop, stop];
  if (!(Number.isFinite(start) && Number.isFinite(end) && Number.isFinite(step)) || step === 0) {
    throw new OptionError({
      where: 'arange',
      got: `start ${start}, stop ${end}, step ${step}`,
      expected: 'finite numbers and a step other than 0',
      cure: 'Correct the arguments.',
    });
  }
  const whole = [start, end, step].every(Number.isInteger);
  const length = Math.max(0, Math.ceil((end - start) / step));
  return apply(iotaPrimitive, [], { start, step, length, dtype: dtype ?? (whole ? 'int32' : 'float32') });
}

/** `count` numbers evenly from `start` to `stop`, both included, float32. */
export function linspace(start: number, stop: number, count: number): Tensor {
  checkShape('linspace', [count]);
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return apply(iotaPrimitive, [], { start, step, length: count, dtype: 'float32' });
}

/** Uniform numbers of [0, 1), multiples of 2^-24, from the seeded generator. */
export function rand(shape: Shape): Tensor {
  return multiply(cast(randomBits(shape), 'float32'), 2 ** -24);
}

/** Normal numbers of mean 0 and deviation 1 (Box & Muller 1958), from the seeded generator. */
export function randn(shape: Shape): Tensor {
  const radius = sqrt(multiply(log(subtract(1, rand(shape))), -2));
  return multiply(radius, cos(multiply(rand(shape), 2 * Math.PI)));
}

/** Uniform whole numbers from `low` up to but not including `high`, int32. */
export function randint(low: number, high: number, shape: Shape): Tensor {
  if (!Number.isInteger(low) || !Number.isInteger(high) || high <= low || high - low > 2 ** 24) {
    throw new OptionError({
      where: 'randint',
      got: `[${low}, ${high})`,
      expected: 'whole numbers, low < high, at most 2^24 apart',
      cure: 'Correct the range.',
    });
  }
  return add(cast(floor(multiply(rand(shape), high - low)), 'int32'), low);
}

/** Random int32 of [0, 2^24). */
export function randomBits(shape: Shape): Tensor {
  checkShape('rand', shape);
  return apply(randomPrimitive, [claimedState(sizeOf(shape))], { shape: [...shape] });
}

/** Independent booleans, true with the given probability, from the seeded generator. */
export function bernoulli(probability: number, shape: Shape): Tensor {
  return less(rand(shape), probability);
}
