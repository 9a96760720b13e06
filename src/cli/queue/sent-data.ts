/** Data sets, and whatever else settings name by a path, on the server: by what they hold, not by where they lie. */
import { isRecord } from '../../options.ts';
import { formatBytes } from '../../text.ts';
import type { ListedPath } from './job-message.ts';
import { QueueError } from './queue-error.ts';
import { dataKey, KEPT_SECONDS, LIST_FIELD } from './queue-keys.ts';
import type { Redis } from './redis-client.ts';
import { digestOfList, piecesOf, type SentFile, totalBytes } from './sent-files.ts';

/** The most that goes through the server, in bytes: it has all of it in its memory. */
const MOST_BYTES = 256 * 2 ** 20;

/** What lies on the server of a data set. */
export interface SentData {
  readonly files: readonly SentFile[];
  /** Whether the contents are there as well: else workers need them already. */
  readonly complete: boolean;
}

/** Puts a field into a hash that is gone after a while: also where whoever sends it is interrupted. */
const putScript = `
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[1])`;

/** Sends files that settings name, unless they are there. More than goes through the server is only listed. */
export async function sendData(
  redis: Redis,
  { id, root, path, files }: ListedPath,
  say: (text: string) => void,
): Promise<void> {
  const key = dataKey(id);
  const complete = totalBytes(files) <= MOST_BYTES;
  const put = (field: string, value: string | Buffer) =>
    redis.eval(putScript, 1, key, KEPT_SECONDS.data, field, value);
  const there = await storedList(redis, id);
  if (there?.complete === true) {
    await redis.expire(key, KEPT_SECONDS.data);
    return;
  }
  if (complete) {
    for (const file of files)
      for await (const [field, bytes] of piecesOf(root, file)) await put(field, bytes);
  } else {
    say(
      `${path} has ${formatBytes(totalBytes(files))}, and no more than ${formatBytes(MOST_BYTES)} go through Redis: workers need a copy, in --data-folder.`,
    );
  }
  const text: SentData = { files, complete };
  await put(LIST_FIELD, JSON.stringify(text));
}

/** Lets data that are still wanted stay, and sends them again where the server has forgotten them. */
export async function renewData(
  redis: Redis,
  listed: ListedPath,
  say: (text: string) => void,
): Promise<void> {
  if ((await redis.expire(dataKey(listed.id), KEPT_SECONDS.data)) === 0) await sendData(redis, listed, say);
}

/**
 * What lies on the server of a data set; undefined where there is nothing.
 *
 * @throws QueueError when it is not what has this digest
 */
export async function readSentData(redis: Redis, id: string): Promise<SentData | undefined> {
  const sent = await storedList(redis, id);
  if (sent === undefined || digestOfList(sent.files) === id) return sent;
  throw new QueueError({
    where: `the data ${id.slice(0, 8)} on the server`,
    got: `a list of other files, with SHA-256 ${digestOfList(sent.files)}`,
    expected: `the list with SHA-256 ${id}`,
    cure: `Remove it (redis-cli del ${dataKey(id)}), and repeat the command that asks for the training.`,
  });
}

async function storedList(redis: Redis, id: string): Promise<SentData | undefined> {
  const text = await redis.hget(dataKey(id), LIST_FIELD);
  const stored: unknown = text === null ? undefined : JSON.parse(text);
  if (!isRecord(stored) || !Array.isArray(stored.files)) return undefined;
  return { files: stored.files, complete: stored.complete === true };
}
