/** The trainings of a comparison: each model with each seed, and for cross-validation each half of the training images. */
import type { JobRunner, TrainingJob } from '../jobs/training-job.ts';
import { counted, duration, percent } from '../terminal.ts';
import type { FittedContestant } from './budget-fit.ts';

/** A training, and what it is of. */
export interface ComparisonJob extends TrainingJob {
  readonly contestant: number;
  /** The seed; of cross-validation, which halving it is. */
  readonly seed: number;
  /** Of cross-validation, which half is held out. */
  readonly half?: 1 | 2;
}

/** How often the training images are halved (Dietterich, 1998). */
export const HALVINGS = 5;

/**
 * The trainings of all models with seeds 0, 1, … Which images are held out is what the settings say, so it is the same for all.
 *
 * @param prefix of the names, where there are several data sets: `digits-`
 */
export function seedJobs(
  contestants: readonly FittedContestant[],
  seeds: number,
  prefix: string,
): ComparisonJob[] {
  return Array.from({ length: seeds }, (_, seed) =>
    contestants.map(({ slug, asked }, contestant) => ({
      name: `${prefix}${slug}-seed-${seed}`,
      settings: { ...asked, seed },
      ...{ contestant, seed },
    })),
  ).flat();
}

/**
 * The trainings of 5×2-fold cross-validation: five times the training images are halved, and each half is held out once. Which images are for
 * the test is what the settings say, as it is for all seeds.
 */
export function halvingJobs(contestants: readonly FittedContestant[], prefix: string): ComparisonJob[] {
  return Array.from({ length: HALVINGS }, (_, seed) =>
    ([1, 2] as const).flatMap((half) =>
      contestants.map(({ slug, asked: { validationShare: _, ...asked } }, contestant) => ({
        name: `${prefix}${slug}-halving-${seed + 1}-part-${half}`,
        settings: { ...asked, seed, fold: [half, 2, seed] as const },
        ...{ contestant, seed, half },
      })),
    ),
  ).flat();
}

/**
 * Runs all trainings, as many at once as the runner takes, and says of each how it ended. One that fails does not end the others.
 *
 * @returns their folders, in the order of the jobs
 * @throws JobError the first, when all others have ended
 */
export async function runAll(
  runner: JobRunner,
  jobs: readonly ComparisonJob[],
  say: (text: string) => void,
): Promise<string[]> {
  let done = 0;
  const ends = await Promise.allSettled(
    jobs.map(async (job) => {
      const { folder, metrics } = await runner.run(job);
      done += 1;
      say(
        `${done} of ${jobs.length}: ${job.name}: test accuracy ${percent(metrics.testAccuracy)}, ` +
          `${counted(metrics.history.length, 'epoch')} in ${duration(metrics.trainSeconds)}`,
      );
      return folder;
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
