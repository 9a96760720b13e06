/** `weft worker`: trains what other machines put on the queues of a Redis server. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { exitCodes, interruptedCode } from '../exit-codes.ts';
import { usualSlots } from '../jobs/local-jobs.ts';
import { positiveInteger, positiveNumber } from '../numbers.ts';
import { type CommandContext, openTerminal } from '../terminal.ts';

/** How long a training whose worker is silent waits for another, in seconds. */
const LOCK_SECONDS = 30;

/** Declares `weft worker`. */
export function addWorker(
  program: Command,
  { streams, signal, program: file, finish }: CommandContext,
): void {
  program
    .command('worker')
    .description('run trainings that weft tune and others put on the queues of a Redis server')
    .addOption(
      new Option(
        '--redis <url>',
        'the address of the server: redis://:password@host:6379',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--jobs <number>',
        'trainings at once, each with its part of the processors (default: one for every two processors)',
      ).argParser(positiveInteger),
    )
    .option(
      '--data-folder <folder>',
      'a folder with copies of data sets, or one itself: what lies there is not fetched',
    )
    .option(
      '--folder <folder>',
      'where fetched data sets and trainings under way lie (default: ~/.cache/weft/worker)',
    )
    .addOption(
      new Option(
        '--lock-seconds <number>',
        `after how long a training whose worker says nothing is given to another (default: ${LOCK_SECONDS})`,
      ).argParser(positiveNumber),
    )
    .action(async ({ redis: url, jobs, dataFolder, folder, lockSeconds = LOCK_SECONDS }) => {
      const { runWorker, usualWorkerFolder } = await import('./queue-worker.ts');
      const { say } = openTerminal(streams, false);
      await runWorker(
        {
          ...{ url, program: file, dataFolder, say },
          jobs: jobs ?? usualSlots(),
          folder: resolve(folder ?? usualWorkerFolder()),
          lockDuration: 1000 * lockSeconds,
        },
        signal,
      );
      finish(signal?.aborted ? interruptedCode(signal.reason) : exitCodes.done);
    });
}
