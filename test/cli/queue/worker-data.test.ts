/** Data on their way to a worker: each is what it was asked for by, whatever lies in the folders of the worker or on the server. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type ListedPath, listPath } from '../../../src/cli/queue/job-message.ts';
import { MissingDataError, QueueError } from '../../../src/cli/queue/queue-error.ts';
import { dataKey } from '../../../src/cli/queue/queue-keys.ts';
import { renewData, sendData } from '../../../src/cli/queue/sent-data.ts';
import { listFiles } from '../../../src/cli/queue/sent-files.ts';
import { WorkerData } from '../../../src/cli/queue/worker-data.ts';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders, picture } from '../support.ts';
import { noRedis, startRedis } from './redis-server.ts';

const withRedis = test.skipIf(noRedis !== undefined);
const say = (): void => {};

/** A server with a data set on it. */
async function sentPictures(): Promise<{ redis: Redis; data: string; listed: ListedPath }> {
  const server = await startRedis();
  const redis = new Redis(server.url);
  onTestFinished(() => redis.disconnect());
  const data = classFolders(2);
  const listed = await listPath('data', data);
  await sendData(redis, listed, say);
  return { redis, data, listed };
}

/** Takes the contents off the server, but not the list. */
async function forgetPieces(redis: Redis, id: string): Promise<void> {
  const fields = await redis.hkeys(dataKey(id));
  await redis.hdel(dataKey(id), ...fields.filter((field) => field !== 'list'));
}

withRedis('data are found by what they hold: fetched once, or linked where a copy lies', async () => {
  const { redis, data, listed } = await sentPictures();
  const fetching = new WorkerData(redis, { cache: temporaryFolder(), dataFolder: undefined });
  const [place, same] = await Promise.all([fetching.placeOf(listed), fetching.placeOf(listed)]);
  expect(basename(place!)).toBe(basename(data));
  expect(same).toBe(place);
  expect(await listFiles(place!)).toEqual(listed.files);
  // A copy of the same name, in a folder of data sets, and the data set itself; the pieces are not asked for.
  await forgetPieces(redis, listed.id);
  expect(await fetching.placeOf(listed)).toBe(place);
  for (const dataFolder of [dirname(data), data]) {
    const linking = new WorkerData(redis, { cache: temporaryFolder(), dataFolder });
    const linked = await linking.placeOf(listed);
    expect(lstatSync(linked).isSymbolicLink()).toBe(true);
    expect(await listFiles(linked)).toEqual(listed.files);
  }
  // Neither here nor there: the training is to blame, and no worker.
  const cache = temporaryFolder();
  const lost = new WorkerData(redis, { cache, dataFolder: temporaryFolder() });
  const error: unknown = await lost.placeOf(listed).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(QueueError);
  expect(error).not.toBeInstanceOf(MissingDataError);
  expect(error).toMatchObject({ got: 'data of which pieces are missing on the server' });
  await redis.del(dataKey(listed.id));
  await expect(lost.placeOf(listed)).rejects.toThrow('nobody has sent');
  expect(readdirSync(cache)).toEqual([]);
});

withRedis('a copy with more files in it is another data set', async () => {
  const { redis, data, listed } = await sentPictures();
  writeFileSync(join(data, 'bar', 'more.png'), picture('bar', 7));
  const worker = new WorkerData(redis, { cache: temporaryFolder(), dataFolder: data });
  const place = await worker.placeOf(listed);
  expect(lstatSync(place).isSymbolicLink()).toBe(false);
  expect(await listFiles(place)).toEqual(listed.files);
});

withRedis('a linked copy is looked at again each time, by another worker as well', async () => {
  const { redis, data, listed } = await sentPictures();
  const places = { cache: temporaryFolder(), dataFolder: data };
  const first = new WorkerData(redis, places);
  const place = await first.placeOf(listed);
  expect(lstatSync(place).isSymbolicLink()).toBe(true);
  // Other times alone: the same contents.
  utimesSync(join(data, 'bar', '0.png'), 1, 1);
  expect(await first.placeOf(listed)).toBe(place);
  expect(lstatSync(place).isSymbolicLink()).toBe(true);
  // As many bytes, but others: fetched.
  const bytes = Buffer.from(picture('bar', 0)).map((byte, at) => (at === 60 ? byte ^ 1 : byte));
  writeFileSync(join(data, 'bar', '0.png'), bytes);
  for (const worker of [first, new WorkerData(redis, places)]) {
    expect(await worker.placeOf(listed)).toBe(place);
    expect(lstatSync(place).isSymbolicLink()).toBe(false);
    expect(await listFiles(place)).toEqual(listed.files);
  }
  // What was fetched is looked at alike.
  rmSync(join(place, 'block'), { recursive: true });
  await first.placeOf(listed);
  expect(await listFiles(place)).toEqual(listed.files);
});

