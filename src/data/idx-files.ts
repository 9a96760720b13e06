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
  /** By split: 'train', 'test', 'validation'. Empty when the folder has no IDX files. */
  readonly splits: ReadonlyMap<string, IdxSplitFiles>;
  /** What is left out because other files are taken, as sentences. */
  readonly notes: readonly string[];
}

type Role = keyof IdxSplitFiles;

interface Candidate {
  /** Relative to the folder. */
  readonly path: string;
  /** What else the name says: `emnist-letters`. */
  readonly set: string;
  readonly split: string;
  readonly role: Role;
}

const splitNames: readonly (readonly [RegExp, string])[] = [
  [/(?<![a-z])(t10k|test(ing)?)(?![a-z])/, 'test'],
  [/(?<![a-z])(val|valid|validation)(?![a-z])/, 'validation'],
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
  /^(|t10k|test|testing|val|valid|validation|train|training|images?|labels?|idx\d?|ubyte|gz)$/;

/**
 * Finds a folder's IDX files. A name has to tell images from labels and to name its split (without one it is train); and
 * either the name says IDX, as `train-images-idx3-ubyte`, `emnist-letters-test-labels-idx1-ubyte.gz`, `TRAIN-IMAGES.IDX`
 * do, or the first bytes of the file do. A folder with such a name (as some unpackers make it) is looked into.
 *
 * @throws DatasetError when the files of several data sets lie together
 */
export function findIdxFiles(folder: string): IdxFiles {
  const entries = entriesOf(folder);
  const direct = entries.flatMap((entry) => candidate(entry, ''));
  const inside = entries
    .filter(({ name, kind }) => kind === 'folder' && saysIdx(name))
    .flatMap(({ name, path }) => entriesOf(path).flatMap((entry) => candidate(entry, name)));
  const candidates = [...direct, ...inside];
  const sets = new Set(candidates.map(({ set }) => set));
  if (sets.size > 1) {
    throw new DatasetError({
      where: folder,
      got: `IDX files of ${sets.size} data sets (${listed([...sets].map((set) => set || 'one without a name'))})`,
      expected: 'those of one',
      cure: 'Put the files of each data set into a folder of its own.',
    });
  }
  const splits = new Map<string, { images?: string; labels?: string }>();
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
  return { splits, notes };
}

function candidate({ name, path, kind }: FolderEntry, folder: string): Candidate[] {
  const lower = name.toLowerCase();
  const role = roleNames.find(([pattern]) => pattern.test(lower))?.[1];
  const isIdx = kind === 'folder' ? false : saysIdx(name) || (kind === 'file' && role && startsAsIdx(path));
  if (role === undefined || !isIdx) return [];
  const split = splitNames.find(([pattern]) => pattern.test(lower))?.[1] ?? 'train';
  const set = lower.split(/[^a-z0-9]+/).filter((word) => !wordsOfRoles.test(word));
  return [{ path: node.path.join(folder, name), set: set.join('-'), split, role }];
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
