/** One entry to all data sets: the embedded digits, a folder of IDX files, or a folder of class folders. */
import { requireKnownOptions, requireNumber } from '../options.ts';
import { type ClassFolders, entriesOf, findPictures, isNamedPicture, subfolders } from './class-folders.ts';
import { node } from './code-files.ts';
import { classCounts, type ImageDataset, requireSameImages, validateLabels } from './dataset.ts';
import { loadDigits } from './digits.ts';
import { DatasetError } from './errors.ts';
import { findEntry } from './files.ts';
import { commonSize, PictureFaults, readPictures } from './folder-pictures.ts';
import { type FormOptions, type ImageForm, requireForm } from './form.ts';
import { datasetFromIdx } from './idx-dataset.ts';
import { findIdxFiles, type IdxFiles } from './idx-files.ts';
import { drawnSplit } from './split.ts';

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
  /** The form of all its pictures: what makes others like them. */
  readonly form: ImageForm;
  /** Whether the test set was held out from the training images, as the data set has none itself. Default false. */
  readonly drawn?: boolean;
  /** What the reader should know, as sentences: what was left out, or that a test set was held out. */
  readonly notes: readonly string[];
}

/** Options of `loadDataset`. */
export interface LoadOptions extends FormOptions {
  /** Decides which images are held out when a folder has no test set; default 0. */
  readonly seed?: number;
}

/** The share of the images held out as the test set when a folder has none. */
const HELD_OUT_SHARE = 0.2;
const SPLITS = ['train', 'test', 'validation'] as const;
type Split = (typeof SPLITS)[number];
/** What the folder of a split is called. */
const FOLDERS: Readonly<Record<Split, readonly string[]>> = {
  train: ['train'],
  test: ['test'],
  validation: ['val', 'validation'],
};
const ACCEPTED =
  "'digits' (embedded), a folder of IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… or test-…, " +
  'val-…; plain or .gz), or a folder with one subfolder of PNG or JPEG files per class, directly or in train/, test/ and val/';

/**
 * Loads a data set by name or folder. Train, test and validation sets have the same image size and classes. A folder
 * without a test set has about 20 % of each class held out as one, drawn for each image with `seed`, and a note says so:
 * an image stays on its side when others are added or removed.
 *
 * @param nameOrFolder 'digits', or a path; `./digits` means a folder of that name
 * @throws DatasetError when there is no such folder or its files do not make up a data set; PngError, IdxError or
 *   LabelError when a file is broken
 */
export function loadDataset(nameOrFolder: string, options: LoadOptions = {}): LoadedDataset {
  requireKnownOptions('loadDataset', options, ['seed', 'size', 'fit']);
  requireForm('loadDataset', options);
  const seed = requireNumber('loadDataset', 'seed', options.seed ?? 0, 'a whole number of at least 0');
  return complete(nameOrFolder, findSource(nameOrFolder), seed, options);
}

/** How a part of a data set is read. */
export interface ReadOptions extends FormOptions {
  readonly channels: 1 | 3 | undefined;
  /** Collects what is odd about the images. */
  readonly notes: string[];
  /** Which images, by their files; default all. Images without files are read all of them. */
  readonly only?: (file: string) => boolean;
  /** Collects the pictures that cannot be read; by default they are thrown. */
  readonly faults?: PictureFaults;
}

/** What a data set has itself, not yet read; a missing test set is still to be held out. */
export interface FoundDataset {
  readonly name: string;
  readonly splits: readonly Split[];
  readonly read: (split: Split, options: ReadOptions) => ImageDataset;
  readonly notes: readonly string[];
  /** What is got when the training images are missing. */
  readonly withoutTraining: string;
}

/** Finds a data set by name or folder; what it holds is read later. */
export function findSource(nameOrFolder: string): FoundDataset {
  if (nameOrFolder === 'digits') {
    const digits = loadDigits();
    return {
      name: 'digits',
      splits: ['train', 'test'],
      read: (split) => (split === 'test' ? digits.test : digits.train),
      notes: ['The split of digits is fixed: every fifth image is for testing.'],
      withoutTraining: 'no digits',
    };
  }
  const { basename, resolve } = node.path;
  const kind = findEntry(nameOrFolder, { error: DatasetError, expected: ACCEPTED });
  if (kind !== 'folder') {
    const what =
      kind === undefined
        ? 'no known name and no folder'
        : kind === 'dead link'
          ? 'a link that leads nowhere'
          : 'not a folder';
    throw new DatasetError({
      where: 'loadDataset',
      got: `"${nameOrFolder}", which is ${what}`,
      expected: ACCEPTED,
      cure: `Check the path; it was looked for at ${resolve(nameOrFolder)}.`,
    });
  }
  const name = basename(resolve(nameOrFolder));
  const idx = findIdxFiles(nameOrFolder);
  return idx.splits.size > 0 ? idxSource(nameOrFolder, name, idx) : folderSource(nameOrFolder, name);
}

function idxSource(folder: string, name: string, { splits, notes }: IdxFiles): FoundDataset {
  const load = (split: Split, classNames?: readonly string[]): ImageDataset =>
    datasetFromIdx(folder, splits.get(split) ?? {}, `${name} ${split}`, classNames);
  let train: ImageDataset | undefined;
  return {
    name,
    splits: SPLITS.filter((split) => splits.has(split)),
    // The labels of training say how many classes there are.
    read: (split) => {
      if (splits.has('train')) train ??= load('train');
      return split === 'train' && train ? train : load(split, train?.classNames);
    },
    notes: notes.map((note) => `${name}: ${note}`),
    withoutTraining: `IDX files of ${[...splits.keys()].join(', ')} only`,
  };
}

