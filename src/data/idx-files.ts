/** Finds the IDX files of a folder by split, under all the names that MNIST and its relatives are spread with. */
import { startOfGzip } from './bytes.ts';
import { entriesOf, listed } from './class-folders.ts';
import { node } from './code-files.ts';
import { DatasetError } from './errors.ts';
import { type FolderEntry, readStart } from './files.ts';

/** The files of one split, relative to the folder; a missing one is reported when the split is read. */
export interface IdxSplitFiles {
  readonly images?: string;
  readonly labels?: string;
}

/** What a folder has. */
export interface IdxFiles {
  /** By split. Empty when the folder has no IDX files. */
  readonly splits: ReadonlyMap<Split, IdxSplitFiles>;
  /** What else the names say: `emnist-letters`. Empty for files named as those of MNIST are. */
  readonly set: string;
  /** What is left out because other files are taken, as sentences. */
  readonly notes: readonly string[];
}

/** A part of a data set. */
export type Split = 'train' | 'test' | 'validation';

type Role = keyof IdxSplitFiles;

interface Candidate {
  /** Relative to the folder. */
  readonly path: string;
  /** What else the name says: `emnist-letters`. */
  readonly set: string;
  readonly split: Split;
  readonly role: Role;
}

/** The words for the parts of a data set, in names of files and folders. */
export const splitNames: readonly (readonly [RegExp, Split])[] = [
  [/(?<![a-z])(t10k|test(ing)?)(?![a-z])/, 'test'],
  [/(?<![a-z])(val|valid|validation|validate|dev)(?![a-z])/, 'validation'],
  [/(?<![a-z])train(ing)?(?![a-z])/, 'train'],
];
const roleNames: readonly (readonly [RegExp, Role])[] = [
  [/(?<![a-z])labels?(?![a-z])/, 'labels'],
  [/(?<![a-z])images?(?![a-z])/, 'images'],
  [/idx1/, 'labels'],
  [/idx[34]/, 'images'],
];

/** The words of a name that say nothing of the data set. */
const wordsOfRoles =
  /^(|t10k|test|testing|val|valid|validation|validate|dev|train|training|images?|labels?|idx\d?|ubyte|gz)$/;

/**
 * Finds a folder's IDX files. A name has to tell images from labels and to name its split (without one it is train); and
 * either the name says IDX, as `train-images-idx3-ubyte`, `emnist-letters-test-labels-idx1-ubyte.gz`, `TRAIN-IMAGES.IDX`
 * do, or the first bytes of the file do. A folder with such a name (as some unpackers make it) is looked into.
 *
 * @param set of several data sets that lie together the one to take
 * @throws DatasetError when the files of several data sets lie together, and none is chosen
 */
export function findIdxFiles(folder: string, set?: string): IdxFiles {
  const entries = entriesOf(folder);
  const direct = entries.flatMap((entry) => candidate(entry, ''));
  const inside = entries
    .filter(({ name, kind }) => kind === 'folder' && saysIdx(name))
    .flatMap(({ name, path }) => entriesOf(path).flatMap((entry) => candidate(entry, name)));
  const chosen = set === undefined ? undefined : setIn(set);
  const candidates = [...direct, ...inside].filter((each) => chosen === undefined || each.set === chosen);
  const sets = new Set(candidates.map((each) => each.set));
  if (sets.size > 1) {
    throw new DatasetError({
      where: folder,
      got: `IDX files of ${sets.size} data sets (${[...sets].map((each) => each || 'one without a name').join(', ')})`,
      expected: 'those of one',
      cure: `Add the name of one to the path, for example ${node.path.join(folder, [...sets].find(Boolean) ?? '')}, or put each into a folder of its own.`,
    });
  }
  const splits = new Map<Split, { images?: string; labels?: string }>();
  const notes: string[] = [];
  // Sorted by name, and files before folders: a plain file is taken before its .gz, t10k before test.
  for (const { path, split, role } of candidates) {
    const files = splits.get(split) ?? {};
    splits.set(split, files);
    const taken = files[role];
    if (taken === undefined) files[role] = path;
    else notes.push(`${path} is ignored: ${taken} is taken for the ${role} of ${split}.`);
  }
  const beside = entries.filter(({ name, kind }) => kind === 'folder' && !saysIdx(name));
  if (splits.size > 0 && beside.length > 0) {
    notes.push(`the folders beside the IDX files are ignored: ${listed(beside.map(({ name }) => name))}.`);
  }
  return { splits, set: candidates[0]?.set ?? '', notes };
}

function candidate({ name, path, kind }: FolderEntry, folder: string): Candidate[] {
  const lower = name.toLowerCase();
  const role = roleNames.find(([pattern]) => pattern.test(lower))?.[1];
  const isIdx = kind === 'folder' ? false : saysIdx(name) || (kind === 'file' && role && startsAsIdx(path));
  if (role === undefined || !isIdx) return [];
  const split = splitNames.find(([pattern]) => pattern.test(lower))?.[1] ?? 'train';
  return [{ path: node.path.join(folder, name), set: setIn(name), split, role }];
}

/** What a name says of the data set. */
function setIn(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return words.filter((word) => !wordsOfRoles.test(word)).join('-');
}

function saysIdx(name: string): boolean {
  return /(?<![a-z])idx|ubyte/i.test(name);
}

/** Whether a file starts with two zeros, a type and one to four dimensions; or so does what is gzip'd in it. */
function startsAsIdx(path: string): boolean {
  let start = readStart(path, 512, { error: DatasetError, expected: 'a readable file' });
  if (start[0] === 0x1f && start[1] === 0x8b) {
    try {
      start = startOfGzip(start, 4, (got) => new Error(got));
    } catch {
      return false;
    }
  }
  return (
    start[0] === 0 && start[1] === 0 && start[2] >= 8 && start[2] <= 14 && start[3] >= 1 && start[3] <= 4
  );
}
