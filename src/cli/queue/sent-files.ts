/** Files on their way through Redis: a list with sizes and digests, and their contents in pieces that are verified on arrival. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { type EntryKind, readFolder } from '../../data/files.ts';
import { formatBytes } from '../../text.ts';
import { QueueError } from './queue-error.ts';
import type { Redis } from './redis-client.ts';

/** A file of a list. */
export interface SentFile {
  /** Within the folder, with / between its parts. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Bytes of a piece, at most: Redis moves such as one value without holding up others. */
const PIECE_BYTES = 2 ** 20;

/** The field of a hash under which a piece lies. */
function fieldOf({ sha256 }: SentFile, piece: number): string {
  return `${sha256}/${piece}`;
}

/** The fields of all pieces of a file. */
export function fieldsOf(file: SentFile): string[] {
  return Array.from({ length: Math.ceil(file.size / PIECE_BYTES) }, (_, piece) => fieldOf(file, piece));
}

/** What is said of a file that is gone or unreadable. */
const readable = { error: QueueError, expected: 'files that can be sent to other machines' };

/** What lies at a path: one file, or a folder with files in it. */
export interface FilesAt {
  readonly kind: 'file' | 'folder';
  /** The folder that the paths begin in. */
  readonly root: string;
  /** In the order of their names. */
  readonly paths: readonly string[];
}

/** The files at a path that are sent where a setting names it; undefined where there is nothing. */
export function filesAt(path: string): FilesAt | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isFile()) return { kind: 'file', root: dirname(path), paths: [basename(path)] };
  // Of a run, or a saved model, what lies at its top is the model and its record: what else is in it is for other uses.
  const isModel = existsSync(join(path, 'model.safetensors'));
  return { kind: 'folder', root: path, paths: pathsIn(path, (_, kind) => !isModel || kind === 'file') };
}

/** The paths of the files of a folder, and of those in it, in the order of their names; without those whose name begins with a dot. */
function pathsIn(folder: string, isWanted: (path: string, kind: EntryKind) => boolean): string[] {
  const paths: string[] = [];
  const walk = (place: string): void => {
    for (const { name, kind } of readFolder(join(folder, place), readable)) {
      const path = place === '' ? name : `${place}/${name}`;
      if (!isWanted(path, kind)) continue;
      if (kind === 'folder') walk(path);
      else if (kind === 'file') paths.push(path);
    }
  };
  walk('');
  return paths;
}

/**
 * The files of a folder and of those in it, in the order of their names; without those whose name begins with a dot.
 *
 * @param isWanted whether a file or folder counts
 */
export function listFiles(
  folder: string,
  isWanted: (path: string, kind: EntryKind) => boolean = () => true,
): Promise<SentFile[]> {
  return describeFiles({ root: folder, paths: pathsIn(folder, isWanted) });
}

/** Files as they stand in a list. */
export async function describeFiles({ root, paths }: Pick<FilesAt, 'root' | 'paths'>): Promise<SentFile[]> {
  const files: SentFile[] = [];
  for (const path of paths) files.push(await describeFile(root, path));
  return files;
}

/** A file of a folder as it stands in a list. */
async function describeFile(folder: string, path: string): Promise<SentFile> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const bytes of createReadStream(join(folder, path))) {
    hash.update(bytes);
    size += bytes.length;
  }
  return { path, size, sha256: hash.digest('hex') };
}

/** Bytes of all files of a list. */
export function totalBytes(files: readonly SentFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** The pieces of a file, one after the other. */
export async function* piecesOf(
  folder: string,
  file: SentFile,
): AsyncGenerator<readonly [field: string, bytes: Buffer]> {
  const handle = await open(join(folder, file.path));
  try {
    for (let piece = 0; piece * PIECE_BYTES < file.size; piece++) {
      const length = Math.min(PIECE_BYTES, file.size - piece * PIECE_BYTES);
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, piece * PIECE_BYTES);
      yield [fieldOf(file, piece), bytes];
    }
  } finally {
    await handle.close();
  }
}

/**
 * Fetches files out of a hash into a folder.
 *
 * @returns whether all pieces were there; the folder is of no use where they were not
 * @throws QueueError when a file is not the one that the list says
 */
export async function fetchFiles(
  redis: Redis,
  key: string,
  files: readonly SentFile[],
  folder: string,
): Promise<boolean> {
  for (const file of files) {
    const target = join(folder, requireWithin(file.path));
    await mkdir(dirname(target), { recursive: true });
    const pieces: Buffer[] = [];
    for (const field of fieldsOf(file)) {
      const piece = await redis.hgetBuffer(key, field);
      if (piece === null) return false;
      pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest !== file.sha256 || bytes.length !== file.size) {
      throw new QueueError({
        where: file.path,
        got: `${formatBytes(bytes.length)} with SHA-256 ${digest}`,
        expected: `${formatBytes(file.size)} with SHA-256 ${file.sha256}, as was sent`,
        cure: 'Begin again: what lies on the server is damaged.',
      });
    }
    await writeFile(target, bytes);
  }
  return true;
}

/** @throws QueueError for a path that leads out of its folder */
function requireWithin(path: string): string {
  const plain = normalize(path);
  if (path !== '' && !isAbsolute(plain) && plain.split(/[\\/]/)[0] !== '..') return plain;
  throw new QueueError({
    where: 'a list of files',
    got: path,
    expected: 'paths within the folder',
    cure: 'Look who else writes to this Redis server: weft does not send such.',
  });
}

/** The digest of a list: equal lists of equal contents have the same, wherever they lie. */
export function digestOfList(files: readonly SentFile[]): string {
  const lines = files.map(({ path, size, sha256 }) => JSON.stringify([path, size, sha256]));
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
