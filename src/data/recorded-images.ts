/**
 * Which images a model was trained, validated and tested on, and how they are found again whatever the data set has become
 * since: by their files, and by what they show.
 */

import { listed } from './class-folders.ts';
import { contentHashes } from './content-hash.ts';
import { concatenate, type ImageDataset, imageCount, subset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { PictureReport } from './folder-pictures.ts';
import type { FormOptions } from './form.ts';
import type { LoadedDataset } from './load.ts';
import type { CopiedImage } from './overlap.ts';
import { findSource, type ReadOptions } from './source.ts';
import { placesOf } from './split.ts';
import { isStreamed, type PictureDataset } from './stream/streamed-dataset.ts';

/** Some images of a data set, each known by its place in these lists. */
export interface RecordedPart {
  /** Undefined where the images have no files of their own. */
  readonly files?: readonly string[] | undefined;
  /** `contentHashes`. Undefined of pictures that are read while they are shown, and in records of earlier versions. */
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
export function recordedSplit({ train, validation, test }: LoadedDataset<PictureDataset>): RecordedSplit {
  const part = (dataset: PictureDataset): RecordedPart => ({
    files: dataset.files,
    hashes: isStreamed(dataset) ? undefined : contentHashes(dataset),
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
  /** The file with the labels of pictures that are not in class folders. */
  readonly labels?: string | undefined;
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
  const {
    name,
    splits,
    read,
    notes: found,
  } = findSource(nameOrFolder, {
    otherwise: options.classNames,
    labels: options.labels,
  });
  const notes = [...found];
  const report = new PictureReport();
  const parts = splits.map((split) => read(split, { channels: undefined, ...options, notes, report }));
  report.raise(nameOrFolder);
  const images = joined(parts);
  if (images === undefined) throw noneLeft(name);
  const say = (some: number, what: string): void => {
    if (some > 0)
      notes.push(`${name}: ${some} of ${imageCount(images)} images ${some === 1 ? 'is' : 'are'} ${what}.`);
  };
  const { size, fit = 'stretch' } = options;
  const how = { stretch: 'stretched', pad: 'padded', crop: 'cropped' }[fit];
  if (size !== undefined) say(report.changed, `brought to ${size.join('×')} pixels (height × width), ${how}`);
  say(report.grayed, 'made gray, as those of training were');
  if (splits.length > 1) {
    const counts = parts.map((part, index) => `${imageCount(part)} ${splits[index]}`);
    notes.push(`${name}: all of its ${imageCount(images)} images are tested on: ${counts.join(', ')}.`);
  }
  return { name, images, notes };
}

/**
 * The test images of a recorded split, in their order, however the data set has changed since. What an image shows says which
 * it is, whatever its file is called now. A file whose own image is nowhere is taken as it is, unless it shows a training
 * image. What is missing, moved, renamed, changed or new is said in the notes.
 *
 * @throws as `loadDataset`, and DatasetError when no image is left
 */
export function loadRecordedTest(
  nameOrFolder: string,
  split: RecordedSplit,
  options: ModelForm = {},
): RecordedTest {
  const source = findSource(nameOrFolder, {
    otherwise: options.classNames,
    labels: options.labels,
    mayBeEmpty: true,
  });
  const { name, splits } = source;
  const notes = [...source.notes];
  const read = (only: (file: string) => boolean, reporting: Partial<ReadOptions> = {}) =>
    joined(
      splits.map((part) => source.read(part, { channels: undefined, notes, ...options, ...reporting, only })),
    );

  const { test } = split;
  const trained = [split.train, ...(split.validation ? [split.validation] : [])];
  const known = new Set([...trained, test].flatMap(({ files }) => files ?? []));
  const wanted = new Set(test.files);
  const present = new Set<string>();
  let pool = read((file) => {
    present.add(file);
    return wanted.has(file);
  });
  const unknown = new Set([...present].filter((file) => !known.has(file)));
  const lacks = ({ files, hashes }: RecordedPart): boolean =>
    hashes !== undefined && (files ?? []).some((file) => !present.has(file));
  const rest =
    test.hashes !== undefined && !isThere(test, pool)
      ? (file: string): boolean => !wanted.has(file) // any of them may show what is missing
      : unknown.size > 0 && trained.some(lacks)
        ? (file: string): boolean => unknown.has(file) // new, or training images under other names
        : undefined;
  if (rest !== undefined) {
    // Those that cannot be read are none of the images looked for.
    const others = read(rest, { notes: [], report: new PictureReport() });
    pool = joined([pool, others].filter((part) => part !== undefined));
  }
  if (pool === undefined) throw noneLeft(name);
  const match = matched(split, pool, present);
  const { classNames } = options;
  const isKnown = (place: number): boolean =>
    classNames === undefined || classNames.includes(pool.classNames[pool.labels[place]]);
  const there = [...match.places.keys()].filter((index) => match.places[index] >= 0);
  const left = there.filter((index) => isKnown(match.places[index]));
  const unclassed = there.filter((index) => !isKnown(match.places[index]));
  const indices = left.map((index) => match.places[index]);
  const placesNow = new Map(left.map((index, place) => [index, place]));
  if (indices.length === 0) throw noneLeft(name);
  const added = rest === undefined && pool.files !== undefined ? unknown.size : match.added;
  const changed = new Set(match.changed);
  return {
    name,
    images: subset(pool, indices),
    copies: split.copies?.flatMap((copy) => {
      const second = placesNow.get(copy.second);
      return second === undefined || changed.has(copy.second) ? [] : [{ ...copy, second }];
    }),
    notes: [...notes, ...changes(name, split, match, { added, unclassed })],
  };
}

/** Whether all images of a part are where they were, and show what they showed. */
function isThere({ files, hashes }: RecordedPart, pool: ImageDataset | undefined): boolean {
  if (files === undefined) return true;
  if (pool?.files === undefined) return false;
  const shown = hashes && contentHashes(pool);
  const placeOf = new Map(pool.files.map((file, place) => [file, place]));
  return files.every((file, index) => {
    const place = placeOf.get(file);
    return place !== undefined && shown?.[place] === hashes?.[index];
  });
}

/** How the images of a recorded test set are found in a data set. The lists have places in the record. */
interface Match {
  /** For each recorded test image its place in the data set, -1 where it is missing or left out. */
  readonly places: readonly number[];
  /** Those that are nowhere. */
  readonly missing: readonly number[];
  /** `cat/1.png → dog/1.png`: another class. */
  readonly moved: readonly string[];
  /** Another name, and the same class. */
  readonly renamed: readonly string[];
  /** The same file, and another picture. */
  readonly changed: readonly number[];
  /** The same file, which shows a training image now: left out. */
  readonly trained: readonly number[];
  /** How many images under new names, or without files, are of no part of the recorded split. */
  readonly added: number;
}

/** @param present the files of the data set; the pool need not have those that are not looked at. */
function matched(split: RecordedSplit, pool: ImageDataset, present: ReadonlySet<string>): Match {
  const { test, train, validation, classNames } = split;
  const { files, labels } = pool;
  const hashes = contentHashes(pool);
  const count = (test.files ?? test.hashes ?? []).length;
  const places: number[] = new Array(count).fill(-1);
  const used = new Set<number>();
  const classOf = (label: number): string | undefined => pool.classNames[label];
  const placeOfFile = new Map((files ?? []).map((file, place) => [file, place]));

  // What lies where it lay and shows what it showed is itself: a copy of it may be missing, and is another image.
  const open: number[] = [];
  for (let index = 0; index < count; index++) {
    const place = test.files && placeOfFile.get(test.files[index]);
    const same = place !== undefined && (test.hashes === undefined || test.hashes[index] === hashes[place]);
    if (same) used.add(place);
    if (same) places[index] = place;
    else open.push(index);
  }
  const awayFromTraining: string[] = [];
  for (const part of [train, ...(validation ? [validation] : [])]) {
    part.hashes?.forEach((hash, index) => {
      const file = part.files?.[index];
      const place = file === undefined ? undefined : placeOfFile.get(file);
      if (place !== undefined && hashes[place] === hash) used.add(place);
      else if (file === undefined || place !== undefined || !present.has(file)) awayFromTraining.push(hash);
    });
  }

  // The others are known by their pixels: of equal ones first those of the same class.
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
  const [moved, renamed]: string[][] = [[], []];
  for (const index of open) {
    const place = places[index];
    if (place < 0) continue;
    const to = files?.[place] ?? `class ${classOf(labels[place])}`;
    if (!isSameClass(index, place)) moved.push(`${nameIn(test, index)} → ${to}`);
    else if (files !== undefined && test.files !== undefined) {
      renamed.push(`${nameIn(test, index)} → ${to}`);
    }
  }

  const trainHashes = new Set([...(train.hashes ?? []), ...(validation?.hashes ?? [])]);
  const testHashes = new Set(test.hashes);
  const [missing, changed, trained]: number[][] = [[], [], []];
  for (const index of nowhere) {
    const place = test.files && placeOfFile.get(test.files[index]);
    if (place === undefined || used.has(place)) {
      missing.push(index);
      continue;
    }
    const isTrained = trainHashes.has(hashes[place]) && !testHashes.has(hashes[place]);
    (isTrained ? trained : changed).push(index);
    if (isTrained) continue;
    used.add(place);
    places[index] = place;
  }

  // Of what is left, training images that went elsewhere are not new: first those under names of old.
  const away = new Map<string, number>();
  for (const hash of awayFromTraining) away.set(hash, (away.get(hash) ?? 0) + 1);
  const known = new Set([train, validation, test].flatMap((part) => part?.files ?? []));
  const isNew = (place: number): boolean => files === undefined || !known.has(files[place]);
  const rest = hashes.map((_, place) => place).filter((place) => !used.has(place));
  let added = 0;
  for (const place of [...rest.filter((each) => !isNew(each)), ...rest.filter(isNew)]) {
    const left = away.get(hashes[place]) ?? 0;
    if (left > 0) away.set(hashes[place], left - 1);
    else if (isNew(place)) added++;
  }
  return { places, missing, moved, renamed, changed, trained, added };
}

function nameIn({ files }: RecordedPart, index: number): string {
  return files?.[index] ?? `test image ${index}`;
}

/** What became of a recorded test set, as sentences. */
function changes(
  name: string,
  { test }: RecordedSplit,
  match: Match,
  { added, unclassed }: { readonly added: number; readonly unclassed: readonly number[] },
): string[] {
  const { places, moved, renamed } = match;
  const [missing, changed, trained] = [match.missing, match.changed, match.trained].map((indices) =>
    indices.map((index) => nameIn(test, index)),
  );
  const tested = places.filter((place) => place >= 0).length - unclassed.length;
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
  say(
    unclassed.map((index) => nameIn(test, index)),
    `of them has a class now that the model does not know, and is left out`,
    `of them have classes now that the model does not know, and are left out`,
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
