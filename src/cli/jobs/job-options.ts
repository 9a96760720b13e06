/** `--jobs` and `--redis`: where the trainings of a command that has several are run, until they end or a signal ends them. */
import { type Command, Option } from 'commander';
import { printable } from '../../text.ts';
import { positiveInteger } from '../numbers.ts';
import { hidden } from '../queue/redis-client.ts';
import { type CommandContext, Counter, type Terminal } from '../terminal.ts';
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

/** The words that ask for the same place again. They are shown, and written into reports, without the password of a server. */
export function jobWords({ jobs, redis }: JobOptions): string[] {
  return [
    ...(jobs === undefined ? [] : ['--jobs', `${jobs}`]),
    ...(redis === undefined ? [] : ['--redis', hidden(redis)]),
  ];
}

/** What a command that runs trainings works in. */
export interface JobContext extends Pick<CommandContext, 'signal' | 'program'> {
  /** Where the run folders are made. */
  readonly folder: string;
  readonly terminal: Terminal;
}

/** A terminal whose lines go above the one that says how far the trainings are. */
export interface JobTerminal {
  readonly say: Terminal['say'];
  /** Says how far something is, until the next line. */
  readonly show: (text: string) => void;
}

/**
 * Opens what runs trainings, shows their epochs, and closes it whatever happens.
 *
 * @param work is given the runner, and where to write meanwhile
 * @returns undefined where a signal ended it: trainings have saved themselves, and the same command goes on
 */
export async function withJobs<Result>(
  options: JobOptions,
  { folder, program, signal, terminal }: JobContext,
  work: (runner: JobRunner, terminal: JobTerminal) => Promise<Result>,
): Promise<Result | undefined> {
  const counter = new Counter(terminal.progress);
  const show = (text: string): void => counter.show(printable(text));
  const say = (text: string): void => {
    counter.clear();
    terminal.say(text);
  };
  // As weft train does: a line that changes on a terminal, and a line for each epoch elsewhere.
  const tell = terminal.progress.isTTY ? show : (text: string) => say(printable(text));
  const onEpoch: RunnerOptions['onEpoch'] = ({ name }, line) => tell(`${name}: ${line}`);
  const runner = await openJobRunner(options, { folder, program, say, onEpoch });
  if (options.redis !== undefined && hidden(options.redis) !== options.redis) {
    say('In the command that goes on, … stands for the password of the Redis server: put it in.');
  }
  const stop = (): void => {
    say(
      options.redis === undefined
        ? 'Interrupted: what trains now is saved.'
        : 'Interrupted: what workers train goes on, and waits for the same command.',
    );
    void runner.close();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted) return undefined;
    return await work(runner, { say, show });
  } catch (error) {
    if (!signal?.aborted) throw error;
    return undefined;
  } finally {
    counter.clear();
    signal?.removeEventListener('abort', stop);
    await runner.close();
  }
}
