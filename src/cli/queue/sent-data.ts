/** Data sets, and whatever else settings name by a path, on the way to workers: by what they hold, not by where they lie. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isRecord } from '../../options.ts';
import { formatBytes } from '../../text.ts';
import { counted } from '../terminal.ts';
import type { ListedPath, SentPath } from './job-message.ts';
import { QueueError } from './queue-error.ts';
import { dataKey, KEPT_SECONDS, LIST_FIELD } from './queue-keys.ts';
import type { Redis } from './redis-client.ts';
import { fetchFiles, holdsFiles, piecesOf, type SentFile, totalBytes } from './sent-files.ts';

/** The most that goes through the server, in bytes: it has all of it in its memory. */
const MOST_BYTES = 256 * 2 ** 20;

/** What lies on the server of a data set. */
interface SentData {
  readonly files: readonly SentFile[];
  /** Whether the contents are there as well: else workers need them already. */
  readonly complete: boolean;
}

/** Sends files that settings name, unless they are there. More than goes through the server is only listed. */
export async function sendData(
  redis: Redis,
  { id, root, path, files }: ListedPath,
  say: (text: string) => void,
): Promise<void> {
  const key = dataKey(id);
  const complete = totalBytes(files) <= MOST_BYTES;
  const there = await readSentData(redis, id);
  if (there === undefined || !there.complete) {
    if (complete) {
      for (const file of files) {
        for await (const [field, bytes] of piecesOf(root, file)) await redis.hset(key, field, bytes);
      }
    } else {
      say(
        `${path} has ${formatBytes(totalBytes(files))}, and no more than ${formatBytes(MOST_BYTES)} go through Redis: workers need a copy, in --data-folder.`,
      );
    }
    const text: SentData = { files, complete };
    await redis.hset(key, LIST_FIELD, JSON.stringify(text));
  }
  await redis.expire(key, KEPT_SECONDS.data);
}

async function readSentData(redis: Redis, id: string): Promise<SentData | undefined> {
  const text = await redis.hget(dataKey(id), LIST_FIELD);
  const stored: unknown = text === null ? undefined : JSON.parse(text);
  if (!isRecord(stored) || !Array.isArray(stored.files)) return undefined;
  return { files: stored.files, complete: stored.complete === true };
}

/** Where a worker looks for data. */
export interface DataPlaces {
  /** What it fetched stays there, a folder for each by its digest. */
  readonly cache: string;
  /** A folder with data sets, or one itself. */
  readonly dataFolder: string | undefined;
}

/**
 * The path of what a setting of a training names, on this machine: fetched before, found in the data folder, or fetched now.
 *
 * @throws QueueError when it is not there and does not come
 */
export async function placeOfData(
  redis: Redis,
  { id, name, kind }: SentPath,
  { cache, dataFolder }: DataPlaces,
): Promise<string> {
  const place = join(cache, id, name);
  if (existsSync(place)) return place;
  const sent = await readSentData(redis, id);
  if (sent === undefined) throw noData(name, 'data that nobody has sent, or that were too long on the way');
  const parts = join(cache, `.arriving-${randomBytes(6).toString('hex')}`);
  const target = kind === 'file' ? parts : join(parts, name);
  try {
    await mkdir(target, { recursive: true });
    const own = await ownCopy(dataFolder, name, kind, sent.files);
    if (own !== undefined) {
      // A link, so that the path says by its digest what lies there.
      if (kind === 'folder') await rm(target, { recursive: true });
      await symlink(own, join(parts, name));
    } else if (!sent.complete) {
      const size = formatBytes(totalBytes(sent.files));
      throw noData(
        name,
        `${size} in ${counted(sent.files.length, 'file')}, more than goes through Redis, and no copy here`,
      );
    } else if (!(await fetchFiles(redis, dataKey(id), sent.files, target))) {
      throw noData(name, 'data of which pieces are missing on the server');
    }
    // Somebody else may have been faster: theirs are the same files.
    await rename(parts, join(cache, id)).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
    return place;
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

/** A copy in the data folder: the folder itself, or what has the same name in it. */
async function ownCopy(
  dataFolder: string | undefined,
  name: string,
  kind: SentPath['kind'],
  files: readonly SentFile[],
): Promise<string | undefined> {
  if (dataFolder === undefined) return undefined;
  const candidates = kind === 'file' ? [dataFolder] : [join(dataFolder, name), dataFolder];
  for (const folder of candidates) {
    if (await holdsFiles(folder, files)) return resolve(kind === 'file' ? join(folder, name) : folder);
  }
  return undefined;
}

function noData(name: string, got: string): QueueError {
  return new QueueError({
    where: `the data ${name}`,
    got,
    expected: 'files with the contents that the training was asked for with',
    cure: 'Give a folder with a copy (--data-folder), or repeat the command that asks for the trainings.',
  });
}
