/** What a model says of inputs: the classes of pictures or of whatever a classifier takes, or its outputs as they are. */
import { batchIndices } from '../data/batches.ts';
import { fillPixels, type MissingPixels, requireMissing } from '../data/missing.ts';
import {
  applyNormalization,
  type Normalization,
  requireNormalization,
  requireUsablePixels,
} from '../data/normalize.ts';
import { DTypeError, OptionError, ShapeError } from '../errors.ts';
import { inMode } from '../nn/mode.ts';
import { type AnyModule, type Module, requireModule } from '../nn/module.ts';
import { sigmoid } from '../ops/elementwise.ts';
import { argMax } from '../ops/reduce.ts';
import { describeValue, isPlainObject, requireKnownOptions } from '../options.ts';
import type { DType, NumericArray } from '../tensor/dtype.ts';
import { fromData } from '../tensor/leaves.ts';
import { isOf } from '../tensor/primitive.ts';
import { compile, runtime, type TensorTree } from '../tensor/runtime.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type FlatTree, flattenTree } from '../tensor/tree.ts';
import type { SavedModel } from './checkpoint.ts';
import { requireFinitePixels } from './image-source.ts';
import { momentOf } from './moment.ts';
import { probabilitiesOf, requireScores } from './objective.ts';
import { Pace } from './pace.ts';
import { type PictureViews, requireViews, ViewedClassifier } from './picture-views.ts';
import { outputTree } from './trial.ts';

/** Inputs that are computed together. */
const atOnce = 256;

/** The class of a picture. */
export interface Prediction {
  /** The class with the highest score. */
  readonly label: number;
  /** Its name, where a loaded model says it. */
  readonly className?: string | undefined;
  /** One for each class, in all 1: the softmax of the scores, or what a model gives that ends in one itself. */
  readonly probabilities: Float32Array;
}

/** Options of `predictOutputs`, and of `predict`. */
export interface PredictOptions {
  /** The one that the model was trained with. Default: that of a loaded model; none of a model alone. */
  readonly normalization?: Normalization | undefined;
  /** What is done with values that are NaN: as it was in training. Default 'error'. */
  readonly missing?: MissingPixels | undefined;
}

/** Options of `predict`. */
export interface ClassifyOptions extends PredictOptions {
  /** Test-time augmentation: probabilities are the mean over several views of each picture. Default: the picture alone. */
  readonly views?: PictureViews | undefined;
}

/**
 * The classes of pictures, or of whatever a classifier takes, in evaluation mode; no layer's own mode changes. All are seen by the
 * model as it is at the moment of the call. What other models give, `predictOutputs` tells.
 *
 * @param model a model, or what `loadModel` gives, which brings its normalization and the names of its classes
 * @param inputs what `fromPixels` gives, or other tensors that the model takes, `[N, …]`, several in a list or record; pixels are
 *   in [0, 1]
 * @throws ShapeError when the model takes other pictures or does not give one row of scores for each, of two classes at least;
 *   OptionError when a loaded model has no classes, or its outputs are a sigmoid; DatasetError for pixels up to 255 without a
 *   normalization, NonFiniteError for a NaN or infinite one
 */
export function predict<Inputs>(
  model: Module<Inputs> | SavedModel<Inputs>,
  inputs: Inputs,
  options?: ClassifyOptions,
): Promise<Prediction[]>;
/**
 * The classes of pictures whose pixels are in an array, in evaluation mode, as of those in a tensor.
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
  options?: ClassifyOptions,
): Promise<Prediction[]>;
export async function predict(
  given: AnyModule | SavedModel<never, unknown>,
  inputs: unknown,
  ...rest: readonly unknown[]
): Promise<Prediction[]> {
  const structured = inputs instanceof Tensor || isPlainObject(inputs) || Array.isArray(inputs);
  const [shape, options = {}] = (structured ? [undefined, ...rest] : rest) as [unknown, ClassifyOptions?];
  const asked = ask('predict', given, options, ['views']);
  const classNames = asked.saved?.classNames;
  if (asked.saved && !classNames) throw withoutClasses(asked.saved);
  const columns = structured ? flattenTree(inputs as TensorTree, 'inputs of predict') : undefined;
  if (!columns) requirePixels(inputs, shape as Shape);
  const [labels, probabilities] = await compute(
    asked,
    columns ?? { data: inputs as Float32Array, shape: shape as Shape },
    (outputs, size) => {
      const scores = requireClassScores(outputs, size);
      return [argMax(scores), probabilitiesOf(scores)];
    },
  );
  if (labels === undefined) return [];
  const classes = probabilities.shape[1];
  return Array.from(labels.data, (label, index): Prediction => {
    const own = probabilities.data.slice(index * classes, (index + 1) * classes) as Float32Array;
    const className = classNames?.[label];
    return { label, ...(className !== undefined && { className }), probabilities: own };
  });
}

/**
 * What a model gives, in evaluation mode: numbers, or scores as they are. As with `predict`, no layer's own mode changes, inputs are
 * computed some at a time, and all are seen by the model as it is at the moment of the call.
 *
 * ```ts
 * const line = new Dense(2, 1);
 * const inputs = randn([1000, 2]);
 * const numbers = await (await predictOutputs(line, inputs)).data(); // of [1000, 1]
 * ```
 *
 * @param model a model, or what `loadModel` gives, which brings its normalization
 * @param inputs what the model takes, `[N, …]` with N ≥ 1, several in a list or record; pixels are in [0, 1]
 * @returns the outputs of all, `[N, …]`, in the structure that the model gives them in
 * @throws ShapeError when the inputs have other first axes than N, or the outputs do; DatasetError for pixels up to 255 without a
 *   normalization, NonFiniteError for a NaN or infinite one
 */
