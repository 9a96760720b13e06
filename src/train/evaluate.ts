/** Evaluating a model: loss, metrics, and how a classifier does. */
import { type MissingPixels, requireMissing } from '../data/missing.ts';
import type { Normalization } from '../data/normalize.ts';
import type { PictureDataset } from '../data/stream/streamed-dataset.ts';
import { confusionMatrix, mostClasses } from '../metrics/confusion-matrix.ts';
import { inMode } from '../nn/mode.ts';
import { type AnyModule, type Module, requireModule } from '../nn/module.ts';
import { argMax } from '../ops/reduce.ts';
import { requireFunction, requireKnownOptions, requireNumber } from '../options.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import { compile } from '../tensor/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type BatchSource, type Structure, treesOf } from './batch-source.ts';
import { type Examples, openExamples } from './example-source.ts';
import { ImageSource, requirePictures, requireWorkers } from './image-source.ts';
import { Means } from './means.ts';
import { momentOf } from './moment.ts';
import { type Loss, type MetricFunctions, Objective, probabilitiesOf, requireMetrics } from './objective.ts';
import { Pace } from './pace.ts';
import { type PictureViews, requireViews, ViewedClassifier } from './picture-views.ts';
import { outputTree } from './trial.ts';

/** Options of evaluating on anything. `Output` is what the model gives, `Targets` what it is compared with. */
export interface TensorEvaluateOptions<Output = Tensor, Targets = Tensor, Names extends string = string> {
  /** Examples computed at a time. Default 256. Batches of an iterator are taken as they come. */
  readonly batchSize?: number;
  /** Default: softmax cross-entropy, where targets are int32 classes and outputs scores. */
  readonly loss?: Loss<Output, Targets>;
  /** Reported by name, as means over the examples. Default: none. */
  readonly metrics?: MetricFunctions<Output, Targets, Names>;
}

/** Options of evaluating on pictures. */
export interface EvaluateOptions<Names extends string = string>
  extends TensorEvaluateOptions<Tensor, Tensor, Names> {
  /** Has to be the one the model was trained with. Default: none, pixels in [0, 1]. */
  readonly normalization?: Normalization | undefined;
  /** What is done with pixels that are NaN. Default 'error'. */
  readonly missing?: MissingPixels | undefined;
  /**
   * Test-time augmentation: the answer to a picture is the mean of the probabilities of several views of it. The loss is given their
   * logarithms as scores. `batchSize` is that of pictures: computed at a time are all their views. Default: the picture alone.
   */
  readonly views?: PictureViews | undefined;
  /** Threads that read the pictures of `openDataset`. Default 1; 0: they are read between the batches. */
  readonly workers?: number | undefined;
}

/**
 * How a model does. On pictures everything is there; on other examples what comes from classes is `Unknown`, undefined, where
 * targets are no int32 `[N]` or outputs no scores `[N, classes]`. `Names` are those of the metrics.
 */
export interface Evaluation<Unknown = never, Names extends string = string> {
  /** The mean over all examples. */
  readonly loss: number;
  /** The part of the labels whose class is right. */
  readonly accuracy: number | Unknown;
  /** Metrics of one's own, by name: means over all examples. */
  readonly metrics: Readonly<Record<Names, number>>;
  /** How often each class was taken for each: `[classes, classes]`, the row being the truth. */
  readonly confusion: Int32Array | Unknown;
  /** The class with the highest score: `[N]`. */
  readonly predictions: Int32Array | Unknown;
  /** The softmax of the scores, or what a model gives that ends in one itself: `[N, classes]`. */
  readonly probabilities: Float32Array | Unknown;
}

/**
 * The loss, accuracy and predictions of a classifier on a data set, in evaluation mode. The model can be trained at the
 * same time: no layer's own mode changes, and all images are seen by the model as it is at the moment of the call.
 *
 * @throws LabelError or DatasetError when the data set does not agree with itself, ShapeError when the model does not
 *   give one score per class, NonFiniteError for a NaN or infinite pixel, OptionError for options that are unknown or
 *   out of range
 */
export function evaluate<Names extends string = never>(
  model: Module,
  dataset: PictureDataset,
  options?: EvaluateOptions<Names>,
): Promise<Evaluation<never, Names>>;
/**
 * The loss and metrics of any model, in evaluation mode, on `{ inputs, targets }` of tensors or on batches: see `Examples`. Of scores
 * of classes also what they tell. The model can be trained at the same time, as with pictures.
 *
 * @throws ShapeError when inputs and targets are of other numbers, OptionError without a loss that fits, and for options that are
 *   unknown or out of range
 */
