/** A folder of class folders of PNG files, read as a data set. */
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions } from '../options.ts';
import type { ImageDataset } from './dataset.ts';
import { DatasetError, messageOf } from './errors.ts';
import { compositeAlpha, toGrey } from './image.ts';
import { node } from './node.ts';
import { type PngOptions, readPng } from './png.ts';
import { allocatePixels, storePixels } from './sheet.ts';

/** Options of reading a folder of class folders. */
export interface FolderOptions {
  /** The name of the data set; default the name of the folder. */
  readonly name?: string;
  /** The classes in order; default the class folders of this folder, sorted. A test set takes its training set's. */
  readonly classNames?: readonly string[];
  /** 1 makes every picture grey, 3 makes every picture RGB; default 1 when all pictures are grey, else 3. */
  readonly channels?: 1 | 3;
  /** Passed on to the PNG reader. */
  readonly maxPixels?: number;
}

interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Reads `folder/<class>/<picture>.png`. The name of a subfolder is a class; classes and the files in them are sorted
 * by name (plain character order, so "10" comes before "2"). Files that are not PNG are ignored, as are names that
 * start with a dot. Alpha is laid over black. All pictures must have one size.
 *
 * @throws DatasetError when there are no class folders, a class folder is empty or unknown, or the sizes differ;
 *   PngError when a picture cannot be read
 */
export function datasetFromFolder(folder: string, options: FolderOptions = {}): ImageDataset {
  requireKnownOptions('datasetFromFolder', options, ['name', 'classNames', 'channels', 'maxPixels']);
  if (options.channels !== undefined && options.channels !== 1 && options.channels !== 3) {
    throw new OptionError({
      where: 'datasetFromFolder',
      got: `channels ${describeValue(options.channels)}`,
      expected: '1 or 3',
      cure: 'Give 1 for grey pictures, 3 for coloured ones, or leave it out.',
    });
  }
  const found = subfolders(folder);
  if (found.length === 0) throw noClassFolders(folder);
  const classNames = options.classNames ?? found;
  const files = found.flatMap((className) => classFiles(folder, className, classNames));
  const pngOptions: PngOptions = options.maxPixels === undefined ? {} : { maxPixels: options.maxPixels };
  const pictures = readPictures(files, pngOptions, options.channels);
  const channels = options.channels ?? (pictures.every((picture) => picture.channels === 1) ? 1 : 3);
  const { width, height } = pictures[0];
  const length = height * width * channels;
  const bytes = pictures.every(({ pixels }) => pixels instanceof Uint8Array);
  const images = allocatePixels(files.length * length, bytes ? 8 : 16);
  pictures.forEach((picture, index) => {
    copyPicture(picture, images, index * length, channels / picture.channels);
  });
  return {
    name: options.name ?? node.path.basename(folder),
    images,
    shape: [files.length, height, width, channels],
    labels: Int32Array.from(files, ({ label }) => label),
    classNames,
  };
}

/** The names of the folders in a folder, sorted, without those that start with a dot. Follows symbolic links. */
export function subfolders(folder: string): string[] {
  const { fs, path } = node;
  return visibleNames(folder).filter((name) => fs.statSync(path.join(folder, name)).isDirectory());
}

/** Whether PNG files lie directly in a folder. */
export function holdsPng(folder: string): boolean {
  return visibleNames(folder).some(isPngName);
}

function visibleNames(folder: string): string[] {
  const { readdirSync } = node.fs;
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (cause) {
    const got = messageOf(cause);
    const cure = 'Check the path and its permissions.';
    throw new DatasetError({ where: folder, got, expected: 'a readable folder', cure }, { cause });
  }
}

function isPngName(name: string): boolean {
  return node.path.extname(name).toLowerCase() === '.png';
}

function classFiles(folder: string, className: string, classNames: readonly string[]): LabelledFile[] {
  const { join } = node.path;
  const path = join(folder, className);
  const label = classNames.indexOf(className);
  if (label < 0) {
    throw new DatasetError({
      where: path,
      got: `class "${className}"`,
      expected: `one of the classes ${classNames.join(', ')}`,
      cure: 'Rename or remove the folder, or add training pictures of this class.',
    });
  }
  const names = visibleNames(path);
  const pictures = names.filter(isPngName);
  if (pictures.length === 0) {
    throw new DatasetError({
      where: path,
      got:
        names.length === 0 ? 'an empty class folder' : `a class folder without PNG files (${listed(names)})`,
      expected: 'at least one PNG file',
      cure: `Add ${names.length === 0 ? '' : 'or convert '}pictures, or remove the folder.`,
    });
  }
  return pictures.map((name) => ({ path: join(path, name), label }));
}

/** A decoded picture without alpha, kept as bytes where bytes suffice: a folder may hold many. */
interface StoredPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly pixels: Uint8Array | Float32Array;
}

function readPictures(
  files: readonly LabelledFile[],
  options: PngOptions,
  channels?: 1 | 3,
): StoredPicture[] {
  const pictures: StoredPicture[] = [];
  for (const { path } of files) {
    const read = readPng(path, options);
    const image = channels === 1 ? toGrey(read) : compositeAlpha(read);
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
  return pictures;
}

/** Copies a picture into the data set's pixels, each value `repeat` times: 3 turns grey into RGB. */
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

function noClassFolders(folder: string): DatasetError {
  const names = visibleNames(folder);
  return new DatasetError({
    where: folder,
    got: names.length === 0 ? 'an empty folder' : `a folder without subfolders (${listed(names)})`,
    expected: 'one subfolder for each class, holding PNG files',
    cure: 'Sort the pictures into folders named after their classes.',
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
