/** Batches of a data set of pictures. */
import type { AugmentOptions } from '../data/augment/augment-options.ts';
import { type MixOptions, type Mixture, mixPictures } from '../data/augment/mixing.ts';
import { balancedOrder, type Sampling } from '../data/balanced-order.ts';
import { validateLabels } from '../data/dataset.ts';
import { fillPixels, type MissingPixels } from '../data/missing.ts';
import { type Normalization, requireNormalization, requireUsablePixels } from '../data/normalize.ts';
import { batchStream, mixStream, type RandomGenerator } from '../data/random-generator.ts';
import { openPool, type PicturePool } from '../data/stream/picture-pool.ts';
import { isStreamed, type PictureDataset, requireStreamed } from '../data/stream/streamed-dataset.ts';
import { NonFiniteError, OptionError } from '../errors.ts';
import { requireNumber } from '../options.ts';
import { fill, fromData } from '../tensor/leaves.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { flattenTree } from '../tensor/tree.ts';
import {
  type Batch,
  type Batching,
  type BatchSource,
  indicesOf,
  type Structure,
  stepsOf,
} from './batch-source.ts';
import type { MixedLabels } from './objective.ts';

/**
 * Changes the pictures of a batch in place, `[N, H, W, C]`, normalized if the training is. What it draws from the generator, which
 * is another one for each batch, is the same whenever the training is repeated.
 */
export type ImageAugmentation = (
  images: Float32Array,
  shape: readonly [number, number, number, number],
  generator: RandomGenerator,
) => void;

/** Of NaN pixels. */
export const missingCure =
  "Where NaN stands for what is missing, say what is done with it: missing: 'mask', 'mean' or 'last'.";

/** Gathers the pictures of a batch, changes and normalizes them. */
export class ImageSource implements BatchSource {
  readonly #dataset: PictureDataset;
  readonly #options: ImageBatching;
  #pool: PicturePool | undefined;

  constructor(dataset: PictureDataset, options: ImageBatching) {
    this.#dataset = dataset;
    const { labels, classNames } = dataset;
    const drawOrder = (generator: RandomGenerator) => balancedOrder(labels, classNames.length, generator);
    this.#options = options.sampling === 'balanced' ? { ...options, drawOrder } : options;
  }

  get name(): string {
    return this.#dataset.name;
  }

  get count(): number {
    return this.#dataset.shape[0];
  }

