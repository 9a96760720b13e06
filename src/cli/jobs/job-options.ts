/** `--jobs` and `--redis`: where the trainings of a command that has several are run. */
import { type Command, Option } from 'commander';
import { positiveInteger } from '../numbers.ts';
import { localJobs } from './local-jobs.ts';
import type { JobRunner, RunnerOptions } from './training-job.ts';

/** What was asked for. */
export interface JobOptions {
  /** How many trainings run at once on this machine. */
  readonly jobs?: number | undefined;
  /** The address of a Redis server whose workers run them. */
  readonly redis?: string | undefined;
}

/** Declares the options. */
export function addJobOptions(command: Command): void {
  command
    .optionsGroup('Where the trainings run:')
    .addOption(
      new Option(
        '--jobs <number>',
        'trainings at once on this machine, each with its part of the processors (default: one for every two processors)',
      )
        .argParser(positiveInteger)
        .conflicts('redis'),
    )
    .addOption(
      new Option(
        '--redis <url>',
        'put the trainings on queues of this Redis server, for weft worker on any number of machines: redis://:password@host:6379',
      ),
    );
}

/** Opens what runs trainings: processes of this machine, or queues where an address is given. */
export async function openJobRunner(
  { jobs, redis }: JobOptions,
  { say, ...options }: RunnerOptions,
): Promise<JobRunner> {
  if (redis === undefined) return localJobs({ ...options, slots: jobs });
  const { openQueueJobs } = await import('../queue/queue-jobs.ts');
  return openQueueJobs({ ...options, url: redis, say });
}
