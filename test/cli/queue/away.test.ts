/** Ctrl-C while the Redis server is away: a search and a worker end, and say how things go on. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFailed, test } from 'vitest';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders, tinyTraining } from '../support.ts';
import { isTraining, noRedis, start, startRedis, until } from './redis-server.ts';

test.skipIf(noRedis !== undefined).each(['SIGKILL', 'SIGSTOP'] as const)(
  'a server that has got %s: search and worker end at Ctrl-C',
  async (signal) => {
    const server = await startRedis();
    const [out, own] = [join(temporaryFolder(), 'out'), temporaryFolder()];
    const file = join(temporaryFolder(), 'space.json');
    writeFileSync(file, JSON.stringify({ learningRate: [0.01, 0.02] }));
    const settings = [...tinyTraining(classFolders(), 20_000), '--trials', '2', '--space', file];
    const search = start(['tune', ...settings, '--redis', server.url, '--out', out]);
    const worker = start(['worker', '--redis', server.url, '--folder', own, '--jobs', '1']);
    onTestFailed(() => console.error(`${search.output()}\n\n${worker.output()}`));
    await until(() => isTraining(worker), worker);
    server.signal(signal);
    if (signal === 'SIGKILL') {
      await until(() => search.output().includes('server is away'), search);
      await until(() => worker.output().includes('server is away'), worker);
    }
    search.child.kill('SIGINT');
    worker.child.kill('SIGINT');
    expect(await search.ended, search.output()).toBe(130);
    expect(search.output()).toContain('The Redis server does not answer: what nobody has begun stays');
    expect(search.output()).not.toContain('is saved');
    expect(search.output()).toContain('To go on:');
    expect(await worker.ended, worker.output()).toBe(130);
    expect(worker.output()).toContain('The Redis server does not answer: what was trained here goes on');
    expect(readdirSync(join(own, 'runs'))).toEqual([]);
  },
);
