/**
 * The one way to the file system for all that reads: what the system refuses becomes an error of the caller's class, in
 * words; and only files are opened. A pipe, a socket or a device is none: reading one may never end.
 */

import type { ErrorParts, WeftError } from '../errors.ts';
import { codeOf } from '../node-modules.ts';
import { describeValue } from '../options.ts';
import { messageOf } from '../text.ts';
import { node } from './code-files.ts';

/** What a caller wants of a path, and the error it throws when that is not there. */
export interface Wanted {
  readonly error: new (parts: ErrorParts, options?: ErrorOptions) => WeftError;
  /** Completes "expected …": `a readable PNG file`. */
  readonly expected: string;
}

/**
 * What a name in a folder stands for, links followed: a file; a folder; a link that leads nowhere, or round in a circle;
 * a pipe, socket or device; or a name that is not UTF-8, which cannot be asked for.
 */
export type EntryKind = 'file' | 'folder' | 'dead link' | 'special' | 'not UTF-8';

/** One name in a folder. */
export interface FolderEntry {
  readonly name: string;
  /** The folder's path and the name. */
  readonly path: string;
  readonly kind: EntryKind;
}

/** What stands in a message, and what to do about it. */
type Fault = readonly [got: string, cure: string];

/** The errors of the system that a path can lead to. */
const faults: Readonly<Record<string, Fault>> = {
  ENOENT: ['no file or folder of this name', 'Check the path'],
  EACCES: [
    'no permission',
    'Change its permissions or those of the folders above it, or run as a user who has them',
  ],
  EPERM: [
    'no permission',
    'Change its permissions or those of the folders above it, or run as a user who has them',
  ],
  EISDIR: ['a folder', 'Give the path of a file'],
  ENOTDIR: ['a path that leads through a file', 'Check the path: all but its last part have to be folders'],
  ELOOP: ['a link that leads back to itself', 'Remove the link, or let it point to a file or folder'],
  ENAMETOOLONG: ['a name that is longer than the file system allows', 'Shorten the path'],
  EMFILE: ['too many open files in this process', 'Close files, or raise the limit (ulimit -n)'],
  ENFILE: ['too many open files on this machine', 'Close other programs, and try again'],
  ENOSPC: ['no room left on the disk', 'Make room, or choose another place'],
  EDQUOT: ["no room left in this user's share of the disk", 'Make room, or choose another place'],
  EROFS: ['a disk that can only be read', 'Choose another place'],
  EEXIST: ['a file or folder of this name that is there already', 'Choose another name, or remove it'],
  ENOTEMPTY: ['a folder that is not empty', 'Choose another name, or empty it'],
  EBUSY: ['something that another program is using', 'Close the other program, and try again'],
  EIO: ['a disk that cannot be read or written', 'Check the disk'],
  ENXIO: ['a pipe, socket or device', 'Give the path of a file'],
  ENODEV: ['a pipe, socket or device', 'Give the path of a file'],
  ETXTBSY: ['a program that is running', 'Give another path'],
  EILSEQ: ['a name that the file system does not take', 'Choose another name'],
  ERR_FS_FILE_TOO_LARGE: ['a file of more than 2 GiB', 'Divide the file'],
};

/** The error for what the system threw about a path. */
export function fileError(path: string, thrown: unknown, { error, expected }: Wanted): WeftError {
  const code = codeOf(thrown) ?? '';
  const [got, cure] = closerLook(path, code) ??
    faults[code] ?? [
      `an error of the file system (${code || messageOf(thrown)})`,
      'Check the path, its permissions and the disk',
    ];
  const place = node.path.isAbsolute(path) ? '' : `; it was looked for at ${node.path.resolve(path)}`;
  return new error(
    { where: path || 'an empty path', got, expected, cure: `${cure}${place}.` },
    { cause: thrown },
  );
}

/** What the system says in one code although it is two things. */
function closerLook(path: string, code: string): Fault | undefined {
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return undefined;
  let found: { isSymbolicLink(): boolean };
  try {
    found = node.fs.lstatSync(path);
  } catch {
    return undefined;
  }
  if (found.isSymbolicLink()) {
    return ['a link that leads nowhere', 'Remove the link, or bring back what it points to'];
  }
  return code === 'ENOTDIR' ? ['a file', 'Give the path of a folder'] : undefined;
}

/** Throws the wanted error for what cannot be a path. */
export function requirePath(path: string, { error, expected }: Wanted): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
  const got = `${describeValue(path)} for a path`;
  const cure = 'Give the path as a text without zero characters.';
  throw new error({ where: 'a path', got, expected, cure });
}

/** Runs `body`, which asks the system about `path`; what the system throws becomes the error that is wanted. */
function asked<Result>(path: string, wanted: Wanted, body: () => Result): Result {
  requirePath(path, wanted);
  try {
    return body();
  } catch (thrown) {
    throw fileError(path, thrown, wanted);
  }
}

