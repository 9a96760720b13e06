/** Evaluating a classifier on a data set, and predicting the classes of pictures. */

import { batchIndices, gatherBatch } from '../data/batches.ts';
import { type ImageDataset, validateLabels } from '../data/dataset.ts';
import { applyNormalisation, type Normalisation } from '../data/normalise.ts';
import { ShapeError } from '../errors.ts';
import { softmaxCrossEntropy } from '../nn/losses.ts';
import type { Module } from '../nn/module.ts';
import { argMax } from '../ops/reduce.ts';
import { softmax } from '../ops/softmax.ts';
import { requireKnownOptions, requireNumber } from '../optim/options.ts';
import { fromData } from '../tensor/leaves.ts';
import { compile } from '../tensor/runtime.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { accuracyOf, confusionMatrix } from './metrics.ts';
import { inMode } from './modes.ts';
import { Pace } from './pace.ts';

/** A loss of scores [N, classes] and labels [N]: a scalar, the mean over the batch. */
export type Loss = (scores: Tensor, labels: Tensor) => Tensor;

export interface EvaluateOptions {
  /** Images computed at a time. Default 256. */
  readonly batchSize?: number;
  /** Has to be the one the model was trained with. Default: none, pixels in [0, 1]. */
  readonly normalisation?: Normalisation | undefined;
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

/** The class of a picture. */
export interface Prediction {
  /** The class with the highest score. */
  readonly label: number;
  /** One for each class, in all 1. */
  readonly probabilities: Float32Array;
}

/**
 * The loss, accuracy and predictions of a classifier on a data set, in evaluation mode; every layer has its own mode
 * back afterwards.
 *
 * @throws LabelError or DatasetError when the data set does not agree with itself, ShapeError when the model does not
 *   give one score a class, OptionError for options that are unknown or out of range
 */
export async function evaluate(
  model: Module,
  dataset: ImageDataset,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  requireKnownOptions('evaluate', options, ['batchSize', 'normalisation', 'loss']);
  validateLabels(dataset);
  return new DatasetEvaluator(model, options).run(dataset);
}

/** `evaluate` for a model that is evaluated again and again: the compiled function is kept. */
export class DatasetEvaluator {
  readonly #model: Module;
  readonly #batchSize: number;
  readonly #normalisation: Normalisation | undefined;
  readonly #compute: (images: Tensor, labels: Tensor) => Promise<Tensor[]>;

  constructor(
    model: Module,
    { batchSize = 256, normalisation, loss = softmaxCrossEntropy }: EvaluateOptions,
  ) {
    this.#model = model;
    this.#batchSize = requireNumber('evaluate', 'batchSize', batchSize, 'a whole number of at least 1');
    this.#normalisation = normalisation;
    this.#compute = compile((images: Tensor, labels: Tensor): Tensor[] => {
      const scores = model.call(images);
      return [loss(scores, labels), argMax(scores), softmax(scores)];
    });
  }

  /** @param signal ends the run early; the result is then of the images seen so far and of no use */
  async run(dataset: ImageDataset, signal?: AbortSignal): Promise<Evaluation> {
    return inMode(this.#model, 'eval', () => this.#run(dataset, signal));
  }

  async #run(dataset: ImageDataset, signal?: AbortSignal): Promise<Evaluation> {
    const [count, ...imageShape] = dataset.shape;
    const classes = dataset.classNames.length;
    const predictions = new Int32Array(count);
    const probabilities = new Float32Array(count * classes);
    const pace = new Pace();
    let lossSum = 0;
    let done = 0;
    for (const indices of batchIndices(count, this.#batchSize)) {
      if (signal?.aborted) break;
      const { images, labels } = gatherBatch(dataset, indices, this.#normalisation);
      const [loss, predicted, probability] = await this.#compute(
        fromData(images, [indices.length, ...imageShape], 'float32'),
        fromData(labels, [indices.length], 'int32'),
      );
      requireScores(probability.shape, indices.length, classes, dataset.name);
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

/**
 * The classes of pictures, in evaluation mode.
 *
 * @param images pixels in [0, 1], row-major
 * @param shape `[N, H, W, C]`
 * @throws ShapeError when the pixels do not fill the shape or the model does not give one row of scores a picture
 */
export async function predict(
  model: Module,
  images: Float32Array,
  shape: readonly [number, number, number, number],
  options: { readonly normalisation?: Normalisation | undefined } = {},
): Promise<Prediction[]> {
  requireKnownOptions('predict', options, ['normalisation']);
  const [count, ...imageShape] = shape;
  if (images.length !== sizeOf(shape)) {
    throw new ShapeError({
      where: 'predict',
      got: `${images.length} pixel values`,
      expected: `${sizeOf(shape)}, for ${formatShape(shape, ['N', 'H', 'W', 'C'])}`,
      cure: 'Give one value for each place, in row-major order.',
    });
  }
  const length = sizeOf(imageShape);
  const compute = compile((batch: Tensor): Tensor[] => {
    const scores = model.call(batch);
    return [argMax(scores), softmax(scores)];
  });
  const predictions: Prediction[] = [];
  const pace = new Pace();
  await inMode(model, 'eval', async () => {
    for (const indices of batchIndices(count, 256)) {
      const start = indices[0] * length;
      const pixels = images.slice(start, start + indices.length * length);
      if (options.normalisation) applyNormalisation(pixels, options.normalisation);
      const [labels, probabilities] = await compute(
        fromData(pixels, [indices.length, ...imageShape], 'float32'),
      );
      const classes = probabilities.shape[1] ?? 0;
      requireScores(probabilities.shape, indices.length, classes, 'predict');
      const labelData = await labels.data();
      const values = Float32Array.from(await probabilities.data());
      labelData.forEach((label, index) => {
        predictions.push({ label, probabilities: values.slice(index * classes, (index + 1) * classes) });
      });
      await pace.afterStep();
    }
  });
  return predictions;
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
