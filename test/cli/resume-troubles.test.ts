/** `weft train --resume` where something of the run is damaged, missing or changed: what is said, and what to do. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { killAfter, resultOf } from './kill.ts';
import { classFolders, run } from './support.ts';

const small = ['--model', 'mlp', '--hidden', '4', '--batch', '8', '--no-augment'];

/** A run that was interrupted after so many of its six epochs, with all checkpoints that there are. */
async function stoppedRun(after = 3): Promise<string> {
  const out = join(temporaryFolder(), 'run');
  const interruption = new AbortController();
  const args = ['train', '--data', classFolders(5), ...small, '--epochs', '6', '--out', out];
  const { exitCode } = await run([...args, '--checkpoint-minutes', '1e-9'], {
    signal: interruption.signal,
    onWrite: (text) => {
      if (text.startsWith(`epoch ${after}/6`)) interruption.abort('SIGINT');
    },
  });
  expect(exitCode).toBe(130);
  expect(readdirSync(join(out, 'checkpoints'))).toHaveLength(2);
  return out;
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 9]! ^= 1;
  writeFileSync(path, bytes);
}

test('a damaged checkpoint is named, and what is made again; with none that is whole it says how to begin another run', async () => {
  const out = await stoppedRun();
  const newest = join(out, 'checkpoints', 'epoch-4-step-0.safetensors');
  damage(newest);
  // Its record is worth nothing, and not needed.
  writeFileSync(join(out, 'metrics.json'), '{');
  const resumed = await run(['train', '--resume', out]);
  expect(resumed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resumed.stdout).toContain(`${newest} is damaged: the one before holds, and 1 epoch is made again.`);

  const other = await stoppedRun();
  const folder = join(other, 'checkpoints');
  for (const name of readdirSync(folder)) damage(join(folder, name));
  const { exitCode, stderr } = await run(['train', '--resume', other]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/from its best model on: .*--config \S+config.json --from \S+run;/);
});

test('a run is finished when all its files are there: until then it can be gone on with', async () => {
  const folder = temporaryFolder();
  const [out, killed] = [join(folder, 'run'), join(folder, 'killed')];
  const report = join(out, 'report.html');
  const args = ['train', '--data', classFolders(5), ...small, '--epochs', '2', '--out', out];
  const outcome = await run(args, {
    onWrite: (text) => {
      // The disk takes no report when the model has been tested; killed then, the run is as this copy.
      if (text.includes('Test accuracy')) mkdirSync(report);
      if (!text.includes('could not be saved')) return;
      rmSync(report, { recursive: true });
      cpSync(out, killed, { recursive: true });
    },
  });
  expect(outcome).toMatchObject({ exitCode: 0 });
  expect(outcome.stdout + outcome.stderr).toContain('The run is saved again');
  expect(JSON.parse(readFileSync(join(killed, 'metrics.json'), 'utf8')).status).toBe('training');
  rmSync(join(killed, '.weft-run'));
  expect(await run(['train', '--resume', killed])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resultOf(killed)).toEqual(resultOf(out));
  for (const path of [out, killed]) {
    expect(existsSync(join(path, 'sample.png'))).toBe(true);
    expect(existsSync(join(path, 'checkpoints'))).toBe(false);
  }
});

test('killed before its first step has ended, a run can be gone on with', async () => {
  const folder = temporaryFolder();
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  // A first step of a model of this size takes a good part of a second.
  const args = [
    'train',
    '--data',
    classFolders(20),
    '--model',
    'conv-lstm',
    '--batch',
    '32',
    '--epochs',
    '1',
  ];
  await killAfter(1, [...args, '--out', killed], killed, 0);
  expect(existsSync(join(killed, 'log.jsonl'))).toBe(false);
  const { stdout, exitCode } = await run(['train', '--resume', killed]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`There is no checkpoint in ${killed} yet: it begins anew.`);
  expect((await run([...args, '--out', whole])).exitCode).toBe(0);
  expect(resultOf(killed)).toEqual(resultOf(whole));
});

test('a run that has trained does not begin anew over its model', async () => {
  const out = await stoppedRun();
  rmSync(join(out, 'checkpoints'), { recursive: true });
  const model = readFileSync(join(out, 'model.safetensors'));
  const { exitCode, stdout, stderr } = await run(['train', '--resume', out]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('no checkpoint of a run that has trained 3 epochs');
  expect(readFileSync(join(out, 'model.safetensors')).equals(model)).toBe(true);
  const next = join(temporaryFolder(), 'next');
  const config = ['--config', join(out, 'config.json'), '--from', out];
  const begun = await run(['train', ...config, '--epochs', '1', '--out', next]);
  expect(begun).toMatchObject({ exitCode: 0, stderr: '' });
  expect(begun.stdout).toContain(': all of them.');
});

test('what is no run, settings besides, and a changed config are told in words of their own', async () => {
  const none = temporaryFolder();
  expect((await run(['train', '--resume', none])).stderr).toContain(
    `${none}: got a folder without config.json`,
  );
  const out = await stoppedRun();
  const refused = await run(['train', '--resume', out, '--no-augment']);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stderr).toContain('leave --augment or --no-augment out');
  const config = join(out, 'config.json');
  writeFileSync(config, readFileSync(config, 'utf8').replace('"batchSize": 8', '"batchSize": 4'));
  const changed = await run(['train', '--resume', out]);
  expect(changed.exitCode).toBe(1);
  expect(changed.stderr).toContain('fit, resume: got a training with');
  expect(changed.stdout).not.toContain('To go on');
});

test('a NaN before the first checkpoint: it begins anew', async () => {
  const out = join(temporaryFolder(), 'run');
  const args = ['train', '--data', classFolders(5), ...small, '--optimizer', 'sgd', '--schedule', 'constant'];
  const { exitCode, stdout } = await run([...args, '--lr', '1e30', '--epochs', '2', '--out', out]);
  expect(exitCode).toBe(1);
  expect(existsSync(join(out, 'checkpoints'))).toBe(false);
  expect(stdout).toMatch(/There is no checkpoint yet; to begin anew with a lower learning rate:\n.*--resume/);
});
