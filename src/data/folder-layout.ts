/** Where the training, validation and test pictures of a folder lie, however deep, and whatever their folders are called. */
import { entriesOf, isNamedPicture, isOfRuns, listed, subfolders } from './class-folders.ts';
import { DatasetError } from './errors.ts';
import type { FolderEntry } from './files.ts';
import { findIdxFiles, type Split, splitNames } from './idx-files.ts';

/** A folder of class folders or IDX files. */
export interface FoundFolder {
  readonly folder: string;
  /** Of the names of its pictures: its path within the data set, with a slash at the end, or empty. */
  readonly prefix: string;
}

/** The parts of a data set. */
export interface Layout {
  /** Each part that has a folder of its own. Undefined where the class folders are not divided into parts. */
  readonly parts: ReadonlyMap<Split, FoundFolder> | undefined;
  /** What was found elsewhere than where it was looked for, or is left out, as sentences without the name. */
  readonly notes: readonly string[];
}

/** Archives are packed into folders of folders, but not deeper. */
const DEEPEST = 6;
/** Words that say nothing of the part. */
const fillers =
  /^(|seg|sets?|split|data|datasets?|images?|imgs?|pictures?|photos?|folder|files?|(train|test|val)sets?)$/;

/**
 * The folder that holds a data set: where a folder holds one folder and no pictures, as archives do when they are unpacked, that
 * one, and so on.
 *
 * @param within whether the folder is a part itself: then one of a part's name in it is its copy, as in `seg_train/seg_train`
 */
export function descend(folder: string, within = false): FoundFolder {
  let place: FoundFolder = { folder, prefix: '' };
  for (let depth = 0; depth < DEEPEST; depth++) {
    const inner = onlyFolder(place.folder);
    if (inner === undefined || (!within && partOf(inner.name)?.rest === '')) break;
    place = { folder: inner.path, prefix: `${place.prefix}${inner.name}/` };
  }
  return place;
}

/** The only folder in a folder, if that itself holds folders or IDX files and nothing else that counts. */
function onlyFolder(folder: string): FolderEntry | undefined {
  const entries = entriesOf(folder).filter((entry) =>
    entry.kind === 'folder' ? !isOfRuns(entry.path) : entry.kind !== 'file' || isNamedPicture(entry),
  );
  const [inner] = entries;
  if (entries.length !== 1 || inner.kind !== 'folder' || findIdxFiles(folder).splits.size > 0)
    return undefined;
  const within = entriesOf(inner.path);
  if (within.some(isNamedPicture)) return undefined;
  const leadsOn = within.some(({ kind }) => kind === 'folder') || holdsIdx(inner.path);
  return leadsOn ? inner : undefined;
}

function holdsIdx(folder: string): boolean {
  return (
    entriesOf(folder).some(({ name }) => /idx|ubyte/i.test(name)) && findIdxFiles(folder).splits.size > 0
  );
}

/** The part that the name of a folder speaks of, and what else it says: `train` and '' of `seg_train` and `Training set`. */
export function partOf(name: string): { readonly split: Split; readonly rest: string } | undefined {
  const words = name
    .normalize()
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  const lower = words.join(' ').replace(/(train|test|val)sets?\b/g, '$1');
  const split = splitNames.find(([pattern]) => pattern.test(lower));
  if (split === undefined) return undefined;
  const rest = lower.replace(split[0], ' ').split(' ');
  return { split: split[1], rest: rest.filter((word) => !fillers.test(word)).join(' ') };
}

/**
 * Finds the parts of a data set of pictures.
 *
 * @throws DatasetError when two folders are called like one part
 */
export function findLayout({ folder, prefix }: FoundFolder): Layout {
  const folders = subfolders(folder);
  const named = folders.flatMap((entry) => {
    const part = partOf(entry.name);
    return part === undefined ? [] : [{ entry, ...part }];
  });
  // `asl_train` beside `asl_test` are parts; `train station` beside `test tube` are classes.
  const rest = named.some((each) => each.rest === '')
    ? ''
    : named.find((each) => named.some((other) => other.rest === each.rest && other.split !== each.split))
        ?.rest;
  const group = named.filter((each) => each.rest === rest);
  if (!holdParts(folders, group)) return { parts: undefined, notes: [] };
  const parts = new Map<Split, FoundFolder>();
  const notes: string[] = [];
  for (const { entry, split } of group) {
    if (parts.has(split)) throw twoFolders(folder, split, group);
    const inner = descend(entry.path, true);
    parts.set(split, { folder: inner.folder, prefix: `${prefix}${entry.name}/${inner.prefix}` });
  }
  const beside = entriesOf(folder).filter(
    ({ kind, name }) => kind === 'folder' && !group.some(({ entry }) => entry.name === name),
  );
  if (beside.length > 0) {
    const names = beside.map((entry) => entry.name);
    const { name } = (group.find(({ split }) => split === 'train') ?? group[0]).entry;
    notes.push(`ignored the folders beside ${name}/: ${listed(names)}.`);
  }
  for (const split of ['test', 'validation'] as const) {
    const place = parts.get(split);
    const count = place === undefined ? 0 : withoutClasses(place.folder);
    if (place === undefined || count === 0) continue;
    parts.delete(split);
    notes.push(
      `${place.prefix} is ignored: its ${count} pictures are not in class folders, so nobody knows what they show.`,
    );
  }
  return { parts, notes };
}

/** How many pictures a folder holds that holds no folders. */
function withoutClasses(folder: string): number {
  const entries = entriesOf(folder);
  return entries.every(({ kind }) => kind === 'file') ? entries.filter(isNamedPicture).length : 0;
}

/**
 * Whether folders named like parts hold class folders. A class may have such a name as well: then its folder holds pictures,
 * and so do the folders beside it, of which none is called like another part.
 */
function holdParts(
  folders: readonly FolderEntry[],
  group: readonly { readonly entry: FolderEntry; readonly split: Split }[],
): boolean {
  const holdsPictures = ({ path }: FolderEntry): boolean => entriesOf(path).some(isNamedPicture);
  const isClassAmongOthers = (): boolean =>
    group.length === 1 && folders.some((folder) => folder !== group[0].entry && holdsPictures(folder));
  return group.some(({ entry, split }) => {
    if (split === 'validation') return false;
    return !holdsPictures(entry) || (subfolders(entry.path).length > 0 && !isClassAmongOthers());
  });
}

function twoFolders(
  folder: string,
  split: Split,
  group: readonly { readonly entry: FolderEntry; readonly split: Split }[],
): DatasetError {
  const names = group.filter((each) => each.split === split).map(({ entry }) => entry.name);
  return new DatasetError({
    where: folder,
    got: `${names.length} folders of ${split} pictures: ${names.join(', ')}`,
    expected: 'one',
    cure: 'Rename or remove the others, or put their pictures together.',
  });
}
