/** Trainings on queues: a search with one worker, and what is said where server, password, data or version are wrong. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { jobWords } from '../../../src/cli/jobs/job-options.ts';
import { JobError } from '../../../src/cli/jobs/training-job.ts';
import { readSentRun, sendRun } from '../../../src/cli/queue/fenced-run.ts';
import { openQueueJobs } from '../../../src/cli/queue/queue-jobs.ts';
import { runWorker } from '../../../src/cli/queue/queue-worker.ts';
import { listFiles } from '../../../src/cli/queue/sent-files.ts';
import { temporaryFolder } from '../../support/datasets.ts';
import { builtCommand, classFolders, run, tinyTraining } from '../support.ts';
import { noRedis, startRedis, startWorker } from './redis-server.ts';

const withRedis = test.skipIf(noRedis !== undefined);

withRedis(
  'a search whose trainings a worker runs: the data arrive, the runs come back, nothing stays',
  async () => {
    const server = await startRedis();
    const [data, folder] = [classFolders(), temporaryFolder()];
    const file = join(folder, 'space.json');
    writeFileSync(file, JSON.stringify({ learningRate: [0.01, 0.02] }));
    const worker = startWorker(server.url);
    const settings = [...tinyTraining(data, 2), '--val-split', '0.3'];
    const args = [
      'tune',
      ...settings,
      '--trials',
      '2',
      '--space',
      file,
      '--redis',
      server.url,
      '--out',
      join(folder, 'out'),
    ];
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
    expect(worker.output().match(/finished, and sent back/g)).toHaveLength(2);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(143);
    const trials = join(folder, 'out', 'trials');
    expect(readdirSync(trials)).toEqual(['001', '002']);
    // The paths are those of this machine.
    expect(JSON.parse(readFileSync(join(trials, '001', 'config.json'), 'utf8')).data).toBe(data);
    expect(JSON.parse(readFileSync(join(trials, '001', 'metrics.json'), 'utf8')).data.source).toBe(data);
    const redis = new Redis(server.url);
    expect(await redis.keys('weft:run:*')).toEqual([]);
    expect(await redis.keys('weft:data:*')).toHaveLength(1);
    redis.disconnect();
  },
);

withRedis('a worker of another version leaves trainings alone, and both sides say so', async () => {
  const server = await startRedis();
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
  };
  const folder = temporaryFolder();
  const ending = new AbortController();
  const options = {
    url: server.url,
    program: builtCommand,
    jobs: 1,
    dataFolder: undefined,
    lockDuration: 30_000,
    say,
  };
  const runner = await openQueueJobs({ url: server.url, folder, say, version: '1.0.0' });
  const job = runner.run({ name: 'one', settings: { epochs: 1 } });
  job.catch(() => undefined);
  const has = (text: string): boolean => said.some((each) => each.includes(text));
  const working = runWorker({ ...options, folder, version: '2.0.0' }, ending.signal);
  while (!has('The workers there are of weft 2.0.0, and this is 1.0.0')) await after(50);
  ending.abort();
  await working;
  const again = new AbortController();
  const other = runWorker({ ...options, folder, version: '2.0.0' }, again.signal);
  while (!has('The trainings there are for weft 1.0.0, and this is 2.0.0: they are left')) await after(50);
  again.abort();
  await other;
  expect(has('begun')).toBe(false);
  await runner.close();
  await expect(job).rejects.toThrow(JobError);
});

withRedis('files of a run are written under the lock alone', async () => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const folder = temporaryFolder({
    'metrics.json': '{}',
    'last/model.safetensors': new Uint8Array(3 * 2 ** 20).fill(7),
  });
  const files = await listFiles(folder);
  expect(files.map(({ path, size }) => [path, size])).toEqual([
    ['last/model.safetensors', 3 * 2 ** 20],
    ['metrics.json', 2],
  ]);
  const run = { status: 'training', files, places: {} } as const;
  await redis.set('lock', 'mine');
  expect(await sendRun(redis, 'run', { key: 'lock', token: 'mine' }, folder, run)).toBe(true);
  expect(await readSentRun(redis, 'run')).toEqual(run);
  expect(await redis.hlen('run')).toBe(5);
  expect(await redis.ttl('run')).toBeGreaterThan(0);
  // Somebody who was stopped for too long.
  await redis.set('lock', 'theirs');
  const late = temporaryFolder({ 'metrics.json': '{"status":"finished"}' });
  const lateRun = { ...run, status: 'finished', files: await listFiles(late) } as const;
  expect(await sendRun(redis, 'run', { key: 'lock', token: 'mine' }, late, lateRun)).toBe(false);
  expect(await readSentRun(redis, 'run')).toEqual(run);
  expect(await redis.hlen('run')).toBe(5);
  // A later state takes the place of the earlier one, piece by piece.
  expect(await sendRun(redis, 'run', { key: 'lock', token: 'theirs' }, late, lateRun)).toBe(true);
  expect(await redis.hlen('run')).toBe(2);
  redis.disconnect();
});

test.each([
  [['--redis', 'localhost:6379'], 'the address of a Redis server'],
  [['--redis', 'http://localhost'], 'the address of a Redis server'],
  [['--redis', 'redis://127.0.0.1:1'], 'no server at this address (ECONNREFUSED)'],
])('%j: what is wrong with the address', async (args, message) => {
  const { exitCode, stderr } = await run(['worker', ...args, '--folder', temporaryFolder()]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(1);
});

withRedis('a wrong password is told as one, and is not shown', async () => {
  const server = await startRedis('--requirepass', 'right');
  const url = server.url.replace('//', '//:wrong@');
  const search = await run([
    'tune',
    '--trials',
    '1',
    '--redis',
    url,
    '--out',
    join(temporaryFolder(), 'out'),
  ]);
  expect(search.exitCode).toBe(1);
  expect(search.stderr).toContain('a server that does not let weft in');
  expect(search.stderr).not.toContain('wrong@');
  const worker = await run(['worker', '--redis', server.url, '--folder', temporaryFolder()]);
  expect(worker.stderr).toContain('a server that does not let weft in');
});

withRedis('a password is in no command that is shown: that it has to be put in is said', async () => {
  const server = await startRedis('--requirepass', 'right');
  const url = server.url.replace('//', '//:right@');
  const out = join(temporaryFolder(), 'out');
  const interruption = new AbortController();
  const { exitCode, stdout } = await run(['tune', '--trials', '1', '--redis', url, '--out', out], {
    signal: interruption.signal,
    onWrite: (text) => {
      if (text.startsWith('Results:')) interruption.abort('SIGINT');
    },
  });
  expect(exitCode).toBe(130);
  expect(stdout).toContain('To go on:');
  expect(stdout).not.toContain('right@');
  expect(stdout.match(/--redis '?redis:\/\/:…@127/g)).toHaveLength(2);
  expect(stdout).toContain('… stands for the password of the Redis server: put it in');
});

test.each([
  ['redis://:secret@host:6379', 'redis://:…@host:6379'],
  ['rediss://me:se@cret@host/2', 'rediss://me:…@host/2'],
  ['redis://me:se/cret@host', 'redis://me:…@host'],
  ['redis://host:6379', 'redis://host:6379'],
  [undefined, undefined],
])('the words that ask for %s again', (redis, shown) => {
  expect(jobWords({ redis })).toEqual(shown === undefined ? [] : ['--redis', shown]);
});