export async function predictOutputs<Inputs, Output>(
  model: Module<Inputs, Output> | SavedModel<Inputs, Output>,
  inputs: Inputs,
  options: PredictOptions = {},
): Promise<Output> {
  const asked = ask('predictOutputs', model, options);
  let structure: FlatTree | undefined;
  const found = await compute(
    asked,
    flattenTree(inputs as TensorTree, 'inputs of predictOutputs'),
    (outputs, size) => {
      structure = flattenTree(outputs, `the output of ${asked.model.kind}`);
      for (const { shape } of structure.tensors) requireRows(shape, size);
      return structure.tensors;
    },
  );
  if (!structure) throw wrongBatch('predictOutputs', 'no inputs', 'at least one');
  return structure.rebuild(found.map(({ data, shape, dtype }) => fromData(data, shape, dtype))) as Output;
}

/** What is asked about. */
interface Asked {
  readonly where: string;
  readonly model: AnyModule;
  readonly saved: SavedModel<never, unknown> | undefined;
  readonly normalization: Normalization | undefined;
  readonly missing: MissingPixels;
}

function ask(
  where: string,
  given: AnyModule | SavedModel<never, unknown>,
  options: ClassifyOptions,
  own: readonly string[] = [],
): Asked {
  const saved = isSaved(given) ? given : undefined;
  const model = isSaved(given) ? given.model : given;
  requireKnownOptions(where, options, ['normalization', 'missing', ...own]);
  requireModule(where, model);
  const { missing = 'error', normalization = saved?.normalization, views } = options;
  if (views) requireViews(where, views);
  requireMissing(where, missing, normalization);
  const asked = views ? new ViewedClassifier(model as Module, views) : model;
  return { where, model: asked, saved, normalization, missing };
}

