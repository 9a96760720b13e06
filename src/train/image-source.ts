/** Batches of a data set of pictures. */
import { augmentImage } from '../data/augment/augment.ts';
import type { AugmentOptions } from '../data/augment/augment-options.ts';
import { type MixOptions, type Mixture, mixPictures } from '../data/augment/mixing.ts';
import { balancedOrder, type Sampling } from '../data/balanced-order.ts';
import { gatherBatch } from '../data/batches.ts';
import type { ImageDataset } from '../data/dataset.ts';
import { fillPixels, type MissingPixels } from '../data/missing.ts';
import { applyNormalization, type Normalization } from '../data/normalize.ts';
import { batchStream, exampleStream, mixStream, type RandomGenerator } from '../data/random-generator.ts';
import { NonFiniteError } from '../errors.ts';
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

/** Gathers the pictures of a batch, augments and normalizes them. */
export class ImageSource implements BatchSource {
  readonly #dataset: ImageDataset;
  readonly #options: ImageBatching;

  constructor(dataset: ImageDataset, options: ImageBatching) {
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

  *batches(epoch: number | undefined, fromStep = 0): Iterable<Batch> {
    const { augmentation, batchSize, mix, normalization, missing = 'error', seed = 0 } = this.#options;
    const { name } = this.#dataset;
    const [, height, width, channels] = this.#dataset.shape;
    const imageShape = [height, width, channels] as const;
    let step = 0;
    for (const indices of indicesOf(this.count, epoch, this.#options)) {
      step++;
      if (step <= fromStep) continue;
      // Changes are made to pixels from 0 to 1, whatever they are normalized to.
      const changed = epoch !== undefined && typeof augmentation === 'object';
      const { images, labels } = gatherBatch(this.#dataset, indices, changed ? undefined : normalization);
      const size = indices.length;
      const shape = [size, ...imageShape] as const;
      if (epoch === undefined) {
        const where = `evaluate on ${name}`;
        requireFinitePixels(where, images, imageShape, (image) => indices[image], missing);
      } else if (typeof augmentation === 'function') {
        augmentation(images, shape, batchStream(seed, epoch, step));
      } else if (changed) {
        const length = sizeOf(imageShape);
        for (let image = 0; image < size; image++) {
          const stream = exampleStream(seed, epoch, (step - 1) * batchSize + image);
          augmentImage(
            images.subarray(image * length, (image + 1) * length),
            imageShape,
            augmentation,
            stream,
          );
        }
        if (normalization) applyNormalization(images, normalization);
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
