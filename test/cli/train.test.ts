/** `weft train`: what it prints, what it writes, and how it stops. */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRunFolder } from '../../src/cli/run-folder.ts';
import type { Metrics } from '../../src/cli/run-record.ts';
import { readPng } from '../../src/data/png.ts';
import { plainPng, temporaryFolder } from '../support/datasets.ts';
import { builtCommand, classFolders, idxFolder, run, runChild } from './support.ts';

const quick = ['--model', 'conv-lstm', '--epochs', '1', '--batch', '8'];

function metricsOf(folder: string): Metrics {
  return JSON.parse(readFileSync(join(folder, 'metrics.json'), 'utf8'));
}

describe('training on class folders', () => {
  test('tells what it does, writes a run, and ends with a command that works', async () => {
    const out = join(temporaryFolder(), 'new', 'run');
    const data = classFolders();
    const { exitCode, stdout, stderr } = await run(['train', '--data', data, ...quick, '--out', out]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('21 images for training, 3 for validation, 6 for testing');
    expect(stdout).toContain('8×8 pixels (height × width), gray; 3 classes: bar, block, empty');
    expect(stdout).toContain('has no test set');
    expect(stdout).toMatch(/lstm +lstm +\[N, 128\]/);
    expect(stdout).toMatch(/epoch 1\/1 {2}train loss [\d.]+ .* validation loss [\d.]+/);
    expect(stdout).toMatch(/Test accuracy [\d.]+ %/);
    expect(stdout).toMatch(/true \\ predicted +bar +block +empty/);
    expect(readdirSync(out).sort()).toEqual([
      'config.json',
      'last',
      'log.jsonl',
      'metrics.json',
      'model.json',
      'model.safetensors',
      'predictions.csv',
      'report.html',
      'sample.png',
      'split.json',
    ]);
    expect(readPng(join(out, 'sample.png'))).toMatchObject({ width: 8, height: 8, channels: 1 });

    const command = stdout.trimEnd().split('\n').at(-1)!.split(' ');
    const answer = await run(command.slice(command.indexOf('predict')));
    expect(answer.exitCode).toBe(0);
    expect(answer.stdout).toMatch(/sample\.png: (bar|block|empty) [\d.]+ %, then /);
  });

  test('metrics.json has the agreed fields', async () => {
    const out = temporaryFolder();
    await run(['train', '--data', classFolders(), ...quick, '--seed', '5', '--out', out]);
    const metrics = metricsOf(out);
    expect(metrics).toMatchObject({
      epochs: 1,
      device: 'wasm',
      seed: 5,
      model: 'conv-lstm',
      optimizer: 'adamw',
      schedule: 'one-cycle',
      batchSize: 8,
      bestEpoch: 1,
      command: ['train', '--data', metrics.data.source, '--epochs', '1', '--batch', '8', '--seed', '5'],
      data: { fit: 'stretch', classCounts: { train: [7, 7, 7], validation: [1, 1, 1], test: [2, 2, 2] } },
    });
    const recalls = metrics.confusion.map((row, index) => row[index]! / 2);
    expect(metrics.balancedAccuracy).toBeCloseTo((recalls[0]! + recalls[1]! + recalls[2]!) / 3, 12);
    expect(metrics.majorityAccuracy).toBeCloseTo(1 / 3, 12);
    expect(metrics.testAccuracy).toBeGreaterThanOrEqual(0);
    expect(metrics.testAccuracy).toBeLessThanOrEqual(1);
    for (const value of [metrics.testLoss, metrics.trainSeconds, metrics.parameters]) {
      expect(value).toBeGreaterThan(0);
    }
    expect(metrics.history).toHaveLength(1);
    expect(Object.keys(metrics.history[0]!).sort()).toEqual([
      'epoch',
      'seconds',
      'trainAccuracy',
      'trainLoss',
      'valAccuracy',
      'valLoss',
    ]);
    expect(metrics.confusion.flat().reduce((sum, count) => sum + count)).toBe(metrics.data.test);
  });

  test('the same seed gives the same weights, another seed others', async () => {
    const data = classFolders();
    const weights: Buffer[] = [];
    for (const seed of ['0', '0', '1']) {
      const out = temporaryFolder();
      await run(['train', '--data', data, ...quick, '--seed', seed, '--out', out]);
      weights.push(readFileSync(join(out, 'model.safetensors')));
    }
    expect(weights[0]!.equals(weights[1]!)).toBe(true);
    expect(weights[0]!.equals(weights[2]!)).toBe(false);
  });
});

test('IDX files; --json leaves standard output to the metrics', async () => {
  const out = temporaryFolder();
  const { exitCode, stdout, stderr } = await run([
    'train',
    '--data',
    idxFolder(),
    ...quick,
    '--json',
    '--out',
    out,
  ]);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual(metricsOf(out));
  expect(stderr).toContain('epoch 1/1');
  const { train, validation, test: tested } = metricsOf(out).data;
  expect([train + validation, tested]).toEqual([30, 30]);
  expect(validation).toBeGreaterThan(0);
});

test('a terminal gets a bar, which is gone when the epoch is over', async () => {
  const { stdout } = await run(['train', '--data', classFolders(), ...quick, '--out', temporaryFolder()], {
    isTTY: true,
  });
  expect(stdout).toMatch(
    /epoch 1\/1 {2}\[[#.]{24}\] \d+ % {2}loss [\d.]+ {2}accuracy [\d.]+ % {2}[\d.]+ s left/,
  );
  expect(stdout).toContain('epoch 1/1  train loss');
});

describe('interruption', () => {
  test('a signal ends training: what was learned is kept, and can be used', async () => {
    const interruption = new AbortController();
    const out = join(temporaryFolder(), 'run');
    const { exitCode, stdout } = await run(
      ['train', '--data', classFolders(), ...quick, '--epochs', '1000', '--out', out],
      {
        signal: interruption.signal,
        onWrite: (text) => {
          if (text.startsWith('epoch    2')) interruption.abort();
        },
      },
    );
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Interrupted after 2 of 1,000 epochs');
    expect(JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'))).toMatchObject({
      status: 'interrupted',
      history: [{ epoch: 1 }, { epoch: 2 }],
    });
    const tested = await run(['evaluate', out]);
    expect(tested.exitCode).toBe(0);
    expect(tested.stdout).toMatch(/was interrupted.*\n(.*\n)*.*on 6 test images/);
  });

  test('looking for a learning rate: it ends as well', async () => {
    const interruption = new AbortController();
    const { exitCode, stdout } = await run(['train', '--data', classFolders(), ...quick, '--find-lr'], {
      signal: interruption.signal,
      onWrite: (text) => {
        if (text.includes('Looking for a learning rate')) interruption.abort('SIGINT');
      },
    });
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Interrupted after');
    expect(stdout).not.toContain('learning rate, loss');
  });

  test('before the first step: no folder is left', async () => {
    const out = join(temporaryFolder(), 'run');
    const signal = AbortSignal.abort();
    const outcome = await run(['train', '--data', classFolders(), ...quick, '--out', out], { signal });
    expect(outcome.exitCode).toBe(130);
    expect(outcome.stdout).toContain('Interrupted: nothing was written');
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: exit code %i', async (name, code) => {
    const out = join(temporaryFolder(), 'run');
    const outcome = await runChild(
      ['train', '--data', classFolders(), ...quick, '--epochs', '100000', '--out', out],
      (output, kill) => {
        if (output.includes('train loss') && !output.includes('Interrupted')) kill(name);
      },
    );
    expect(outcome).toMatchObject({ exitCode: code, stderr: '' });
    expect(readdirSync(out).sort()).toEqual([
      'checkpoints',
      'config.json',
      'last',
      'log.jsonl',
      'metrics.json',
      'model.json',
      'model.safetensors',
      'split.json',
    ]);
  });
});

describe('outputs that end', () => {
  const args = (out: string): string[] => [
    'train',
    '--data',
    classFolders(),
    ...quick,
    '--epochs',
    '3',
    '--out',
    out,
  ];
  /** Starts the built command; the outcome is its exit code. */
  const start = (words: string[], stdio: StdioOptions): [ChildProcess, Promise<number | null>] => {
    const child = spawn(process.execPath, [builtCommand, ...words], { stdio });
    return [child, new Promise((done) => child.on('close', done))];
  };

  test('a reader of standard output that stops: the run is made all the same', async () => {
    const out = join(temporaryFolder(), 'run');
    const [child, code] = start(args(out), ['ignore', 'pipe', 'inherit']);
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await code).toBe(0);
    expect(metricsOf(out)).toMatchObject({ status: 'finished', epochs: 3 });
  });

  test('of standard error, with --json: the JSON comes', async () => {
    const out = join(temporaryFolder(), 'run');
    const [child, code] = start([...args(out), '--json'], ['ignore', 'pipe', 'pipe']);
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.stderr?.once('data', () => child.stderr?.destroy());
    expect(await code).toBe(0);
    expect(JSON.parse(text)).toEqual(metricsOf(out));
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk: exit code 1, in words', async () => {
    const full = openSync('/dev/full', 'w');
    const [child, code] = start(['explain'], ['ignore', full, 'pipe']);
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    expect(await code).toBe(1);
    closeSync(full);
    expect(text).toMatch(/^RunError: standard output: got no room left on the disk.*\n$/);
  });
});

describe('the run folder', () => {
  test('what is in a folder is not written over, nor followed out of it', async () => {
    const folder = temporaryFolder({ victim: 'precious', 'run/.keep': '' });
    const out = join(folder, 'run');
    symlinkSync('../victim', join(out, 'metrics.json'));
    const { exitCode, stderr } = await run(['train', '--data', classFolders(), ...quick, '--out', out]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/RunError: .*run: got a folder with a file in it \(metrics\.json\)/);
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
  });

  test('files are written whole, and replace links', async () => {
    const folder = temporaryFolder({ victim: 'precious' });
    const { path, write } = await openRunFolder(join(folder, 'run'), 'x', 0);
    symlinkSync('../victim', join(path, 'report.html'));
    await write('report.html', 'report');
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
    expect(readFileSync(join(path, 'report.html'), 'utf8')).toBe('report');
    // The file that claims the folder stays as long as the run goes on.
    expect(readdirSync(path)).toEqual(['.weft-run', 'report.html']);
  });

  test('runs that start at once have folders of their own', async () => {
    const cwd = temporaryFolder();
    const data = idxFolder();
    const runs = [1, 2, 3].map(() => runChild(['train', '--data', data, ...quick], undefined, cwd));
    for (const { exitCode, stderr } of await Promise.all(runs))
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const folders = readdirSync(join(cwd, 'runs'));
    expect(folders).toHaveLength(3);
    for (const folder of folders) expect(metricsOf(join(cwd, 'runs', folder)).status).toBe('finished');
  });

  test.each(['new', 'empty'])('of two runs with one --out, a %s folder, one is refused', async (kind) => {
    const cwd = temporaryFolder();
    if (kind === 'empty') mkdirSync(join(cwd, 'out'));
    const data = idxFolder();
    const runs = [1, 2].map(() =>
      runChild(['train', '--data', data, ...quick, '--out', 'out'], undefined, cwd),
    );
    const [first, second] = (await Promise.all(runs)).sort((a, b) => Number(a.exitCode) - Number(b.exitCode));
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain('RunError: out: got a folder with');
    expect(readdirSync(join(cwd, 'out'))).not.toContain('.weft-run');
  });

  test('the folder is claimed until the run has written something, or is left', async () => {
    const out = join(temporaryFolder(), 'run');
    const folder = await openRunFolder(out, 'x', 10);
    expect(readdirSync(out)).toEqual(['.weft-run']);
    await expect(openRunFolder(out, 'x', 0)).rejects.toThrow('.weft-run');
    await folder.write('a', 'a');
    folder.leave();
    expect(readdirSync(out)).toEqual(['a']);
    (await openRunFolder(`${out}2`, 'x', 0)).leave();
    expect(existsSync(`${out}2`)).toBe(false);
  });

  test('without permission: known before training', (context) => {
    const root = process.getuid?.() === 0;
    if (root && spawnSync('setpriv', ['--version']).status !== 0) {
      console.log('skipped: root may write anywhere, and there is no setpriv to become another user');
      context.skip();
    }
    const folder = temporaryFolder({ 'run/.keep': '' });
    const out = join(folder, 'run');
    chmodSync(folder, 0o755);
    chmodSync(out, 0o555);
    const command = [process.execPath, builtCommand, 'train', '--epochs', '1', '--out', out];
    const [program, ...args] = root
      ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...command]
      : command;
    const { status, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8', cwd: '/' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^RunError: .*run: got no permission, expected a folder that can be written to/);
  });
});

describe('a loss that is not finite', () => {
  test('fails the run, leaves no null, and predict says so', async () => {
    const out = join(temporaryFolder(), 'run');
    const args = ['train', '--data', classFolders(), '--epochs', '1', '--lr', '1e38', '--out', out];
    const { exitCode, stderr } = await run(args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/NonFinite\w*Error: .*NaN/);
    const text = readFileSync(join(out, 'metrics.json'), 'utf8');
    expect(text).not.toContain('null');
    expect(JSON.parse(text)).toMatchObject({ status: 'failed' });
    const answer = await run(['predict', out, 'x.png']);
    expect(answer.exitCode).toBe(1);
    expect(answer.stderr).toContain('got a run that failed');
  });
});

describe('what cannot be trained on', () => {
  test.each([
    ['a missing folder', '/no/such/folder', 'DatasetError: loadDataset: got "/no/such/folder"'],
    ['an empty class folder', () => temporaryFolder({ 'first/.keep': '' }), 'got an empty class folder'],
    [
      'one class',
      () => temporaryFolder({ 'only/1.png': plainPng(1), 'only/2.png': plainPng(2) }),
      'got training images of one class only ("only")',
    ],
    ['a damaged picture', () => temporaryFolder({ 'first/a.png': 'text' }), 'a.png'],
  ])('%s', async (_, data, message) => {
    const out = join(temporaryFolder(), 'run');
    const folder = typeof data === 'string' ? data : data();
    const { exitCode, stdout, stderr } = await run(['train', '--data', folder, '--out', out]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(existsSync(out)).toBe(false);
  });

  test('a run folder that is a file', async () => {
    const out = join(temporaryFolder({ taken: '' }), 'taken');
    const { exitCode, stderr } = await run(['train', '--data', classFolders(), ...quick, '--out', out]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`RunError: ${out}`);
  });
});
