/**
 * Which images are held out where a data set has no test set: drawn by what each image is called, so that an image stays
 * on its side whatever is added to the data set or removed.
 */

import { node } from './code-files.ts';
import { type ImageDataset, imageCount, imageLength, splitBy } from './dataset.ts';

/**
 * What each image is called, whichever others are there: its file in the data set, or else a hash of its pixels and how
 * many equal ones come before it.
 */
export function imageKeys(dataset: ImageDataset): readonly string[] {
  if (dataset.files !== undefined) return dataset.files;
  const { buffer, byteOffset, BYTES_PER_ELEMENT } = dataset.images;
  const size = imageLength(dataset) * BYTES_PER_ELEMENT;
  const seen = new Map<string, number>();
  return Array.from({ length: imageCount(dataset) }, (_, index) => {
    const hash = sha256(new Uint8Array(buffer, byteOffset + index * size, size)).toString('hex', 0, 12);
    const before = seen.get(hash) ?? 0;
    seen.set(hash, before + 1);
    return `${hash}-${before}`;
  });
}

/**
 * Holds out about a share of every class. Each image is drawn for itself, by its key and the seed alone, so no image
 * changes sides when others come or go, except that a class of two or more images keeps at least one on both sides.
 *
 * @returns the rest, then what was held out
 */
export function drawnSplit(
  dataset: ImageDataset,
  share: number,
  seed: number,
): [rest: ImageDataset, heldOut: ImageDataset] {
  const draws = imageKeys(dataset).map((key) => draw(key, share, seed));
  const members: number[][] = dataset.classNames.map(() => []);
  dataset.labels.forEach((label, index) => {
    members[label].push(index);
  });
  const isHeldOut = new Set<number>();
  for (const indices of members.filter(({ length }) => length >= 2)) {
    const order = indices.sort((first, second) => draws[first] - draws[second]);
    const drawn = order.filter((index) => draws[index] < share).length;
    const count = Math.min(Math.max(drawn, 1), order.length - 1);
    for (const index of order.slice(0, count)) isHeldOut.add(index);
  }
  return splitBy(dataset, (index) => isHeldOut.has(index));
}

/**
 * A number in [0, 1), below `share` for those that are held out. Keys mostly end in a number: of each 1 / share in a row
 * (0 to 4 at a share of 0.2) one is held out, which one is random. So the counts are nearly exact, where a number drawn for
 * each key alone would give 20 ± 4 of 100.
 */
function draw(key: string, share: number, seed: number): number {
  const every = Math.round(1 / share);
  const [, start = key, digits = '0', end = ''] = /^(.*?)(\d{1,9})(\D*)$/s.exec(key) ?? [];
  const place = Number(digits) % every;
  const row = (Number(digits) - place) / every;
  const shift = fraction(`${seed}\0${start}\0${row}\0${end}`);
  return (((place + Math.floor(shift * every)) % every) + fraction(`${seed}\0${key}`)) / every;
}

function fraction(text: string): number {
  return sha256(text).readUIntBE(0, 6) / 2 ** 48;
}

function sha256(contents: Uint8Array | string): Buffer {
  return node.crypto.createHash('sha256').update(contents).digest();
}
