/** A data set of labeled pictures of one size, and the pure functions that count, pick and split it. */
import { LabelError, OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { DatasetError } from './errors.ts';
import { type RandomGenerator, requireGenerator } from './random-generator.ts';

/** Pixels as a data set holds them. */
export type PixelArray = Uint8Array | Uint8ClampedArray | Float32Array;

/** What is known of labeled pictures of one size, wherever their pixels are. */
export interface LabeledImages {
  /** What to call it in reports and errors. */
  readonly name: string;
  /** `[N, H, W, C]`: images, height, width, channels. */
  readonly shape: readonly [number, number, number, number];
  /** The class of each image, `[N]`, each in `[0, classNames.length)`. */
  readonly labels: Int32Array;
  /** The name of each class. */
  readonly classNames: readonly string[];
  /** The file of each image, `[N]`: its path within the data set. Undefined where images have no files of their own. */
  readonly files?: readonly string[] | undefined;
  /** The group of each image, `[N]`, such as a patient: images of one group stay on one side of what is drawn. */
  readonly groups?: readonly string[] | undefined;
}

/** Labeled pictures of one size. Functions here never change a data set; they return new ones. */
export interface ImageDataset extends LabeledImages {
  /**
   * Pixels, row-major `[N, H, W, C]`: bytes 0 to 255 (what a canvas gives, too), or floats in [0, 1] where the source has
   * more than 8 bits.
   */
  readonly images: PixelArray;
}

/** Number of images. */
export function imageCount(dataset: LabeledImages): number {
  if (!Array.isArray(dataset?.shape)) requireLabeled('imageCount', dataset);
  return dataset.shape[0];
}

/** Number of pixel values of one image: H × W × C. */
export function imageLength(dataset: Pick<LabeledImages, 'shape'>): number {
  return dataset.shape[1] * dataset.shape[2] * dataset.shape[3];
}

/** What to call an image: its file, or else the name of its data set and its place. */
export function imageName({ name, files }: Pick<LabeledImages, 'name' | 'files'>, index: number): string {
  return files?.[index] ?? `${name} ${index}`;
}

/** The value of a pixel at full brightness: 255 of bytes, 1 of floats. */
export function fullBrightness(images: PixelArray): number {
  return images instanceof Float32Array ? 1 : 255;
}

/**
 * Checks that a data set agrees with itself: at least one image, as many pixels and labels as its shape says, and
 * every label in `[0, classes)`.
 *
 * @param source the file that holds the labels, for error messages; default the name of the data set
 * @throws DatasetError when a part is missing, of the wrong type or of the wrong length; LabelError naming the first
 *   label out of range
 */
export function validateLabels(dataset: ImageDataset, source?: string): void {
  requireDataset('validateLabels', dataset, source);
  if (imageCount(dataset) === 0) {
    throw new DatasetError({
      where: dataset.name,
      got: 'no images',
      expected: 'at least one image',
      cure: 'Check that this is the right file or folder.',
    });
  }
  requireLabels(dataset, source);
}

const integerArrays = [
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
];

/**
 * What every function that takes a data set checks first: its parts, their types, and that their lengths agree. The
 * values of the labels are not looked at.
 *
 * @param where the function, for a data set without a name
 * @throws DatasetError naming the part
 */
export function requireDataset(where: string, dataset: ImageDataset, source?: string): void {
  const { name, shape, images } = (dataset ?? {}) as Partial<ImageDataset>;
  if (!images) throw noDataset(where, dataset);
  if (![Uint8Array, Uint8ClampedArray, Float32Array].some((type) => images instanceof type)) {
    throw new DatasetError({
      where: typeof name === 'string' ? name : where,
      got: `images as ${describeValue(images)}`,
      expected: 'bytes in a Uint8Array, or numbers from 0 to 1 in a Float32Array',
      cure: 'Divide by the largest value that a pixel can have, of 16 bits: Float32Array.from(images, (value) => value / 65535).',
    });
  }
  requireLabeled(where, dataset, source);
  const expected = dataset.shape[0] * imageLength(dataset);
  if (images.length === expected) return;
  throw new DatasetError({
    where: dataset.name,
    got: `${images.length} pixel values`,
    expected: `${expected} for shape [${shape?.join(', ')}]`,
    cure: 'Correct the shape.',
  });
}

function noDataset(where: string, value: unknown): DatasetError {
  const { name } = (value ?? {}) as { readonly name?: unknown };
  return new DatasetError({
    where: typeof name === 'string' ? name : where,
    got: `something that is no data set: ${describeValue(value)}`,
    expected: 'a data set: name, images, labels, classNames and shape [N, H, W, C]',
    cure: 'Give one set of images: of what loadDataset returns, its train or test.',
  });
}

/** `requireDataset` where pixels do not matter: they may be in files. */
export function requireLabeled(where: string, dataset: LabeledImages, source?: string): void {
  const { name, shape, labels, classNames } = (dataset ?? {}) as Partial<LabeledImages>;
  if (typeof name !== 'string' || !labels || !shape || !classNames) throw noDataset(where, dataset);
  const refuse = (part: string, value: unknown, expected: string, cure: string): DatasetError =>
    new DatasetError({ where: name, got: `${part}${describeValue(value)}`, expected, cure });
  if (!integerArrays.some((type) => labels instanceof type)) {
    throw refuse('labels as ', labels, 'integers in an Int32Array', 'Make one: Int32Array.from(labels).');
  }
  const isSize = (size: number, axis: number) => Number.isSafeInteger(size) && size >= (axis === 0 ? 0 : 1);
  if (!Array.isArray(shape) || shape.length !== 4 || !shape.every(isSize)) {
    throw refuse('shape ', shape, '[N, H, W, C]: images, height, width, channels', 'Correct the shape.');
  }
  const isText = (text: unknown) => typeof text === 'string';
  if (!Array.isArray(classNames) || classNames.length === 0 || !classNames.every(isText)) {
    throw refuse(
      Array.isArray(classNames) ? `${classNames.length} class names: ` : 'classNames ',
      classNames,
      'a text for each class, at least one',
      'Name the classes.',
    );
  }
  if (labels.length === shape[0]) return;
  throw new DatasetError({
    where: source ?? name,
    got: `${labels.length} labels`,
    expected: `one for each of the ${shape[0]} images`,
    cure: 'Check that images and labels belong together.',
  });
}

/** Throws LabelError for the first label that is no class. */
export function requireLabels({ name, labels, classNames }: LabeledImages, source = name): void {
  const classes = classNames.length;
  const index = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (index < 0) return;
  throw new LabelError({
    where: `${source}, item ${index}`,
    got: `label ${describeValue(labels[index])}`,
    expected: `0 to ${classes - 1}, as there ${classes === 1 ? 'is 1 class' : `are ${classes} classes`}`,
    cure: 'Correct the label, or add the missing classes.',
  });
}

/**
 * The images at the given places, in the given order; a place may occur more than once.
 *
 * @throws OptionError when an index is not in `[0, N)`
 */
export function subset(
  dataset: ImageDataset,
  indices: ArrayLike<number>,
  name = dataset?.name,
): ImageDataset {
  requireDataset('subset', dataset);
  requireIndices('subset', indices);
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
  const { files, groups } = dataset;
  const named = files && { files: Array.from(indices, (index) => files[index]) };
  const grouped = groups && { groups: Array.from(indices, (index) => groups[index]) };
  return {
    ...dataset,
    name,
    images,
    labels,
    ...named,
    ...grouped,
    shape: [indices.length, height, width, channels],
  };
}

/**
 * One data set after the other. When one holds bytes and the other floats, the result holds floats.
 *
 * @throws DatasetError when the image sizes or the class names differ
 */
export function concatenate(first: ImageDataset, second: ImageDataset, name = first?.name): ImageDataset {
  for (const dataset of [first, second]) requireDataset('concatenate', dataset);
  requireSameImages(first, second);
  const { classNames } = second;
  if (
    first.classNames.length !== classNames.length ||
    first.classNames.some((each, i) => each !== classNames[i])
  ) {
    throw new DatasetError({
      where: second.name,
      got: `classes ${classNames.join(', ')}`,
      expected: `those of ${first.name}: ${first.classNames.join(', ')}`,
      cure: 'Concatenate data sets of the same classes only.',
    });
  }
  const bytes = fullBrightness(first.images) === 255 && fullBrightness(second.images) === 255;
  const total = first.images.length + second.images.length;
  const images = bytes ? new Uint8Array(total) : new Float32Array(total);
  images.set(bytes ? first.images : toUnitFloats(first.images), 0);
  images.set(bytes ? second.images : toUnitFloats(second.images), first.images.length);
  const labels = new Int32Array(first.labels.length + second.labels.length);
  labels.set(first.labels, 0);
  labels.set(second.labels, first.labels.length);
  const [, height, width, channels] = first.shape;
  const files = first.files && second.files && [...first.files, ...second.files];
  const groups = first.groups && second.groups && [...first.groups, ...second.groups];
  return { ...first, name, images, labels, files, groups, shape: [labels.length, height, width, channels] };
}

/**
 * Checks that the images of two data sets have the same height, width and channels.
 *
 * @throws DatasetError naming both data sets and their sizes
 */
export function requireSameImages(
  first: Pick<LabeledImages, 'name' | 'shape'>,
  second: Pick<LabeledImages, 'name' | 'shape'>,
): void {
  const [firstSize, secondSize] = [first, second].map(({ shape }) => shape.slice(1).join('×'));
  if (firstSize === secondSize) return;
  throw new DatasetError({
    where: second.name,
    got: `images of ${secondSize} (height × width × channels)`,
    expected: `${firstSize}, as in ${first.name}`,
    cure: 'Bring all images to one size.',
  });
}

/**
 * How many images each class has; `[classes]`.
 *
 * @throws LabelError for a label that is no class
 */
export function classCounts(dataset: LabeledImages): Int32Array {
  const { images } = (dataset ?? {}) as Partial<ImageDataset>;
  if (images !== undefined) requireDataset('classCounts', dataset as ImageDataset);
  else requireLabeled('classCounts', dataset);
  requireLabels(dataset);
  const counts = new Int32Array(dataset.classNames.length);
  for (const label of dataset.labels) counts[label]++;
  return counts;
}

/** The numbers 0 to count − 1 in random order. */
export function shuffledIndices(count: number, generator: RandomGenerator): Int32Array {
  requireGenerator('shuffledIndices', generator);
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
  requireDataset('stratifiedSplit', dataset);
  requireLabels(dataset);
  requireGenerator('stratifiedSplit', generator);
  if (typeof fraction !== 'number' || !(fraction > 0 && fraction < 1)) {
    throw new OptionError({
      where: 'stratifiedSplit',
      got: `fraction ${describeValue(fraction)}`,
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
  requireDataset('stridedSplit', dataset);
  if (!Number.isInteger(every) || every < 2) {
    throw new OptionError({
      where: 'stridedSplit',
      got: `every ${describeValue(every)}`,
      expected: 'an integer of at least 2',
      cure: 'Give 5 to hold out every fifth image.',
    });
  }
  return splitBy(dataset, (index) => index % every === 0);
}

/** The images for which `isHeldOut` is false, then the others, both in their order. */
export function splitBy(
  dataset: ImageDataset,
  isHeldOut: (index: number) => boolean,
): [ImageDataset, ImageDataset] {
  const rest: number[] = [];
  const heldOut: number[] = [];
  for (let index = 0; index < imageCount(dataset); index++) (isHeldOut(index) ? heldOut : rest).push(index);
  return [subset(dataset, rest), subset(dataset, heldOut)];
}

/** Throws OptionError unless `indices` is a list. */
export function requireIndices(where: string, indices: ArrayLike<number>): void {
  if (Array.isArray(indices) || (ArrayBuffer.isView(indices) && 'length' in indices)) return;
  throw new OptionError({
    where,
    got: `indices ${describeValue(indices)}`,
    expected: 'an array of image indices',
    cure: 'Give a list, of one index as well: [index].',
  });
}

/** Throws OptionError unless these are the pixels of a batch and their shape. */
export function requireBatch(
  where: string,
  images: Float32Array,
  shape: readonly [number, number, number, number],
): void {
  const whole = Array.isArray(shape) && shape.length === 4 && shape.every(Number.isSafeInteger);
  if (images instanceof Float32Array && whole && images.length === shape.reduce((a, b) => a * b, 1)) return;
  throw new OptionError({
    where,
    got: `${describeValue(images)} for shape ${describeValue(shape)}`,
    expected: 'a Float32Array of as many pixels as [N, H, W, C] has',
    cure: 'Give the images of a batch as gatherBatch makes them, with their shape.',
  });
}

/**
 * Checks that an index names an image of the data set.
 *
 * @throws OptionError when it does not
 */
export function requireIndex(dataset: Pick<LabeledImages, 'name' | 'shape'>, index: number): void {
  const [count] = dataset.shape;
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new OptionError({
    where: dataset.name,
    got: `image index ${describeValue(index)}`,
    expected: `an integer from 0 to ${count - 1}`,
    cure: 'Correct the index.',
  });
}

function emptyLike(values: PixelArray, length: number): Uint8Array | Float32Array {
  return values instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
}

function toUnitFloats(values: PixelArray): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values, (value) => value / 255);
}
