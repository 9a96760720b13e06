/** Trainings in processes of this machine, each of them `weft train` with a run folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { exitCodes } from '../exit-codes.ts';
import { isInUse } from '../run-folder.ts';
import { CONFIG_FILE } from '../settings/config-file.ts';
import { wordsOf } from '../settings/setting-options.ts';
import { SPLIT_FILE } from '../split-file.ts';
import { finished, recordOf, requireSame } from './job-folder.ts';
import { type FinishedJob, JobError, type JobRunner, type TrainingJob } from './training-job.ts';

export interface LocalJobsOptions {
  /** Where the run folders are made. */
  readonly folder: string;
  /** The file that starts `weft`. */
  readonly program: string;
  /** How many are run at once. Each gets its part of the processors. Default: one for every two processors. */
  readonly slots?: number | undefined;
  /** Is told of every epoch of a job, in a line. */
  readonly onEpoch?: (job: TrainingJob, line: string) => void;
}

/** Runs trainings on this machine. */
export function localJobs(options: LocalJobsOptions): JobRunner {
  return new LocalJobs(options);
}

/** How many trainings run at once where nobody says it. */
export function usualSlots(): number {
  return Math.max(Math.floor(availableParallelism() / 2), 1);
}

/** How long a run waits for a process that has its folder, in milliseconds: one whose parent was killed saves, and ends. */
const PATIENCE = 30_000;

class LocalJobs implements JobRunner {
  readonly slots: number;
  readonly #options: LocalJobsOptions;
  readonly #children = new Map<ChildProcess, Promise<unknown>>();
  /** Those who wait for a free slot, in their order. */
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #closed = false;

  constructor(options: LocalJobsOptions) {
    this.#options = options;
    this.slots = options.slots ?? usualSlots();
  }

  async run(job: TrainingJob): Promise<FinishedJob> {
    const folder = join(this.#options.folder, job.name);
    const before = recordOf(folder);
    if (before !== undefined) requireSame(folder, job);
    if (before?.status === 'finished') return finished(job, folder);
    await this.#slot();
    try {
      await this.#train(job, folder, before === undefined);
      return finished(job, folder);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const begin of this.#waiting.splice(0)) begin();
    // A training whose parent is gone ends as with Ctrl-C: it saves itself.
    for (const child of this.#children.keys()) if (child.connected) child.disconnect();
    await Promise.allSettled(this.#children.values());
  }

  async #slot(): Promise<void> {
    while (this.#running >= this.slots && !this.#closed) {
      await new Promise<void>((begin) => this.#waiting.push(begin));
    }
    this.#running += 1;
  }

  async #train(job: TrainingJob, folder: string, isNew: boolean): Promise<void> {
    for (let waited = 0; waited < PATIENCE && (await isInUse(folder)); waited += 200) await after(200);
    if (this.#closed) throw notRun(job, folder);
    // Of a run that was killed before it had a record, which is written after these.
    if (isNew) for (const name of [CONFIG_FILE, SPLIT_FILE]) await rm(join(folder, name), { force: true });
    const how = isNew ? [...wordsOf(job.settings, {}), '--out', folder] : ['--resume', folder];
    const threads = Math.max(Math.floor(availableParallelism() / this.slots), 1);
    const child = spawn(process.execPath, [this.#options.program, 'train', ...how, '--json'], {
      // Ctrl-C in a terminal reaches all processes of a group: these are told by their parent alone, and once.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { WEFT_THREADS: `${threads}`, ...process.env },
    });
    const said: string[] = [];
    const lines = createInterface({ input: child.stderr! }).on('line', (line) => {
      if (/^epoch +\d/.test(line)) this.#options.onEpoch?.(job, line);
      said.push(line);
      if (said.length > LINES_OF_ERROR) said.shift();
    });
    // There is no 'close' of a child that was disconnected, and its lines may come later than its end.
    const end = Promise.all([once(child, 'exit'), once(lines, 'close')]);
    this.#children.set(child, end);
    const [[exitCode]] = await end.finally(() => this.#children.delete(child));
    if (this.#closed) throw notRun(job, folder);
    if (exitCode === 0) return;
    const cause = causeIn(said);
    throw new JobError(
      {
        where: `the training ${job.name}`,
        got: `an end with ${exitCode === null ? `the signal ${child.signalCode}` : `exit code ${exitCode}`} (${cause})`,
        expected: 'a finished run',
        cure:
          exitCode === exitCodes.usage
            ? 'Correct what was asked for.'
            : 'Once the cause is gone, the same command goes on.',
      },
      { failedBy: /^\w*Error\b/.exec(cause)?.[0] },
    );
  }
}

/** Lines of what a training says last that are looked at for its error. */
const LINES_OF_ERROR = 40;

/** The error in what a training said: from the line that names one on, or else the last line. */
function causeIn(said: readonly string[]): string {
  const start = said.findLastIndex((line) => /^(error:|\w*Error\b)/.test(line));
  const cause =
    start === -1 ? said.filter((line) => line.trim() !== '').slice(-1) : said.slice(start, start + 3);
  return cause.join(' ').trim().replace(/\.$/, '');
}

function notRun({ name }: TrainingJob, folder: string): JobError {
  return new JobError({
    where: `the training ${name}`,
    got: `an interruption (${folder})`,
    expected: 'its end',
    cure: 'The same command goes on.',
  });
}
