/** Trainings on queues. */
import type { JobRunner, RunnerOptions } from '../jobs/training-job.ts';

export async function openQueueJobs(_: RunnerOptions & { readonly url: string }): Promise<JobRunner> {
  throw new Error('not yet');
}
