/** Finds a data set by name or folder, and reads its parts one by one: the embedded digits, IDX files, an .npz file, or pictures. */
import { OptionError } from '../errors.ts';
import { nearest } from '../text.ts';
import { type ClassFolders, entriesOf, findPictures, listed } from './class-folders.ts';
import { findClassNames, type LabelMeaning, requireClassNames } from './class-names.ts';
import { node } from './code-files.ts';
import type { ImageDataset } from './dataset.ts';
import { loadDigits } from './digits.ts';
import { DatasetError } from './errors.ts';
import { type EntryKind, findEntry, type Wanted } from './files.ts';
import { descend, type FoundFolder, findLayout } from './folder-layout.ts';
import { commonSize, PictureReport, readPictures } from './folder-pictures.ts';
import { type FormOptions, fitDataset, type ImageForm } from './form.ts';
import { datasetFromArrays, readIdxSplit, type SplitArrays } from './idx-dataset.ts';
import { findIdxFiles, type IdxFiles, type Split } from './idx-files.ts';
import { findLabeled } from './labeled-pictures.ts';
import { findArchive, isArchive, openArchive } from './npz-files.ts';

/** How a part of a data set is read. */
export interface ReadOptions extends FormOptions {
  readonly channels: 1 | 3 | undefined;
  /** Collects what is odd about the images. */
  readonly notes: string[];
  /** Which images, by their files; default all. Images without files are read all of them. */
  readonly only?: (file: string) => boolean;
  /** Collects the pictures that cannot be read; by default they are thrown. */
  readonly report?: PictureReport;
}

/** What classes are called. */
export interface NamingOptions {
  /** The classes in order. */
  readonly classNames?: readonly string[] | undefined;
  /** What the classes are called where neither folders nor a file beside the data name them. */
  readonly otherwise?: readonly string[] | undefined;
  /** The CSV or JSON file with the labels of pictures that are not in class folders. */
  readonly labels?: string | undefined;
  /** Whether class folders may be without pictures; default false. */
  readonly mayBeEmpty?: boolean | undefined;
}

/** What a data set has itself, not yet read; a missing test set is still to be held out. */
export interface FoundDataset {
  readonly name: string;
  readonly splits: readonly Split[];
  readonly read: (split: Split, options: ReadOptions) => ImageDataset;
  readonly notes: readonly string[];
  /** The pictures of each split, where they are files. */
  readonly parts?: ReadonlyMap<Split, ClassFolders>;
  /** What is got when the training images are missing. */
  readonly withoutTraining: string;
}

const SPLITS = ['train', 'test', 'validation'] as const;
const ACCEPTED =
  "'digits' (embedded), a folder of IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-… or test-…, " +
  'val-…; plain or .gz), an .npz file (train_images, train_labels, test_images, …), or a folder with one subfolder of PNG or JPEG files per class, directly or in train/, test/ and val/';
const aDataset: Wanted = { error: DatasetError, expected: ACCEPTED };

/** Finds a data set by name or folder; what it holds is read later. */
export function findSource(nameOrFolder: string, naming: NamingOptions = {}): FoundDataset {
  if (naming.classNames !== undefined) requireClassNames('classNames', naming.classNames);
  const { basename, dirname, resolve } = node.path;
  const kind = nameOrFolder === 'digits' ? 'digits' : findEntry(nameOrFolder, aDataset);
  const name = basename(resolve(nameOrFolder));
  const { labels, classNames } = naming;
  if (labels !== undefined && kind === 'folder') return labeledSource(nameOrFolder, name, labels, classNames);
  if (labels !== undefined && kind !== undefined) {
    throw new OptionError({
      where: 'loadDataset',
      got: `labels for ${nameOrFolder}, which has labels itself`,
      expected: 'labels for a folder of pictures',
      cure: 'Leave out the labels, or give the folder of their pictures.',
    });
  }
  if (kind === 'digits') return digitsSource(naming);
  if (kind === 'folder') {
    const place = descend(nameOrFolder);
    const found = place.prefix === '' ? [] : [`${name}: the data set is in ${place.prefix}.`];
    const idx = findIdxFiles(place.folder);
    if (idx.splits.size > 0) return idxSource(place.folder, name, idx, found, naming);
    const archive = findArchive(place.folder);
    return archive === undefined ? folderSource(place, name, found, naming) : npzSource(archive, naming);
  }
  if (kind === 'file' && isArchive(nameOrFolder)) return npzSource(nameOrFolder, naming);
  const above = dirname(resolve(nameOrFolder));
  if (kind === undefined && findEntry(above, aDataset) === 'folder') {
    // Several data sets of IDX files may lie together: emnist-letters-… beside emnist-digits-…
    const idx = findIdxFiles(above, name);
    if (idx.splits.size > 0) return idxSource(above, name, idx, [], naming);
  }
  throw notFound(nameOrFolder, kind);
}

