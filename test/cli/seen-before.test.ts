/** A model that was trained on images which are held out now: said where it is begun with, and refused where something would be claimed of new images. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, run } from './support.ts';

const small = ['--model', 'mlp', '--hidden', '4', '--epochs', '1'];
/** A data set, and a run that was trained on it. */
async function trainedFirst(): Promise<{ data: string; first: string }> {
  const data = classFolders(20);
  const first = join(temporaryFolder(), 'first');
  const { exitCode } = await run(['train', '--data', data, ...small, '--out', first]);
  expect(exitCode).toBe(0);
  return { data, first };
}

for (const option of ['--from', '--teacher']) {
  test(`${option}: images that were trained on are told of in the training, its record and later tests`, async () => {
    const { data, first } = await trainedFirst();
    const out = join(temporaryFolder(), 'second');
    const args = ['train', '--data', data, ...small, option, first];
    const { stdout, exitCode } = await run([...args, '--seed', '1', '--out', out]);
    expect(exitCode).toBe(0);
    const { seenBefore } = JSON.parse(readFileSync(join(out, 'metrics.json'), 'utf8')).data;
    const ofTest = { option: `${option} ${first}`, part: 'test', splitSeed: 0 };
    expect(seenBefore).toEqual(expect.arrayContaining([expect.objectContaining(ofTest)]));
    const [{ seen, of }] = seenBefore;
    expect(seen).toBeGreaterThan(of / 2);
    const note = `the model of ${option} ${first} was trained or validated on ${seen} of the ${of} test images, so the accuracy says little about new ones. With --split-seed 0, as there, the same are held out.`;
    // Before the training, and with the accuracy.
    expect(stdout.split(note)).toHaveLength(3);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain(`${seen} of the ${of} test images`);
    expect((await run(['evaluate', out])).stdout).toContain(note);

    // What begins with it has seen what both have seen.
    const third = join(temporaryFolder(), 'third');
    const others = ['--from', out, '--split-seed', '0', '--out', third];
    expect((await run(['train', '--data', data, ...small, ...others])).stdout).toContain(
      `the model of --from ${out} was trained or validated on`,
    );

    const same = join(temporaryFolder(), 'same');
    const honest = await run([...args, '--seed', '1', '--split-seed', '0', '--out', same]);
    expect(honest.exitCode).toBe(0);
    expect(honest.stdout).not.toContain('so the accuracy says little');
    expect(JSON.parse(readFileSync(join(same, 'metrics.json'), 'utf8')).data.seenBefore).toBeUndefined();
  });
}

test('pictures that stay in their files are known by their names', async () => {
  const { data, first } = await trainedFirst();
  const out = join(temporaryFolder(), 'streamed');
  const args = ['train', '--data', data, ...small, '--from', first, '--seed', '1', '--stream', '--out', out];
  expect((await run(args)).stdout).toContain('test images, so the accuracy says little about new ones');
});

test('comparisons, searches and looks at labels refuse such a model', async () => {
  const { data, first } = await trainedFirst();
  const recipe = join(temporaryFolder(), 'recipe.json');
  writeFileSync(recipe, JSON.stringify({ from: first, epochs: 1 }));
  const common = ['--data', data, '--epochs', '1'];
  const commands = [
    ['compare', recipe, 'mlp:hidden=5', ...common, '--split-seed', '1'],
    ['compare', recipe, 'mlp:hidden=5', ...common, '--cross-validate'],
    ['labels', ...common, '--from', first, '--folds', '2'],
    ['labels', ...common, '--teacher', first, '--folds', '2'],
    ['tune', ...common, '--from', first, '--split-seed', '1', '--trials', '2'],
  ];
  for (const command of commands) {
    const { exitCode, stderr } = await run([...command, '--out', join(temporaryFolder(), 'out')]);
    expect(stderr, command[0]).toMatch(
      /RunError: --(from|teacher) \S+: got a model that was trained or validated on \d+ of/,
    );
    expect(exitCode).toBe(1);
  }
});
