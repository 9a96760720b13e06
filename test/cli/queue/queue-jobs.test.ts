/** Trainings that workers send back to a search: what counts as their end, what of earlier commands does, and what a worker lives through. */
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { JobRunner, TrainingJob } from '../../../src/cli/jobs/training-job.ts';
import { type SentRun, sendRun } from '../../../src/cli/queue/fenced-run.ts';
import { jobMessage } from '../../../src/cli/queue/job-message.ts';
import { openQueueJobs } from '../../../src/cli/queue/queue-jobs.ts';
import { dataKey, queueOf, runKey } from '../../../src/cli/queue/queue-keys.ts';
import { runWorker } from '../../../src/cli/queue/queue-worker.ts';
import { listFiles } from '../../../src/cli/queue/sent-files.ts';
import { TrainingAttempt } from '../../../src/cli/queue/training-attempt.ts';
import { WorkerData } from '../../../src/cli/queue/worker-data.ts';
import { temporaryFolder } from '../../support/datasets.ts';
import { builtCommand, classFolders, trainedRun } from '../support.ts';
import { noRedis, startRedis } from './redis-server.ts';

const withRedis = test.skipIf(noRedis !== undefined);
const version = '9.9.9';
const queueName = queueOf(version);
const say = (): void => {};

function connected(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function runnerAt(url: string, folder = temporaryFolder(), its = version): Promise<JobRunner> {
  const runner = await openQueueJobs({ url, folder, say, version: its });
  onTestFinished(() => runner.close());
  return runner;
}

/** Takes trainings as a worker does, and does with them what a test says. */
function startTaking(redis: Redis, take: (job: Job, token: string) => Promise<unknown>): void {
  const worker = new Worker(queueName, (job, token = '') => take(job, token), { connection: redis });
  onTestFinished(() => worker.close());
}

/** Sends the files of a folder as the run of a job. */
async function sendBack(
  redis: Redis,
  job: Job,
  token: string,
  folder: string,
  status: SentRun['status'],
): Promise<void> {
  const lock = { key: `bull:${queueName}:${job.id}:lock`, token };
  const run = { status, files: await listFiles(folder), places: {} };
  expect(await sendRun(redis, runKey(job.id!), lock, folder, run)).toBe(true);
}

withRedis('a run that is still in training is no end, whatever the queue says', async () => {
  const server = await startRedis();
  const redis = connected(server.url);
  const run = await trainedRun(classFolders(3));
  let turns = 0;
  startTaking(redis, async (job, token) => {
    turns += 1;
    if (turns === 1) await sendBack(redis, job, token, temporaryFolder({ 'a.txt': 'a' }), 'training');
    // What was sent on the way is there for whoever goes on with it.
    else expect(await redis.hlen(runKey(job.id!))).toBeGreaterThan(0);
    if (turns === 2) await sendBack(redis, job, token, run, 'finished');
  });
  const runner = await runnerAt(server.url);
  const { metrics } = await runner.run({ name: 'one', settings: { epochs: 1 } });
  expect(metrics.status).toBe('finished');
  expect(turns).toBe(2);
});

withRedis('a training that failed in the time of an earlier command is asked for anew', async () => {
  const server = await startRedis();
  const redis = connected(server.url);
  const run = await trainedRun(classFolders(3));
  let fail = (): void => {};
  const failing = new Promise<void>((resolve) => {
    fail = resolve;
  });
  let isTaken = false;
  startTaking(redis, async (job, token) => {
    if (isTaken) return sendBack(redis, job, token, run, 'finished');
    isTaken = true;
    await failing;
    throw new UnrecoverableError('the disk was full');
  });
  const job: TrainingJob = { name: 'one', settings: { epochs: 1 } };
  const folder = temporaryFolder();
  const first = await runnerAt(server.url, folder);
  const interrupted = first.run(job).catch((error: unknown) => error);
  while (!isTaken) await after(20);
  await first.close();
  expect(await interrupted).toMatchObject({ got: 'an interruption' });
  fail();
  while ((await redis.zcard(`bull:${queueName}:failed`)) === 0) await after(20);
  const second = await runnerAt(server.url, folder);
  expect((await second.run(job)).metrics.status).toBe('finished');
});

withRedis(
  'runs of other versions have other names, and data stay for as long as a search is open',
  async () => {
    const server = await startRedis();
    const redis = connected(server.url);
    const [folder, data] = [temporaryFolder(), classFolders(1)];
    const ids: string[] = [];
    for (const its of ['1.0.0', '2.0.0']) {
      const runner = await runnerAt(server.url, folder, its);
      runner.run({ name: 'one', settings: { data } }).catch(() => undefined);
      const wait = `bull:${queueOf(its)}:wait`;
      while ((await redis.llen(wait)) === 0) await after(20);
      ids.push(...(await redis.lrange(wait, 0, -1)));
    }
    expect(new Set(ids).size).toBe(2);
    const [key] = await redis.keys(dataKey('*'));
    await redis.expire(key!, 100);
    while ((await redis.ttl(key!)) <= 100) await after(50);
    await redis.del(key!);
    while ((await redis.exists(key!)) === 0) await after(50);
  },
);

withRedis('messages that weft did not send fail by themselves, and the worker takes the next', async () => {
  const server = await startRedis();
  const redis = connected(server.url);
  const queue = new Queue(queueName, { connection: redis });
  const said: string[] = [];
  const ending = new AbortController();
  const working = runWorker(
    {
      ...{ url: server.url, program: builtCommand, jobs: 1, version, lockDuration: 30_000 },
      ...{ folder: temporaryFolder(), dataFolder: undefined, say: (text) => said.push(text) },
    },
    ending.signal,
  );
  const unsent = { id: 'a'.repeat(64), name: 'photos', kind: 'folder' };
  await queue.add('train', { who: 'somebody' });
  await queue.add('train', { config: {}, paths: { data: { ...unsent, id: '../../..' } } });
  await queue.add('train', { config: { data: '/etc' }, paths: {} });
  await queue.add('train', { config: {}, paths: { data: unsent } });
  await queue.add('train', jobMessage({ data: 'digits', epochs: 1, cache: '/tmp/pixels' }, new Map()));
  while ((await queue.getFailedCount()) < 5) await after(20);
  const reasons = (await queue.getFailed()).map(({ failedReason }) => failedReason).sort();
  expect(reasons).toEqual([
    expect.stringContaining('a training on the queue: got cache "/tmp/pixels"'),
    expect.stringContaining('a training on the queue: got data "/etc"'),
    expect.stringContaining('a training on the queue: got something else'),
    expect.stringContaining('a training on the queue: got {'),
    expect.stringContaining('the data photos: got data that nobody has sent'),
  ]);
  ending.abort();
  await working;
});

withRedis(
  'a worker that is not told whether it has the lock trains on; one that is told no stops',
  async () => {
    const server = await startRedis();
    const redis = connected(server.url);
    const queue = new Queue(queueName, { connection: redis });
    const turn = async (name: string, epochs: number, extendLock: () => Promise<number>) => {
      const settings = { data: 'digits', model: 'row-gru', hidden: 2, epochs } as const;
      const job = await queue.add('train', jobMessage(settings, new Map()), { jobId: name });
      const lock = { key: `bull:${queueName}:${name}:lock`, token: 'mine' };
      await redis.set(lock.key, lock.token);
      const data = new WorkerData(redis, { cache: temporaryFolder(), dataFolder: undefined });
      const folder = join(temporaryFolder(), 'turn');
      const attempt = new TrainingAttempt(Object.assign(job, { extendLock }), {
        ...{ redis, data, folder, lock, say, program: builtCommand, slots: 1, lockDuration: 400 },
      });
      return attempt.train();
    };
    let asked = 0;
    const refuses = (): Promise<number> => {
      asked += 1;
      return Promise.reject(new Error('LOADING Redis is loading the dataset in memory'));
    };
    expect(await turn('one', 1, refuses)).toBe('finished');
    expect(asked).toBeGreaterThan(1);
    expect(await turn('two', 5000, () => Promise.resolve(0))).toBe('lost');
  },
);
