/** Trainings on queues while workers are killed and stopped and the server restarts: each is done once, with the bits of local processes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders, runChild, tinyTraining } from '../support.ts';
import { isTraining, noRedis, start, startRedis, startWorker, until } from './redis-server.ts';

const space = { learningRate: { 'log-uniform': [0.001, 0.1] }, batchSize: [8, 16] };
const trials = 40;
const lockSeconds = 3;

function linesOf(out: string): { readonly trial: number; readonly seconds?: number }[] {
  const path = join(out, 'trials.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => {
    const { seconds: _, ...rest } = JSON.parse(line);
    return rest;
  });
}

test.skipIf(noRedis !== undefined)(
  '40 trials, 3 workers, one killed, one stopped for longer than its lock, the server restarted',
  { timeout: 1_500_000 },
  async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'space.json');
    writeFileSync(file, JSON.stringify(space));
    const [local, remote] = [join(folder, 'local'), join(folder, 'remote')];
    const settings = [...tinyTraining(classFolders(20), 8), '--val-split', '0.3'];
    const args = ['tune', ...settings, '--trials', `${trials}`, '--space', file];
    const server = await startRedis();
    const lock = ['--lock-seconds', `${lockSeconds}`];
    const [killed, stopped, steady] = [1, 2, 3].map(() => startWorker(server.url, ...lock));
    const search = start([...args, '--redis', server.url, '--out', remote]);
    const doneTrials = (count: number) => until(() => linesOf(remote).length >= count, search);

    await doneTrials(3);
    await until(() => isTraining(killed!));
    killed!.child.kill('SIGKILL');
    await doneTrials(8);
    await until(() => isTraining(stopped!));
    stopped!.child.kill('SIGSTOP');
    await after(lockSeconds * 2500);
    stopped!.child.kill('SIGCONT');
    await doneTrials(14);
    await server.restart();
    expect(await search.ended, search.output()).toBe(0);
    expect(stopped!.output()).toContain('another worker has it: left alone');

    // What was sent is fetched and gone; the server was away for a moment, and is told of once.
    const redis = new Redis(server.url);
    expect(await redis.keys('weft:run:*')).toEqual([]);
    expect(await redis.keys('bull:*:active')).toEqual([]);
    redis.disconnect();
    expect(search.output().match(/The Redis server is away/g)).toHaveLength(1);
    for (const worker of [stopped!, steady!]) worker.child.kill('SIGINT');
    expect(await Promise.all([stopped!.ended, steady!.ended])).toEqual([130, 130]);

    const { exitCode, stderr } = await runChild([...args, '--jobs', '2', '--out', local]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(linesOf(remote).map(({ trial }) => trial)).toEqual(
      Array.from({ length: trials }, (_, at) => at + 1),
    );
    expect(linesOf(remote)).toEqual(linesOf(local));
    expect(readFileSync(join(remote, 'best.json'), 'utf8')).toBe(
      readFileSync(join(local, 'best.json'), 'utf8'),
    );
    for (let trial = 1; trial <= trials; trial++) {
      const run = join('trials', String(trial).padStart(3, '0'));
      for (const name of [
        'model.safetensors',
        'last/model.safetensors',
        'last/optimizer.safetensors',
        'predictions.csv',
        'config.json',
      ]) {
        const [there, here] = [remote, local].map((root) => readFileSync(join(root, run, name)));
        expect(there!.equals(here!), `${run}/${name}`).toBe(true);
      }
    }
  },
);

test.skipIf(noRedis !== undefined)(
  'a training whose worker is killed goes on from its last checkpoint',
  { timeout: 600_000 },
  async () => {
    const folder = temporaryFolder();
    const server = await startRedis();
    const file = join(folder, 'space.json');
    writeFileSync(file, JSON.stringify({ learningRate: [0.01] }));
    // As many epochs as take some seconds on the fastest machine, too.
    const settings = [...tinyTraining(classFolders(20), 2500), '--val-split', '0.3'];
    const args = ['tune', ...settings, '--trials', '1', '--space', file];
    const search = start([...args, '--redis', server.url, '--out', join(folder, 'remote')]);
    const first = startWorker(server.url, '--lock-seconds', '2');
    const redis = new Redis(server.url);
    await until(() => isTraining(first), search);
    // A checkpoint of it has arrived.
    while ((await redis.keys('weft:run:*')).length === 0) await after(100);
    await after(1500);
    redis.disconnect();
    first.child.kill('SIGKILL');
    const second = startWorker(server.url, '--lock-seconds', '2');
    expect(await search.ended, search.output()).toBe(0);
    expect(second.output()).toMatch(/goes on after [1-9]\d* epochs? of another worker/);
    expect(search.output()).toMatch(/001: epoch +[1-9]\d*\/2500 /);
    const { exitCode } = await runChild([...args, '--out', join(folder, 'local')]);
    expect(exitCode).toBe(0);
    const weights = ['remote', 'local'].map((root) =>
      readFileSync(join(folder, root, 'trials/001/last/model.safetensors')),
    );
    expect(weights[0]!.equals(weights[1]!)).toBe(true);
  },
);