  get steps(): number {
    return stepsOf(this.count, this.#options);
  }

  blank(size: number): Structure {
    const [, ...imageShape] = this.#dataset.shape;
    const labels = fill(0, [size], 'int32');
    return {
      inputs: flattenTree(fill(0, [size, ...imageShape])),
      targets: flattenTree(this.#options.mix ? { labels, partners: labels, share: fill(0, [size]) } : labels),
    };
  }

  async *batches(epoch: number | undefined, fromStep = 0): AsyncIterable<Batch> {
    const { augmentation, mix, missing = 'error', seed = 0 } = this.#options;
    const { name } = this.#dataset;
    const [, height, width, channels] = this.#dataset.shape;
    const imageShape = [height, width, channels] as const;
    for await (const { step, indices, images } of this.#prepared(epoch, fromStep)) {
      const size = indices.length;
      const labels = Int32Array.from(indices, (index) => this.#dataset.labels[index]);
      const shape = [size, ...imageShape] as const;
      if (epoch === undefined) {
        const where = `evaluate on ${name}`;
        requireFinitePixels(where, images, imageShape, (image) => indices[image], missing);
      } else if (typeof augmentation === 'function') {
        augmentation(images, shape, batchStream(seed, epoch, step));
      }
      if (missing !== 'error') fillPixels(images, shape, missing);
      const mixture =
        epoch !== undefined && mix && mixPictures(images, shape, mix, mixStream(seed, epoch, step));
      yield {
        inputs: flattenTree(fromData(images, shape, 'float32')),
        targets: flattenTree(mixture ? mixedLabels(labels, mixture) : fromData(labels, [size], 'int32')),
        size,
        nameOf: (image) => `image ${indices[image]} of ${name}`,
      };
    }
  }

  /** Pictures as they are read, changed and normalized, by as many threads as there are, ahead of the steps. */
  async *#prepared(epoch: number | undefined, fromStep: number): AsyncIterable<PreparedBatch> {
    const { augmentation, batchSize, normalization, seed = 0 } = this.#options;
    const { workers = isStreamed(this.#dataset) ? 2 : 0 } = this.#options;
    const changes = typeof augmentation === 'object' ? augmentation : undefined;
    const setup = { dataset: this.#dataset, augmentation: changes, normalization, seed };
    const pool = this.#pool ?? openPool(setup, workers);
    this.#pool = pool;
    try {
      const ahead: { step: number; indices: Int32Array; images: Promise<Float32Array> }[] = [];
      let step = 0;
      for (const indices of indicesOf(this.count, epoch, this.#options)) {
        step++;
        if (step <= fromStep) continue;
        const first = (step - 1) * batchSize;
        ahead.push({ step, indices, images: pool.prepare({ indices, first, epoch }) });
        if (ahead.length < pool.ahead) continue;
        const next = ahead.shift()!;
        yield { ...next, images: await next.images };
      }
      for (const next of ahead) yield { ...next, images: await next.images };
    } finally {
      // Between evaluations lies an epoch, in which its threads would only take memory.
      if (epoch === undefined) this.close();
    }
  }

  close(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }
}

interface PreparedBatch {
  /** From 1. */
  readonly step: number;
  readonly indices: Int32Array;
  /** `[N, H, W, C]`, normalized. */
  readonly images: Float32Array;
}

/** The labels of mixed pictures, those of the larger share first. */
function mixedLabels(labels: Int32Array, { partners, share }: Mixture): MixedLabels {
  const others = partners.map((partner) => labels[partner]);
  const own = share >= 0.5;
  const [first, second] = (own ? [labels, others] : [others, labels]).map((each) =>
    fromData(each, [each.length], 'int32'),
  );
  return {
    labels: first,
    partners: second,
    share: fromData(
      new Float32Array(labels.length).fill(own ? share : 1 - share),
      [labels.length],
      'float32',
    ),
  };
}

/** How pictures become batches. */
export interface ImageBatching extends Batching {
  readonly normalization?: Normalization | undefined;
  readonly augmentation?: AugmentOptions | ImageAugmentation | undefined;
  readonly missing?: MissingPixels | undefined;
  readonly mix?: MixOptions | undefined;
  readonly sampling?: Sampling | undefined;
  /** Default: 2 for pictures that are read while they are shown, else 0. */
  readonly workers?: number | undefined;
}

/** Throws for a data set of pictures that does not agree with itself, or that a model cannot take as it is. */
export function requirePictures(
  where: string,
  dataset: PictureDataset,
  normalization: Normalization | undefined,
): void {
  if (!isStreamed(dataset)) {
    validateLabels(dataset);
    requireUsablePixels(where, dataset, dataset.shape[3], normalization);
    return;
  }
  requireStreamed(where, dataset);
  if (normalization !== undefined) requireNormalization(where, normalization, dataset.shape[3]);
}

/** Throws OptionError for workers that are no number, or have nothing to do: what lies in memory is only changed. */
export function requireWorkers(
  where: string,
  workers: number | undefined,
  dataset: PictureDataset,
  changes: unknown,
): void {
  if (workers === undefined) return;
  requireNumber(where, 'workers', workers, 'a whole number from 0 to 1000');
  if (workers === 0 || isStreamed(dataset) || (typeof changes === 'object' && changes !== null)) return;
  throw new OptionError({
    where,
    got: `workers ${workers} for pictures that lie in memory and are not changed`,
    expected: 'pictures of openDataset, or an augmentation in options',
    cure: 'Leave workers out: there is nothing for them to do.',
  });
}

/**
 * Throws NonFiniteError for a pixel that is infinite, or NaN where that is not said to be a missing one: no score that comes from it
 * means anything.
 */
export function requireFinitePixels(
  where: string,
  images: Float32Array,
  imageShape: Shape,
  nameOf: (image: number) => number,
  missing: MissingPixels,
): void {
  const skips = missing !== 'error';
  const wrong = images.findIndex((value) => !(Number.isFinite(value) || (skips && Number.isNaN(value))));
  if (wrong < 0) return;
  throw new NonFiniteError({
    where: `${where}, image ${nameOf(Math.floor(wrong / sizeOf(imageShape)))}`,
    got: `a pixel that is ${images[wrong]}`,
    expected: 'finite pixels',
    cure:
      'Remove or repair the picture, or look at what computes its pixels.' +
      (Number.isNaN(images[wrong]) ? ` ${missingCure}` : ''),
  });
}
