/** A data set of labelled pictures of one size, and the pure functions that count, pick and split it. */
import { LabelError, OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { DatasetError } from './errors.ts';
import type { RandomGenerator } from './random.ts';

/** Labelled pictures of one size. Functions here never change a data set; they return new ones. */
export interface ImageDataset {
  /** What to call it in reports and errors. */
  readonly name: string;
  /** Pixels, row-major `[N, H, W, C]`: bytes 0 to 255, or floats in [0, 1] where the source has more than 8 bits. */
  readonly images: Uint8Array | Float32Array;
  /** `[N, H, W, C]`: images, height, width, channels. */
  readonly shape: readonly [number, number, number, number];
  /** The class of each image, `[N]`, each in `[0, classNames.length)`. */
  readonly labels: Int32Array;
  /** The name of each class. */
  readonly classNames: readonly string[];
}

/** Number of images. */
export function imageCount(dataset: ImageDataset): number {
  return dataset.shape[0];
}

/** Number of pixel values of one image: H × W × C. */
export function imageLength(dataset: ImageDataset): number {
  return dataset.shape[1] * dataset.shape[2] * dataset.shape[3];
}

/**
 * Checks that a data set agrees with itself: at least one image, as many pixels and labels as its shape says, and
 * every label in `[0, classes)`.
 *
 * @param source the file that holds the labels, for error messages; default the name of the data set
 * @throws DatasetError when a count is wrong; LabelError naming the first label out of range
 */
export function validateLabels(dataset: ImageDataset, source: string = dataset.name): void {
  requireParts(dataset);
  const count = imageCount(dataset);
  const classes = dataset.classNames.length;
  if (count === 0) {
    throw new DatasetError({
      where: dataset.name,
      got: 'no images',
      expected: 'at least one image',
      cure: 'Check that this is the right file or folder.',
    });
  }
  if (dataset.images.length !== count * imageLength(dataset)) {
    throw new DatasetError({
      where: dataset.name,
      got: `${dataset.images.length} pixel values`,
      expected: `${count * imageLength(dataset)} for shape [${dataset.shape.join(', ')}]`,
      cure: 'Correct the shape.',
    });
  }
  if (dataset.labels.length !== count) {
    throw new DatasetError({
      where: source,
      got: `${dataset.labels.length} labels`,
      expected: `one for each of the ${count} images`,
      cure: 'Check that images and labels belong together.',
    });
  }
  for (let index = 0; index < count; index++) {
    const label = dataset.labels[index];
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    throw new LabelError({
      where: `${source}, item ${index}`,
      got: `label ${label}`,
      expected: `0 to ${classes - 1}, as there ${classes === 1 ? 'is 1 class' : `are ${classes} classes`}`,
      cure: 'Correct the label, or add the missing classes.',
    });
  }
}

/** Throws DatasetError for what is no data set at all. */
function requireParts(dataset: ImageDataset): void {
  const { shape, labels, images, classNames } = dataset;
  const arrays = [images, labels].every((part) => ArrayBuffer.isView(part)) && Array.isArray(classNames);
  const whole = (length: number) => Number.isSafeInteger(length) && length >= 0;
  if (arrays && Array.isArray(shape) && shape.length === 4 && shape.every(whole) && classNames.length > 0) {
    return;
  }
  throw new DatasetError({
    where: dataset.name ?? 'a data set',
    got: arrays
      ? `shape ${describeValue(shape)} and ${classNames.length} class names`
      : 'something that is no data set',
    expected: 'images, labels, classNames (at least one) and shape [N, H, W, C]',
    cure: 'Give one set of images: of what loadDataset returns, its train or test.',
  });
}

/**
 * The images at the given places, in the given order; a place may occur more than once.
 *
 * @throws OptionError when an index is not in `[0, N)`
 */
export function subset(dataset: ImageDataset, indices: ArrayLike<number>, name = dataset.name): ImageDataset {
  const length = imageLength(dataset);
  const images = emptyLike(dataset.images, indices.length * length);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    requireIndex(dataset, index);
    images.set(dataset.images.subarray(index * length, (index + 1) * length), i * length);
    labels[i] = dataset.labels[index];
  }
  const [, height, width, channels] = dataset.shape;
  return { ...dataset, name, images, labels, shape: [indices.length, height, width, channels] };
}

/**
 * One data set after the other. When one holds bytes and the other floats, the result holds floats.
 *
 * @throws DatasetError when the image sizes or the class names differ
 */
