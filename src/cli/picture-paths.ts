/** The pictures that a command line names: files as they are, and of folders all pictures in them and below. */
import { realpathSync } from 'node:fs';
import { extname } from 'node:path';
import { entriesOf, isPicture, listed } from '../data/class-folders.ts';
import { PictureError } from '../data/errors.ts';
import { findEntry } from '../data/files.ts';
import { compareNaturally } from '../data/natural-order.ts';
import { WeftError } from '../errors.ts';
import { formatInteger } from '../text.ts';

/** What was found. */
export interface FoundPictures {
  /** In the order in which they were named; those of a folder in natural order, `2.png` before `10.png`. */
  readonly paths: readonly string[];
  /** What was left out of folders, as sentences. */
  readonly notes: readonly string[];
  /** Folders without a picture, or that cannot be read. */
  readonly faults: readonly WeftError[];
}

const wanted = { error: PictureError, expected: 'a picture, or a folder of pictures' };

/** Looks for pictures. A path that is no folder is taken as it is: what is wrong with it shows when it is read. */
export function findPicturePaths(given: readonly string[]): FoundPictures {
  const paths: string[] = [];
  const notes: string[] = [];
  const faults: WeftError[] = [];
  for (const path of given) {
    try {
      if (findEntry(path, wanted) === 'folder') {
        const folder = new PictureFolder(path);
        paths.push(...folder.pictures);
        notes.push(...folder.notes());
      } else {
        paths.push(path);
      }
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      faults.push(error);
    }
  }
  return { paths, notes, faults };
}

const otherKinds = {
  special: 'pipes, sockets or devices',
  'dead link': 'links that lead nowhere',
  'not UTF-8': 'names that are not UTF-8',
  circle: 'links back to a folder around them',
} as const;

/** A folder of pictures, with the folders below it. */
class PictureFolder {
  readonly pictures: string[] = [];
  readonly #path: string;
  /** What was left out, by ending or kind. */
  readonly #leftOut = new Map<string, number>();

  /** @throws PictureError when it cannot be read, or has no picture */
  constructor(path: string) {
    this.#path = path;
    this.#walk(path, []);
    if (this.pictures.length > 0) return;
    const [leftOut] = this.notes();
    throw new PictureError({
      where: path,
      got: `a folder without pictures${leftOut === undefined ? '' : ` (${leftOut})`}`,
      expected: 'PNG or JPEG files in it, or in folders below it',
      cure: 'Check the path, or convert the pictures.',
    });
  }

  /** A sentence on what was left out, if anything was. */
  notes(): string[] {
    if (this.#leftOut.size === 0) return [];
    const kinds = [...this.#leftOut].sort(([, first], [, second]) => second - first);
    const counts = kinds.map(([kind, count]) => `${formatInteger(count)} ${kind}`);
    return [`${this.#path}: left out what is no PNG or JPEG picture: ${listed(counts)}.`];
  }

  /** @param around the real paths of the folders around: a link to one of them would never end */
  #walk(folder: string, around: readonly string[]): void {
    const place = realpathSync(folder);
    if (around.includes(place)) {
      this.#leaveOut(otherKinds.circle);
      return;
    }
    for (const entry of entriesOf(folder).sort((first, second) =>
      compareNaturally(first.name, second.name),
    )) {
      if (entry.kind === 'folder') this.#walk(entry.path, [...around, place]);
      else if (entry.kind !== 'file') this.#leaveOut(otherKinds[entry.kind]);
      else if (isPicture(entry)) this.pictures.push(entry.path);
      else this.#leaveOut(extname(entry.name).toLowerCase() || 'without an ending');
    }
  }

  #leaveOut(kind: string): void {
    this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + 1);
  }
}
