/** Opens a folder of pictures for training without reading them: a few are looked at, of the others the names are held. */
import { requireNumber } from '../../options.ts';
import { formatInteger } from '../../text.ts';
import type { ClassFolders } from '../class-folders.ts';
import type { ImageDataset } from '../dataset.ts';
import { DatasetError } from '../errors.ts';
import { commonSize, PictureReport, readPictures } from '../folder-pictures.ts';
import { completed, findChecked, type LoadedDataset, type LoadOptions } from '../load.ts';
import { measurePicture } from '../picture.ts';
import { RandomGenerator } from '../random-generator.ts';
import { allocatePixels } from '../sheet.ts';
import { drawnStream } from '../split.ts';
import { PictureReader } from './picture-reader.ts';
import { requireCache, requireStreamed, type StreamedDataset } from './streamed-dataset.ts';

/** Options of `openDataset`. */
export interface OpenOptions extends LoadOptions {
  /**
   * A folder for decoded pixels, by the contents of the files they come from: what is shown again need not be decoded again, nor in
   * another training. Several trainings may share it. Default: none.
   */
  readonly cache?: string | undefined;
}

/** So many training pictures say which size is usual: of those only the start is read. */
const MEASURED = 1000;
/** So many say whether the pictures are gray. */
const DECODED = 64;
/** The statistics of a sample: of at most so many pictures, or so few that they have not many more pixels than this together. */
const SAMPLE = { most: 500, least: 64, pixels: 2 ** 25 };
/** A stream of a seed that nothing else draws from: epochs count from 1. */
const SAMPLE_STREAM = 2 ** 32 - 2;

/**
 * Opens a folder of pictures, of which there may be more than memory has room for: names and labels are held, and `fit` and `evaluate`
 * read each picture when it is shown. It takes the folders of `loadDataset` and splits them in the same way. The size, where none
 * is given, is that of 1,000 training pictures, and 64 say whether they are gray; the note says so.
 *
 * @throws as `loadDataset`, of the pictures that are looked at; DatasetError for images that are not files, such as those of IDX files
 */
export function openDataset(folder: string, options: OpenOptions = {}): LoadedDataset<StreamedDataset> {
  const { name, parts, notes: found } = findChecked('openDataset', folder, options, ['cache']);
  requireCache('openDataset', options.cache);
  if (parts === undefined) {
    throw new DatasetError({
      where: name,
      got: 'images that are not files of their own',
      expected: 'a folder of PNG and JPEG files',
      cure: 'Read them with loadDataset: they lie in memory as a whole.',
    });
  }
  const { seed = 0, cache, fit = 'stretch' } = options;
  const { drawn, size, few, channelsOf, report } = lookAtSome(parts.get('train')!, options);
  const [height, width] = size;
  const channels = channelsOf();
  report.raise(folder);
  const streamed = (title: string, { files, classNames }: ClassFolders): StreamedDataset => ({
    name: title,
    shape: [files.length, height, width, channels],
    labels: Int32Array.from(files, ({ label }) => label),
    classNames,
    files: files.map((file) => file.name),
    pictures: { paths: files.map(({ path }) => path), fit, cache },
  });
  const [train, test, validation] = (['train', 'test', 'validation'] as const).map((split) => {
    const part = parts.get(split);
    return part && streamed(parts.size === 1 ? name : `${name} ${split}`, part);
  });
  const notes = [
    ...found,
    `${name}: its ${formatInteger(countOf(parts))} pictures are read while they are shown. ${options.size === undefined ? `Their size, ${height}×${width} pixels, is that of ${formatInteger(drawn.length)} of them, and ${few.length}` : few.length} say that they are ${channels === 1 ? 'gray' : 'colored'} (seed ${seed}).`,
  ];
  return completed(name, [train!, test, validation], notes, options, drawnStream);
}

