/** What outputs are judged by: the loss, how many are right where they are scores of classes, and metrics of one's own. */
import { IndexError, OptionError, ShapeError } from '../errors.ts';
import { softmaxCrossEntropy } from '../nn/losses/index.ts';
import { sum } from '../ops/broadcast.ts';
import { cast, equal } from '../ops/elementwise.ts';
import { checkLabels } from '../ops/indexing.ts';
import { stack } from '../ops/movement.ts';
import { argMax } from '../ops/reduce.ts';
import { softmax, softmaxPrimitive } from '../ops/softmax.ts';
import { describeValue, isPlainObject, isPromise, requireFunction } from '../options.ts';
import { isOf } from '../tensor/primitive.ts';
import type { TensorTree } from '../tensor/runtime.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Batch } from './batch-source.ts';

/**
 * A loss or a metric: a scalar, the mean over the batch. A model that classifies is judged by its scores `[N, classes]` and the labels
 * `[N]`, any other by what it gives and its targets.
 */
export type Loss<Output = Tensor, Targets = Tensor> = (outputs: Output, targets: Targets) => Tensor;

/** Metrics of one's own, by name. */
export type MetricFunctions<Output = Tensor, Targets = Tensor, Names extends string = string> = Readonly<
  Record<Names, Loss<Output, Targets>>
>;

/** What a loss of trees and one of tensors have in common inside. */
type AnyLoss = (outputs: never, targets: never) => Tensor;

/** Labels of pictures that were mixed in pairs, `[N]` each: `labels` are those of the larger share, from 0.5 to 1, the same in all of a batch. */
export type MixedLabels = Readonly<Record<'labels' | 'partners' | 'share', Tensor>>;

/** How the outputs of a model are judged. */
export interface ObjectiveOptions {
  readonly loss?: AnyLoss | undefined;
  readonly metrics?: Readonly<Record<string, AnyLoss>> | undefined;
  /** The number of classes of a data set of pictures, and its name. */
  readonly classes?: { readonly count: number; readonly name: string } | undefined;
}

/** What a batch is found to be. */
export interface Judgment {
  readonly loss: Tensor;
  /** How many labels have the highest score. Undefined where outputs are no scores. */
  readonly correct: Tensor | undefined;
  /** `[metrics]`; undefined where there are none. */
  readonly metrics: Tensor | undefined;
  /** The scores, where there are some. */
  readonly scores: Tensor | undefined;
}

/** Judges batches. */
export class Objective {
  readonly metricNames: readonly string[];
  /** Whether outputs have to be scores of pictures. */
  readonly ofPictures: boolean;
  readonly #options: ObjectiveOptions;
  /** The classes that labels have to be among, once a batch was judged; undefined where there are none. */
  #classes: number | undefined;

  constructor(options: ObjectiveOptions) {
    this.metricNames = Object.keys(options.metrics ?? {});
    this.ofPictures = options.classes !== undefined;
    this.#options = options;
  }

  /** @param targets of pictures their labels `[N]`, or the labels of pairs that are mixed */
  judge(outputs: TensorTree, targets: TensorTree): Judgment {
    if (this.ofPictures && !(targets instanceof Tensor))
      return this.#judgeMixed(outputs, targets as MixedLabels);
    const { loss, metrics = {}, classes } = this.#options;
    if (classes && outputs instanceof Tensor && targets instanceof Tensor) {
      requireScores(outputs.shape, targets.size, classes.count, classes.name);
    }
    const scored = areScores(outputs, targets)
      ? { scores: outputs as Tensor, labels: targets as Tensor }
      : undefined;
    // A loss of one's own may ignore labels outside.
    const all = loss === undefined || loss === softmaxCrossEntropy;
    this.#classes = all ? scored?.scores.shape.at(-1) : undefined;
    const values = Object.entries(metrics).map(([name, metric]) =>
      scalarOf(metric as Loss<TensorTree, TensorTree>, outputs, targets, `metrics.${name}`),
    );
    return {
      loss: scalarOf((loss ?? defaultLoss) as Loss<TensorTree, TensorTree>, outputs, targets, 'loss'),
      correct: scored && sum(cast(equal(argMax(scored.scores), scored.labels), 'int32')),
      metrics:
        values.length > 0 ? stack(values.map((value) => cast(value, 'float32').reshape([]))) : undefined,
      scores: scored?.scores,
    };
  }