/**
 * The bytes of a file. Follows links.
 *
 * @throws the wanted error when there is none that can be read, or it is a folder, a pipe, a socket or a device
 */
export function readFile(path: string, wanted: Wanted): Uint8Array {
  const { readFileSync } = node.fs;
  return opened(path, wanted, (handle) => readFileSync(handle));
}

/** The first bytes of a file, `most` at most; throws as `readFile`. */
export function readStart(path: string, most: number, wanted: Wanted): Uint8Array {
  const bytes = new Uint8Array(most);
  return bytes.subarray(
    0,
    opened(path, wanted, (handle) => node.fs.readSync(handle, bytes)),
  );
}

function opened<Result>(path: string, wanted: Wanted, read: (handle: number) => Result): Result {
  const { closeSync, constants, fstatSync, openSync, statSync } = node.fs;
  // Looked at before it is opened, since opening alone may do something to a device, and once more when it is open, since
  // it may be another by then; that is why opening must not wait either, as it would for a pipe.
  requireFile(
    path,
    asked(path, wanted, () => statSync(path)),
    wanted,
  );
  const handle = asked(path, wanted, () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  try {
    requireFile(
      path,
      asked(path, wanted, () => fstatSync(handle)),
      wanted,
    );
    return asked(path, wanted, () => read(handle));
  } finally {
    closeSync(handle);
  }
}

interface FileStats {
  isFile(): boolean;
  isDirectory(): boolean;
}

function requireFile(path: string, stats: FileStats, { error, expected }: Wanted): void {
  if (stats.isFile()) return;
  const [got, cure] = faults[stats.isDirectory() ? 'EISDIR' : 'ENXIO'];
  throw new error({ where: path, got, expected, cure: `${cure}.` });
}

/**
 * What is in a folder, sorted by name, without names that start with a dot. Links are followed.
 *
 * @throws the wanted error when it is no folder or cannot be read
 */
export function readFolder(folder: string, wanted: Wanted): FolderEntry[] {
  const found = asked(folder, wanted, () => node.fs.readdirSync(folder, { withFileTypes: true }));
  return found
    .filter(({ name }) => !name.startsWith('.'))
    .sort((first, second) => (first.name < second.name ? -1 : 1))
    .map((entry) => entryOf(folder, entry, wanted));
}

/** So many entries are a start. */
const START_LENGTH = 32;

/** What a folder begins with, in no order: a look into one that may hold very many. Throws as `readFolder`. */
export function startOfFolder(folder: string, wanted: Wanted): FolderEntry[] {
  const opened = asked(folder, wanted, () => node.fs.opendirSync(folder));
  try {
    const entries: FolderEntry[] = [];
    for (let entry = opened.readSync(); entry && entries.length < START_LENGTH; entry = opened.readSync()) {
      if (!entry.name.startsWith('.')) entries.push(entryOf(folder, entry, wanted));
    }
    return entries;
  } finally {
    opened.closeSync();
  }
}

interface DirectoryEntry extends FileStats {
  readonly name: string;
}

function entryOf(folder: string, entry: DirectoryEntry, wanted: Wanted): FolderEntry {
  const path = node.path.join(folder, entry.name);
  // Node writes U+FFFD for bytes that are not UTF-8: then there is nothing of that name.
  const lost = entry.name.includes('\ufffd') && findEntry(path, wanted) === undefined;
  const known = lost ? 'not UTF-8' : entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : undefined;
  return { name: entry.name, path, kind: known ?? kindOf(path, wanted) };
}

/**
 * What a path leads to; undefined when there is nothing of that name.
 *
 * @throws the wanted error when the system does not say, for lack of permission
 */
export function findEntry(path: string, wanted: Wanted): EntryKind | undefined {
  const { lstatSync } = node.fs;
  const found = asked(path, wanted, () => lstatSync(path, { throwIfNoEntry: false }));
  return found && kindOf(path, wanted);
}

function kindOf(path: string, wanted: Wanted): EntryKind {
  try {
    const stats = node.fs.statSync(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'special';
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') return 'dead link';
    throw fileError(path, thrown, wanted);
  }
}

/**
 * Makes a folder and those above it, and leaves one that is there. Node's own `recursive: true` does not return (v20) where the
 * system refuses a folder with ENOENT although the one above it is there, as it does below /proc.
 *
 * @throws the file system's error
 */
export function makeFolder(path: string): void {
  const { existsSync, mkdirSync, statSync } = node.fs;
  try {
    mkdirSync(path);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
      throw thrown;
    }
    const above = node.path.dirname(path);
    if (above === path || existsSync(above)) throw thrown;
    makeFolder(above);
    makeFolder(path);
  }
}

/** Whether two paths lead to one file or folder. */
export function isSamePlace(first: string, second: string): boolean {
  try {
    const [one, other] = [first, second].map((path) => node.fs.statSync(path));
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    return false;
  }
}
