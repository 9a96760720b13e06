/** One worker's turn at a training: begun or gone on with, sent back while it goes, for as long as the worker holds its lock. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { checkpointPaths } from '../../train/training-files.ts';
import { recordOf } from '../jobs/job-folder.ts';
import { localJobs } from '../jobs/local-jobs.ts';
import { failedByItself, type JobError, type JobRunner, type TrainingJob } from '../jobs/training-job.ts';
import { CHECKPOINTS_FOLDER } from '../run-files.ts';
import { counted } from '../terminal.ts';
import { type JobLock, readSentRun, replacePlaces, type SentRun, sendRun } from './fenced-run.ts';
import { requireMessage, settingsOfMessage } from './job-message.ts';
import { runKey } from './queue-keys.ts';
import type { Redis } from './redis-client.ts';
import { fetchFiles, listFiles } from './sent-files.ts';
import type { WorkerData } from './worker-data.ts';

/** How a turn ended. `lost`: another worker has the training. */
export type AttemptEnd = 'finished' | 'failed' | 'interrupted' | 'lost';

/** What a turn is made with. */
export interface AttemptOptions {
  readonly redis: Redis;
  readonly data: WorkerData;
  /** Of this turn alone. */
  readonly folder: string;
  /** The file that starts `weft`. */
  readonly program: string;
  /** Trainings at once on this machine. */
  readonly slots: number;
  readonly lock: JobLock;
  /** How long the lock lasts unless it is renewed, in milliseconds. */
  readonly lockDuration: number;
  readonly say: (text: string) => void;
}

/** The name of the run folder in that of the turn. */
const RUN = 'run';
/** Where files are copied before they are sent, so that they do not change meanwhile. */
const COPIES = 'copies';

/** How often the lock is renewed and what is new is sent, in milliseconds, at most. */
const PERIOD = 1000;

/** A turn. */
export class TrainingAttempt {
  readonly #job: Job;
  readonly #options: AttemptOptions;
  readonly #key: string;
  readonly #run: string;
  #runner: JobRunner | undefined;
  #interrupted = false;
  #lost = false;
  /** Where what the settings name lies here. */
  #places = new Map<string, string>();

  constructor(job: Job, options: AttemptOptions) {
    this.#job = job;
    this.#options = options;
    this.#key = runKey(job.id!);
    this.#run = join(options.folder, RUN);
  }

  /**
   * Trains to the end, or until it is interrupted or another worker has the training.
   *
   * @throws MissingDataError when data are missing here; QueueError or JobError when the training cannot be run
   */
  async train(): Promise<AttemptEnd> {
    const { folder, program, slots } = this.#options;
    try {
      const message = requireMessage(this.#job.data);
      for (const [setting, sent] of Object.entries(message.paths)) {
        this.#places.set(setting, await this.#options.data.placeOf(sent));
      }
      const settings = settingsOfMessage(message, this.#places);
      await mkdir(folder, { recursive: true });
      await this.#restore();
      // Of epochs that nobody can be told of, the next one is told.
      const onEpoch = (_: TrainingJob, line: string): void =>
        void this.#job.updateProgress(line).catch(() => undefined);
      this.#runner = localJobs({ folder, program, slots, onEpoch });
      if (this.#interrupted) void this.#runner.close();
      let failure: unknown;
      let ended = false;
      const training = this.#runner
        .run({ name: RUN, settings })
        .then(
          () => undefined,
          (error: unknown) => {
            failure = error;
          },
        )
        .finally(() => {
          ended = true;
        });
      await this.#follow(() => ended, training);
      await training;
      return await this.#end(failure);
    } finally {
      await this.#runner?.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Ends the training so that it can be gone on with. */
  async interrupt(): Promise<void> {
    this.#interrupted = true;
    await this.#runner?.close();
  }

  /** What another worker has sent of the training is gone on with. */
  async #restore(): Promise<void> {
    const { redis } = this.#options;
    const sent = await readSentRun(redis, this.#key);
    if (sent === undefined) return;
    if (await fetchFiles(redis, this.#key, sent.files, this.#run)) {
      await replacePlaces(this.#run, sent.files, sent.places, this.#places);
      this.#options.say(
        `goes on after ${counted(recordOf(this.#run)?.history.length ?? 0, 'epoch')} of another worker`,
      );
    } else await rm(this.#run, { recursive: true, force: true });
  }

  /** Renews the lock, and sends each new checkpoint, until the training ends or the lock is lost. */
  async #follow(isOver: () => boolean, training: Promise<void>): Promise<void> {
    const { lock, lockDuration } = this.#options;
    let sent = '';
    while (!isOver()) {
      await Promise.race([training, after(Math.min(PERIOD, lockDuration / 4))]);
      if (isOver()) return;
      // Only the server knows who has the lock: where it does not answer, or with an error, it is asked again.
      const held = await this.#job.extendLock(lock.token, lockDuration).catch(() => undefined);
      if (held === 0) return this.#lose();
      if (held === undefined) continue;
      const latest = await this.#latest();
      if (latest === undefined || latest.mark === sent) continue;
      // Files that vanish while they are copied are there again in the next second.
      const copied = await this.#send('training', latest.path).catch(() => undefined);
      if (copied === false) return this.#lose();
      if (copied === true) sent = latest.mark;
    }
  }

  async #lose(): Promise<void> {
    this.#lost = true;
    await this.#runner?.close();
  }

  /** The youngest checkpoint, with what tells it from a later one. */
  async #latest(): Promise<{ readonly path: string; readonly mark: string } | undefined> {
    const [path] = await checkpointPaths(join(this.#run, CHECKPOINTS_FOLDER));
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
    return path === undefined || found === undefined ? undefined : { path, mark: `${path} ${found.mtimeMs}` };
  }

  async #end(failure: unknown): Promise<AttemptEnd> {
    if (this.#lost) return 'lost';
    if (failure === undefined) return (await this.#send('finished')) ? 'finished' : 'lost';
    if (this.#interrupted) {
      const latest = await this.#latest();
      return latest === undefined || (await this.#send('training', latest.path)) ? 'interrupted' : 'lost';
    }
    if (!failedByItself(failure)) throw failure;
    return (await this.#send('failed', undefined, failure)) ? 'failed' : 'lost';
  }

  /**
   * Sends the files of the run as they are now.
   *
   * @param checkpoint the only one that is sent
   * @returns whether the lock was held
   */
  async #send(status: SentRun['status'], checkpoint?: string, failure?: JobError): Promise<boolean> {
    const { redis, folder, lock } = this.#options;
    const copies = join(folder, COPIES);
    await rm(copies, { recursive: true, force: true });
    const copy = async (path: string): Promise<void> => {
      await mkdir(dirname(join(copies, path)), { recursive: true });
      await copyFile(join(this.#run, path), join(copies, path));
    };
    if (existsSync(this.#run)) {
      // The checkpoint first: what is younger than it is made again, and what is older would be missing.
      if (checkpoint !== undefined)
        await copy(
          join(CHECKPOINTS_FOLDER, checkpoint.slice(join(this.#run, CHECKPOINTS_FOLDER).length + 1)),
        );
      const files = await listFiles(
        this.#run,
        (path) => path !== CHECKPOINTS_FOLDER && !path.endsWith('.tmp'),
      );
      for (const { path } of files) await copy(path);
    }
    await mkdir(copies, { recursive: true });
    const run: SentRun = {
      status,
      ...(failure && { failure: failure.message, failedBy: failure.failedBy! }),
      files: await listFiles(copies),
      places: Object.fromEntries(this.#places),
    };
    return sendRun(redis, this.#key, lock, copies, run);
  }
}