withRedis('the same contents under another name, and a link to what has moved', async () => {
  const { redis, data, listed } = await sentPictures();
  const cache = temporaryFolder();
  const worker = new WorkerData(redis, { cache, dataFolder: dirname(data) });
  const place = await worker.placeOf(listed);
  const other = await worker.placeOf({ ...listed, name: 'pictures2' });
  expect(readdirSync(join(cache, listed.id)).sort()).toEqual([basename(data), 'pictures2'].sort());
  expect(await listFiles(other)).toEqual(listed.files);
  const moved = join(temporaryFolder(), basename(data));
  renameSync(data, moved);
  expect(existsSync(place)).toBe(false);
  const elsewhere = new WorkerData(redis, { cache, dataFolder: dirname(moved) });
  expect(await elsewhere.placeOf(listed)).toBe(place);
  expect(await listFiles(place)).toEqual(listed.files);
});

withRedis('what a worker that was killed has begun to fetch goes after a day', async () => {
  const { redis, listed } = await sentPictures();
  const cache = temporaryFolder();
  const [killed, underway] = ['.arriving-killed', '.arriving-underway'].map((name) => join(cache, name));
  for (const folder of [killed, underway]) {
    mkdirSync(join(folder, 'pictures'), { recursive: true });
    writeFileSync(join(folder, 'pictures', '0.png'), 'a part');
  }
  // Of the one that is under way, the file alone is young.
  const old = Date.now() / 1000 - 25 * 60 * 60;
  for (const path of [join(killed, 'pictures', '0.png'), killed, join(killed, 'pictures'), underway])
    utimesSync(path, old, old);
  await new WorkerData(redis, { cache, dataFolder: undefined }).placeOf(listed);
  expect(existsSync(killed)).toBe(false);
  expect(readdirSync(join(underway, 'pictures'))).toEqual(['0.png']);
});

withRedis('one file: a copy beside others, or fetched', async () => {
  const { redis } = await sentPictures();
  const folder = temporaryFolder({ 'labels.csv': 'picture,label\n', 'notes.txt': 'mine' });
  const listed = await listPath('labels', join(folder, 'labels.csv'));
  await sendData(redis, listed, say);
  for (const [dataFolder, isLink] of [
    [folder, true],
    [undefined, false],
  ] as const) {
    const cache = temporaryFolder();
    const place = await new WorkerData(redis, { cache, dataFolder }).placeOf(listed);
    expect(lstatSync(place).isSymbolicLink()).toBe(isLink);
    expect((await listPath('labels', place)).id).toBe(listed.id);
  }
});

withRedis('a list on the server that is not the one with the digest is refused', async () => {
  const { redis, listed } = await sentPictures();
  const files = listed.files.slice(1);
  await redis.hset(dataKey(listed.id), 'list', JSON.stringify({ files, complete: true }));
  const worker = new WorkerData(redis, { cache: temporaryFolder(), dataFolder: undefined });
  await expect(worker.placeOf(listed)).rejects.toThrow('a list of other files');
});

withRedis('data that are too large to be sent are missing here, and may be elsewhere', async () => {
  const { redis, listed } = await sentPictures();
  await redis.hset(dataKey(listed.id), 'list', JSON.stringify({ files: listed.files, complete: false }));
  const worker = new WorkerData(redis, { cache: temporaryFolder(), dataFolder: temporaryFolder() });
  await expect(worker.placeOf(listed)).rejects.toThrow(MissingDataError);
});

withRedis('what is sent goes off the server by itself, and stays while it is wanted', async () => {
  const { redis, data, listed } = await sentPictures();
  const key = dataKey(listed.id);
  expect(await redis.ttl(key)).toBeGreaterThan(80_000);
  await redis.expire(key, 100);
  await renewData(redis, listed, say);
  expect(await redis.ttl(key)).toBeGreaterThan(80_000);
  // What the server has forgotten is sent again.
  await redis.del(key);
  await renewData(redis, listed, say);
  const fields = await redis.hlen(key);
  expect(fields).toBe(1 + new Set(listed.files.map(({ sha256 }) => sha256)).size);
  // One that was interrupted leaves pieces, which go as well.
  await redis.del(key);
  rmSync(join(data, listed.files.at(-1)!.path));
  await expect(sendData(redis, listed, say)).rejects.toThrow('ENOENT');
  expect(await redis.hlen(key)).toBeGreaterThan(0);
  expect(await redis.ttl(key)).toBeGreaterThan(80_000);
});
