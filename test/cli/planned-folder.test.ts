/** Folders of several trainings: what somebody else has in one stays, and another request does not go on with it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPlannedFolder } from '../../src/cli/planned-folder.ts';
import { RunError } from '../../src/cli/run-error.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { run } from './support.ts';

const planned = { what: 'a search', file: 'plan.json', plan: { seed: 1, names: ['a'] } };

test('a folder is new, empty, or begun for the same', async () => {
  const path = join(temporaryFolder(), 'new');
  for (let time = 0; time < 2; time++) {
    const folder = await openPlannedFolder(path, 'search', planned);
    await folder.write('result', 'something');
    folder.leave();
  }
  expect(JSON.parse(readFileSync(join(path, 'plan.json'), 'utf8'))).toEqual(planned.plan);
  await expect(
    openPlannedFolder(path, 'search', { ...planned, plan: { seed: 2, names: ['a'] } }),
  ).rejects.toThrow('got a search with seed 1, expected seed 2');
  writeFileSync(join(path, 'plan.json'), '{');
  await expect(openPlannedFolder(path, 'search', planned)).rejects.toThrow('not JSON');
});

test('where nothing comes of it, nothing is left', async () => {
  const path = join(temporaryFolder(), 'new');
  (await openPlannedFolder(path, 'search', planned)).leave();
  expect(existsSync(path)).toBe(false);
  const there = temporaryFolder();
  (await openPlannedFolder(there, 'search', planned)).leave();
  expect(readdirSync(there)).toEqual([]);
});

test('two commands do not share one at once', async () => {
  const path = join(temporaryFolder(), 'new');
  const first = await openPlannedFolder(path, 'search', planned);
  await expect(openPlannedFolder(path, 'search', planned)).rejects.toThrow(RunError);
  first.leave();
});

test.each([
  ['compare', ['compare', 'mlp', 'cnn', '--epochs', '1', '--budget', 'parameters'], 'comparison.html'],
  ['labels', ['labels', '--epochs', '1'], 'labels.csv'],
  ['tune', ['tune', '--trials', '2', '--epochs', '1'], 'tune.html'],
])('%s writes over nothing', async (_, args, name) => {
  const folder = temporaryFolder({ [name]: 'mine' });
  const { exitCode, stderr } = await run([...args, '--out', folder]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`got a folder with a file in it (${name})`);
  expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
  const file = join(folder, name);
  const ofFile = await run([...args, '--out', file]);
  expect(ofFile.exitCode).toBe(1);
  expect(ofFile.stderr).toContain('RunError');
});
