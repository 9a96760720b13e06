/** Trainings on queues of a Redis server: workers on any number of machines take them, and their run folders come back. */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { finished, recordOf, requireSame } from '../jobs/job-folder.ts';
import {
  type FinishedJob,
  JobError,
  type JobRunner,
  type RunnerOptions,
  type TrainingJob,
} from '../jobs/training-job.ts';
import { pathsOf } from '../settings/setting-options.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { version as ownVersion } from '../version.ts';
import { readSentRun, replacePlaces, type SentRun } from './fenced-run.ts';
import { type JobMessage, jobMessage, type ListedPath, listPath } from './job-message.ts';
import { QueueError } from './queue-error.ts';
import { beSeen, queueOf, runKey, versionsSeen } from './queue-keys.ts';
import { connectRedis, leaveRedis, queuePackages, type Redis, whileAnswering } from './redis-client.ts';
import { renewData, sendData } from './sent-data.ts';
import { fetchFiles } from './sent-files.ts';

/** What trainings on queues need. */
export interface QueueJobsOptions extends Pick<RunnerOptions, 'folder' | 'say' | 'onEpoch'> {
  /** The address of the server. */
  readonly url: string;
  /** Of weft. Default: this one. */
  readonly version?: string | undefined;
}

/**
 * Opens the queues of a server.
 *
 * @throws QueueError when there is no server at the address, or the packages for it are not installed
 */
export async function openQueueJobs(options: QueueJobsOptions): Promise<JobRunner> {
  const packages = await queuePackages();
  const redis = await connectRedis(packages, options.url, options.say);
  const version = options.version ?? ownVersion;
  const queue = new packages.bullmq.Queue(queueOf(version), { connection: redis });
  queue.on('error', () => {
    // The connection tells of it.
  });
  await queue.waitUntilReady();
  return new QueueJobs(options, version, redis, queue);
}

/** How often the server is asked what is done, in milliseconds: events may be lost where it is away, answers are not. */
const POLL_PERIOD = 300;
/** After so many times it is asked, too, whether what is not done is still there, and who else is. */
const POLLS_BETWEEN_LOOKS = 10;
/** So often in a row the server may refuse to answer. */
const MOST_FAULTS = 50;
/** How often a training is tried by workers that cannot run it, whatever the reason. */
const ATTEMPTS = 3;

/** A training that is waited for. */
interface Awaited {
  readonly job: TrainingJob;
  readonly message: JobMessage;
  /** The line of its last epoch that was told. */
  told?: string;
  readonly done: (state: 'completed' | 'failed') => void;
  readonly fail: (error: unknown) => void;
}

class QueueJobs implements JobRunner {
  /** Nobody knows how many workers there will be. */
  readonly slots = Number.POSITIVE_INFINITY;
  readonly #options: QueueJobsOptions;
  readonly #version: string;
  readonly #redis: Redis;
  readonly #queue: Queue;
  /** By the names of the queue. */
  readonly #awaited = new Map<string, Awaited>();
  /** What was looked at, by path. */
  readonly #listed = new Map<string, Promise<ListedPath>>();
  /** What is on the server, for as long as this is open. */
  readonly #sent: ListedPath[] = [];
  #closed: Promise<void> | undefined;
  readonly #polling: Promise<void>;
  #toldOfWorkers = false;

  constructor(options: QueueJobsOptions, version: string, redis: Redis, queue: Queue) {
    this.#options = options;
    this.#version = version;
    this.#redis = redis;
    this.#queue = queue;
    this.#polling = this.#poll();
  }

