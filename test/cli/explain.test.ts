/** `weft explain`: of a new model on data, and of a run; its parts add up, and it fits a terminal. */
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run, trainedRun } from './support.ts';

test('the kernels of a training step on digits, by its parts', async () => {
  const { exitCode, stdout } = await run(['explain', '--model', 'row-lstm']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('A training step of row-lstm with Adam on 32 inputs of 20×20×1 of 10 classes:');
  for (const kernel of ['matmul', 'lstm', 'lstmGradient', 'adam']) expect(stdout).toContain(kernel);
  const lines = stdout.split('\n');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  for (const part of ['forward:', 'gradient:', 'update:']) expect(lines).toContain(part);
  const counts = [...stdout.matchAll(/^(?:forward|gradient|update)[a-z ]* {2,}(\d+) /gm)].map(([, count]) =>
    Number(count),
  );
  expect(stdout).toContain(`\n${counts.reduce((sum, count) => sum + count, 0)} kernels, `);
});

test('of other data, and of a run with its batch', async () => {
  const data = classFolders();
  const fresh = await run(['explain', '--model', 'row-gru', '--data', data, '--batch', '5']);
  expect(fresh.stdout).toContain('row-gru with Adam on 5 inputs of 8×8×1 of 3 classes:');
  const folder = await trainedRun(data);
  const { stdout, stderr } = await run(['explain', folder]);
  expect(stdout).toContain(
    `row-gru of ${folder} with AdamW, weight decay 0.05 (no biases, norms or decays) on 8 inputs of 8×8×1 of 3 classes:`,
  );
  expect(stderr).toBe('');
  const other = temporaryFolder();
  await run([
    'train',
    '--data',
    data,
    '--model',
    'row-gru',
    '--epochs',
    '1',
    '--optimizer',
    'sgd',
    '--out',
    other,
  ]);
  expect((await run(['explain', other, '--batch', '2'])).stdout).toContain(
    'with SGD with momentum 0.9 on 2 inputs',
  );
  const refused = await run(['explain', folder, '--model', 'cnn']);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('--model cnn beside a run');
});
