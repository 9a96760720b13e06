/** Classes and pictures of one's own, and how they are split: plain data. */
import { keptSide } from '../defaults.ts';
import type { Pictures } from '../protocol.ts';

export interface OwnPicture {
  readonly id: string;
  /** The `id` of its class. */
  readonly ofClass: string;
  /** Pictures of a class are in order of it: milliseconds since 1970. */
  readonly time: number;
  /** `[keptSide, keptSide, 3]` */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** A class as it is kept: its pictures are kept each for itself. */
export interface ClassName {
  readonly id: string;
  readonly name: string;
  /** Classes are in order of it. */
  readonly time: number;
}

export interface OwnClass extends ClassName {
  readonly pictures: readonly OwnPicture[];
}

/** The share that is held out, and fewest pictures of a class: one to learn from, one to test with. */
const heldOutShare = 1 / 5;
const fewest = 2;

/** How many of the last pictures of a class are held out to test with. */
export function heldOutOf({ pictures }: OwnClass): number {
  return pictures.length < fewest ? 0 : Math.max(1, Math.round(heldOutShare * pictures.length));
}

/** What keeps these classes from being learned, as a sentence; undefined for nothing. */
export function missingOf(classes: readonly OwnClass[]): string | undefined {
  if (classes.length < 2) return 'Two classes are needed to tell apart: add another.';
  const nameless = classes.findIndex(({ name }) => name.trim() === '');
  if (nameless >= 0) return `Class ${nameless + 1} needs a name.`;
  const names = classes.map(({ name }) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) return `Two classes are called “${twice}”: rename one.`;
  const poor = classes.find(({ pictures }) => pictures.length < fewest);
  if (poor === undefined) return undefined;
  const wanted = fewest - poor.pictures.length;
  return `“${poor.name}” needs ${wanted === 1 ? 'one more picture' : `${wanted} pictures`}, better ten or more.`;
}

/** How the pictures are split, in words. */
export function splitInWords(classes: readonly OwnClass[]): string {
  const total = classes.reduce((sum, { pictures }) => sum + pictures.length, 0);
  const test = classes.reduce((sum, each) => sum + heldOutOf(each), 0);
  return (
    `${total} pictures: ${total - test} to learn from and ${test} to test with, the last fifth of each class ` +
    '(framed below). Pictures of one recording look alike, so end with others: else the test is too easy.'
  );
}

/** As the worker takes them. */
export function picturesOf(classes: readonly OwnClass[]): Pictures {
  const all = classes.flatMap((each, label) =>
    each.pictures.map(({ pixels }, index) => ({
      pixels,
      label,
      heldOut: index >= each.pictures.length - heldOutOf(each),
    })),
  );
  const length = 3 * keptSide ** 2;
  const pixels = new Uint8Array(all.length * length);
  all.forEach((picture, index) => {
    pixels.set(picture.pixels, index * length);
  });
  return {
    classNames: classes.map(({ name }) => name.trim()),
    side: keptSide,
    pixels,
    labels: Int32Array.from(all, ({ label }) => label),
    heldOut: Uint8Array.from(all, ({ heldOut }) => Number(heldOut)),
  };
}

/** Classes with their pictures, from what is kept. */
export function assembled(names: readonly ClassName[], pictures: readonly OwnPicture[]): OwnClass[] {
  const byTime = (first: { readonly time: number }, second: { readonly time: number }): number =>
    first.time - second.time;
  return [...names].sort(byTime).map(({ id, name, time }) => {
    const own = pictures.filter(({ ofClass }) => ofClass === id).sort(byTime);
    return { id, name, time, pictures: own };
  });
}
