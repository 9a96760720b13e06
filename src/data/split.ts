/**
 * Which images are held out where a data set does not say it: drawn by what each image is called, so that an image stays on
 * its side whatever is added to the data set or removed. Images of one group stay together.
 */

import { node } from './code-files.ts';
import { contentHashes } from './content-hash.ts';
import { classCounts, type ImageDataset, imageCount, type LabeledImages, splitBy } from './dataset.ts';
import { isStreamed, type StreamedDataset, streamedSubset } from './stream/streamed-dataset.ts';

/** What is drawn at once: one image, or a group of them. */
interface Unit {
  /** In [0, 1). */
  readonly draw: number;
  readonly images: readonly number[];
}

/**
 * Holds out about a share of every class. Each image (or group, which counts as one of the class that most of its images
 * have) is drawn for itself, by its name and the seed alone. So none changes sides when others come or go, except that a
 * class of two or more keeps at least one on both sides.
 *
 * @returns the rest, then what was held out
 */
export function drawnSplit(
  dataset: ImageDataset,
  share: number,
  seed: number,
  purpose: DrawPurpose = 'test',
): [rest: ImageDataset, heldOut: ImageDataset] {
  const names = dataset.groups ?? dataset.files ?? distinct(contentHashes(dataset));
  const isHeldOut = drawnOf(dataset, names, share, seed, purpose);
  return splitBy(dataset, (index) => isHeldOut[index] === 1);
}

/** `drawnSplit` of pictures that are not read. */
export function drawnStream(
  dataset: StreamedDataset,
  share: number,
  seed: number,
  purpose: DrawPurpose = 'test',
): [rest: StreamedDataset, heldOut: StreamedDataset] {
  return sidesOf(dataset, drawnOf(dataset, dataset.groups ?? dataset.files, share, seed, purpose));
}

/** One of several equal parts: `[2, 5]` is the second fifth, `[2, 5, 3]` that of another division, drawn by the seed 3. */
export type DataFold = readonly [part: number, parts: number, division?: number];

/** `1/5`, and of another division `1/5:3`. */
export function formatFold([part, parts, division]: DataFold): string {
  return `${part}/${parts}${division === undefined ? '' : `:${division}`}`;
}

/**
 * Holds out one of equal parts of every class. The parts are drawn as `drawnSplit` draws; of one seed they have no image in common, and
 * every image is in one of them, but for the only one (or the only group) of a class, which is never held out.
 *
 * @returns the rest, then what was held out
 */
export function drawnFold(
  dataset: ImageDataset,
  fold: DataFold,
  seed: number,
): [rest: ImageDataset, heldOut: ImageDataset] {
  const isHeldOut = foldOf(dataset, fold, seed);
  return splitBy(dataset, (index) => isHeldOut[index] === 1);
}

/** `drawnFold` of pictures that are not read. */
export function foldOfStream(
  dataset: StreamedDataset,
  fold: DataFold,
  seed: number,
): [rest: StreamedDataset, heldOut: StreamedDataset] {
  return sidesOf(dataset, foldOf(dataset, fold, seed));
}

/** 1 for each image that `drawnFold` holds out. */
export function foldOf(
  dataset: ImageDataset | StreamedDataset,
  [part, parts, division]: DataFold,
  seed: number,
): Uint8Array {
  const names =
    dataset.groups ?? dataset.files ?? (isStreamed(dataset) ? [] : distinct(contentHashes(dataset)));
  const isHeldOut = new Uint8Array(imageCount(dataset));
  for (const units of unitsOfClasses(dataset, names, 1 / parts, `${division ?? seed} fold`)) {
    if (units.length < 2) continue;
    units.sort((first, second) => first.draw - second.draw);
    units.forEach(({ images }, rank) => {
      if (Math.floor((rank * parts) / units.length) !== part - 1) return;
      for (const index of images) isHeldOut[index] = 1;
    });
  }
  return isHeldOut;
}

/** The pictures that are not held out, then the others, both in their order. */
function sidesOf(dataset: StreamedDataset, isHeldOut: Uint8Array): [StreamedDataset, StreamedDataset] {
  const places = [...isHeldOut.keys()];
  const part = (side: 0 | 1) =>
    streamedSubset(
      dataset,
      places.filter((index) => isHeldOut[index] === side),
    );
  return [part(0), part(1)];
}