/**
 * Whether the pictures of a folder have more bytes than these once they are decoded, judged by some of them. Images that are not files are
 * not looked at: they lie in memory in any case.
 *
 * @throws as `loadDataset`, for a folder that is no data set
 */
export function isLargerThan(folder: string, bytes: number, options: LoadOptions): boolean {
  const { parts } = findChecked('loadDataset', folder, options);
  if (parts === undefined) return false;
  const { size, channelsOf } = lookAtSome(parts.get('train')!, options);
  const pixels = size[0] * size[1] * countOf(parts);
  if (pixels > bytes || 3 * pixels <= bytes) return pixels > bytes;
  return channelsOf() * pixels > bytes;
}

/** The size of some training pictures, the usual one where none is given, and whether they are gray. What cannot be read is reported. */
function lookAtSome(
  { files, classNames }: ClassFolders,
  { seed = 0, fit = 'stretch', size: given }: LoadOptions,
) {
  const drawn = sampleOf(files, MEASURED, seed);
  const report = new PictureReport();
  const size = given ?? commonSize(drawn, report);
  const few = sampleOf(drawn, DECODED, seed);
  const ignore = (): void => undefined;
  const reading = { form: { size, fit }, onForm: ignore, channels: undefined, report, onNote: ignore };
  const channelsOf = (): number => readPictures('', { files: few, classNames }, reading).shape[3];
  return { drawn, size, few, channelsOf, report };
}

function countOf(parts: ReadonlyMap<unknown, ClassFolders>): number {
  return [...parts.values()].reduce((count, { files }) => count + files.length, 0);
}

/** Some of the files in their order, drawn with a seed. */
function sampleOf<File>(files: readonly File[], most: number, seed: number): File[] {
  const order = new RandomGenerator(seed, SAMPLE_STREAM).permutation(files.length);
  return Array.from(order.slice(0, most).sort(), (index) => files[index]);
}

/**
 * Some pictures of a streamed data set, read into memory: 500, or of large ones as many as have 34 million pixels together, but at
 * least 64. They are drawn with the seed. `channelStatistics` of them normalizes a training.
 *
 * @throws PictureError, PngError or JpegError for a picture that cannot be read
 */
export function samplePictures(dataset: StreamedDataset, seed = 0): ImageDataset {
  requireStreamed('samplePictures', dataset);
  requireNumber('samplePictures', 'seed', seed, 'a whole number of at least 0');
  const all = [...dataset.labels.keys()];
  const sizes = sampleOf(dataset.pictures.paths, SAMPLE.most, seed).map((path) =>
    measurePicture(path, Number.POSITIVE_INFINITY),
  );
  const mean = sizes.reduce((sum, { width, height }) => sum + width * height, 0) / sizes.length;
  const count = Math.max(Math.min(Math.floor(SAMPLE.pixels / mean), SAMPLE.most), SAMPLE.least);
  return readInto(dataset, sampleOf(all, count, seed));
}

/**
 * Pictures of a streamed data set, read into memory in the given order.
 *
 * @throws PictureError, PngError or JpegError for a picture that cannot be read
 */
export function readInto(dataset: StreamedDataset, indices: readonly number[]): ImageDataset {
  const reader = new PictureReader(dataset);
  try {
    const pictures = indices.map((index) => reader.read(index));
    const bytes = pictures.every((each) => each instanceof Uint8Array);
    const [, height, width, channels] = dataset.shape;
    const length = height * width * channels;
    const images = allocatePixels(pictures.length * length, bytes ? 8 : 16);
    pictures.forEach((each, place) => {
      const scale = !bytes && each instanceof Uint8Array ? 255 : 1;
      for (let at = 0; at < length; at++) images[place * length + at] = each[at] / scale;
    });
    const { name, labels, classNames, files } = dataset;
    return {
      name,
      images,
      shape: [pictures.length, height, width, channels],
      labels: Int32Array.from(indices, (index) => labels[index]),
      classNames,
      files: indices.map((index) => files[index]),
    };
  } finally {
    reader.close();
  }
}
