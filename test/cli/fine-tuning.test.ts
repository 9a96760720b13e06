/** `--from` and `--freeze`: what is taken over of another model, what is new, and what stays as it is. */
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Metrics } from '../../src/cli/run-record.ts';
import { loadModel } from '../../src/train/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

interface Run {
  readonly out: string;
  readonly stdout: string;
  readonly metrics: Metrics;
}

async function trained(...args: readonly string[]): Promise<Run> {
  const out = join(temporaryFolder(), 'run');
  const outcome = await run([...args, '--out', out]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  const metrics = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8'));
  return { out, stdout: outcome.stdout, metrics };
}

/** A small model of three classes. */
function first(data: string): Promise<Run> {
  const sizes = ['--model', 'conv-lstm', '--hidden', '4', '--maps', '2,3', '--epochs', '1', '--batch', '8'];
  return trained('train', '--data', data, ...sizes);
}

/** The values of a model's tensors by path. */
async function tensorsOf({ out }: Run): Promise<Record<string, number[]>> {
  const state = await (await loadModel(join(out, 'last'))).model.stateDict();
  return Object.fromEntries(Object.entries(state).map(([path, { data }]) => [path, [...data]]));
}

test('other classes: layers are taken over, the last one is new, and what is frozen stays', async () => {
  const source = await first(classFolders(5));
  const data = classFolders(5);
  rmSync(join(data, 'empty'), { recursive: true });
  const args = ['--from', source.out, '--freeze', 'conv*', '--epochs', '2', '--batch', '4'];
  const tuned = await trained('train', '--data', data, ...args);
  expect(tuned.stdout).toContain(`tensors of ${source.out}: new are head.weight, head.bias.`);
  expect(tuned.metrics).toMatchObject({
    model: 'conv-lstm',
    hidden: 4,
    maps: [2, 3],
    from: source.out,
    freeze: 'conv*',
  });
  const [before, after] = [await tensorsOf(source), await tensorsOf(tuned)];
  for (const path of ['conv1.weight', 'conv1.bias', 'conv2.weight'])
    expect(after[path], path).toEqual(before[path]);
  expect(after['lstm.inputWeight'] ?? after).not.toEqual(before['lstm.inputWeight'] ?? before);
  const again = await trained(...tuned.metrics.command);
  expect(await tensorsOf(again)).toEqual(after);
  // Alone it does not say its sizes, and nothing fits the usual ones.
  const alone = join(temporaryFolder(), 'model.safetensors');
  copyFileSync(join(source.out, 'model.safetensors'), alone);
  const lost = await run(['train', '--data', data, '--from', alone, '--out', join(temporaryFolder(), 'run')]);
  expect(lost).toMatchObject({ exitCode: 1, stdout: '' });
  expect(lost.stderr).toContain('Give the sizes that it has (--maps, --hidden, ');
});

test('the same classes: all is taken over, so that training goes on from there', async () => {
  const data = classFolders(5);
  const source = await first(data);
  const { stdout, out, metrics } = await trained(
    'train',
    '--data',
    data,
    '--from',
    source.out,
    '--epochs',
    '1',
    '--lr',
    '1e-9',
  );
  expect(stdout).toContain(': all of them.');
  expect(metrics.history[0]!.valLoss).toBeCloseTo(source.metrics.history[0]!.valLoss, 2);
  // The sizes are those of the run that the model is a part of.
  for (const part of ['last', 'model.safetensors']) {
    const args = ['--data', data, '--from', join(out, part), '--epochs', '1'];
    expect((await trained('train', ...args)).stdout).toContain(': all of them.');
  }
  // A model alone, as the library saves it, has its name and no sizes.
  const alone = join(temporaryFolder(), 'model.safetensors');
  copyFileSync(join(out, 'model.safetensors'), alone);
  const args = ['train', '--data', data, '--from', alone, '--epochs', '1'];
  expect((await trained(...args, '--hidden', '4', '--maps', '2,3')).stdout).toContain(': all of them.');
});

test('what cannot be taken over or frozen is refused', async () => {
  const data = classFolders(4);
  const source = (await first(data)).out;
  const out = join(temporaryFolder(), 'run');
  for (const [args, exitCode, message] of [
    [['--from', source, '--model', 'cnn'], 1, 'got a model "conv-lstm", expected a cnn'],
    [['--from', temporaryFolder()], 1, 'no readable metrics.json'],
    [['--from', source, '--freeze', 'cnov1'], 2, 'Did you mean conv1? Layers are conv1, '],
    [['--from', source, '--freeze', '*'], 2, '--freeze * leaves nothing to train'],
    [['--from', source, '--patch', '2x2'], 2, '--patch 2x2 does nothing for conv-lstm'],
  ] as const) {
    const outcome = await run(['train', '--data', data, ...args, '--epochs', '1', '--out', out]);
    expect(outcome).toMatchObject({ exitCode, stdout: '' });
    expect(outcome.stderr).toContain(message);
  }
});