/** What is held out for: draws of one seed are kept apart. */
type DrawPurpose = 'test' | 'validation';

/** 1 for each image that is held out. */
function drawnOf(
  dataset: LabeledImages,
  names: readonly string[],
  share: number,
  seed: number,
  purpose: DrawPurpose,
): Uint8Array {
  const isHeldOut = new Uint8Array(imageCount(dataset));
  const salt = purpose === 'test' ? `${seed}` : `${seed} ${purpose}`;
  for (const units of unitsOfClasses(dataset, names, share, salt)) {
    if (units.length < 2) continue;
    units.sort((first, second) => first.draw - second.draw);
    const drawn = units.filter(({ draw }) => draw < share).length;
    const count = Math.min(Math.max(drawn, 1), units.length - 1);
    for (const { images } of units.slice(0, count)) for (const index of images) isHeldOut[index] = 1;
  }
  return isHeldOut;
}

/** What share of a data set was held out, and of its classes where that differs: `19 %, 3 % to 38 % of each class`. */
export function heldOutShares(whole: LabeledImages, heldOut: LabeledImages): string {
  const held = classCounts(heldOut);
  const text = (share: number): string => `${Number((100 * share).toPrecision(share < 0.1 ? 1 : 2))} %`;
  const shares = [...classCounts(whole)].flatMap((count, label) =>
    count === 0 ? [] : [held[label] / count],
  );
  const [least, most] = [text(Math.min(...shares)), text(Math.max(...shares))];
  const all = text(imageCount(heldOut) / imageCount(whole));
  return least === most ? `${all} of each class` : `${all}, ${least} to ${most} of each class`;
}

/** For each class, what is drawn of it. */
function unitsOfClasses(
  { labels, classNames }: LabeledImages,
  names: readonly string[],
  share: number,
  salt: string,
): Unit[][] {
  const units: Unit[][] = classNames.map(() => []);
  for (const [name, images] of placesOf(names)) {
    const label = commonest(images.map((index) => labels[index]));
    units[label].push({ draw: drawOf(name, share, salt), images });
  }
  return units;
}

/** Where each text occurs. */
export function placesOf(texts: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  texts.forEach((text, index) => {
    const found = places.get(text);
    if (found) found.push(index);
    else places.set(text, [index]);
  });
  return places;
}

/** The commonest of some classes, of equally common ones the lowest. */
function commonest(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([a, first], [b, second]) => second - first || a - b)[0][0];
}

/** The texts, with the number of equal ones before where there are any. */
function distinct(texts: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return texts.map((text) => {
    const before = seen.get(text) ?? 0;
    seen.set(text, before + 1);
    return `${text}-${before}`;
  });
}

/**
 * A number in [0, 1), below `share` for those that are held out. Names mostly end in a number: of each 1 / share in a row
 * (0 to 4 at a share of 0.2) one is held out, which one is random. So the counts are nearly exact, where a number drawn for
 * each name alone would give 20 ± 4 of 100.
 */
function drawOf(name: string, share: number, salt: string): number {
  const every = Math.max(Math.round(1 / share), 1);
  const [, start = name, digits = '0', end = ''] = /^(.*?)(\d{1,9})(\D*)$/s.exec(name) ?? [];
  const place = Number(digits) % every;
  const row = (Number(digits) - place) / every;
  const shift = rowFraction(`${salt}\0${start}\0${row}\0${end}`);
  return (((place + Math.floor(shift * every)) % every) + fraction(`${salt}\0${name}`)) / every;
}

/** What `rowFraction` gave last: names of a row follow each other. */
let lastRow: readonly [text: string, fraction: number] | undefined;

function rowFraction(text: string): number {
  if (lastRow?.[0] !== text) lastRow = [text, fraction(text)];
  return lastRow[1];
}

function fraction(text: string): number {
  return node.crypto.hash('sha256', text, 'buffer').readUIntBE(0, 6) / 2 ** 48;
}
