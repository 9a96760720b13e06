/** The robustness of a classifier: how its accuracy falls where pictures are disturbed more and more, and what an answer takes. */
import { requireUnitPixelsFor } from '../data/augment/augment-options.ts';
import { meanOfChannel, type PictureShape } from '../data/augment/degrading.ts';
import {
  type DisturbanceName,
  disturbanceNames,
  disturbanceStream,
  disturbances,
  disturbImage,
  type StrengthUnit,
} from '../data/augment/disturbances.ts';
import { batchIndices } from '../data/batches.ts';
import { imageLength, type LabeledImages } from '../data/dataset.ts';
import { fillPixels, type MissingPixels, requireMissing } from '../data/missing.ts';
import { applyNormalization } from '../data/normalize.ts';
import type { RandomGenerator } from '../data/random-generator.ts';
import { type Removal, removeFromImage, requireRemoval } from '../data/removal.ts';
import { openPool } from '../data/stream/picture-pool.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { type Module, requireModule } from '../nn/module.ts';
import { requireKnownOptions, requireList, requireNumber, requireOneOf } from '../options.ts';
import { fromData } from '../tensor/leaves.ts';
import { flattenTree } from '../tensor/tree.ts';
import type { Batch, BatchSource } from './batch-source.ts';
import { type EvaluateOptions, ModelEvaluator } from './evaluate.ts';
import { requireFinitePixels, requirePictures, requireWorkers } from './image-source.ts';
import { momentOf } from './moment.ts';
import { Objective } from './objective.ts';
import { Pace } from './pace.ts';
import { requireViews, ViewedClassifier } from './picture-views.ts';

/** Options of `robustness`: those of `evaluate` that say how a model is asked, and on what. */
export interface RobustnessOptions
  extends Pick<EvaluateOptions, 'normalization' | 'missing' | 'views' | 'workers'> {
  /** The most images that are looked at. Of more, so many are drawn, of each class its share. Default 1,000. */
  readonly images?: number;
  /** Decides which images are drawn, and how each is disturbed. Default 0. */
  readonly seed?: number;
  /** Which disturbances. Default: all. */
  readonly disturbances?: readonly DisturbanceName[];
  /** What is removed of each picture after it was disturbed, for a model that is tested so. Default: nothing. */
  readonly remove?: Removal | undefined;
  /** The most images computed at a time. Default 256. */
  readonly batchSize?: number;
}

/** The accuracy at one strength. */
export interface RobustnessPoint {
  /** In the unit of its curve. */
  readonly strength: number;
  /** The part of the images whose class is right. */
  readonly accuracy: number;
}

/** How the accuracy falls with one disturbance. */
export interface RobustnessCurve {
  readonly name: DisturbanceName;
  /** What strengths are numbers of. */
  readonly unit: StrengthUnit;
  /** By rising strength. The first is that of the undisturbed pictures: of strength 0, or 1 where strengths are factors. */
  readonly points: readonly RobustnessPoint[];
}

/** The robustness card of a model. Plain data, to be kept as JSON. */
export interface Robustness {
  /** How many images it was measured on. */
  readonly images: number;
  /** The accuracy on these images as they are. */
  readonly accuracy: number;
  /** What stood in the place of missing rows; `'mask'`: the model was given NaN. */
  readonly missing: Exclude<MissingPixels, 'error'>;
  /** How long an answer takes, in batches: the median of the batches of undisturbed pictures. */
  readonly secondsPerImage: number;
  /** Images that were computed at a time. */
  readonly batchSize: number;
  /** A curve for each disturbance that pictures of this size can have. */
  readonly disturbances: readonly RobustnessCurve[];
}

/**
 * How the accuracy of a classifier falls under disturbances that it was not trained for, in evaluation mode. Nothing of the model
 * changes, and all is measured on the model as it is at the moment of the call.
 *
 * | disturbance | strengths | what is done |
 * |---|---|---|
 * | `shift` | 1/20, 1/10, 1/5 of the shorter side, in whole pixels | moved to the left or right, up or down; the edge continues |
 * | `rotation` | 5, 10, 20, 45 degrees | turned about the center, either way; the edge continues |
 * | `occlusion` | the squares nearest to 5, 10, 20 % of the area | a gray square (0.5 in all channels), anywhere in the picture |
 * | `noise` | 0.05, 0.1, 0.2 of full brightness | bell-shaped noise of that standard deviation, cut off at black and white |
 * | `missing rows` | the whole rows nearest to 1/4, 1/2, 3/4 | rows become NaN, of which `missing` makes what it does in training; where that is `'error'`, the mean stands in their place: of the normalization, or of what is left of the picture |
 * | `lower resolution` | 2, 3, 4 times | made smaller by that factor (the mean of each area), and as large as before (linearly) |
 *
 * Each picture is changed by exactly the strength. Direction and place are drawn from the seed by image, and are the same for all
 * strengths. Of floats, pixels that are missing before move with the others.
 *
 * ```ts
 * const { train, test } = loadDataset('digits');
 * const network = createModel('row-lstm', { inputShape: [20, 20, 1], classes: 10 });
 * const card = await robustness(network, test, { normalization: channelStatistics(train), images: 50 });
 * const [shift] = card.disturbances;
 * await shift.points.map(({ strength }) => strength); // [0, 1, 2, 4]
 * ```
 *
 * @param model takes pictures `[N, H, W, C]` and gives scores `[N, classes]`
 * @param dataset in memory or streamed; pixels in [0, 1] or bytes
 * @throws as `evaluate`; OptionError besides for pixels outside of 0 to 1 where noise or a gray square would not fit them
 */
