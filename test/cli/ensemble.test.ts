/** `weft ensemble`: runs combined into one, by plain arithmetic and as other commands see it; what is refused; members that it trains. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '../../src/index.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { classFolders, idxFolder, run } from './support.ts';

/** Trains a tiny model on a folder and returns the run folder. */
async function trained(data: string, ...more: readonly string[]): Promise<string> {
  const out = temporaryFolder();
  const { exitCode, stderr } = await run(['train', '--data', data, ...tiny, ...more, '--out', out]);
  if (exitCode !== 0) throw new Error(stderr);
  return out;
}

const tiny = ['--model', 'mlp', '--epochs', '3', '--batch', '8', '--lr', '0.01', '--hidden', '8'];

const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');
const metricsOf = (folder: string) => JSON.parse(read(folder, 'metrics.json'));

/** Combines runs and returns the run folder. */
async function combined(runs: readonly string[], ...more: readonly string[]): Promise<string> {
  const out = temporaryFolder();
  const { exitCode, stderr } = await run(['ensemble', ...runs, ...more, '--out', out]);
  if (exitCode !== 0) throw new Error(stderr);
  return out;
}

/** Two runs that validate on the same images, and one that does not, on the same data. */
async function threeRuns(): Promise<readonly [first: string, second: string, other: string]> {
  const data = idxFolder(12);
  const shares = ['--val-split', '0.3'];
  return [
    await trained(data, ...shares),
    await trained(data, ...shares, '--seed', '1', '--split-seed', '0', '--hidden', '12'),
    await trained(data, ...shares, '--seed', '2'),
  ];
}

/** The message of a command that is refused. */
async function refusal(...args: readonly string[]): Promise<string> {
  const out = join(temporaryFolder(), 'new');
  const { exitCode, stderr } = await run(['ensemble', ...args, '--out', out]);
  expect(exitCode).not.toBe(0);
  expect(existsSync(out)).toBe(false);
  return stderr;
}

/** The classes of the test images, what a run took them for, and the probability of that. */
function answersOf(folder: string, name = 'predictions.csv') {
  const rows = read(folder, name).trim().split('\n').slice(1);
  const columns = rows.map((row) => row.split(',').slice(1));
  return {
    truth: columns.map(([truth]) => truth!),
    predicted: columns.map(([, answer]) => answer!),
    probability: columns.map(([, , , probability]) => probability!),
  };
}

test('is a run: evaluate and predict take it, with the same answers, however its members are combined', async () => {
  const [first, second] = await threeRuns();
  for (const combine of ['vote', 'stack']) {
    const out = await combined([first, second], '--combine', combine);
    const metrics = metricsOf(out);
    const { exitCode, stdout } = await run(['evaluate', out, '--json', '--csv', join(out, 'again.csv')]);
    expect(exitCode).toBe(0);
    const { accuracy, loss } = JSON.parse(stdout);
    expect([accuracy, loss], combine).toEqual([metrics.testAccuracy, metrics.testLoss]);
    expect(answersOf(out, 'again.csv')).toEqual(answersOf(out));
    expect(read(out, 'split.json')).toBe(read(first, 'split.json'));
    expect(read(out, 'report.html')).toContain('<h2>Members</h2>');
    expect((await run(['predict', out, join(out, 'sample.png')])).exitCode).toBe(0);
    expect(await refusal(out, second)).toContain('Give its members instead');
  }
});

test('tells what its answers come to, beside those of its members', async () => {
  const [first, second] = await threeRuns();
  const out = await combined([first, second]);
  const { ensemble, testAccuracy } = metricsOf(out);
  const answers = [first, second, out].map((each) => answersOf(each));
  const isRight = ({ truth, predicted }: (typeof answers)[number]) =>
    truth.map((name, place) => predicted[place] === name);
  const [a, b, both] = answers.map(isRight) as [boolean[], boolean[], boolean[]];
  const share = (each: boolean[]) => each.filter(Boolean).length / each.length;
  expect(ensemble.members.map((member: { testAccuracy: number }) => member.testAccuracy)).toEqual(
    [a, b].map(share),
  );
  expect(testAccuracy).toBe(share(both));
  const differ = answers[0]!.predicted.map((name, place) => name !== answers[1]!.predicted[place]);
  expect(ensemble.disagreement).toBeCloseTo(share(differ), 12);
  const best = [a, b][ensemble.best.byValidation]!;
  const { difference, onlyEnsemble, onlyMember } = ensemble.gain;
  expect(difference).toBeCloseTo(share(both) - share(best), 12);
  expect(onlyEnsemble).toBe(both.filter((right, place) => right && !best[place]).length);
  expect(onlyMember).toBe(best.filter((right, place) => right && !both[place]).length);
});

test('of members that validate on different images, it has seen them all, and nothing can be learned', async () => {
  const [first, , other] = await threeRuns();
  const out = await combined([first, other], '--combine', 'logits');
  const { data, testAccuracy } = metricsOf(out);
  expect([data.train, data.validation, data.test]).toEqual([36, 0, 36]);
  const { stdout } = await run(['evaluate', out, '--json']);
  expect(JSON.parse(stdout).accuracy).toBe(testAccuracy);
  const said = await refusal(first, other, '--combine', 'weights');
  expect(said).toContain('hold out different images');
  expect(said).toContain('--split-seed');
});