export function evaluate<Inputs, Targets, Output, Names extends string = never>(
  model: Module<Inputs, Output>,
  examples: Examples<Inputs, Targets>,
  options?: TensorEvaluateOptions<Output, Targets, Names>,
): Promise<Evaluation<undefined, Names>>;
export async function evaluate(
  model: AnyModule,
  data: unknown,
  options: EvaluateOptions = {},
): Promise<Evaluation<undefined>> {
  const pictures = isPictureDataset(data);
  requireKnownOptions('evaluate', options, [
    'batchSize',
    'loss',
    'metrics',
    ...(pictures ? ['normalization', 'missing', 'views', 'workers'] : []),
  ]);
  requireModule('evaluate', model);
  const { batchSize = 256, normalization, missing = 'error', loss, metrics, views, workers } = options;
  if (pictures) {
    requirePictures('evaluate', data, normalization);
    requireMissing('evaluate', missing, normalization);
    requireWorkers('evaluate', workers, data, undefined);
    if (views) requireViews('evaluate', views);
  }
  requireNumber('evaluate', 'batchSize', batchSize, 'a whole number of at least 1');
  if (loss !== undefined) requireFunction('evaluate', 'loss', loss);
  requireMetrics('evaluate', metrics);
  const standStill = pictures && data.shape[0] <= batchSize ? undefined : momentOf(model);
  const source = pictures
    ? new ImageSource(data, { batchSize, normalization, missing, workers })
    : await openExamples('evaluate', data, { batchSize });
  const classes = pictures ? { count: data.classNames.length, name: data.name } : undefined;
  const asked = views ? new ViewedClassifier(model as Module, views) : model;
  return new ModelEvaluator(asked, source, new Objective({ loss, metrics, classes }), standStill).run();
}

/**
 * Whether this is meant as a data set of pictures; whether it is one, `validateLabels` says. A data set of several parts is
 * taken for one, whose error says which parts there are.
 */
export function isPictureDataset(data: unknown): data is PictureDataset {
  if (typeof data !== 'object' || data === null) return false;
  return ['images', 'labels', 'shape', 'classNames', 'train', 'test'].some((name) => name in data);
}

/** `evaluate` for a model that is evaluated again and again: the compiled function is kept. */
export class ModelEvaluator {
  readonly #source: BatchSource;
  readonly #objective: Objective;
  readonly #compute: (...tensors: Tensor[]) => Promise<Readonly<Record<string, Tensor>>>;
  #structure: Structure | undefined;

  constructor(model: AnyModule, source: BatchSource, objective: Objective, standStill?: () => void) {
    this.#source = source;
    this.#objective = objective;
    this.#compute = compile((...tensors: Tensor[]): Record<string, Tensor> => {
      standStill?.();
      const [inputs, targets] = treesOf(this.#structure!, tensors);
      const { tree } = inMode(model, 'eval', () => outputTree(model, inputs));
      const { loss, correct, metrics, scores } = objective.judge(tree, targets);
      // Of classes, what is right is counted on the host: one value less to wait for.
      const answers =
        scores?.shape.length === 2
          ? { predictions: argMax(scores), probabilities: probabilitiesOf(scores) }
          : correct && { correct };
      return { loss, ...(metrics && { metrics }), ...answers };
    });
  }

  /** @param signal ends the run early; the result is then of the examples seen so far and of no use */
  async run(signal?: { readonly aborted: boolean }): Promise<Evaluation<undefined>> {
    const means = new Means(this.#objective.metricNames);
    const predictions: Int32Array[] = [];
    const probabilities: Float32Array[] = [];
    const labels: Int32Array[] = [];
    const pace = new Pace();
    let classes = 0;
    for await (const batch of this.#source.batches(undefined)) {
      if (signal?.aborted) break;
      this.#structure = batch;
      const { inputs, targets, size } = batch;
      const found = await this.#compute(...inputs.tensors, ...targets.tensors).catch(async (error) => {
        throw await this.#objective.explain(error, batch);
      });
      const [label] = targets.tensors;
      let right = 'correct' in found ? await found.correct.item() : undefined;
      if ('predictions' in found) {
        classes = found.probabilities.shape[1];
        predictions.push(Int32Array.from(await found.predictions.data()));
        probabilities.push(Float32Array.from(await found.probabilities.data()));
        labels.push(Int32Array.from(await valuesOf(label)));
        right = countEqual(predictions.at(-1)!, labels.at(-1)!);
      }
      means.add(size, {
        loss: await found.loss.item(),
        correct: right === undefined ? undefined : { right, of: label.size },
        metrics: 'metrics' in found ? await found.metrics.data() : [],
      });
      await pace.afterStep();
    }
    const answered = classes > 0;
    const predicted = joined(Int32Array, predictions);
    return {
      ...means.read(),
      confusion:
        answered && (classes <= mostClasses || this.#objective.ofPictures)
          ? confusionMatrix(predicted, joined(Int32Array, labels), classes)
          : undefined,
      predictions: answered ? predicted : undefined,
      probabilities: answered ? joined(Float32Array, probabilities) : undefined,
    };
  }
}

/** Without a request where the host has them. */
async function valuesOf(tensor: Tensor): Promise<NumericArray> {
  const { source } = tensor.node;
  return source?.kind === 'data' ? source.data : tensor.data();
}

function countEqual(predictions: Int32Array, labels: Int32Array): number {
  let count = 0;
  for (let index = 0; index < labels.length; index++) if (predictions[index] === labels[index]) count++;
  return count;
}

function joined<Values extends Int32Array | Float32Array>(
  make: new (length: number) => Values,
  parts: readonly Values[],
): Values {
  const whole = new make(parts.reduce((total, { length }) => total + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
