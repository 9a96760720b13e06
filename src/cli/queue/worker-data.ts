/** Data sets of a worker, and whatever else settings name by a path: fetched, or linked where a copy lies, each addressed by what it holds. */
import { createHash, randomBytes } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatBytes } from '../../text.ts';
import { counted } from '../terminal.ts';
import type { SentPath } from './job-message.ts';
import { MissingDataError, QueueError } from './queue-error.ts';
import { dataKey } from './queue-keys.ts';
import type { Redis } from './redis-client.ts';
import { readSentData, type SentData } from './sent-data.ts';
import { describeFiles, digestOfList, fetchFiles, filesAt, type SentFile, totalBytes } from './sent-files.ts';

/** Folders with what has not arrived as a whole begin so. */
const ARRIVING = '.arriving-';

/** What has not grown for so long is of a worker that was killed, in milliseconds: a day. */
const ABANDONED_AFTER = 24 * 60 * 60 * 1000;

/** Where a worker looks for data. */
export interface DataPlaces {
  /** What it fetched or linked stays there, in a folder for each digest. */
  readonly cache: string;
  /** A folder with data sets, or one itself. */
  readonly dataFolder: string | undefined;
}

/** The data of a worker. */
export class WorkerData {
  readonly #redis: Redis;
  readonly #places: DataPlaces;
  /** Trainings that begin together wait for one copy. */
  readonly #underway = new Map<string, Promise<string>>();
  /** The stamps of files that were read and have the digest that they are kept for. */
  readonly #verified = new Set<string>();

  constructor(redis: Redis, places: DataPlaces) {
    this.#redis = redis;
    this.#places = places;
  }

  /**
   * The path of what a setting of a training names, on this machine: fetched before, found in the data folder, or fetched now. What is there is
   * looked at again each time, since links lead to files that others may change.
   *
   * @throws MissingDataError when it is too large to be sent and not here, QueueError when it is not on the server as it was sent
   */
  placeOf(sent: SentPath): Promise<string> {
    const place = join(this.#places.cache, sent.id, sent.name);
    const underway =
      this.#underway.get(place) ?? this.#find(sent, place).finally(() => this.#underway.delete(place));
    this.#underway.set(place, underway);
    return underway;
  }

  async #find({ id, name, kind }: SentPath, place: string): Promise<string> {
    if (await this.#holds(place, id)) return place;
    const { cache } = this.#places;
    const sent = await readSentData(this.#redis, id);
    if (sent === undefined) {
      throw noData(QueueError, name, 'data that nobody has sent, or that the server has forgotten');
    }
    await removeAbandoned(cache);
    const parts = join(cache, `${ARRIVING}${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(parts, { recursive: true });
      const own = await this.#ownCopy({ id, name, kind }, sent.files);
      // A link, so that the path says by its digest what lies there.
      if (own !== undefined) await symlink(own, join(parts, name));
      else await this.#fetch({ id, name, kind }, sent, parts);
      await mkdir(join(cache, id), { recursive: true });
      // What is there is a link that leads nowhere, or to what has changed.
      if (!(await this.#holds(place, id))) await rm(place, { recursive: true, force: true });
      // Another worker of this folder may have been faster: theirs are the same files.
      await rename(join(parts, name), place).catch(async (error: unknown) => {
        if (!(await this.#holds(place, id))) throw error;
      });
      return place;
    } finally {
      await rm(parts, { recursive: true, force: true });
    }
  }

  async #fetch({ id, name, kind }: SentPath, { files, complete }: SentData, parts: string): Promise<void> {
    if (!complete) {
      const size = formatBytes(totalBytes(files));
      throw noData(
        MissingDataError,
        name,
        `${size} in ${counted(files.length, 'file')}, more than goes through Redis, and no copy here with these files and no others`,
      );
    }
    const target = kind === 'file' ? parts : join(parts, name);
    await mkdir(target, { recursive: true });
    if (await fetchFiles(this.#redis, dataKey(id), files, target)) return;
    throw noData(QueueError, name, 'data of which pieces are missing on the server');
  }

  /** A copy in the data folder: the folder itself, or what has the same name in it. */
  async #ownCopy({ id, name, kind }: SentPath, files: readonly SentFile[]): Promise<string | undefined> {
    const { dataFolder } = this.#places;
    if (dataFolder === undefined) return undefined;
    const candidates = kind === 'file' ? [dataFolder] : [join(dataFolder, name), dataFolder];
    for (const root of candidates) {
      const path = kind === 'file' ? join(root, name) : root;
      if ((await haveSizes(root, files)) && (await this.#holds(path, id))) return resolve(path);
    }
    return undefined;
  }

  /**
   * Whether what lies at a path has this digest, with nothing beside it. Files are read for it once, and again when their sizes or times are
   * others.
   */
  async #holds(path: string, id: string): Promise<boolean> {
    try {
      const stamp = stampOf(path);
      if (stamp === undefined) return false;
      const key = `${id} ${stamp}`;
      if (this.#verified.has(key)) return true;
      const found = filesAt(path);
      if (found === undefined || digestOfList(await describeFiles(found)) !== id) return false;
      this.#verified.add(key);
      return true;
    } catch {
      // What cannot be read is no copy.
      return false;
    }
  }
}

/** Removes what workers that were killed have begun to fetch into a folder. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch(() => [])) {
    if (!name.startsWith(ARRIVING)) continue;
    const path = join(cache, name);
    const since = await lastChange(path);
    if (since < Date.now() - ABANDONED_AFTER) await rm(path, { recursive: true, force: true });
  }
}

/** When anything in a folder was last written, in milliseconds; now, where another worker takes it away meanwhile. */
async function lastChange(path: string): Promise<number> {
  try {
    const names = await readdir(path, { recursive: true });
    const times = await Promise.all(
      ['', ...names].map(async (name) => (await stat(join(path, name))).mtimeMs),
    );
    return Math.max(...times);
  } catch {
    return Date.now();
  }
}

/** What tells the files at a path, wherever a link to them lies, from what they are once they were changed. */
function stampOf(path: string): string | undefined {
  const found = filesAt(path);
  if (found === undefined) return undefined;
  const hash = createHash('sha256').update(realpathSync(path));
  for (const each of found.paths) {
    const { size, mtimeMs } = statSync(join(found.root, each));
    hash.update(JSON.stringify([each, size, mtimeMs]));
  }
  return hash.digest('hex');
}

/** Whether files have these sizes: a look that reads none of them, and ends at the first that is missing. */
async function haveSizes(root: string, files: readonly SentFile[]): Promise<boolean> {
  for (const { path, size } of files) {
    const found = await stat(join(root, path)).catch(() => undefined);
    if (found?.size !== size) return false;
  }
  return true;
}

function noData(Thrown: typeof QueueError, name: string, got: string): QueueError {
  return new Thrown({
    where: `the data ${name}`,
    got,
    expected: 'files with the contents that the training was asked for with',
    cure: 'Give a folder with a copy (--data-folder), or repeat the command that asks for the trainings.',
  });
}
