/** One entry to all data sets: the embedded digits, a folder of IDX files, an .npz file, or a folder of pictures. */
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireList, requireNumber, requireText } from '../options.ts';
import { classCounts, type ImageDataset, requireSameImages, validateLabels } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { PictureReport } from './folder-pictures.ts';
import { type FormOptions, type ImageForm, requireForm } from './form.ts';
import { type GroupSource, requireGroupSource, withGroups } from './groups.ts';
import { type FoundDataset, findSource } from './source.ts';
import { drawnSplit, heldOutShares } from './split.ts';

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
  /**
   * Keeps pictures of one group on one side of what is held out: a pattern with one group in parentheses for their names
   * (`/^(patient\d+)_/`), or the path of a CSV file (`picture,group`) or JSON file. Default: each picture is drawn alone.
   */
  readonly groups?: GroupSource | undefined;
  /**
   * The labels of pictures that are not in class folders: the path of a CSV file (`picture,label`) or JSON file. A picture is
   * named by its path within the folder, or the end of it, with or without `.png`. Folders `train/`, `test/`, `val/` are parts.
   */
  readonly labels?: string | undefined;
  /** The classes in order: of IDX and .npz files the names of their labels, of class folders their order. */
  readonly classNames?: readonly string[] | undefined;
  /** Decides which images are held out when a folder has no test set; default 0. */
  readonly seed?: number;
}

/** The share of the images held out as the test set when a folder has none. */
const HELD_OUT_SHARE = 0.2;
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
  requireKnownOptions('loadDataset', options, ['seed', 'size', 'fit', 'classNames', 'groups', 'labels']);
  requireForm('loadDataset', options);
  if (options.groups !== undefined) requireGroupSource('loadDataset', options.groups);
  const { classNames, labels } = options;
  if (labels !== undefined) requireText('loadDataset', 'labels', labels);
  if (classNames !== undefined) {
    for (const name of requireList('loadDataset', 'classNames', classNames)) {
      requireText('loadDataset', 'a class name', name);
    }
  }
  const seed = requireNumber('loadDataset', 'seed', options.seed ?? 0, 'a whole number of at least 0');
  return complete(nameOrFolder, findSource(nameOrFolder, { classNames, labels }), seed, options);
}

function complete(
  where: string,
  { name, splits, read, notes: found, withoutTraining }: FoundDataset,
  seed: number,
  { size, fit, groups }: LoadOptions,
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
  const report = new PictureReport();
  const readTrain = read('train', { channels: undefined, notes, size, fit, report });
  const channels = readTrain.shape[3] === 1 ? 1 : 3;
  const [readTest, readValidation] = (['test', 'validation'] as const).map((split) =>
    splits.includes(split) ? read(split, { channels, notes, size, fit, report }) : undefined,
  );
  report.raise(where);
  const parts = [readTrain, readTest, readValidation] as const;
  const [train, test, validation] = groups === undefined ? parts : withGroups(parts, groups, notes);
  if (fit !== undefined && report.changed === 0) throw nothingToFit(train, fit);
  for (const part of [test, validation]) if (part) requireSameImages(train, part);
  const rest = validation === undefined ? {} : { validation };
  if (hasOneClass(train)) notes.push(`${name}: ${oneClass}`);
  const form: ImageForm = { size: [train.shape[1], train.shape[2]], fit: fit ?? 'stretch' };
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
      `(${heldOutShares(train, held)}, seed ${seed}) are held out as one.`,
  );
  return { name, train: { ...kept, name: `${name} train` }, test: held, ...rest, form, drawn: true, notes };
}

/** An option that would do nothing is a misunderstanding. */
function nothingToFit({ name, shape: [, height, width] }: ImageDataset, fit: string): OptionError {
  return new OptionError({
    where: name,
    got: `fit ${describeValue(fit)} for images that all have ${height}×${width} pixels already`,
    expected: 'images of another size than is wanted',
    cure: 'Leave fit out, or give a size.',
  });
}

const oneClass =
  'all training images are of one class, so there is nothing to learn. Mostly the path is one level off, or the folders ' +
  'of the other classes are missing.';

/** Whether all images are of one class. */
export function hasOneClass(dataset: ImageDataset): boolean {
  return classCounts(dataset).filter((count) => count > 0).length === 1;
}
