/** Evaluating a classifier on a data set. */
import { batchIndices, gatherBatch } from '../data/batches.ts';
import { type ImageDataset, validateLabels } from '../data/dataset.ts';
import { type Normalization, requireUsablePixels } from '../data/normalize.ts';
import { NonFiniteError, ShapeError } from '../errors.ts';
import { softmaxCrossEntropy } from '../nn/losses/cross-entropy.ts';
import { inMode } from '../nn/mode.ts';
import { type Module, requireModule } from '../nn/module.ts';
import { argMax } from '../ops/reduce.ts';
import { softmax } from '../ops/softmax.ts';
import { requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import { compile } from '../tensor/runtime.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { accuracyOf, confusionMatrix } from './metrics.ts';
import { momentOf } from './moment.ts';
import { Pace } from './pace.ts';

/** A loss of scores [N, classes] and labels [N]: a scalar, the mean over the batch. */
export type Loss = (scores: Tensor, labels: Tensor) => Tensor;

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /** Images computed at a time. Default 256. */
  readonly batchSize?: number;
  /** Has to be the one the model was trained with. Default: none, pixels in [0, 1]. */
  readonly normalization?: Normalization | undefined;
  /** Default: softmax cross-entropy. */
  readonly loss?: Loss;
}

/** How a model does on a data set. */
export interface Evaluation {
  /** The mean over all images. */
  readonly loss: number;
  /** The part of the images whose class is right. */
  readonly accuracy: number;
  /** How often each class was taken for each: `[classes, classes]`, the row being the truth. */
  readonly confusion: Int32Array;
  /** The class with the highest score: `[N]`. */
  readonly predictions: Int32Array;
  /** The softmax of the scores: `[N, classes]`. */
  readonly probabilities: Float32Array;
}

/**
 * The loss, accuracy and predictions of a classifier on a data set, in evaluation mode. The model can be trained at the
 * same time: no layer's own mode changes, and all images are seen by the model as it is at the moment of the call.
 *
 * @throws LabelError or DatasetError when the data set does not agree with itself, ShapeError when the model does not
 *   give one score per class, NonFiniteError for a NaN or infinite pixel, OptionError for options that are unknown or
 *   out of range
 */
export async function evaluate(
  model: Module,
  dataset: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  requireKnownOptions('evaluate', options, ['batchSize', 'normalization', 'loss']);
  requireModule('evaluate', model);
  validateLabels(dataset);
  const { batchSize = 256, normalization, loss = softmaxCrossEntropy } = options;
  requireUsablePixels('evaluate', dataset, dataset.shape[3], normalization);
  requireNumber('evaluate', 'batchSize', batchSize, 'a whole number of at least 1');
  requireFunction('evaluate', 'loss', loss);
  const standStill = dataset.shape[0] > batchSize ? momentOf(model) : undefined;
  return new DatasetEvaluator(model, dataset, { batchSize, normalization, loss }, standStill).run();
}

/**
 * `evaluate` for a model that is evaluated on one data set again and again: the compiled function is kept. What it is made
 * with has been checked.
 */
export class DatasetEvaluator {
  readonly #dataset: ImageDataset;
  readonly #batchSize: number;
  readonly #normalization: Normalization | undefined;
  readonly #compute: (images: Tensor, labels: Tensor) => Promise<Tensor[]>;

  constructor(
    model: Module,
    dataset: ImageDataset,
    { batchSize, normalization, loss }: EvaluateOptions & { readonly batchSize: number; readonly loss: Loss },
    standStill?: () => void,
  ) {
    this.#dataset = dataset;
    this.#batchSize = batchSize;
    this.#normalization = normalization;
    this.#compute = compile((images: Tensor, labels: Tensor): Tensor[] => {
      standStill?.();
      const scores = inMode(model, 'eval', () => model.call(images));
      requireScores(scores.shape, labels.size, dataset.classNames.length, dataset.name);
      return [lossOf(loss, scores, labels), argMax(scores), softmax(scores)];
    });
  }

  /** @param signal ends the run early; the result is then of the images seen so far and of no use */
  async run(signal?: { readonly aborted: boolean }): Promise<Evaluation> {
    const dataset = this.#dataset;
    const [count, ...imageShape] = dataset.shape;
    const classes = dataset.classNames.length;
    const predictions = new Int32Array(count);
    const probabilities = new Float32Array(count * classes);
    const pace = new Pace();
    let lossSum = 0;
    let done = 0;
    for (const indices of batchIndices(count, this.#batchSize)) {
      if (signal?.aborted) break;
      const { images, labels } = gatherBatch(dataset, indices, this.#normalization);
      requireFinitePixels(`evaluate on ${dataset.name}`, images, imageShape, (image) => indices[image]);
      const [loss, predicted, probability] = await this.#compute(
        fromData(images, [indices.length, ...imageShape], 'float32'),
        fromData(labels, [indices.length], 'int32'),
      );
      predictions.set(await predicted.data(), done);
      probabilities.set(await probability.data(), done * classes);
      lossSum += (await loss.item()) * indices.length;
      done += indices.length;
      await pace.afterStep();
    }
    return {
      loss: lossSum / done,
      accuracy: accuracyOf(predictions.subarray(0, done), dataset.labels.subarray(0, done)),
      confusion: confusionMatrix(predictions, dataset.labels, classes),
      predictions,
      probabilities,
    };
  }
}

/** The loss of a batch, which has to be a scalar tensor. */
export function lossOf(loss: Loss, scores: Tensor, labels: Tensor): Tensor {
  const value = loss(scores, labels);
  if (value instanceof Tensor && value.size === 1) return value;
  throw new ShapeError({
    where: 'the option loss',
    got: value instanceof Tensor ? `a loss of shape ${formatShape(value.shape)}` : 'no tensor',
    expected: 'a scalar: the mean over the batch',
    cure: 'Return the loss from the function, reduced with mean or sum.',
  });
}

/** Throws NonFiniteError for a pixel that is NaN or infinite: no score that comes from it means anything. */
export function requireFinitePixels(
  where: string,
  images: Float32Array,
  imageShape: Shape,
  nameOf: (image: number) => number,
): void {
  const wrong = images.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  throw new NonFiniteError({
    where: `${where}, image ${nameOf(Math.floor(wrong / sizeOf(imageShape)))}`,
    got: `a pixel that is ${images[wrong]}`,
    expected: 'finite pixels',
    cure: 'Remove or repair the picture, or look at what computes its pixels.',
  });
}

/** Throws unless the model gave one score for each class and image. */
export function requireScores(
  shape: readonly number[],
  images: number,
  classes: number,
  where: string,
): void {
  if (shape.length === 2 && shape[0] === images && shape[1] === classes) return;
  throw new ShapeError({
    where: `the model on ${where}`,
    got: `scores of shape ${formatShape(shape)}`,
    expected: formatShape([images, classes], ['N', 'classes']),
    cure: 'Give the last layer one output for each class, and nothing after it that changes the shape.',
  });
}
