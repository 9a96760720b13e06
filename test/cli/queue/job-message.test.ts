/** Trainings as messages: what they hold, and what is refused of one that weft did not write. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  jobMessage,
  listPath,
  requireMessage,
  settingsOfMessage,
} from '../../../src/cli/queue/job-message.ts';
import { QueueError } from '../../../src/cli/queue/queue-error.ts';
import { pathsOf } from '../../../src/cli/settings/setting-options.ts';
import { temporaryFolder } from '../../support/datasets.ts';
import { classFolders } from '../support.ts';

test('a message holds settings and digests, and becomes settings of another machine', async () => {
  const data = classFolders(1);
  const settings = { data, model: 'row-gru', learningRate: 0.01, augmentation: {}, size: [8, 8] } as const;
  expect([...pathsOf(settings)]).toEqual([['data', data]]);
  const message = jobMessage(settings, new Map([['data', await listPath('data', data)]]));
  expect(JSON.stringify(message)).not.toContain(data);
  expect(settingsOfMessage(message, new Map([['data', '/elsewhere/pictures']]))).toEqual({
    ...settings,
    data: '/elsewhere/pictures',
  });
  // The same content elsewhere has the same digest.
  expect((await listPath('data', classFolders(1))).id).toBe(message.paths.data!.id);
});

test('what is no path stays in the settings', () => {
  const config = { data: 'digits', groups: '^(p\\d+)_', classes: 'cat,dog' };
  expect(settingsOfMessage({ config, paths: {} }, new Map())).toEqual({
    data: 'digits',
    groups: '^(p\\d+)_',
    classes: { names: ['cat', 'dog'], source: 'cat,dog' },
  });
});

const id = 'a'.repeat(64);
const sent = { id, name: 'photos', kind: 'folder' };

test.each<[string, unknown]>([
  ['no object', 7],
  ['no settings', { paths: {} }],
  ['an id that leads out of the folder', { config: {}, paths: { data: { ...sent, id: '../../x' } } }],
  ['an id in capitals', { config: {}, paths: { data: { ...sent, id: id.toUpperCase() } } }],
  ['a name that leads out of the folder', { config: {}, paths: { data: { ...sent, name: '..' } } }],
  ['a name with a path', { config: {}, paths: { data: { ...sent, name: 'a/../../b' } } }],
  ['a name with a path of Windows', { config: {}, paths: { data: { ...sent, name: '..\\b' } } }],
  ['no name', { config: {}, paths: { data: { ...sent, name: '' } } }],
  ['an unknown kind', { config: {}, paths: { data: { ...sent, kind: 'pipe' } } }],
  ['no file or folder', { config: {}, paths: { data: '/etc' } }],
  ['a setting that is no path', { config: {}, paths: { epochs: sent } }],
  ['a folder to write to', { config: {}, paths: { cache: sent } }],
])('a message with %s is refused', (_, message) => {
  expect(() => requireMessage(message)).toThrow(QueueError);
});

test('a path of the worker is refused in every setting that may be one, whether it is there or not', () => {
  const here = temporaryFolder({ 'names.txt': 'cat\ndog\n', 'labels.csv': 'picture,label\n' });
  const refused = (config: Readonly<Record<string, string>>) => () =>
    settingsOfMessage({ config, paths: {} }, new Map());
  for (const path of [here, join(here, 'nothing')]) {
    for (const name of ['data', 'labels', 'from', 'teacher', 'cache']) {
      expect(refused({ [name]: path }), name).toThrow('a path of this machine');
    }
  }
  expect(refused({ classes: join(here, 'names.txt') })).toThrow('a path of this machine');
  expect(refused({ groups: join(here, 'labels.csv') })).toThrow('a path of this machine');
  expect(refused({ groups: join(here, 'nothing.csv') })).toThrow('a path of this machine');
  // It is not even opened: as class names it would be refused with its contents.
  writeFileSync(join(here, 'names.txt'), 'secret\nsecret\n');
  expect(refused({ classes: join(here, 'names.txt') })).not.toThrow('secret"');
});
