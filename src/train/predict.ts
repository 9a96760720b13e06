/** The classes of pictures, or of whatever a classifier takes. */
import { batchIndices } from '../data/batches.ts';
import {
  applyNormalization,
  type Normalization,
  requireNormalization,
  requireUsablePixels,
} from '../data/normalize.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import { type Module, requireModule } from '../nn/module.ts';
import { argMax } from '../ops/reduce.ts';
import { softmax } from '../ops/softmax.ts';
import { describeValue, isPlainObject, requireKnownOptions } from '../options.ts';
import type { DType, NumericArray } from '../tensor/dtype.ts';
import { fromData } from '../tensor/leaves.ts';
import { compile } from '../tensor/runtime.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { requireFinitePixels } from './batch-source.ts';
import type { SavedModel } from './checkpoint.ts';
import { momentOf } from './moment.ts';
import { requireScores } from './objective.ts';
import { Pace } from './pace.ts';

/** Inputs that are computed together. */
const atOnce = 256;

/** The class of a picture. */
export interface Prediction {
  /** The class with the highest score. */
  readonly label: number;
  /** Its name, where a loaded model says it. */
  readonly className?: string | undefined;
  /** One for each class, in all 1. */
  readonly probabilities: Float32Array;
}

/** Options of `predict`. */
export interface PredictOptions {
  /** The one that the model was trained with. Default: that of a loaded model; none of a model alone. */
  readonly normalization?: Normalization | undefined;
}

/**
 * The classes of pictures, in evaluation mode; no layer's own mode changes. All are seen by the model as it is at the moment of
 * the call.
 *
 * @param model a model, or what `loadModel` gives, which brings its normalization and the names of its classes
 * @param inputs what `fromPixels` gives, or other tensors that the model takes, `[N, …]`; pixels are in [0, 1]
 * @throws ShapeError when the model takes other pictures or does not give one row of scores for each, DatasetError for pixels up to
 *   255 without a normalization, NonFiniteError for a NaN or infinite one
 */
export function predict(
  model: Module | SavedModel,
  inputs: Tensor,
  options?: PredictOptions,
): Promise<Prediction[]>;
/**
 * The same for pixels in an array.
 *
 * @param images pixels in [0, 1], row-major
 * @param shape `[N, H, W, C]`
 * @throws ShapeError when the pixels do not fill the shape or the model does not give one row of scores per picture,
 *   DTypeError for pixels that are no floats, DatasetError for floats up to 255 without a normalization, NonFiniteError
 *   for a NaN or infinite one
 */
export function predict(
  model: Module | SavedModel,
  images: Float32Array,
  shape: readonly [number, number, number, number],
  options?: PredictOptions,
): Promise<Prediction[]>;
export async function predict(
  given: Module | SavedModel,
  inputs: Tensor | Float32Array,
  ...rest: readonly unknown[]
): Promise<Prediction[]> {
  const saved = isSaved(given) ? given : undefined;
  const model = isSaved(given) ? given.model : given;
  const [shape, options = {}] = (inputs instanceof Tensor ? [inputs.shape, ...rest] : rest) as [
    Shape,
    PredictOptions?,
  ];
  requireKnownOptions('predict', options, ['normalization']);
  requireModule('predict', model);
  const { normalization = saved?.normalization } = options;
  if (!(inputs instanceof Tensor)) requirePixels(inputs, shape);
  if (saved) requirePictures(saved, shape);
  const [count, ...inputShape] = requireBatch(shape);
  const dtype = inputs instanceof Tensor ? inputs.dtype : 'float32';
  const later = inputs instanceof Tensor ? inputs.data() : undefined;
  const standStill = later || count > atOnce ? momentOf(model) : undefined;
  const values = later ? await later : (inputs as Float32Array);
  if (values instanceof Float32Array) requireValues(values, shape, normalization);
  const compute = compile((batch: Tensor): Tensor[] => {
    standStill?.();
    const scores = inMode(model, 'eval', () => model.call(batch));
    requireScores(scores.shape, batch.shape[0], scores.shape[1] ?? 0, 'predict');
    return [argMax(scores), softmax(scores)];
  });
  const predictions: Prediction[] = [];
  const pace = new Pace();
  for (const indices of batchIndices(count, atOnce)) {
    const batch = batchOf(values, indices, inputShape, dtype, normalization);
    const [labels, probabilities] = await compute(batch);
    const classes = probabilities.shape[1];
    const labelData = await labels.data();
    const each = Float32Array.from(await probabilities.data());
    labelData.forEach((label, index) => {
      const own = each.slice(index * classes, (index + 1) * classes);
      const className = saved?.classNames?.[label];
      predictions.push({ label, ...(className !== undefined && { className }), probabilities: own });
    });
    await pace.afterStep();
  }
  return predictions;
}