export async function robustness(
  model: Module,
  dataset: PictureDataset,
  options: RobustnessOptions = {},
): Promise<Robustness> {
  return (await measureRobustness(model, dataset, options))!;
}

/** What the command needs besides. */
export interface MeasuringHooks {
  /** Ends the measuring early. */
  readonly signal?: { readonly aborted: boolean } | undefined;
  /** Called after each batch of each strength with the part that is done. */
  readonly onProgress?: (done: number) => void;
}

/** `robustness`, which a signal may end: then there is no result. */
export async function measureRobustness(
  model: Module,
  dataset: PictureDataset,
  options: RobustnessOptions,
  { signal, onProgress }: MeasuringHooks = {},
): Promise<Robustness | undefined> {
  const where = 'robustness';
  const asked = requireOptions(where, model, dataset, options);
  const { normalization, missing, remove, views, seed, workers } = asked;
  const [, height, width, channels] = dataset.shape;
  const shape = [height, width, channels] as const;
  const ways = asked.disturbances.flatMap((name) =>
    disturbances[name].strengths(shape).map((strength) => ({ name, strength })),
  );
  const ofUnitPixels = ways.find(({ name }) => disturbances[name].ofUnitPixels)?.name;
  const stream = disturbanceStream(seed);
  const sample = drawnImages(dataset, asked.images, stream);
  const batches = evenBatches(sample, asked.batchSize);

  const source = new HeldBatch(dataset.name);
  const classes = { count: dataset.classNames.length, name: dataset.name };
  const objective = new Objective({ classes });
  const classifier = views ? new ViewedClassifier(model, views) : model;
  const evaluator = new ModelEvaluator(classifier, source, objective, momentOf(model));

  /** The pictures of a batch as the model gets them. */
  const prepared = (images: Float32Array, indices: Int32Array, way?: (typeof ways)[number]): Float32Array => {
    const changed = images.slice();
    const length = imageLength(dataset);
    indices.forEach((index, place) => {
      const pixels = changed.subarray(place * length, (place + 1) * length);
      const own = stream.fork(index);
      if (way) disturbImage(pixels, shape, way.name, way.strength, own);
      if (remove) removeFromImage(pixels, shape, remove, own.fork(REMOVAL_PLACE));
      if (missing === 'error' && !normalization) fillWithOwnMean(pixels, channels);
    });
    if (normalization) applyNormalization(changed, normalization);
    if (missing !== 'mask' && normalization) {
      fillPixels(changed, [indices.length, ...shape], missing === 'error' ? 'mean' : missing);
    }
    return changed;
  };

  const right = new Float64Array(1 + ways.length);
  const pace = new Pace();
  const seconds: number[] = [];
  let done = 0;
  for await (const { indices, images } of readBatches(dataset, batches, workers)) {
    requireFinitePixels(`${where} on ${dataset.name}`, images, shape, (image) => indices[image], missing);
    if (ofUnitPixels !== undefined) requireUnitPixelsFor(ofUnitPixels, where, images);
    const labels = Int32Array.from(indices, (index) => dataset.labels[index]);
    for (const [place, way] of [undefined, ...ways].entries()) {
      if (signal?.aborted) return undefined;
      source.hold(prepared(images, indices, way), labels, shape, indices);
      // The first run plans.
      if (done === 0) await evaluator.run();
      const start = performance.now();
      const { accuracy } = await evaluator.run();
      if (place === 0) seconds.push((performance.now() - start) / 1000 / indices.length);
      right[place] += Math.round(accuracy! * indices.length);
      done++;
      await pace.afterStep();
      onProgress?.(done / (batches.length * right.length));
    }
  }

  const [accuracy, ...accuracies] = Array.from(right, (count) => count / sample.length);
  const curves = asked.disturbances.map((name): RobustnessCurve => {
    const { unit, none } = disturbances[name];
    const disturbed = ways.flatMap(({ name: own, strength }, place) =>
      own === name ? [{ strength, accuracy: accuracies[place] }] : [],
    );
    return { name, unit, points: [{ strength: none, accuracy }, ...disturbed] };
  });
  return {
    images: sample.length,
    accuracy,
    missing: missing === 'error' ? 'mean' : missing,
    secondsPerImage: median(seconds),
    batchSize: batches[0].length,
    disturbances: curves.filter(({ points }) => points.length > 1),
  };
}

