/**
 * Which images a model was trained, validated and tested on, and how they are found again whatever the data set has become
 * since: by their files, and by what they show.
 */

import { listed } from './class-folders.ts';
import { contentHashes } from './content-hash.ts';
import { concatenate, type ImageDataset, imageCount, subset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import type { FormOptions } from './form.ts';
import type { LoadedDataset } from './load.ts';
import type { CopiedImage } from './overlap.ts';
import { findSource } from './source.ts';
import { placesOf } from './split.ts';

/** Some images of a data set, each known by its place in these lists. */
export interface RecordedPart {
  /** Undefined where the images have no files of their own. */
  readonly files?: readonly string[] | undefined;
  /** `contentHashes`. Undefined in records of earlier versions. */
  readonly hashes?: readonly string[] | undefined;
  /** Undefined in records of earlier versions. */
  readonly labels?: ArrayLike<number> | undefined;
}

/** The images of a training run. */
export interface RecordedSplit {
  readonly classNames?: readonly string[] | undefined;
  readonly train: RecordedPart;
  /** Undefined where the training images were those of validation too. */
  readonly validation?: RecordedPart | undefined;
  readonly test: RecordedPart;
  /** Test images with a copy among the training images, by their places. Undefined where nobody has looked for them. */
  readonly copies?: readonly RecordedCopy[] | undefined;
}

/** A test image (`second`) that is a copy of a training image (`first`). */
export type RecordedCopy = Pick<CopiedImage, 'first' | 'second' | 'identical'>;

/** What there is to record of a data set. */
export function recordedSplit({ train, validation, test }: LoadedDataset): RecordedSplit {
  const part = (dataset: ImageDataset): RecordedPart => ({
    files: dataset.files,
    hashes: contentHashes(dataset),
    labels: dataset.labels,
  });
  const own = validation !== undefined && validation !== train ? { validation: part(validation) } : {};
  return { classNames: train.classNames, train: part(train), ...own, test: part(test) };
}

/** The form of a model's images, into which pictures are brought. */
export interface ModelForm extends FormOptions {
  /** What labels without names are called. */
  readonly classNames?: readonly string[] | undefined;
  readonly channels?: 1 | 3 | undefined;
}

/** The images of a data set to test a model on. */
export interface TestImages {
  readonly name: string;
  readonly images: ImageDataset;
  readonly notes: readonly string[];
}

/** The images of a recorded test set. */
export interface RecordedTest extends TestImages {
  /** The copies among them, `second` being their place now. */
  readonly copies: readonly RecordedCopy[] | undefined;
}

/**
 * All images of a data set, of its training, validation and test images: nothing needs to be held out for a model that was
 * not trained on them.
 *
 * @throws as `loadDataset`
 */
export function loadAllImages(nameOrFolder: string, options: ModelForm = {}): TestImages {
  const { name, splits, read, notes: found } = findSource(nameOrFolder, { otherwise: options.classNames });
  const notes = [...found];
  const parts = splits.map((split) => read(split, { channels: undefined, ...options, notes }));
  const images = joined(parts);
  if (images === undefined) throw noneLeft(name);
  if (splits.length > 1) {
    const counts = parts.map((part, index) => `${imageCount(part)} ${splits[index]}`);
    notes.push(`${name}: all of its ${imageCount(images)} images are tested on: ${counts.join(', ')}.`);
  }
  return { name, images, notes };
}

/**
 * The test images of a recorded split, in their order, however the data set has changed since. An image that was moved or
 * renamed is known by what it shows. One whose file shows something else now is taken as it is, unless it shows a training
 * image. What is missing, moved, renamed, changed or new is said in the notes.
 *
 * @throws as `loadDataset`, and DatasetError when no image is left
 */
export function loadRecordedTest(
  nameOrFolder: string,
  split: RecordedSplit,
  options: ModelForm = {},
): RecordedTest {
  const source = findSource(nameOrFolder, { otherwise: options.classNames });
  const { name, splits } = source;
  const notes = [...source.notes];
  const read = (only: (file: string) => boolean): ImageDataset | undefined =>
    joined(splits.map((part) => source.read(part, { channels: undefined, ...options, notes, only })));

  const parts = [split.train, ...(split.validation ? [split.validation] : []), split.test];
  const known = new Set(parts.flatMap(({ files }) => files ?? []));
  const wanted = new Set(split.test.files);
  const unknown = new Set<string>();
  let pool = read((file) => {
    if (!known.has(file)) unknown.add(file);
    return wanted.has(file);
  });
  const found = new Set(pool?.files);
  const missing = (split.test.files ?? []).some((file) => !found.has(file));
  if (missing && unknown.size > 0) {
    // They may be those that are missing, under other names.
    const others = read((file) => unknown.has(file));
    pool = joined([pool, others].filter((part) => part !== undefined));
  }
  if (pool === undefined) throw noneLeft(name);
  const match = matched(split, pool);
  const left = [...match.places.keys()].filter((index) => match.places[index] >= 0);
  const indices = left.map((index) => match.places[index]);
  const placesNow = new Map(left.map((index, place) => [index, place]));
  if (indices.length === 0) throw noneLeft(name);
  const added = pool.files === undefined ? match.unmatched : unknown.size - match.movedFiles;
  return {
    name,
    images: subset(pool, indices),
    copies: split.copies?.flatMap((copy) => {
      const second = placesNow.get(copy.second);
      return second === undefined ? [] : [{ ...copy, second }];
    }),
    notes: [...notes, ...changes(name, match, added)],
  };
}

/** How the images of a recorded test set are found in a data set. */
interface Match {
  /** For each recorded test image its place in the data set, -1 where it is missing or left out. */
  readonly places: readonly number[];
  /** The names of those that are nowhere. */
  readonly missing: readonly string[];
  /** `cat/1.png → dog/1.png`: another class. */
  readonly moved: readonly string[];
  /** Another name, and the same class. */
  readonly renamed: readonly string[];
  /** The same file, and another picture. */
  readonly changed: readonly string[];
  /** The same file, which shows a training image now: left out. */
  readonly trained: readonly string[];
  /** How many of `moved` and `renamed` have a new file. */
  readonly movedFiles: number;
  /** Of images without files: how many are of no part of the recorded split. */
  readonly unmatched: number;
}

function matched(split: RecordedSplit, pool: ImageDataset): Match {
  const { test, train, validation, classNames } = split;
  const { files, labels } = pool;
  const hashes = contentHashes(pool);
  const count = (test.files ?? test.hashes ?? []).length;
  const places: number[] = new Array(count).fill(-1);
  const [missing, moved, renamed, changed, trained]: string[][] = [[], [], [], [], []];
  const used = new Set<number>();
  const nameOf = (index: number): string => test.files?.[index] ?? `test image ${index}`;
  const classOf = (label: number): string | undefined => pool.classNames[label];

  const placeOfFile = new Map((files ?? []).map((file, place) => [file, place]));
  const trainHashes = new Set([...(train.hashes ?? []), ...(validation?.hashes ?? [])]);
  const testHashes = new Set(test.hashes);
  const open: number[] = [];
  for (let index = 0; index < count; index++) {
    const place = test.files && placeOfFile.get(test.files[index]);
    if (place === undefined) {
      open.push(index);
      continue;
    }
    used.add(place);
    const same = test.hashes === undefined || test.hashes[index] === hashes[place];
    if (!same && trainHashes.has(hashes[place]) && !testHashes.has(hashes[place])) {
      trained.push(nameOf(index));
      continue;
    }
    if (!same) changed.push(nameOf(index));
    places[index] = place;
  }

  // What has no file of its name is known by its pixels: of equal ones first those of the same class.
  const free = placesOf(hashes);
  const isSameClass = (index: number, place: number): boolean =>
    test.labels === undefined || classNames?.[test.labels[index]] === classOf(labels[place]);
  const take = (index: number, accept: (place: number) => boolean): boolean => {
    const place = free.get(test.hashes?.[index] ?? '')?.find((each) => !used.has(each) && accept(each));
    if (place === undefined) return false;
    used.add(place);
    places[index] = place;
    return true;
  };
  const still = open.filter((index) => !take(index, (place) => isSameClass(index, place)));
  const nowhere = still.filter((index) => !take(index, () => true));
  let movedFiles = 0;
  for (const index of open) {
    const place = places[index];
    if (place < 0) continue;
    if (files !== undefined && test.files !== undefined) movedFiles++;
    const to = files?.[place] ?? `class ${classOf(labels[place])}`;
    if (!isSameClass(index, place)) moved.push(`${nameOf(index)} → ${to}`);
    else if (files !== undefined && test.files !== undefined) renamed.push(`${nameOf(index)} → ${to}`);
  }
  for (const index of nowhere) missing.push(nameOf(index));

  // Of images without files, those of training and validation are in the pool as well.
  const rest = new Map<string, number>();
  hashes.forEach((hash, place) => {
    if (!used.has(place)) rest.set(hash, (rest.get(hash) ?? 0) + 1);
  });
  let unmatched = hashes.length - used.size;
  for (const hash of [...(train.hashes ?? []), ...(validation?.hashes ?? [])]) {
    const left = rest.get(hash) ?? 0;
    if (left === 0) continue;
    rest.set(hash, left - 1);
    unmatched--;
  }
  return { places, missing, moved, renamed, changed, trained, movedFiles, unmatched };
}

/** What became of a recorded test set, as sentences. */
function changes(name: string, match: Match, added: number): string[] {
  const { places, missing, moved, renamed, changed, trained } = match;
  const tested = places.filter((place) => place >= 0).length;
  const all = places.length;
  const sentences = [
    `tested on ${ofThem(tested, all)} that ${all === 1 ? 'was' : 'were'} held out in training`,
  ];
  const say = (names: readonly string[], one: string, several: string): void => {
    if (names.length > 0)
      sentences.push(`${names.length} ${names.length === 1 ? one : several}: ${listed(names)}`);
  };
  const [was, were] = ['of them is', 'of them are'];
  say(missing, `${was} missing`, `${were} missing`);
  say(moved, `${was} in another class now`, `${were} in other classes now`);
  say(renamed, `${was} found under another name`, `${were} found under other names`);
  say(
    changed,
    `of them shows something else than in training, and is tested as it is`,
    `of them show something else than in training, and are tested as they are`,
  );
  say(
    trained,
    `of them shows an image that was trained on, and is left out`,
    `of them show images that were trained on, and are left out`,
  );
  if (added > 0) {
    sentences.push(
      `${added} ${added === 1 ? 'image' : 'images'} added since the training ${added === 1 ? 'is' : 'are'} not looked at`,
    );
  }
  return sentences.map((sentence) => `${name}: ${sentence}.`);
}

function ofThem(count: number, all: number): string {
  if (count < all) return `${count} of the ${all} images`;
  return count === 1 ? 'the 1 image' : `the ${count} images`;
}

/** The parts that have images as one data set, of all their classes; undefined when there is none. */
function joined(parts: readonly ImageDataset[]): ImageDataset | undefined {
  const classNames = [...new Set(parts.flatMap((part) => part.classNames))];
  const filled = parts
    .filter((part) => imageCount(part) > 0)
    .map((part): ImageDataset => {
      const labels = part.labels.map((label) => classNames.indexOf(part.classNames[label]));
      return { ...part, classNames, labels };
    });
  return filled.length === 0 ? undefined : filled.reduce((all, part) => concatenate(all, part));
}

function noneLeft(name: string): DatasetError {
  return new DatasetError({
    where: name,
    got: 'none of the images that were held out when the model was trained',
    expected: 'at least one of them',
    cure: 'Bring them back, or test on another folder with --data.',
  });
}

/**
 * Which images of a data set a model was trained or validated on, by what they show; undefined where the record does not
 * say what its images show.
 */
export function seenInTraining(
  { train, validation }: RecordedSplit,
  dataset: ImageDataset,
): boolean[] | undefined {
  if (train.hashes === undefined) return undefined;
  const seen = new Set([...train.hashes, ...(validation?.hashes ?? [])]);
  return contentHashes(dataset).map((hash) => seen.has(hash));
}
