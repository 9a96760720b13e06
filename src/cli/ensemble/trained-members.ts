/** Members that `weft ensemble` trains itself, from the settings of one run: other seeds, the folds of a cross-validation, or snapshots. */
import { dirname, join } from 'node:path';
import { printable } from '../../text.ts';
import { type JobContext, type JobOptions, withJobs } from '../jobs/job-options.ts';
import type { FinishedJob, TrainingJob } from '../jobs/training-job.ts';
import { SNAPSHOTS_FOLDER } from '../run-files.ts';
import type { Settings } from '../settings/setting-values.ts';
import { counted } from '../terminal.ts';
import { trainDefaults } from '../train-defaults.ts';
import { type Member, readMember } from './members.ts';

/** Which members are trained, and how many there are then. */
export interface Making {
  readonly kind: 'seeds' | 'folds' | 'snapshots';
  readonly count: number;
}

/**
 * Trains what is not trained yet, and reads the members. Of seeds the run itself is the first.
 *
 * @returns undefined when a signal ended it: the same command goes on
 * @throws JobError when a training fails, and what `readMember` throws
 */
export async function trainedMembers(
  run: string,
  making: Making,
  where: JobOptions,
  inside: JobContext,
): Promise<readonly Member[] | undefined> {
  const source = await readMember(run);
  const jobs = jobsOf(source.settings, making);
  const { folder } = inside;
  return withJobs(where, inside, async (runner, { say }) => {
    say(
      printable(
        `Training ${counted(jobs.length, 'member')} in ${folder}; the same command with --out ${dirname(folder)} goes on where it ends.`,
      ),
    );
    const runs = await Promise.all(jobs.map((job) => runner.run(job)));
    if (making.kind === 'snapshots') return snapshotsOf(runs[0]!, making.count);
    const members = await Promise.all(runs.map((each) => readMember(each.folder)));
    return making.kind === 'seeds' ? [source, ...members] : members;
  });
}

/** The trainings. All hold out the test images that the run does. */
function jobsOf(settings: Settings, { kind, count }: Making): readonly TrainingJob[] {
  const { seed = trainDefaults.seed } = settings;
  const { splitSeed = seed, ...others } = settings;
  if (kind === 'seeds') {
    return Array.from({ length: count - 1 }, (_, place) => {
      const next = seed + 1 + place;
      return { name: `seed-${next}`, settings: { ...others, splitSeed, seed: next } };
    });
  }
  if (kind === 'snapshots') return [{ name: 'cycles', settings: cyclic({ ...others, splitSeed }, count) }];
  const { validationShare: _, ...rest } = others;
  return Array.from({ length: count }, (_each, place) => ({
    name: `fold-${place + 1}`,
    settings: { ...rest, splitSeed, fold: [place + 1, count] },
  }));
}

/** The settings of a training in cycles of whole epochs, of which there are as many as before or a few more. */
function cyclic(settings: Settings, cycles: number): Settings {
  const { warmUp: _, earlyStopping: __, average, epochs = cycles, ...others } = settings;
  return {
    ...others,
    ...(average !== undefined && !average.startsWith('swa') && { average }),
    epochs: Math.ceil(epochs / cycles) * cycles,
    schedule: 'warm-restarts',
    snapshots: cycles,
  };
}

/** The models at the ends of the cycles of a run. */
function snapshotsOf({ folder, metrics }: FinishedJob, cycles: number): Promise<Member[]> {
  const snapshots = Array.from({ length: cycles }, (_, place) => ({
    path: join(folder, SNAPSHOTS_FOLDER, `${place + 1}`),
    epoch: (metrics.epochs / cycles) * (place + 1),
  }));
  return Promise.all(snapshots.map((snapshot) => readMember(folder, snapshot)));
}

/** Where the run folders of members are, in that of the ensemble. */
export function membersFolder(ensemble: string): string {
  return join(ensemble, 'members');
}
