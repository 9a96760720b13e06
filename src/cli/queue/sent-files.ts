/** Files on their way through Redis: a list with sizes and digests, and their contents in pieces that are verified on arrival. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
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

/**
 * The files of a folder and of those in it, in the order of their names; without those whose name begins with a dot.
 *
 * @param isWanted whether a file or folder counts
 */
export async function listFiles(
  folder: string,
  isWanted: (path: string, kind: EntryKind) => boolean = () => true,
): Promise<SentFile[]> {
  const files: SentFile[] = [];
  const walk = async (place: string): Promise<void> => {
    for (const { name, kind } of readFolder(join(folder, place), readable)) {
      const path = place === '' ? name : `${place}/${name}`;
      if (!isWanted(path, kind)) continue;
      if (kind === 'folder') await walk(path);
      else if (kind === 'file') files.push(await describeFile(folder, path));
    }
  };
  await walk('');
  return files;
}

/** A file of a folder as it stands in a list. */
export async function describeFile(folder: string, path: string): Promise<SentFile> {
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

/** Whether a folder holds these files, with these contents. Others may lie beside them. */
export async function holdsFiles(folder: string, files: readonly SentFile[]): Promise<boolean> {
  for (const { path, size } of files) {
    const found = await stat(join(folder, requireWithin(path))).catch(() => undefined);
    if (found?.isFile() !== true || found.size !== size) return false;
  }
  for (const file of files) {
    if ((await describeFile(folder, file.path)).sha256 !== file.sha256) return false;
  }
  return true;
}

/** The digest of a list: equal lists of equal contents have the same, wherever they lie. */
export function digestOfList(files: readonly SentFile[]): string {
  const lines = files.map(({ path, size, sha256 }) => JSON.stringify([path, size, sha256]));
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