  /** Loss and metrics are those of both labels, weighted; what is right is the label of the larger share. */
  #judgeMixed(outputs: TensorTree, { labels, partners, share }: MixedLabels): Judgment {
    const [own, other] = [labels, partners].map((each) => this.judge(outputs, each));
    const part = share.slice(0);
    const mixed = (first: Tensor, second: Tensor): Tensor =>
      first.mul(part).add(second.mul(part.mul(-1).add(1)));
    return {
      ...own,
      loss: mixed(own.loss, other.loss),
      metrics: own.metrics && mixed(own.metrics, other.metrics!),
    };
  }

  /**
   * What to say of an error that a batch led to. A captured loss meets a label outside the classes as an index; what is
   * thrown for it names the example.
   *
   * @throws LabelError where that was the cause
   */
  async explain(error: unknown, { targets, size, nameOf }: Batch): Promise<unknown> {
    if (!(error instanceof IndexError) || this.#classes === undefined) return error;
    const labels = await targets.tensors[0].data();
    const each = labels.length / size;
    for (let example = 0; example < size; example++) {
      checkLabels(nameOf(example), labels.subarray(example * each, (example + 1) * each), this.#classes);
    }
    return error;
  }
}

/** Of scores `[N, classes]` the softmax; of what a softmax gave, itself. */
export function probabilitiesOf(scores: Tensor): Tensor {
  return isOf(scores.node, softmaxPrimitive) ? scores : softmax(scores);
}

/** Whether outputs are scores of classes, and targets the numbers of the classes. */
function areScores(outputs: TensorTree, targets: TensorTree): boolean {
  return oneForEach(outputs, targets) && (targets as Tensor).dtype === 'int32';
}

/** Whether targets have the shape of outputs without their last axis. */
function oneForEach(outputs: TensorTree, targets: TensorTree): boolean {
  if (!(outputs instanceof Tensor) || !(targets instanceof Tensor)) return false;
  return outputs.rank > 1 && sameShape(outputs.shape.slice(0, -1), targets.shape);
}

function defaultLoss(outputs: TensorTree, targets: TensorTree): Tensor {
  if (areScores(outputs, targets)) {
    const scores = outputs as Tensor;
    if (!isOf(scores.node, softmaxPrimitive)) return softmaxCrossEntropy(scores, targets as Tensor);
    throw new OptionError({
      where: 'the option loss',
      got: 'none, for a model that ends in a softmax',
      expected: 'scores: softmax cross-entropy, which is the default, takes their softmax itself',
      cure: 'Leave the softmax out of the model: predict and evaluate give probabilities all the same. For a model that has to keep it, give a loss of its logarithm.',
    });
  }
  const described = (tree: TensorTree): string =>
    tree instanceof Tensor ? `${tree.dtype}${formatShape(tree.shape)}` : describeValue(Object.keys(tree));
  throw new OptionError({
    where: 'the option loss',
    got: `none, for outputs ${described(outputs)} and targets ${described(targets)}`,
    expected:
      'a loss: without one, targets are int32 classes, and outputs have a score for each class along one more axis',
    cure: `${oneForEach(outputs, targets) ? "If the targets are classes, convert them: targets.cast('int32'). Else give" : 'Give'} one: loss: meanSquaredError for numbers, softmaxCrossEntropy for soft targets of their shape, or (outputs, targets) => … of your own.`,
  });
}

/** The loss or metric of a batch, which has to be a scalar tensor. */
function scalarOf(
  judge: Loss<TensorTree, TensorTree>,
  outputs: TensorTree,
  targets: TensorTree,
  option: string,
): Tensor {
  const value = judge(outputs, targets);
  if (value instanceof Tensor && value.size === 1) return value;
  const promised = isPromise(value);
  throw new ShapeError({
    where: `the option ${option}`,
    got:
      value instanceof Tensor
        ? `${option === 'loss' ? 'a loss' : 'a value'} of shape ${formatShape(value.shape)}`
        : describeValue(value),
    expected: 'a scalar: the mean over the batch',
    cure: promised
      ? 'Write the function without async and await, and return the tensor: its value is read when the step is made.'
      : 'Return it from the function, reduced with mean or sum.',
  });
}

/** Throws OptionError unless metrics are functions by name. */
export function requireMetrics(where: string, metrics: unknown): void {
  if (metrics === undefined) return;
  if (isPlainObject(metrics)) {
    for (const [name, metric] of Object.entries(metrics)) requireFunction(where, `metrics.${name}`, metric);
    return;
  }
  throw new OptionError({
    where,
    got: `metrics ${describeValue(metrics)}`,
    expected: 'functions by name',
    cure: 'Give an object: metrics: { error: meanAbsoluteError }.',
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