function folderSource(folder: string, name: string): FoundDataset {
  if (entriesOf(folder).length === 0) {
    throw new DatasetError({
      where: folder,
      got: 'an empty folder',
      expected: ACCEPTED,
      cure: 'Check that this is the right folder.',
    });
  }
  const names = subfolders(folder).map((entry) => entry.name);
  const splitOf = (subfolder: string): Split | undefined =>
    SPLITS.find((split) => FOLDERS[split].includes(subfolder));
  const isSplit = isSplitFolder(folder, names, splitOf);
  const parts = new Map<Split, ClassFolders>();
  if (!isSplit) {
    parts.set('train', findPictures(folder, name));
  } else {
    for (const split of SPLITS) {
      const subfolder = FOLDERS[split].find((each) => names.includes(each));
      if (subfolder === undefined) continue;
      const known = parts.get('train')?.classNames;
      const path = node.path.join(folder, subfolder);
      parts.set(split, findPictures(path, `${name} ${split}`, known, `${subfolder}/`));
    }
  }
  const ignored = isSplit ? names.filter((subfolder) => splitOf(subfolder) === undefined) : [];
  const beside =
    ignored.length === 0 ? [] : [`${name}: ignored the folders beside train/: ${ignored.join(', ')}.`];
  let usual: ImageForm['size'] | undefined;
  let formNoted = false;
  return {
    name,
    splits: [...parts.keys()],
    read: (split, { channels, notes, only, size, fit = 'stretch', faults: collected }) => {
      const faults = collected ?? new PictureFaults();
      const { files, classNames } = parts.get(split)!;
      const wanted = only === undefined ? files : files.filter((file) => only(file.name));
      const title = isSplit ? `${name} ${split}` : name;
      // Without training pictures the first part says what is usual.
      if (size === undefined) usual ??= commonSize(only ? wanted : [...parts.values()][0].files, faults);
      const form: ImageForm = { size: size ?? usual ?? [1, 1], fit };
      const onNote = (note: string): void => void notes.push(note);
      const onForm = (note: string): void => {
        if (size === undefined && !formNoted) onNote(note);
        formNoted = true;
      };
      const reading = { form, onForm, channels, faults, onNote };
      const images = readPictures(title, { files: wanted, classNames }, reading);
      if (collected === undefined) faults.raise(folder);
      return images;
    },
    notes: [...[...parts.values()].flatMap(({ notes }) => notes), ...beside],
    withoutTraining: `a folder ${[...parts.keys()].join('/ and ')}/ without train/`,
  };
}

/**
 * Whether a folder holds train/ or test/ with class folders in them. A class may have such a name as well: then its
 * folder holds pictures, and so do the folders beside it, of which none is called like another split.
 */
function isSplitFolder(
  folder: string,
  names: readonly string[],
  splitOf: (subfolder: string) => Split | undefined,
): boolean {
  const { join } = node.path;
  const holdsPictures = (name: string): boolean => entriesOf(join(folder, name)).some(isNamedPicture);
  const named = names.filter((name) => splitOf(name) !== undefined);
  const isClassAmongOthers = (): boolean =>
    named.length === 1 && names.some((name) => !named.includes(name) && holdsPictures(name));
  return named.some((name) => {
    if (splitOf(name) === 'validation') return false;
    return !holdsPictures(name) || (subfolders(join(folder, name)).length > 0 && !isClassAmongOthers());
  });
}

function complete(
  where: string,
  { name, splits, read, notes: found, withoutTraining }: FoundDataset,
  seed: number,
  { size, fit = 'stretch' }: FormOptions,
): LoadedDataset {
  const notes = [...found];
  if (!splits.includes('train')) {
    throw new DatasetError({
      where: name,
      got: withoutTraining,
      expected:
        'training images: class folders in train/ beside test/, or train-images-… and train-labels-… files',
      cure: 'Add the training images, plain or .gz.',
    });
  }
  const faults = new PictureFaults();
  const train = read('train', { channels: undefined, notes, size, fit, faults });
  const channels = train.shape[3] === 1 ? 1 : 3;
  const [test, validation] = (['test', 'validation'] as const).map((split) =>
    splits.includes(split) ? read(split, { channels, notes, size, fit, faults }) : undefined,
  );
  faults.raise(where);
  for (const part of [test, validation]) if (part) requireSameImages(train, part);
  const rest = validation === undefined ? {} : { validation };
  if (hasOneClass(train)) notes.push(`${name}: ${oneClass}`);
  const form: ImageForm = { size: [train.shape[1], train.shape[2]], fit };
  if (test !== undefined) return { name, train, test, ...rest, form, notes };

  const [kept, heldOut] = drawnSplit(train, HELD_OUT_SHARE, seed);
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
  notes.push(
    `${name} has no test set: ${held.labels.length} of ${train.labels.length} images ` +
      `(about ${HELD_OUT_SHARE * 100} % of each class, seed ${seed}) are held out as one.`,
  );
  return { name, train: { ...kept, name: `${name} train` }, test: held, ...rest, form, drawn: true, notes };
}

const oneClass =
  'all training images are of one class, so there is nothing to learn. Mostly the path is one level off, or the folders ' +
  'of the other classes are missing.';

/** Whether all images are of one class. */
export function hasOneClass(dataset: ImageDataset): boolean {
  return classCounts(dataset).filter((count) => count > 0).length === 1;
}
