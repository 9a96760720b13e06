/** The command line as users meet it: help, version, wrong arguments and exit codes, in a process of its own. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { deviceNames } from '../../src/index.ts';
import { run, runChild } from './support.ts';

const root = resolve(import.meta.dirname, '../..');

test('--version and --help', async () => {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
  expect(await runChild(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  const help = await runChild(['--help']);
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  for (const text of ['train', 'evaluate', 'predict', 'explain', 'Examples:', 'Exit codes:']) {
    expect(help.stdout).toContain(text);
  }
});

test('a wrong command line and a failure end with their exit codes', async () => {
  const wrong = await runChild(['train', '--bogus']);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
  expect(wrong.stderr).toContain("error: unknown option '--bogus'");
  const failed = await runChild(['predict', '/no/such/run', 'a.png']);
  expect(failed).toMatchObject({ exitCode: 1, stdout: '' });
  expect(failed.stderr).toContain('RunError: /no/such/run: got no readable metrics.json');
  expect(failed.stderr).not.toContain('    at ');
});

test.each([
  [['frobnicate'], "unknown command 'frobnicate'"],
  [[], 'Usage: weft'],
  [['train', 'extra'], 'too many arguments'],
  [['train', '--epochs', '0'], 'Give a whole number of at least 1'],
  [['train', '--epochs', '1.5'], 'Give a whole number of at least 1'],
  [['train', '--batch', 'many'], 'Give a whole number of at least 1'],
  [['train', '--lr', '0'], 'Give a number above 0'],
  [['train', '--lr', ''], 'Give a number above 0'],
  [['train', '--seed', '-1'], 'Give a whole number of at least 0'],
  [['train', '--model', 'unknown'], 'Allowed choices are conv-lstm'],
  [['train', '--device', 'abacus'], `Allowed choices are ${deviceNames().join(', ')}, auto`],
  [['trian'], 'Did you mean train?'],
  [['digits'], 'train --data digits'],
  [['evaluate', 'run', '--device', 'abacus'], `Allowed choices are ${deviceNames().join(', ')}, auto`],
  [['predict', 'run', 'a.png', '--device', 'abacus'], 'Allowed choices are'],
  [['explain', '--device', 'abacus'], 'Allowed choices are'],
  [['evaluate'], "missing required argument 'run'"],
  [['predict', 'run'], "missing required argument 'pictures'"],
])('%j: exit code 2', async (args, message) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('a device that is not there fails before anything is read', async () => {
  for (const args of [
    ['train', '--data', '/no'],
    ['evaluate', '/no'],
    ['predict', '/no', 'a.png'],
    ['explain'],
  ]) {
    const { exitCode, stdout, stderr } = await run([...args, '--device', 'gpu']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('DeviceUnavailableError');
  }
});
