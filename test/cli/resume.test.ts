/** `weft train --resume`: a run that something ended goes on to the same bits. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RandomGenerator } from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { killAfter, logOf, resultOf } from './kill.ts';
import { classFolders, run, runChild } from './support.ts';

const small = [
  '--model',
  'row-gru',
  '--hidden',
  '4',
  '--dropout',
  '0.2',
  '--batch',
  '8',
  '--augment',
  'shift=1',
];

test('killed three times, a run ends as if it had not been', async () => {
  const folder = temporaryFolder();
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const args = ['train', '--data', classFolders(), ...small, '--epochs', '80'];
  expect(await runChild([...args, '--out', whole])).toMatchObject({ exitCode: 0, stderr: '' });
  const moments = new RandomGenerator(4);
  const often = ['--checkpoint-minutes', '0.0002'];
  await killAfter(1, [...args, ...often, '--out', killed], killed, 300 * moments.uniform());
  // Where it was killed in its first step, there is nothing yet: but a run that can be begun anew.
  const next = () =>
    existsSync(join(killed, 'config.json')) ? ['train', '--resume', killed] : [...args, '--out', killed];
  for (let kill = 1; kill < 3; kill++)
    await killAfter(1, [...next(), ...often], killed, 300 * moments.uniform());
  expect(await runChild(next())).toMatchObject({ exitCode: 0, stderr: '' });
  expect(resultOf(killed)).toEqual(resultOf(whole));
  expect(existsSync(join(killed, 'checkpoints'))).toBe(false);
});

describe('a run that a signal ended', () => {
  test('says how to go on, and does', async () => {
    const folder = temporaryFolder();
    const data = classFolders();
    const args = ['train', '--data', data, ...small, '--epochs', '3'];
    const whole = join(folder, 'whole');
    await run([...args, '--out', whole]);
    const stopped = join(folder, 'stopped');
    const interruption = new AbortController();
    const ended = await run([...args, '--out', stopped], {
      signal: interruption.signal,
      onWrite: (text) => {
        if (text.startsWith('epoch 2/3')) interruption.abort('SIGINT');
      },
    });
    expect(ended.exitCode).toBe(130);
    expect(ended.stdout).toMatch(/To go on:\n.*train --resume .*stopped/);
    expect(readdirSync(stopped).sort()).toEqual([
      'checkpoints',
      'config.json',
      'last',
      'log.jsonl',
      'metrics.json',
      'model.json',
      'model.safetensors',
      'split.json',
    ]);
    const resumed = await run(['train', '--resume', stopped]);
    expect(resumed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(resumed.stdout).toContain(`Going on with ${stopped} in epoch 3.`);
    expect(resumed.stdout).not.toMatch(/^epoch 2\/3/m);
    expect(resultOf(stopped)).toEqual(resultOf(whole));
    expect(logOf(stopped).slice(0, 3)).toEqual([
      expect.objectContaining({
        kind: 'start',
        model: 'row-gru',
        epochs: 3,
        batchSize: 8,
        parameters: expect.any(Number),
      }),
      expect.objectContaining({ kind: 'step', epoch: 1, step: 1 }),
      expect.objectContaining({ kind: 'step', epoch: 1, step: 2 }),
    ]);
    const record = JSON.parse(readFileSync(join(stopped, 'metrics.json'), 'utf8'));
    const lines = readFileSync(join(stopped, 'log.jsonl'), 'utf8').trimEnd().split('\n');
    const epochs = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'epoch');
    expect(epochs).toEqual(record.history.map((epoch: object) => ({ kind: 'epoch', ...epoch })));
    const again = await run(['train', '--resume', stopped]);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toMatch(/a run that is finished.* --config \S+config.json --epochs 6/);
  });

  test('is refused with other settings, other images, or while another process trains it', async () => {
    const out = join(temporaryFolder(), 'run');
    const data = classFolders();
    const interruption = new AbortController();
    await run(['train', '--data', data, ...small, '--epochs', '2', '--out', out], {
      signal: interruption.signal,
      onWrite: (text) => {
        if (text.startsWith('epoch 1/2')) interruption.abort('SIGTERM');
      },
    });
    const refused = async (...args: string[]) => (await run(['train', ...args])).stderr;
    expect(await refused('--resume', out, '--epochs', '3')).toContain('leave --epochs out');
    expect(await refused('--resume', out, '--out', 'x')).toContain("'--out <folder>' cannot be used with");
    expect(await refused('--resume', temporaryFolder())).toContain('a folder without config.json');
    // In this process, which lives.
    const { openRunFolder } = await import('../../src/cli/run-folder.ts');
    const other = join(temporaryFolder(), 'other');
    const claimed = await openRunFolder(other, 'x', 0);
    await claimed.write('config.json', readFileSync(join(out, 'config.json')));
    expect(await refused('--resume', other)).toContain('a run that another process trains (.weft-run)');
    claimed.leave();
    rmSync(join(data, 'bar', '3.png'));
    expect(await refused('--resume', out)).toMatch(/other images in .* than it was begun with/);
  });
});

test('after a NaN it goes on with a lower learning rate, from before it', async () => {
  const out = join(temporaryFolder(), 'run');
  const args = ['train', '--data', classFolders(), '--model', 'cnn', '--optimizer', 'sgd', '--epochs', '4'];
  const failed = await run([...args, '--lr', '1e3', '--schedule', 'constant', '--out', out]);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toMatch(/^NonFinite\w*Error: /);
  expect(failed.stdout).toMatch(/with a lower learning rate:\n.*train --resume \S+ --lr 300$/m);
  const resumed = await run(['train', '--resume', out, '--lr', '1e-3']);
  expect(resumed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8'))).toMatchObject({ learningRate: 1e-3 });
});

/** A disk of three megabytes; undefined where this process may not mount one. */
function tinyDisk(): string | undefined {
  const folder = temporaryFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'weft-test', folder]);
  if (status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', [folder]));
  return folder;
}