function isSaved(given: Module | SavedModel): given is SavedModel {
  return isPlainObject(given) && 'model' in given;
}

function batchOf(
  values: NumericArray,
  indices: Int32Array,
  inputShape: Shape,
  dtype: DType,
  normalization: Normalization | undefined,
): Tensor {
  const length = sizeOf(inputShape);
  const part = values.slice(indices[0] * length, (indices[0] + indices.length) * length);
  if (normalization && part instanceof Float32Array) applyNormalization(part, normalization);
  return fromData(part, [indices.length, ...inputShape], dtype);
}

/** What can be looked at without the model: pictures that are not scaled, a normalization of others, values that are not finite. */
function requireValues(values: Float32Array, shape: Shape, normalization: Normalization | undefined): void {
  const channels = shape.at(-1)!;
  if (shape.length === 4) {
    requireUsablePixels('predict', { name: 'predict', images: values }, channels, normalization);
  } else if (normalization) {
    requireNormalization('predict', normalization, channels);
  }
  requireFinitePixels('predict', values, shape.slice(1), (image) => image);
}

/** Throws ShapeError for pictures of another size or number of channels than a loaded model was made for. */
function requirePictures({ inputShape, name }: SavedModel, shape: Shape): void {
  if (!Array.isArray(inputShape) || inputShape.length !== 3 || !Array.isArray(shape)) return;
  if (shape.slice(1).join() === inputShape.join()) return;
  const [height, width, channels] = inputShape;
  throw new ShapeError({
    where: `predict with ${describeValue(name)}`,
    got: `pictures ${formatShape(shape, imageAxes)}`,
    expected: `[N, ${inputShape.join(', ')}]`,
    cure: `Bring them to that form: fromPixels(picture, { size: [${height}, ${width}], channels: ${channels} }).`,
  });
}

function requireBatch(shape: Shape): Shape {
  if (shape.length >= 2) return shape;
  throw new ShapeError({
    where: 'predict',
    got: formatShape(shape),
    expected: '[N, …]: what the model takes, N at a time',
    cure: 'Add the axis of the batch: expandDims(x, 0).',
  });
}

/** Throws unless the pictures are float32 pixels that fill their shape. */
function requirePixels(images: unknown, shape: readonly number[]): void {
  if (!(images instanceof Float32Array)) {
    throw new DTypeError({
      where: 'predict',
      got: ArrayBuffer.isView(images) ? `${images.constructor.name} data` : describeValue(images),
      expected: 'pixels in [0, 1] as a Float32Array, or a tensor',
      cure: 'Convert the pixels: bytes are divided by 255. fromPixels makes a tensor of a picture of a page.',
    });
  }
  const whole =
    Array.isArray(shape) &&
    shape.length === 4 &&
    shape.every((length, axis) => Number.isSafeInteger(length) && length >= (axis === 0 ? 0 : 1));
  if (whole && images.length === sizeOf(shape)) return;
  throw new ShapeError({
    where: 'predict',
    got: `${images.length} pixel values for ${whole ? formatShape(shape, imageAxes) : describeValue(shape)}`,
    expected: whole ? `${sizeOf(shape)} pixel values` : `[${imageAxes.join(', ')}]`,
    cure: 'Give the shape of all pictures together, and one value for each place, in row-major order.',
  });
}

const imageAxes = ['N', 'H', 'W', 'C'];