/** Values on the host, of all inputs. */
interface HostTensor {
  readonly data: NumericArray;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Pixels in an array. */
type Pixels = Pick<HostTensor, 'shape'> & { readonly data: Float32Array };

/**
 * Calls the model on all inputs, some at a time, as it is now.
 *
 * @param results makes tensors `[size, …]` of what it gives for `size` inputs
 * @returns those tensors for all inputs together; none where there are no inputs
 */
async function compute(
  asked: Asked,
  inputs: FlatTree | Pixels,
  results: (outputs: TensorTree, size: number) => readonly Tensor[],
): Promise<HostTensor[]> {
  const { where, model, saved, normalization } = asked;
  const given = 'tensors' in inputs ? inputs.tensors : [{ shape: inputs.shape, dtype: 'float32' as const }];
  const count = countOf(where, given);
  if (given.length === 1 && saved) requirePictures(saved, given[0].shape);
  if (given.length > 1 && normalization) throw ofSeveral(where, given.length);
  const later = 'tensors' in inputs ? runtime().readAll(inputs.tensors) : undefined;
  const standStill = later || count > atOnce ? momentOf(model) : undefined;
  const values = later ? await later : [(inputs as Pixels).data];
  const columns = given.map(({ shape, dtype }, index): HostTensor => ({ shape, dtype, data: values[index] }));
  for (const { data, shape } of columns) {
    if (data instanceof Float32Array) requireValues(asked, data, shape);
  }
  const run = compile((...batch: Tensor[]): readonly Tensor[] => {
    standStill?.();
    const tree = 'tensors' in inputs ? inputs.rebuild(batch) : batch[0];
    return results(
      inMode(model, 'eval', () => outputTree(model, tree).tree),
      batch[0].shape[0],
    );
  });
  const parts: HostTensor[][] = [];
  const pace = new Pace();
  for (const indices of batchIndices(count, atOnce)) {
    const found = await run(...columns.map((column) => batchOf(column, indices, asked)));
    const read = await Promise.all(found.map(async (tensor) => (await tensor.data()).slice()));
    parts.push(found.map(({ shape, dtype }, index) => ({ shape, dtype, data: read[index] })));
    await pace.afterStep();
  }
  const [first = []] = parts;
  return first.map(({ shape: [, ...rest], dtype }, index) => ({
    shape: [count, ...rest],
    dtype,
    data: joined(parts.map((part) => part[index].data)),
  }));
}

function joined(parts: readonly NumericArray[]): NumericArray {
  const [first] = parts;
  const whole = new (first.constructor as new (length: number) => NumericArray)(
    parts.reduce((total, { length }) => total + length, 0),
  );
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

function isSaved<Inputs, Output>(
  given: Module<Inputs, Output> | SavedModel<Inputs, Output>,
): given is SavedModel<Inputs, Output> {
  return isPlainObject(given) && 'model' in given;
}

function batchOf(
  { data, shape: [, ...rest], dtype }: HostTensor,
  indices: Int32Array,
  { normalization, missing }: Asked,
): Tensor {
  const length = sizeOf(rest);
  const part = data.slice(indices[0] * length, (indices[0] + indices.length) * length);
  if (part instanceof Float32Array) {
    if (normalization) applyNormalization(part, normalization);
    const [height, width, channels] = rest;
    if (missing !== 'error' && rest.length === 3) {
      fillPixels(part, [indices.length, height, width, channels], missing);
    }
  }
  return fromData(part, [indices.length, ...rest], dtype);
}

/** What can be looked at without the model: pictures that are not scaled, a normalization of others, values that are not finite. */
function requireValues({ where, normalization, missing }: Asked, values: Float32Array, shape: Shape): void {
  if (missing !== 'error' && missing !== 'mask' && shape.length !== 4) {
    throw new OptionError({
      where,
      got: `missing '${missing}' for inputs ${formatShape(shape)}`,
      expected: 'pictures [N, H, W, C]',
      cure: "Give missing: 'mask' and a model that fills: FillMissing.",
    });
  }
  const channels = shape.at(-1)!;
  if (shape.length === 4) {
    requireUsablePixels(where, { name: where, images: values }, channels, normalization);
  } else if (normalization) {
    requireNormalization(where, normalization, channels);
  }
  requireFinitePixels(where, values, shape.slice(1), (image) => image, missing);
}

/** Throws ShapeError for pictures of another size or number of channels than a loaded model was made for. */
function requirePictures({ inputShape, name }: SavedModel<never, unknown>, shape: Shape): void {
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

/** How many inputs there are: the first axis, which all tensors have in common. */
function countOf(where: string, given: readonly { readonly shape: Shape }[]): number {
  const [first] = given;
  if (first === undefined) throw wrongBatch(where, 'no tensor', 'what the model takes, N at a time');
  const enough = given.length > 1 || first.shape.length >= 2;
  if (enough && given.every(({ shape }) => shape.length > 0 && shape[0] === first.shape[0]))
    return first.shape[0];
  const shapes = given.map(({ shape }) => formatShape(shape)).join(' and ');
  throw wrongBatch(where, shapes, '[N, …]: what the model takes, N at a time');
}

function wrongBatch(where: string, got: string, expected: string): ShapeError {
  return new ShapeError({ where, got, expected, cure: 'Add the axis of the batch: expandDims(x, 0).' });
}

function requireRows(shape: Shape, size: number): void {
  if (shape[0] === size) return;
  throw new ShapeError({
    where: 'the model on predictOutputs',
    got: `outputs ${formatShape(shape)} for ${size} inputs`,
    expected: `[${size}, …]: one for each input`,
    cure: 'Leave the axis of the batch in its place.',
  });
}

/** Throws unless the model gave scores of two classes or more. */
function requireClassScores(outputs: TensorTree, size: number): Tensor {
  if (!(outputs instanceof Tensor) || outputs.shape.length !== 2 || outputs.shape[1] < 2) {
    throw new ShapeError({
      where: 'the model on predict',
      got: outputs instanceof Tensor ? `scores of shape ${formatShape(outputs.shape)}` : 'several outputs',
      expected: '[N, classes], of at least two classes',
      cure: 'predictOutputs(model, inputs) gives the numbers of other models; of one output that was trained with binaryCrossEntropy, its sigmoid is the probability.',
    });
  }
  requireScores(outputs.shape, size, outputs.shape[1], 'predict');
  if (!isOf(outputs.node, sigmoid.primitive)) return outputs;
  throw new OptionError({
    where: 'predict',
    got: 'a model that ends in a sigmoid',
    expected: 'scores of classes of which one is right',
    cure: 'predictOutputs(model, inputs) gives the probability of each output by itself.',
  });
}

function withoutClasses({ name }: SavedModel<never, unknown>): OptionError {
  return new OptionError({
    where: `predict with ${describeValue(name)}`,
    got: 'a model that was saved without classNames',
    expected: 'a model that tells classes apart',
    cure: 'predictOutputs(saved, inputs) gives its numbers. If it is a classifier, save it with classNames, or give saved.model and its normalization.',
  });
}

function ofSeveral(where: string, inputs: number): OptionError {
  return new OptionError({
    where,
    got: `one normalization for ${inputs} inputs`,
    expected: 'a model of one input',
    cure: 'Normalize inputs before they are given to the model, or by a layer of its own.',
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