/** The options with their defaults, all of them looked at. */
function requireOptions(where: string, model: Module, dataset: PictureDataset, options: RobustnessOptions) {
  requireKnownOptions(where, options, [
    ...['images', 'seed', 'disturbances', 'remove', 'batchSize'],
    ...['normalization', 'missing', 'views', 'workers'],
  ]);
  requireModule(where, model);
  const { images = 1000, seed = 0, disturbances: chosen = disturbanceNames, batchSize = 256 } = options;
  const { normalization, missing = 'error', remove, views, workers } = options;
  requirePictures(where, dataset, normalization);
  requireMissing(where, missing, normalization);
  requireWorkers(where, workers, dataset, undefined);
  if (views) requireViews(where, views);
  if (remove) requireRemoval(`${where}, remove`, remove);
  requireNumber(where, 'images', images, 'a whole number of at least 1');
  requireNumber(where, 'seed', seed, 'a whole number of at least 0');
  requireNumber(where, 'batchSize', batchSize, 'a whole number of at least 1');
  for (const name of requireList(where, 'disturbances', chosen)) {
    requireOneOf(where, 'disturbances', name, disturbanceNames);
  }
  const asked = disturbanceNames.filter((name) => chosen.includes(name));
  return { images, seed, batchSize, normalization, missing, remove, views, workers, disturbances: asked };
}

/** No disturbance has this place in the table. */
const REMOVAL_PLACE = 2 ** 32 - 1;

/** Some images in their order, of each class its share. */
export function drawnImages(
  { labels, shape: [count] }: LabeledImages,
  most: number,
  generator: RandomGenerator,
): Int32Array {
  const order = generator.permutation(count);
  if (count <= most) return order.sort();
  // At equal distances in a list in which each class stands together, in random order.
  const sorted = Array.from(order).sort((first, second) => labels[first] - labels[second]);
  return Int32Array.from(
    { length: most },
    (_, place) => sorted[Math.floor(((place + 0.5) * count) / most)],
  ).sort();
}

/** As few batches as there can be, of sizes as equal as can be: each further size is planned anew. */
function evenBatches(images: Int32Array, most: number): Int32Array[] {
  const size = Math.ceil(images.length / Math.ceil(images.length / most));
  return [...batchIndices(images.length, size)].map((places) => places.map((place) => images[place]));
}

/** Pictures as they are, in [0, 1]: each is read once. */
async function* readBatches(
  dataset: PictureDataset,
  batches: readonly Int32Array[],
  workers = isStreamed(dataset) ? 1 : 0,
): AsyncIterable<{ readonly indices: Int32Array; readonly images: Float32Array }> {
  const setup = { dataset, augmentation: undefined, normalization: undefined, seed: 0 };
  const pool = openPool(setup, workers);
  try {
    const ahead: Promise<Float32Array>[] = [];
    for (const [place, indices] of batches.entries()) {
      for (const next of batches.slice(place + ahead.length, place + pool.ahead)) {
        ahead.push(pool.prepare({ indices: next, first: 0, epoch: undefined }));
      }
      yield { indices, images: await ahead.shift()! };
    }
  } finally {
    pool.close();
  }
}

function fillWithOwnMean(pixels: Float32Array, channels: number): void {
  for (let channel = 0; channel < channels; channel++) {
    const mean = meanOfChannel(pixels, channels, channel);
    for (let at = channel; at < pixels.length; at += channels) {
      if (Number.isNaN(pixels[at])) pixels[at] = mean;
    }
  }
}

/** Gives an evaluator one batch after the other, each as often as it asks. */
class HeldBatch implements BatchSource {
  readonly name: string;
  readonly count = undefined;
  readonly steps = undefined;
  #batch: Batch | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** @param images `[N, H, W, C]`, as the model gets them */
  hold(images: Float32Array, labels: Int32Array, shape: PictureShape, indices: Int32Array): void {
    const size = labels.length;
    this.#batch = {
      inputs: flattenTree(fromData(images, [size, ...shape], 'float32')),
      targets: flattenTree(fromData(labels, [size], 'int32')),
      size,
      nameOf: (image) => `image ${indices[image]} of ${this.name}`,
    };
  }

  blank(): undefined {
    return undefined;
  }

  *batches(): Iterable<Batch> {
    if (this.#batch) yield this.#batch;
  }
}

/** Of at least one number. */
function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((first, second) => first - second);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
