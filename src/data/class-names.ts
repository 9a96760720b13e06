/** The names of classes in files beside the data: one a line, or as EMNIST maps its labels to characters. */
import { LabelError } from '../errors.ts';
import { TextDecoder } from '../node-modules.ts';
import { entriesOf } from './class-folders.ts';
import { DatasetError } from './errors.ts';
import { type FolderEntry, readFile } from './files.ts';

/** What the numbers in a labels file mean. */
export interface LabelMeaning {
  readonly classNames: readonly string[];
  /** The number of the first class: 0, or 1 where somebody counted from there. Undefined where the labels decide. */
  readonly first?: number | undefined;
  /** The file that says so. */
  readonly file?: string;
}

const namesFile = /^(classes|class[-_]?names|labels|label[-_]?names|names|batches\.meta)\.txt$/i;
const mappingFile = /^(.*)-mapping\.txt$/i;
/** No file of class names is larger. */
const MOST_NAMES = 65_536;

/**
 * What a file beside IDX files says of their labels: `classes.txt` and its relatives, or `<set>-mapping.txt` of EMNIST.
 *
 * @param set the data set that the IDX files belong to
 * @throws DatasetError when the file cannot be read or names nothing
 */
export function findClassNames(folder: string, set: string): LabelMeaning | undefined {
  const files = entriesOf(folder).filter(({ kind }) => kind === 'file');
  const mapping = files.find(({ name }) => mappingFile.exec(name)?.[1].toLowerCase() === set && set !== '');
  if (mapping !== undefined) return readMapping(mapping);
  const names = files.find(({ name }) => namesFile.test(name));
  return names && { classNames: readClassNames(names.path), file: names.name };
}

/**
 * Reads a file of class names, one a line, numbered from 0 or 1 or not at all; empty lines are ignored.
 *
 * @throws DatasetError when it cannot be read, names nothing, or a name twice
 */
export function readClassNames(path: string): string[] {
  const lines = linesOf(path);
  const numbered = [0, 1].some((first) =>
    lines.every(
      (line, index) => Number(/^(\d+)[\s:,;]\s*\S/.exec(line)?.[1] ?? Number.NaN) === index + first,
    ),
  );
  const names = numbered ? lines.map((line) => line.replace(/^\d+[\s:,;]\s*/, '')) : lines;
  requireClassNames(path, names);
  return names;
}

/** Throws DatasetError unless these are names, each once. */
export function requireClassNames(where: string, names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name.normalize()).size);
  if (names.length > 0 && names.length <= MOST_NAMES && twice === undefined) return;
  throw new DatasetError({
    where,
    got: twice === undefined ? `${names.length} class names` : `the class "${twice}" twice`,
    expected: 'a name for each class, each once',
    cure: 'Write one name a line, in the order of their numbers.',
  });
}

/** `1 65 97` says that label 1 is the letter with these code points, in both cases. */
function readMapping({ path, name }: FolderEntry): LabelMeaning {
  const rows = linesOf(path).map((line) => line.split(/\s+/).map(Number));
  const first = rows[0]?.[0] ?? 0;
  const isCodePoint = (value: number): boolean => Number.isInteger(value) && value > 0 && value < 0x110000;
  const odd = rows.findIndex(
    ([label, ...points], index) =>
      label !== first + index || points.length === 0 || !points.every(isCodePoint),
  );
  if (odd < 0 && rows.length > 0) {
    const classNames = rows.map(([, ...points]) => String.fromCodePoint(...new Set(points)));
    requireClassNames(path, classNames);
    return { classNames, first, file: name };
  }
  throw new DatasetError({
    where: path,
    got: rows.length === 0 ? 'no lines' : `line ${odd + 1} without a label and code points`,
    expected: 'lines such as "1 65 97": a label, and the code points of its character',
    cure: 'Fetch the file again, or remove it: classes are numbered without it.',
  });
}

function linesOf(path: string): string[] {
  const bytes = readFile(path, { error: DatasetError, expected: 'a readable text file of class names' });
  return new TextDecoder()
    .decode(bytes)
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * The class of each label, and the names of the classes: those that are given, or numbers up to the largest label.
 *
 * @param where the labels file, for error messages
 * @throws LabelError when a label is no class
 */
export function classesOf(
  labels: Int32Array,
  meaning: LabelMeaning | undefined,
  where: string,
): { readonly labels: Int32Array; readonly classNames: readonly string[]; readonly first: number } {
  const smallest = labels.reduce((least, label) => Math.min(least, label), Number.POSITIVE_INFINITY);
  const largest = labels.reduce((most, label) => Math.max(most, label), 0);
  const known = meaning?.classNames;
  // Some count from 1. Names decide where there are some: as many as the largest label, then.
  const fromOne = smallest === 1 && largest > 1 && (known === undefined || known.length === largest);
  const first = meaning?.first ?? (fromOne ? 1 : 0);
  const classNames = known ?? numberedClasses(labels, first, where);
  const last = first + classNames.length - 1;
  const odd = labels.findIndex((label) => label < first || label > last);
  if (odd < 0)
    return { labels: first === 0 ? labels : labels.map((label) => label - first), classNames, first };
  throw new LabelError({
    where: `${where}, item ${odd}`,
    got: `label ${labels[odd]}`,
    expected: `${first} to ${last}, as there ${classNames.length === 1 ? 'is 1 class' : `are ${classNames.length} classes`}`,
    cure: 'Correct the label, or name all classes (classes.txt beside the data, or --classes).',
  });
}

/** Labels that fit into a byte are always possible. */
const FEW_CLASSES = 256;

/**
 * Numbers from the first to the largest label, at least two. A label far beyond the number of images is no class, and must
 * not decide how many names are made.
 */
function numberedClasses(labels: Int32Array, first: number, where: string): string[] {
  const most = Math.max(FEW_CLASSES, labels.length);
  const isClass = (label: number) => label >= 0 && label < most;
  const odd = labels.findIndex((label) => !isClass(label));
  if (odd < 0) {
    const largest = labels.reduce((highest, label) => Math.max(highest, label), first + 1);
    return Array.from({ length: largest + 1 - first }, (_, place) => String(first + place));
  }
  const swapped = new DataView(new ArrayBuffer(4));
  const littleEndian = labels.every((label) => {
    swapped.setInt32(0, label);
    return isClass(swapped.getInt32(0, true));
  });
  throw new LabelError({
    where: `${where}, item ${odd}`,
    got: `label ${labels[odd]}`,
    expected: `0 to ${most - 1}: ${labels.length} images cannot have more classes than that`,
    cure: littleEndian
      ? 'The labels seem to be written little-endian: IDX is big-endian. Swap their bytes, or write them as bytes.'
      : 'Correct the label, or number the classes from 0 without gaps.',
  });
}
