/** One entry to all data sets: the embedded digits, a folder of IDX files, an .npz file, or a folder of pictures. */
import { OptionError } from '../errors.ts';
import { describeValue, requireKnownOptions, requireList, requireNumber, requireText } from '../options.ts';
import { classCounts, type ImageDataset, type LabeledImages, requireSameImages } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { PictureReport } from './folder-pictures.ts';
import { type FormOptions, type ImageForm, requireForm } from './form.ts';
import { type GroupSource, requireGroupSource, withGroups } from './groups.ts';
import { type FoundDataset, findSource } from './source.ts';
import { drawnSplit, heldOutShares } from './split.ts';

/** A data set as loaded, or opened: what to train on and what to test on. */
export interface LoadedDataset<Images extends LabeledImages = ImageDataset> {
  /** What to call it. */
  readonly name: string;
  /** What to train on. */
  readonly train: Images;
  /** What to test on, once, at the end. */
  readonly test: Images;
  /** Present when the folder has a validation set of its own. */
  readonly validation?: Images;
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
  const source = findChecked('loadDataset', nameOrFolder, options);
  const { name, splits, read } = source;
  const { size, fit } = options;
  const notes = [...source.notes];
  const report = new PictureReport();
  const train = read('train', { channels: undefined, notes, size, fit, report });
  const channels = train.shape[3] === 1 ? 1 : 3;
  const [test, validation] = (['test', 'validation'] as const).map((split) =>
    splits.includes(split) ? read(split, { channels, notes, size, fit, report }) : undefined,
  );
  report.raise(nameOrFolder);
  if (fit !== undefined && report.changed === 0) throw nothingToFit(train, fit);
  return completed(name, [train, test, validation], notes, options, drawnSplit);
}

/** Finds a data set that has training images, after a look at the options. `where`: the function that they belong to. */
export function findChecked(
  where: string,
  nameOrFolder: string,
  options: LoadOptions,
  others: readonly string[] = [],
): FoundDataset {
  const names = ['seed', 'size', 'fit', 'classNames', 'groups', 'labels', ...others];
  requireKnownOptions(where, options, names);
  requireForm(where, options);
  if (options.groups !== undefined) requireGroupSource(where, options.groups);
  const { classNames, labels } = options;
  if (labels !== undefined) requireText(where, 'labels', labels);
  if (classNames !== undefined) {
    for (const name of requireList(where, 'classNames', classNames)) requireText(where, 'a class name', name);
  }
  requireNumber(where, 'seed', options.seed ?? 0, 'a whole number of at least 0');
  const source = findSource(nameOrFolder, { classNames, labels });
  const { name, splits, withoutTraining } = source;
  if (!splits.includes('train')) {
    throw new DatasetError({
      where: name,
      got: withoutTraining,
      expected:
        'training images: class folders in train/ beside test/, or train-images-… and train-labels-… files',
      cure: 'Add the training images, plain or .gz.',
    });
  }
  return source;
}

/** The parts of a data set, with a test set that is held out where there is none. */
export function completed<Images extends LabeledImages>(
  name: string,
  parts: readonly [train: Images, test: Images | undefined, validation: Images | undefined],
  notes: string[],
  { seed = 0, fit, groups }: LoadOptions,
  draw: (images: Images, share: number, seed: number) => [rest: Images, heldOut: Images],
): LoadedDataset<Images> {
  const [train, test, validation] = groups === undefined ? parts : withGroups(parts, groups, notes);
  for (const part of [test, validation]) if (part) requireSameImages(train, part);
  const rest = validation === undefined ? {} : { validation };
  if (hasOneClass(train)) notes.push(`${name}: ${oneClass}`);
  const form: ImageForm = { size: [train.shape[1], train.shape[2]], fit: fit ?? 'stretch' };
  if (test !== undefined) return { name, train, test, ...rest, form, notes };

  const [kept, heldOut] = draw(train, HELD_OUT_SHARE, seed);
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
export function hasOneClass(dataset: LabeledImages): boolean {
  return classCounts(dataset).filter((count) => count > 0).length === 1;
}
