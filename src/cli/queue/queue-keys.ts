/** The names under which trainings, data and runs lie on the Redis server, and how long. */
import type { Redis } from './redis-client.ts';

/**
 * The queue of trainings. It has the version in its name, since the settings and files of another one may mean something else: workers of
 * another version never see these trainings, and they wait for one that fits.
 */
export function queueOf(version: string): string {
  return `weft-${version}`;
}

/** The files of a data set, and whatever else settings name: a hash of pieces. */
export function dataKey(id: string): string {
  return `weft:data:${id}`;
}

/** The files of a run on its way back: a hash of pieces, and their list. */
export function runKey(jobId: string): string {
  return `weft:run:${jobId}`;
}

/** The field of such a hash that holds the list. */
export const LIST_FIELD = 'list';

/** How long what nobody fetches stays, in seconds. */
export const KEPT_SECONDS = { data: 24 * 3600, run: 7 * 24 * 3600 } as const;

/** Those who are there, by the time when they were seen last. */
const seenKeys = { searches: 'weft:searches', workers: 'weft:workers' } as const;

/** How long somebody who was seen counts as being there, in seconds. */
const SEEN_SECONDS = 30;

/** Says that one of this version is there. */
export async function beSeen(redis: Redis, kind: keyof typeof seenKeys, version: string): Promise<void> {
  await redis.hset(seenKeys[kind], version, await secondsOf(redis));
}

/** The versions of those who are there. */
export async function versionsSeen(redis: Redis, kind: keyof typeof seenKeys): Promise<string[]> {
  const [seen, now] = await Promise.all([redis.hgetall(seenKeys[kind]), secondsOf(redis)]);
  return Object.entries(seen).flatMap(([version, time]) =>
    now - Number(time) < SEEN_SECONDS ? [version] : [],
  );
}

/** The time of the server: clocks of machines differ. */
async function secondsOf(redis: Redis): Promise<number> {
  const [seconds] = await redis.time();
  return Number(seconds);
}
