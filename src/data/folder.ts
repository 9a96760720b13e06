/** A folder of class folders of PNG files, read as a data set. */
import { OptionError } from '../errors.ts';
import { describeValue, requireFunction, requireKnownOptions } from '../options.ts';
import { type ClassFolders, findPictures, listed, type PictureFile } from './class-folders.ts';
import { node } from './code-files.ts';
import type { ImageDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { requirePath } from './files.ts';
import { compositeAlpha, contrastingBackground, hasAlpha, type Image, isUniform, toGray } from './image.ts';
import { type PngOptions, readPng } from './png.ts';
import { allocatePixels, storePixels } from './sheet.ts';

/** Options of reading a folder of class folders. */
export interface FolderOptions {
  /** The name of the data set; default the name of the folder. */
  readonly name?: string;
  /** The classes in order; default the class folders of this folder, sorted. A test set takes its training set's. */
  readonly classNames?: readonly string[];
  /** 1 makes every picture gray, 3 makes every picture RGB; default 1 when all pictures are gray, else 3. */
  readonly channels?: 1 | 3;
  /** Passed on to the PNG reader. */
  readonly maxPixels?: number;
  /** Called with a sentence for each kind of thing that is left out or odd; default: nobody is told. */
  readonly onNote?: (note: string) => void;
}

/**
 * Reads `folder/<class>/<picture>.png`. The name of a subfolder is a class; classes and the files in them are sorted
 * by name (plain character order, so "10" comes before "2"). Files that are not PNG, folders inside classes, pipes and
 * links that lead nowhere are ignored, with a note; names that start with a dot are ignored. Alpha is laid over white or
 * black, whichever is farther from what is drawn. All pictures must have one size.
 *
 * @throws DatasetError when there are no class folders, a class folder is empty or unknown, or the sizes differ;
 *   PngError when a picture cannot be read
 */
export function datasetFromFolder(folder: string, options: FolderOptions = {}): ImageDataset {
  requireKnownOptions('datasetFromFolder', options, [
    'name',
    'classNames',
    'channels',
    'maxPixels',
    'onNote',
  ]);
  const { channels, maxPixels, classNames, onNote = () => {} } = options;
  requirePath(folder, { error: DatasetError, expected: 'a folder of class folders' });
  const isText = (value: unknown): boolean => typeof value === 'string';
  const namesHold = classNames === undefined || (Array.isArray(classNames) && classNames.every(isText));
  if (!namesHold || !isText(options.name ?? '')) {
    const [option, expected] = namesHold ? ['name', 'a text'] : ['classNames', 'a list of texts'];
    throw new OptionError({
      where: 'datasetFromFolder',
      got: `${option} ${describeValue(namesHold ? options.name : classNames)}`,
      expected,
      cure: `Correct ${option}, or leave it out.`,
    });
  }
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new OptionError({
      where: 'datasetFromFolder',
      got: `channels ${describeValue(channels)}`,
      expected: '1 or 3',
      cure: 'Give 1 for gray pictures, 3 for colored ones, or leave it out.',
    });
  }
  requireFunction('datasetFromFolder', 'onNote', onNote);
  const name = options.name ?? node.path.basename(folder);
  const found = findPictures(folder, name, classNames);
  found.notes.forEach(onNote);
  return readPictures(name, found, channels, onNote, maxPixels === undefined ? {} : { maxPixels });
}

/** Reads the pictures that were found, as `datasetFromFolder` does. */
export function readPictures(
  name: string,
  { files, classNames }: Pick<ClassFolders, 'files' | 'classNames'>,
  channels: 1 | 3 | undefined,
  onNote: (note: string) => void,
  options: PngOptions = {},
): ImageDataset {
  const pictures = decode(files, options, channels, name, onNote);
  const depth = channels ?? (pictures.every((picture) => picture.channels === 1) ? 1 : 3);
  const { width, height } = pictures[0] ?? { width: 0, height: 0 };
  const length = height * width * depth;
  const bytes = pictures.every(({ pixels }) => pixels instanceof Uint8Array);
  const images = allocatePixels(files.length * length, bytes ? 8 : 16);
  pictures.forEach((picture, index) => {
    copyPicture(picture, images, index * length, depth / picture.channels);
  });
  return {
    name,
    images,
    shape: [files.length, height, width, depth],
    labels: Int32Array.from(files, ({ label }) => label),
    classNames,
    files: files.map((file) => file.name),
  };
}

/** A decoded picture without alpha, kept as bytes where bytes suffice: a folder may hold many. */
interface StoredPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array | Float32Array;
}

function decode(
  files: readonly PictureFile[],
  options: PngOptions,
  channels: 1 | 3 | undefined,
  name: string,
  onNote: (note: string) => void,
): StoredPicture[] {
  const pictures: StoredPicture[] = [];
  const vanished: string[] = [];
  for (const { path, name: file } of files) {
    const read = readPng(path, options);
    const image = opaque(read, channels);
    if (hasAlpha(read) && isUniform(image)) vanished.push(file);
    const { width, height } = image;
    const first = pictures[0] ?? image;
    if (width !== first.width || height !== first.height) {
      throw new DatasetError({
        where: path,
        got: `a picture of ${width}×${height} pixels`,
        expected: `${first.width}×${first.height}, the size of ${files[0].path}`,
        cure: 'Bring all pictures to one size.',
      });
    }
    const pixels = allocatePixels(image.pixels.length, image.bitDepth);
    storePixels(pixels, 0, image.pixels);
    pictures.push({ width, height, channels: image.channels, pixels });
  }
  if (vanished.length > 0) {
    const what = vanished.length === 1 ? 'picture with transparency is' : 'pictures with transparency are';
    onNote(`${name}: ${vanished.length} ${what} of one color all over: ${listed(vanished)}.`);
  }
  return pictures;
}

/** A picture without alpha, in the wanted channels; the rule is that of predicting too. */
export function opaque(image: Image, channels: 1 | 3 | undefined): Image {
  const background = contrastingBackground(image);
  return channels === 1 ? toGray(image, background) : compositeAlpha(image, background);
}

/** Copies a picture into the data set's pixels, each value `repeat` times: 3 turns gray into RGB. */
function copyPicture(
  { pixels }: StoredPicture,
  target: Uint8Array | Float32Array,
  offset: number,
  repeat: number,
): void {
  const scale = pixels instanceof Uint8Array && target instanceof Float32Array ? 255 : 1;
  for (let i = 0; i < pixels.length; i++) {
    for (let copy = 0; copy < repeat; copy++) target[offset + i * repeat + copy] = pixels[i] / scale;
  }
}