/** `spoil` returns false where the moment does not allow it: a disk of which a file is just being written does not become read-only. */
const troubles: readonly { what: string; spoil: (disk: string) => boolean; mend: (disk: string) => void }[] =
  [
    {
      what: 'is full',
      spoil: (disk) => {
        fill(join(disk, 'ballast'));
        return true;
      },
      mend: (disk) => rmSync(join(disk, 'ballast')),
    },
    {
      what: 'can only be read',
      spoil: (disk) => spawnSync('mount', ['-o', 'remount,ro', disk]).status === 0,
      mend: (disk) => spawnSync('mount', ['-o', 'remount,rw', disk]),
    },
    {
      what: 'is emptied',
      spoil: (disk) => {
        rmSync(join(disk, 'run'), { recursive: true });
        return true;
      },
      mend: () => undefined,
    },
  ];

test.for(troubles)(
  'a disk that $what for a while does not end the training',
  async ({ what, spoil, mend }, { skip }) => {
    const disk = tinyDisk();
    if (disk === undefined) return skip('this process may not mount a small disk');
    const [out, whole] = [join(disk, 'run'), join(temporaryFolder(), 'whole')];
    const args = ['train', '--data', classFolders(), ...small, '--epochs', '200'];
    let state: 'good' | 'spoiled' | 'mended' = 'good';
    let told = false;
    let epoch = 0;
    const { exitCode, stdout } = await run([...args, '--out', out], {
      onWrite: (text) => {
        epoch = Number(/^epoch +(\d+)\//.exec(text)?.[1] ?? epoch);
        if (state === 'good' && epoch >= 20 && spoil(disk)) state = 'spoiled';
        told ||= text.startsWith('The run could not be saved');
        // Epochs go on meanwhile; how many there are between savings is a matter of the machine: the first may be that at the end.
        if (state === 'spoiled' && (what === 'is emptied' || (told && epoch >= 100))) {
          mend(disk);
          state = 'mended';
        }
      },
    });
    expect(exitCode).toBe(0);
    const said = stdout.split('\n').filter((line) => line.startsWith('The run '));
    if (what !== 'is emptied') {
      expect(said).toEqual([
        expect.stringMatching(/^The run could not be saved\. It goes on, and tries again: /),
        `The run is saved again, in ${out}.`,
      ]);
    }
    await run([...args, '--out', whole]);
    const { log, ...expected } = resultOf(whole);
    expect(resultOf(out)).toMatchObject(expected);
    // What was written of the log before is gone with the folder.
    const kept = logOf(out);
    expect(kept[0]).toEqual(log[0]);
    expect(kept.slice(1)).toEqual(log.slice(what === 'is emptied' ? 1 - kept.length : 1));
  },
);

/** Takes all the room there is. */
function fill(path: string): void {
  const block = new Uint8Array(4096);
  try {
    for (;;) appendFileSync(path, block);
  } catch {
    // It is full.
  }
}