  async run(job: TrainingJob): Promise<FinishedJob> {
    const folder = join(this.#options.folder, job.name);
    const before = recordOf(folder);
    if (before !== undefined) requireSame(folder, job);
    if (before?.status === 'finished') return finished(job, folder);
    const listed = await this.#listPaths(job.settings);
    const message = jobMessage(job.settings, listed);
    const id = this.#idOf(folder, message);
    for (;;) {
      const sent = await this.#sentBack(id, job, message);
      // What came back was fetched, or lost with the server, or is none that came to its end: then it is trained again, or on.
      if (sent === undefined) continue;
      await this.#fetch(id, sent, folder, listed);
      await this.#forget(id);
      if (sent.status === 'failed')
        throw failedTraining(job, sent.failure ?? 'for an unknown reason', sent.failedBy);
      return finished(job, folder);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const waiting = [...this.#awaited];
    this.#awaited.clear();
    for (const [, { fail }] of waiting) fail(interrupted());
    const takeBack = async (): Promise<void> => {
      // One that a worker has is locked: it goes on, and its result waits for the same command.
      for (const [id] of waiting) await this.#queue.remove(id).catch(() => undefined);
      await this.#polling;
    };
    if (!(await whileAnswering(this.#redis, takeBack()))) {
      this.#options.say(
        'The Redis server does not answer: what nobody has begun stays on the queue, and workers train it once it is back.',
      );
    }
    await leaveRedis(this.#redis);
    await this.#polling;
    await this.#queue.close().catch(() => undefined);
  }

  /**
   * The name of a training on the queue: the same for the same training of the same folder, so that who comes back finds it. What lies on the
   * server of a run has this name as well, so the version is in it: the files of another one may mean something else.
   */
  #idOf(folder: string, message: JobMessage): string {
    const text = JSON.stringify([this.#version, hostname(), resolve(folder), message]);
    return createHash('sha256').update(text).digest('hex').slice(0, 32);
  }

  /** Looks at what the settings name, and sends it. */
  async #listPaths(settings: Settings): Promise<Map<SettingName, ListedPath>> {
    if (settings.cache !== undefined) {
      throw new QueueError({
        where: '--cache',
        got: settings.cache,
        expected: 'none with --redis: it is a folder of this machine',
        cure: 'Leave it out: workers keep the files of a data set themselves.',
      });
    }
    const found = new Map<SettingName, ListedPath>();
    for (const [setting, path] of pathsOf(settings)) {
      const key = `${setting} ${path}`;
      const listed = this.#listed.get(key) ?? this.#list(setting, path);
      this.#listed.set(key, listed);
      found.set(setting, await listed);
    }
    return found;
  }

  async #list(setting: SettingName, path: string): Promise<ListedPath> {
    const listed = await listPath(setting, path);
    await sendData(this.#redis, listed, this.#options.say);
    this.#sent.push(listed);
    return listed;
  }

  /** Puts a training on the queue, unless it is there, and waits for what comes back. */
  async #sentBack(id: string, job: TrainingJob, message: JobMessage): Promise<SentRun | undefined> {
    // One that failed in the time of an earlier command is asked for anew, as the cure of that error says.
    if (await this.#queue.getJob(id).then((found) => found?.isFailed())) await this.#forget(id);
    const state = await new Promise<'completed' | 'failed'>((done, fail) => {
      this.#awaited.set(id, { job, message, done, fail });
      if (this.#closed === undefined) this.#add(id, message).catch(fail);
      else fail(interrupted());
    }).finally(() => this.#awaited.delete(id));
    const sent = await readSentRun(this.#redis, runKey(id));
    if (state === 'completed') {
      if (sent !== undefined && sent.status !== 'training') return sent;
      // What was sent on the way is for whoever goes on with it.
      await this.#queue.remove(id);
      return undefined;
    }
    const reason = (await this.#queue.getJob(id))?.failedReason ?? 'for an unknown reason';
    await this.#forget(id);
    throw failedTraining(job, reason);
  }

  async #add(id: string, message: JobMessage): Promise<void> {
    await this.#queue.add('train', message, {
      jobId: id,
      attempts: ATTEMPTS,
      backoff: { type: 'fixed', delay: 1000 },
    });
  }

  /** Takes a training from the queue, with all that lies on the server of it. */
  async #forget(id: string): Promise<void> {
    await this.#redis.del(runKey(id));
    await this.#queue.remove(id);
  }

  /** Writes the files of a run into its folder, which is there as a whole or not at all. */
  async #fetch(
    id: string,
    { files, places }: SentRun,
    folder: string,
    listed: ReadonlyMap<SettingName, ListedPath>,
  ): Promise<void> {
    const parts = join(this.#options.folder, `.arriving-${id}`);
    await rm(parts, { recursive: true, force: true });
    await mkdir(parts, { recursive: true });
    if (!(await fetchFiles(this.#redis, runKey(id), files, parts))) {
      throw new QueueError({
        where: folder,
        got: 'a run of which files are missing on the server',
        expected: 'all that a worker has sent',
        cure: 'Repeat the command; let the server keep what it has (maxmemory-policy noeviction).',
      });
    }
    const own = new Map([...listed].map(([setting, { path }]) => [setting as string, path]));
    await replacePlaces(parts, files, places, own);
    await rm(folder, { recursive: true, force: true });
    await rename(parts, folder);
  }

  /** Asks the server what is done, for as long as this is open. */
  async #poll(): Promise<void> {
    let faults = 0;
    for (let poll = 0; this.#closed === undefined; poll++) {
      try {
        await this.#look();
        if (poll % POLLS_BETWEEN_LOOKS === POLLS_BETWEEN_LOOKS - 1) await this.#lookAround();
        faults = 0;
      } catch (error) {
        // A server that comes back may refuse for a moment.
        if (++faults > MOST_FAULTS) for (const { fail } of this.#awaited.values()) fail(error);
      }
      await after(POLL_PERIOD);
    }
  }

  async #look(): Promise<void> {
    for (const state of ['completed', 'failed'] as const) {
      for (const id of await this.#redis.zrange(this.#queue.toKey(state), '0', '-1'))
        this.#awaited.get(id)?.done(state);
    }
  }

  /**
   * Puts what is lost on the queue again, as after a server that forgot its last second; lets data stay that are still wanted; says how far the
   * others are, and who is there.
   */
  async #lookAround(): Promise<void> {
    for (const listed of this.#sent) await renewData(this.#redis, listed, this.#options.say);
    for (const [id, awaited] of this.#awaited) {
      const found = await this.#queue.getJob(id);
      if (found === undefined) await this.#add(id, awaited.message);
      else this.#tell(awaited, found.progress);
    }
    await beSeen(this.#redis, 'searches', this.#version);
    const workers = await versionsSeen(this.#redis, 'workers');
    if (workers.includes(this.#version) || this.#toldOfWorkers) return;
    this.#toldOfWorkers = true;
    this.#options.say(
      workers.length === 0
        ? 'No worker is there yet. On each machine that is to train: weft worker --redis URL'
        : `The workers there are of weft ${workers.join(' and ')}, and this is ${this.#version}: the trainings wait for a worker of this version.`,
    );
  }

  /** Tells of the last epoch that a worker has told of. */
  #tell(awaited: Awaited, progress: unknown): void {
    if (typeof progress !== 'string' || progress === awaited.told) return;
    awaited.told = progress;
    this.#options.onEpoch?.(awaited.job, progress);
  }
}

function interrupted(): JobError {
  return new JobError({
    where: 'a training on the queue',
    got: 'an interruption',
    expected: 'its end',
    cure: 'The same command goes on; what workers train now waits for it.',
  });
}

/** @param failedBy the name of the error that ended the training itself */
function failedTraining({ name }: TrainingJob, reason: string, failedBy?: string): JobError {
  return new JobError(
    {
      where: `the training ${name}`,
      got: `an end on a worker: ${reason}`,
      expected: 'a finished run',
      cure: 'Once the cause is gone, the same command goes on.',
    },
    { failedBy },
  );
}
