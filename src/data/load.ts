/** One entry to all data sets: the embedded digits, a folder of IDX files, or a folder of class folders. */
import { requireKnownOptions } from '../options.ts';
import { type ImageDataset, requireSameImages, stratifiedSplit, validateLabels } from './dataset.ts';
import { loadDigits } from './digits.ts';
import { DatasetError } from './errors.ts';
import { datasetFromFolder, holdsPng, subfolders } from './folder.ts';
import { datasetFromIdx, findIdxFiles, type IdxSplitFiles } from './idx-dataset.ts';
import { node } from './node.ts';
import { RandomGenerator } from './random.ts';

/** A data set as loaded: what to train on and what to test on. */
export interface LoadedDataset {
  /** What to call it. */
  readonly name: string;
  /** What to train on. */
  readonly train: ImageDataset;
  /** What to test on, once, at the end. */
  readonly test: ImageDataset;
  /** Present when the folder has a validation set of its own. */
  readonly validation?: ImageDataset;
  /** What the reader should know, as sentences: for example that a test set was held out. */
  readonly notes: readonly string[];
}

/** Options of `loadDataset`. */
export interface LoadOptions {
  /** Decides which images are held out when a folder has no test set; default 0. */
  readonly seed?: number;
}

/** The share of the images held out as the test set when a folder has none. */
const HELD_OUT_FRACTION = 0.2;
const TRAIN_FOLDER = 'train';
const TEST_FOLDER = 'test';
const VALIDATION_FOLDERS = ['val', 'validation'];
const ACCEPTED =
  "'digits' (embedded), a folder of IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… or test-…, " +
  'val-…; plain or .gz), or a folder with one subfolder of PNG files per class, directly or in train/, test/ and val/';

/**
 * Loads a data set by name or folder. Train, test and validation sets have the same image size and classes. A folder
 * without a test set has 20 % of each class held out as one, drawn with `seed`, and a note says so.
 *
 * @param nameOrFolder 'digits', or a path; `./digits` means a folder of that name
 * @throws DatasetError when there is no such folder or its files do not make up a data set; PngError, IdxError or
 *   LabelError when a file is broken
 */
export function loadDataset(nameOrFolder: string, options: LoadOptions = {}): LoadedDataset {
  requireKnownOptions('loadDataset', options, ['seed']);
  if (nameOrFolder === 'digits') {
    return {
      name: 'digits',
      ...loadDigits(),
      notes: ['The split of digits is fixed: every fifth image is for testing.'],
    };
  }
  const { existsSync, statSync } = node.fs;
  const { basename, resolve } = node.path;
  if (!existsSync(nameOrFolder) || !statSync(nameOrFolder).isDirectory()) {
    throw new DatasetError({
      where: 'loadDataset',
      got: `"${nameOrFolder}", which is ${existsSync(nameOrFolder) ? 'not a folder' : 'no known name and no folder'}`,
      expected: ACCEPTED,
      cure: `Check the path; it was looked for at ${resolve(nameOrFolder)}.`,
    });
  }
  const name = basename(resolve(nameOrFolder));
  const idx = findIdxFiles(nameOrFolder);
  const parts = idx.size > 0 ? loadIdxParts(nameOrFolder, name, idx) : loadFolderParts(nameOrFolder, name);
  return complete(name, parts, options.seed ?? 0);
}

/** The sets a folder has itself; a missing test set is still to be held out. */
interface Parts {
  readonly train: ImageDataset;
  readonly test: ImageDataset | undefined;
  readonly validation: ImageDataset | undefined;
  readonly notes: readonly string[];
}

function loadIdxParts(folder: string, name: string, files: ReadonlyMap<string, IdxSplitFiles>): Parts {
  const load = (split: string, classNames?: readonly string[]): ImageDataset | undefined => {
    const found = files.get(split);
    return found && datasetFromIdx(folder, found, `${name} ${split}`, classNames);
  };
  const train = load('train');
  if (train === undefined) {
    throw new DatasetError({
      where: folder,
      got: `IDX files of ${[...files.keys()].join(', ')} only`,
      expected: 'train-images-idx3-ubyte and train-labels-idx1-ubyte',
      cure: 'Add the training files, plain or .gz.',
    });
  }
  const { classNames } = train;
  return { train, test: load('test', classNames), validation: load('validation', classNames), notes: [] };
}

function loadFolderParts(folder: string, name: string): Parts {
  const { join } = node.path;
  const names = subfolders(folder);
  if (names.length === 0 && node.fs.readdirSync(folder).length === 0) {
    throw new DatasetError({
      where: folder,
      got: 'an empty folder',
      expected: ACCEPTED,
      cure: 'Check that this is the right folder.',
    });
  }
  // A class may be called "train": then its folder holds pictures itself.
  const isSplit = (subfolder: string): boolean =>
    names.includes(subfolder) && !holdsPng(join(folder, subfolder));
  if (!isSplit(TRAIN_FOLDER)) {
    if (isSplit(TEST_FOLDER)) {
      throw new DatasetError({
        where: folder,
        got: 'a folder test/ without train/',
        expected: 'train/ beside test/',
        cure: 'Put the class folders of the training pictures into train/.',
      });
    }
    return { train: datasetFromFolder(folder, { name }), test: undefined, validation: undefined, notes: [] };
  }
  const train = datasetFromFolder(join(folder, TRAIN_FOLDER), { name: `${name} train` });
  const channels = train.shape[3] === 1 ? 1 : 3;
  const load = (subfolder: string | undefined, split: string): ImageDataset | undefined =>
    subfolder === undefined
      ? undefined
      : datasetFromFolder(join(folder, subfolder), {
          name: `${name} ${split}`,
          classNames: train.classNames,
          channels,
        });
  const validationFolder = names.find((subfolder) => VALIDATION_FOLDERS.includes(subfolder));
  const used = [TRAIN_FOLDER, TEST_FOLDER, validationFolder];
  const ignored = names.filter((subfolder) => !used.includes(subfolder));
  return {
    train,
    test: load(
      names.find((subfolder) => subfolder === TEST_FOLDER),
      'test',
    ),
    validation: load(validationFolder, 'validation'),
    notes: ignored.length === 0 ? [] : [`${name}: ignored the folders beside train/: ${ignored.join(', ')}.`],
  };
}

function complete(name: string, { train, test, validation, notes }: Parts, seed: number): LoadedDataset {
  for (const part of [test, validation]) if (part) requireSameImages(train, part);
  const rest = validation === undefined ? {} : { validation };
  if (test !== undefined) return { name, train, test, ...rest, notes };

  const [kept, heldOut] = stratifiedSplit(train, HELD_OUT_FRACTION, new RandomGenerator(seed));
  const held = { ...heldOut, name: `${name} test` };
  // A folder of one picture per class leaves nothing to hold out.
  if (held.labels.length === 0) {
    throw new DatasetError({
      where: name,
      got: 'no test set, and no class with two images to hold one out',
      expected: 'a test set, or at least two images in a class',
      cure: 'Add images.',
    });
  }
  validateLabels(held);
  const note =
    `${name} has no test set: ${held.labels.length} of ${train.labels.length} images ` +
    `(${HELD_OUT_FRACTION * 100} % of each class, seed ${seed}) are held out as one.`;
  return { name, train: { ...kept, name: `${name} train` }, test: held, ...rest, notes: [...notes, note] };
}