export function concatenate(first: ImageDataset, second: ImageDataset, name = first.name): ImageDataset {
  requireSameImages(first, second);
  if (first.classNames.join('\n') !== second.classNames.join('\n')) {
    throw new DatasetError({
      where: second.name,
      got: `classes ${second.classNames.join(', ')}`,
      expected: `those of ${first.name}: ${first.classNames.join(', ')}`,
      cure: 'Concatenate data sets of the same classes only.',
    });
  }
  const bytes = first.images instanceof Uint8Array && second.images instanceof Uint8Array;
  const total = first.images.length + second.images.length;
  const images = bytes ? new Uint8Array(total) : new Float32Array(total);
  images.set(bytes ? first.images : toUnitFloats(first.images), 0);
  images.set(bytes ? second.images : toUnitFloats(second.images), first.images.length);
  const labels = new Int32Array(first.labels.length + second.labels.length);
  labels.set(first.labels, 0);
  labels.set(second.labels, first.labels.length);
  const [, height, width, channels] = first.shape;
  return { ...first, name, images, labels, shape: [labels.length, height, width, channels] };
}

/**
 * Checks that the images of two data sets have the same height, width and channels.
 *
 * @throws DatasetError naming both data sets and their sizes
 */
export function requireSameImages(first: ImageDataset, second: ImageDataset): void {
  const [firstSize, secondSize] = [first, second].map(({ shape }) => shape.slice(1).join('×'));
  if (firstSize === secondSize) return;
  throw new DatasetError({
    where: second.name,
    got: `images of ${secondSize} (height × width × channels)`,
    expected: `${firstSize}, as in ${first.name}`,
    cure: 'Bring all images to one size.',
  });
}

/** How many images each class has; `[classes]`. */
export function classCounts(dataset: ImageDataset): Int32Array {
  const counts = new Int32Array(dataset.classNames.length);
  for (const label of dataset.labels) counts[label]++;
  return counts;
}

/** The numbers 0 to count − 1 in random order. */
export function shuffledIndices(count: number, generator: RandomGenerator): Int32Array {
  return generator.permutation(count);
}

/**
 * Holds out the same share of every class, drawn at random. A class of two or more images keeps at least one on both
 * sides. The images of both results stay in their original order.
 *
 * @param fraction the share to hold out, between 0 and 1
 * @returns the rest, then what was held out
 * @throws OptionError when `fraction` is not between 0 and 1
 */
export function stratifiedSplit(
  dataset: ImageDataset,
  fraction: number,
  generator: RandomGenerator,
): [rest: ImageDataset, heldOut: ImageDataset] {
  if (!(fraction > 0 && fraction < 1)) {
    throw new OptionError({
      where: 'stratifiedSplit',
      got: `fraction ${fraction}`,
      expected: 'a number between 0 and 1',
      cure: 'Give the share to hold out, for example 0.2.',
    });
  }
  const members: number[][] = dataset.classNames.map(() => []);
  dataset.labels.forEach((label, index) => {
    members[label].push(index);
  });
  const isHeldOut = new Uint8Array(imageCount(dataset));
  for (const indices of members) {
    const wanted = Math.round(indices.length * fraction);
    const count = indices.length < 2 ? 0 : Math.min(Math.max(wanted, 1), indices.length - 1);
    const order = generator.permutation(indices.length);
    for (let i = 0; i < count; i++) isHeldOut[indices[order[i]]] = 1;
  }
  return splitBy(dataset, (index) => isHeldOut[index] === 1);
}

/**
 * Holds out every image whose index is divisible by `every`.
 *
 * @returns the rest, then what was held out
 * @throws OptionError when `every` is not an integer of at least 2
 */
export function stridedSplit(
  dataset: ImageDataset,
  every: number,
): [rest: ImageDataset, heldOut: ImageDataset] {
  if (!Number.isInteger(every) || every < 2) {
    throw new OptionError({
      where: 'stridedSplit',
      got: `every ${every}`,
      expected: 'an integer of at least 2',
      cure: 'Give 5 to hold out every fifth image.',
    });
  }
  return splitBy(dataset, (index) => index % every === 0);
}

function splitBy(dataset: ImageDataset, isHeldOut: (index: number) => boolean): [ImageDataset, ImageDataset] {
  const rest: number[] = [];
  const heldOut: number[] = [];
  for (let index = 0; index < imageCount(dataset); index++) (isHeldOut(index) ? heldOut : rest).push(index);
  return [subset(dataset, rest), subset(dataset, heldOut)];
}

/**
 * Checks that an index names an image of the data set.
 *
 * @throws OptionError when it does not
 */
export function requireIndex(dataset: ImageDataset, index: number): void {
  const count = imageCount(dataset);
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new OptionError({
    where: dataset.name,
    got: `image index ${index}`,
    expected: `an integer from 0 to ${count - 1}`,
    cure: 'Correct the index.',
  });
}

function emptyLike(values: Uint8Array | Float32Array, length: number): Uint8Array | Float32Array {
  return values instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
}

function toUnitFloats(values: Uint8Array | Float32Array): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values, (value) => value / 255);
}