test('runs that cannot be combined are refused, and so are options that do nothing', async () => {
  const folder = classFolders(8);
  const [first, second] = [await trained(folder), await trained(folder, '--seed', '1')];
  expect(await refusal(first, second)).toContain('--split-seed');
  expect(await refusal(first, await trained(folder, '--size', '8x10'))).toContain('8×10×1');
  expect(await refusal(first, await trained(folder, '--classes', 'empty,block,bar'))).toContain('--classes');
  expect(await refusal(first)).toContain('two runs or more');
  expect(await refusal(first, first)).toContain('is given twice');
  const copy = join(temporaryFolder(), 'copy');
  cpSync(first, copy, { recursive: true });
  expect(await refusal(first, copy)).toContain('they are the same model');
  expect(await refusal(first, second, '--jobs', '2')).toContain('does nothing');
  expect(await refusal(first, second, '--seeds', '2')).toContain('the settings of one run');
  expect(await refusal(first, '--seeds', '1')).toContain('2 or more');
});

test('seeds are trained with the settings of the run, on the same split; the same command goes on', async () => {
  const first = await trained(idxFolder(12), '--val-split', '0.3');
  const out = join(temporaryFolder(), 'five');
  const args = ['ensemble', first, '--seeds', '3', '--combine', 'weights', '--out', out];
  const stop = new AbortController();
  const interrupted = await run([...args, '--jobs', '1'], {
    signal: stop.signal,
    onWrite: (text) => {
      if (text.includes('epoch')) stop.abort('SIGINT');
    },
  });
  expect(interrupted.exitCode).toBe(130);
  expect(interrupted.stdout).toContain('To go on:');
  expect(existsSync(join(out, 'metrics.json'))).toBe(false);
  expect((await run([...args, '--jobs', '2'])).exitCode).toBe(0);
  const { ensemble, data } = metricsOf(out);
  expect(ensemble.members.map((member: { seed: number }) => member.seed)).toEqual([0, 1, 2]);
  expect(data.validation).toBe(metricsOf(first).data.validation);
  expect(read(join(out, 'members', 'seed-2'), 'split.json')).toBe(read(first, 'split.json'));
  const weights = ensemble.members.map((member: { weight: number }) => member.weight);
  expect(weights.reduce((sum: number, weight: number) => sum + weight, 0)).toBeCloseTo(1, 6);
  const again = await run(args);
  expect(again.stderr).toContain('a run that is finished');
});

test('folds: one way of training is averaged; two are weighed by out-of-fold answers', async () => {
  const data = idxFolder(8);
  const [first, second] = [await trained(data), await trained(data, '--hidden', '4')];
  const folds = await Promise.all(
    [first, second].map((each) => combined([each], '--folds', '2', '--jobs', '1')),
  );
  expect(metricsOf(folds[0]!).ensemble.members).toMatchObject([{ fold: '1/2' }, { fold: '2/2' }]);
  const members = folds.map((folder) => [1, 2].map((fold) => join(folder, 'members', `fold-${fold}`)));
  expect(await refusal(...members[0]!, '--combine', 'stack')).toContain('one way of training');
  const out = await combined(members.flat(), '--combine', 'weights');
  const { ensemble } = metricsOf(out);
  expect(ensemble.learned).toEqual({ images: 24, from: 'out-of-fold answers' });
  const [a, b, c, d] = ensemble.members.map((member: { weight: number }) => member.weight);
  expect([a, c]).toEqual([b, d]);
  expect(2 * a + 2 * c).toBeCloseTo(1, 6);
  const { stdout } = await run(['evaluate', out, '--json']);
  expect(JSON.parse(stdout).accuracy).toBe(metricsOf(out).testAccuracy);
});

test('snapshots are the models at the ends of the cycles of one training', async () => {
  const first = await trained(idxFolder(8));
  const out = await combined([first], '--snapshots', '2');
  const cycles = join(out, 'members', 'cycles');
  const { epochs, schedule, snapshots, history } = metricsOf(cycles);
  expect([epochs, schedule, snapshots]).toEqual([4, 'warm-restarts', 2]);
  const { members } = metricsOf(out).ensemble;
  expect(members.map((member: { path: string }) => member.path)).toEqual(
    [1, 2].map((cycle) => join(cycles, 'snapshots', `${cycle}`)),
  );
  expect(members.map((member: { validationAccuracy: number }) => member.validationAccuracy)).toEqual(
    [1, 3].map((place) => history[place].valAccuracy),
  );
  const [last, kept] = [join(cycles, 'last'), join(cycles, 'snapshots', '2')];
  expect(await weightsOf(kept)).toEqual(await weightsOf(last));
  expect(await weightsOf(join(cycles, 'snapshots', '1'))).not.toEqual(await weightsOf(last));
});

/** All variables of a saved model. */
async function weightsOf(folder: string) {
  const { model } = await loadModel(folder);
  return model.stateDict();
}
