/**
 * The files of a run that a worker trains, on the server: written only while the worker holds the lock of the training. One that was stopped
 * for longer than the lock lasts, and comes back, changes nothing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isRecord } from '../../options.ts';
import { escapeHtml } from '../report/html.ts';
import { KEPT_SECONDS, LIST_FIELD } from './queue-keys.ts';
import type { Redis } from './redis-client.ts';
import { fieldsOf, piecesOf, type SentFile } from './sent-files.ts';

/** What lies on the server of a run. */
export interface SentRun {
  /** `failed` where the training failed by itself, as one does whose loss is not a number: nobody would do better. */
  readonly status: 'training' | 'finished' | 'failed';
  /** Why it failed. */
  readonly failure?: string;
  /** The name of that error. */
  readonly failedBy?: string;
  readonly files: readonly SentFile[];
  /** Paths of the worker that stand in the texts, by the setting that they are the value of. */
  readonly places: Readonly<Record<string, string>>;
}

/** The lock of a training, as the queue keeps it. */
export interface JobLock {
  readonly key: string;
  /** Who holds it. */
  readonly token: string;
}

/** Puts a piece into a hash if the lock is held. */
const putScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1`;

/** Puts the list of files into the hash, from where on they are those of the run, and takes out pieces of earlier ones. */
const commitScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], '${LIST_FIELD}', ARGV[3])
for at = 4, #ARGV do redis.call('HDEL', KEYS[2], ARGV[at]) end
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1`;

/** What lies on the server of a run; undefined where there is nothing. */
export async function readSentRun(redis: Redis, key: string): Promise<SentRun | undefined> {
  const text = await redis.hget(key, LIST_FIELD);
  const stored: unknown = text === null ? undefined : JSON.parse(text);
  return isSentRun(stored) ? stored : undefined;
}

const statuses: readonly unknown[] = ['training', 'finished', 'failed'];

/** Whether it is one: written by weft of this very version, which is part of the key. */
function isSentRun(stored: unknown): stored is SentRun {
  return (
    isRecord(stored) &&
    statuses.includes(stored.status) &&
    Array.isArray(stored.files) &&
    isRecord(stored.places)
  );
}

/**
 * Sends the files of a run. Those that are there already are not sent again.
 *
 * @returns whether the lock was held all the time; else what lies there is as it was
 */
export async function sendRun(
  redis: Redis,
  key: string,
  lock: JobLock,
  folder: string,
  run: SentRun,
): Promise<boolean> {
  const seconds = KEPT_SECONDS.run;
  const there = new Set(await redis.hkeys(key));
  for (const file of run.files) {
    if (fieldsOf(file).every((field) => there.has(field))) continue;
    for await (const [field, bytes] of piecesOf(folder, file)) {
      const held = await redis.eval(putScript, 2, lock.key, key, lock.token, seconds, field, bytes);
      if (held !== 1) return false;
    }
  }
  const wanted = new Set([LIST_FIELD, ...run.files.flatMap(fieldsOf)]);
  const stale = [...there].filter((field) => !wanted.has(field));
  const text = JSON.stringify(run);
  return (await redis.eval(commitScript, 2, lock.key, key, lock.token, seconds, text, ...stale)) === 1;
}

/** Files of a run in which paths of the machine stand that trained it. */
const textFiles = new Set(['.json', '.jsonl', '.html', '.csv']);

/** How a path stands in texts: within JSON, on a page, and as it is. */
const writings: readonly ((path: string) => string)[] = [
  (path) => JSON.stringify(path).slice(1, -1),
  escapeHtml,
  (path) => path,
];

/**
 * Puts the paths of this machine in the place of those of the machine that the files of a run come from.
 *
 * @param places those in the texts, by setting
 * @param own those of this machine, by setting
 */
export async function replacePlaces(
  folder: string,
  files: readonly SentFile[],
  places: SentRun['places'],
  own: ReadonlyMap<string, string>,
): Promise<void> {
  const replacements = new Map(
    Object.entries(places).flatMap(([setting, place]) =>
      writings.map((write) => [write(place), write(own.get(setting) ?? place)] as const),
    ),
  );
  // All at once, since a path of this machine may hold one of the other; the longest first.
  const sought = [...replacements.keys()].sort((one, other) => other.length - one.length);
  if (sought.length === 0) return;
  const pattern = new RegExp(
    sought.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'),
    'g',
  );
  for (const { path } of files.filter(({ path }) => textFiles.has(extname(path)))) {
    const text = await readFile(join(folder, path), 'utf8');
    const changed = text.replace(pattern, (found) => replacements.get(found)!);
    if (changed !== text) await writeFile(join(folder, path), changed);
  }
}