function notFound(nameOrFolder: string, kind: EntryKind | undefined): DatasetError {
  const { basename, dirname, join, resolve } = node.path;
  const path = resolve(nameOrFolder);
  const what =
    kind === undefined
      ? 'no known name and no folder'
      : kind === 'dead link'
        ? 'a link that leads nowhere'
        : 'not a folder';
  // The folder that is there, and the name in it that is not.
  let [above, missing] = [dirname(path), basename(path)];
  while (findEntry(above, aDataset) === undefined && dirname(above) !== above) {
    [above, missing] = [dirname(above), basename(above)];
  }
  const given = node.path.isAbsolute(nameOrFolder) ? above : node.path.relative('.', above);
  const folder = kind === undefined ? nearest(missing, foldersIn(above)) : undefined;
  const meant = folder === undefined ? nearest(nameOrFolder, ['digits']) : join(given, folder);
  return new DatasetError({
    where: 'loadDataset',
    got: `"${nameOrFolder}", which is ${what}`,
    expected: ACCEPTED,
    cure: `${meant === undefined ? 'Check the path; it' : `Did you mean ${meant}? It`} was looked for at ${path}.`,
  });
}

function foldersIn(folder: string): string[] {
  try {
    return entriesOf(folder)
      .filter(({ kind }) => kind === 'folder')
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function digitsSource({ classNames }: NamingOptions): FoundDataset {
  const digits = loadDigits();
  if (classNames !== undefined && classNames.length !== digits.train.classNames.length) {
    throw new DatasetError({
      where: 'digits',
      got: `${classNames.length} class names`,
      expected: 'ten, for the digits from 0 to 9',
      cure: 'Name all ten, or none.',
    });
  }
  return {
    name: 'digits',
    splits: ['train', 'test'],
    read: (split, options) => {
      const images = split === 'test' ? digits.test : digits.train;
      return inForm(classNames === undefined ? images : { ...images, classNames }, options);
    },
    notes: ['The split of digits is fixed: every fifth image is for testing.'],
    withoutTraining: 'no digits',
  };
}

/** Images that have a size already, brought to another if that is asked for. */
function inForm(dataset: ImageDataset, { size, fit = 'stretch', report }: ReadOptions): ImageDataset {
  const [, height, width] = dataset.shape;
  if (size === undefined || (size[0] === height && size[1] === width)) return dataset;
  if (report !== undefined) report.changed += dataset.labels.length;
  return fitDataset(dataset, { size, fit });
}

function idxSource(
  folder: string,
  name: string,
  { splits, set, notes: found }: IdxFiles,
  above: readonly string[],
  { classNames, otherwise }: NamingOptions,
): FoundDataset {
  const notes = [...above, ...found.map((note) => `${name}: ${note}`)];
  // As the National Institute of Standards and Technology made them, and all copies have them.
  const transposed = set.split('-').includes('emnist');
  if (transposed) {
    notes.push(`${name}: EMNIST stores rows and columns swapped: its images are turned upright.`);
  }
  const named = findClassNames(folder, set);
  const given = classNames ?? (named === undefined ? otherwise : undefined);
  const told: LabelMeaning | undefined = given === undefined ? named : { classNames: given };
  if (told?.file !== undefined) notes.push(`${name}: the classes are named by ${told.file}.`);
  return {
    ...arraysSource(name, [...splits.keys()], told, transposed, (split) =>
      readIdxSplit(folder, splits.get(split) ?? {}),
    ),
    notes,
    withoutTraining: `IDX files of ${[...splits.keys()].join(', ')} only`,
  };
}

function npzSource(path: string, { classNames, otherwise }: NamingOptions): FoundDataset {
  const name = node.path.basename(path, '.npz');
  const { splits, read } = openArchive(path);
  const given = classNames ?? otherwise;
  return {
    ...arraysSource(name, splits, given && { classNames: given }, false, read),
    notes: [],
    withoutTraining: `arrays of ${splits.join(', ')} only`,
  };
}

/** Splits whose images and labels are arrays. */
function arraysSource(
  name: string,
  splits: readonly Split[],
  told: LabelMeaning | undefined,
  transposed: boolean,
  arraysOf: (split: Split) => SplitArrays,
): Pick<FoundDataset, 'name' | 'splits' | 'read'> {
  const load = (split: Split, meaning: LabelMeaning | undefined) =>
    datasetFromArrays(arraysOf(split), `${name} ${split}`, meaning, transposed);
  let train: ReturnType<typeof load> | undefined;
  return {
    name,
    splits: SPLITS.filter((split) => splits.includes(split)),
    // The labels of training say how many classes there are.
    read: (split, options) => {
      if (splits.includes('train')) train ??= load('train', told);
      const part = split === 'train' && train ? train : load(split, train?.meaning ?? told);
      return inForm(part.dataset, options);
    },
  };
}

function folderSource(
  place: FoundFolder,
  name: string,
  above: readonly string[],
  { classNames, mayBeEmpty }: NamingOptions,
): FoundDataset {
  const { folder, prefix } = place;
  if (entriesOf(folder).length === 0) {
    throw new DatasetError({
      where: folder,
      got: 'an empty folder',
      expected: ACCEPTED,
      cure: 'Check that this is the right folder.',
    });
  }
  const layout = findLayout(place);
  const parts = new Map<Split, ClassFolders>();
  if (layout.parts === undefined)
    parts.set('train', findPictures(folder, name, classNames, prefix, mayBeEmpty));
  for (const split of SPLITS) {
    const part = layout.parts?.get(split);
    if (part === undefined) continue;
    const known = parts.get('train')?.classNames ?? classNames;
    parts.set(split, findPictures(part.folder, `${name} ${split}`, known, part.prefix, mayBeEmpty));
  }
  const unmet = classNames?.find(
    (_, label) => !parts.get('train')?.files.some((file) => file.label === label),
  );
  if (unmet !== undefined && parts.has('train')) {
    throw new DatasetError({
      where: folder,
      got: `no folder for the class "${unmet}"`,
      expected: `a folder for each of the classes ${listed(classNames ?? [])}`,
      cure: 'Correct the names of the classes (--classes), or leave them out: the folders name them.',
    });
  }
  return {
    ...picturesSource(folder, name, parts, layout.parts !== undefined),
    notes: [
      ...above,
      ...[...parts.values()].flatMap(({ notes }) => notes),
      ...layout.notes.map((note) => `${name}: ${note}`),
    ],
    withoutTraining: `a folder ${[...parts.keys()].join('/ and ')}/ without train/`,
  };
}

function labeledSource(
  folder: string,
  name: string,
  labels: string,
  classNames: readonly string[] | undefined,
): FoundDataset {
  const { parts, notes } = findLabeled(folder, name, labels, classNames);
  return {
    ...picturesSource(folder, name, parts, parts.size > 1),
    notes,
    withoutTraining: `labels for the pictures of ${[...parts.keys()].join('/ and ')}/ only`,
  };
}

/** Splits whose pictures are files. `divided`: whether they are called by their splits. */
function picturesSource(
  folder: string,
  name: string,
  parts: ReadonlyMap<Split, ClassFolders>,
  divided: boolean,
): Pick<FoundDataset, 'name' | 'splits' | 'parts' | 'read'> {
  let usual: ImageForm['size'] | undefined;
  let formNoted = false;
  return {
    name,
    parts,
    splits: SPLITS.filter((split) => parts.has(split)),
    read: (split, { channels, notes, only, size, fit = 'stretch', report: given }) => {
      const report = given ?? new PictureReport();
      const { files, classNames } = parts.get(split)!;
      const wanted = only === undefined ? files : files.filter((file) => only(file.name));
      // Without training pictures the first part says what is usual.
      if (size === undefined) usual ??= commonSize(only ? wanted : [...parts.values()][0].files, report);
      const form: ImageForm = { size: size ?? usual ?? [1, 1], fit };
      const onNote = (note: string): void => void notes.push(note);
      const onForm = (note: string): void => {
        if (size === undefined && !formNoted) onNote(note);
        formNoted = true;
      };
      const title = divided ? `${name} ${split}` : name;
      const reading = { form, onForm, channels, report, onNote };
      const images = readPictures(title, { files: wanted, classNames }, reading);
      if (given === undefined) report.raise(folder);
      return images;
    },
  };
}
