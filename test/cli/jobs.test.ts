/** Trainings as jobs: in processes of their own, several at once, each run folder made once whatever interrupts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LocalJobsOptions, localJobs } from '../../src/cli/jobs/local-jobs.ts';
import {
  failedByItself,
  JobError,
  type JobRunner,
  type TrainingJob,
} from '../../src/cli/jobs/training-job.ts';
import { temporaryFolder } from '../support/datasets.ts';
import { builtCommand, classFolders, tinyTraining } from './support.ts';

let runner: JobRunner | undefined;
afterEach(() => runner?.close());

function jobsIn(folder: string, options: Partial<LocalJobsOptions> = {}): JobRunner {
  runner = localJobs({ folder, program: builtCommand, ...options });
  return runner;
}

let data: string;
beforeEach(() => {
  data = classFolders(6);
});

function job(name: string, more: TrainingJob['settings'] = {}): TrainingJob {
  return { name, settings: { data, model: 'row-gru', hidden: 4, epochs: 2, ...more } };
}

const weightsOf = (folder: string): Buffer => readFileSync(join(folder, 'model.safetensors'));

test('jobs are run at once, each in its folder, and told by epochs; finished ones are not run again', async () => {
  const folder = temporaryFolder();
  const told: string[] = [];
  const jobs = [job('first'), job('second', { seed: 1 }), job('third')];
  const { run } = bound(
    jobsIn(folder, { slots: 2, onEpoch: ({ name }, line) => told.push(`${name}: ${line}`) }),
  );
  const [first, second, third] = await Promise.all(jobs.map(run));
  expect(first).toMatchObject({
    name: 'first',
    folder: join(folder, 'first'),
    metrics: { status: 'finished' },
  });
  expect(weightsOf(third!.folder)).toEqual(weightsOf(first!.folder));
  expect(weightsOf(second!.folder)).not.toEqual(weightsOf(first!.folder));
  expect(told.filter((line) => line.startsWith('second: epoch 2/2'))).toHaveLength(1);

  const written = statSync(join(folder, 'first', 'metrics.json')).mtimeMs;
  expect((await run(jobs[0]!)).metrics).toEqual(first!.metrics);
  expect(statSync(join(folder, 'first', 'metrics.json')).mtimeMs).toBe(written);
});

test('what is interrupted goes on to the same weights; what waits is not begun', async () => {
  const folder = temporaryFolder();
  const long = job('long', { epochs: 60 });
  let began = (): void => undefined;
  const firstEpoch = new Promise<void>((resolve) => {
    began = resolve;
  });
  const interrupted = jobsIn(folder, { slots: 1, onEpoch: () => began() });
  const ends = Promise.allSettled([interrupted.run(long), interrupted.run(job('waiting'))]);
  await firstEpoch;
  await interrupted.close();
  for (const end of await ends) {
    expect(end).toMatchObject({ status: 'rejected', reason: expect.any(JobError) });
  }
  expect(JSON.parse(readFileSync(join(folder, 'long', 'metrics.json'), 'utf8')).status).toBe('interrupted');
  expect(existsSync(join(folder, 'waiting'))).toBe(false);

  const resumed = await jobsIn(folder).run(long);
  const whole = await jobsIn(temporaryFolder()).run(long);
  expect(weightsOf(resumed.folder)).toEqual(weightsOf(whole.folder));
});

test('a training whose parent is gone before it looks for it ends as well', async () => {
  const words = ['train', ...tinyTraining(data, 20_000), '--out', join(temporaryFolder(), 'run')];
  const child = spawn(process.execPath, [builtCommand, ...words], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([143, null]);
});

test.each([
  // A rate at which the first step leads beyond what float32 holds.
  ['NonFiniteStepError', true, { learningRate: 1e30, schedule: 'constant' }],
  ['DatasetError', false, { data: '/no/such/folder' }],
] as const)('%s: whether a training failed by itself', async (name, byItself, more) => {
  const error: unknown = await jobsIn(temporaryFolder())
    .run(job('one', more))
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(JobError);
  expect(error).toMatchObject({ failedBy: name });
  expect(failedByItself(error)).toBe(byItself);
});

test('a training that fails says why, and one of other settings is not taken for it', async () => {
  const { run } = bound(jobsIn(temporaryFolder()));
  await expect(run(job('broken', { data: '/no/such/folder' }))).rejects.toThrow(
    /broken: got an end with exit code 1.*no\/such/s,
  );
  await run(job('one', { epochs: 1 }));
  await expect(run(job('one', { epochs: 2 }))).rejects.toThrow(
    'with epochs 1, expected the training one, with epochs 2',
  );
});

/** The method as a function. */
function bound(each: JobRunner): Pick<JobRunner, 'run'> {
  return { run: (asked) => each.run(asked) };
}
