/** A worker: takes trainings from the queue of a Redis server, several at once, and sends back what comes of them. */
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import { makeFolder, readFolder } from '../../data/files.ts';
import { messageOf } from '../../text.ts';
import { isRunning, machine } from '../../train/atomic.ts';
import { version as ownVersion } from '../version.ts';
import { MissingDataError, QueueError } from './queue-error.ts';
import { beSeen, queueOf, versionsSeen } from './queue-keys.ts';
import {
  connectRedis,
  hidden,
  leaveRedis,
  type QueuePackages,
  queuePackages,
  type Redis,
  whileAnswering,
} from './redis-client.ts';
import { type AttemptEnd, TrainingAttempt } from './training-attempt.ts';
import { WorkerData } from './worker-data.ts';

/** What a worker is told. */
export interface QueueWorkerOptions {
  /** The address of the server. */
  readonly url: string;
  /** The file that starts `weft`. */
  readonly program: string;
  /** Trainings at once. */
  readonly jobs: number;
  /** Where data sets and trainings under way lie. */
  readonly folder: string;
  /** A folder with data sets that need not be fetched. */
  readonly dataFolder: string | undefined;
  /** After how long a training whose worker says nothing is given to another, in milliseconds. */
  readonly lockDuration: number;
  readonly say: (text: string) => void;
  /** Of weft. Default: this one. */
  readonly version?: string | undefined;
}

/** Where data sets and trainings under way lie where nobody says it. */
export function usualWorkerFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weft', 'worker');
}

/** A training that so many workers have begun and not ended is given up: it may be what ends them. */
const MOST_TAKEN_OVER = 20;
/** How often a worker says that it is there, in milliseconds. */
const SEEN_PERIOD = 10_000;
/** How long a training waits that a worker could not take, in milliseconds. */
const HANDED_BACK = 2000;

/**
 * Works until `signal` says otherwise.
 *
 * @throws QueueError when there is no server at the address; MissingDataError when data are missing here that a training needs, which is left
 *   to others
 */
export async function runWorker(options: QueueWorkerOptions, signal: AbortSignal | undefined): Promise<void> {
  const packages = await queuePackages();
  const redis = await connectRedis(packages, options.url, options.say);
  try {
    await new QueueWorker(options, packages, redis).work(signal);
  } finally {
    await leaveRedis(redis);
  }
}

class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #packages: QueuePackages;
  readonly #redis: Redis;
  readonly #version: string;
  readonly #data: WorkerData;
  readonly #attempts = new Set<TrainingAttempt>();
  /** What is done with each, to its end. */
  readonly #turns = new Set<Promise<AttemptEnd>>();
  /** Ends the work. */
  readonly #ending = new AbortController();
  /** Why, where it is no wish of anybody. */
  #fault: unknown;
  #number = 0;
  #toldOfSearches = false;

  constructor(options: QueueWorkerOptions, packages: QueuePackages, redis: Redis) {
    this.#options = options;
    this.#packages = packages;
    this.#redis = redis;
    this.#version = options.version ?? ownVersion;
    const { folder, dataFolder } = options;
    this.#data = new WorkerData(redis, { cache: join(folder, 'data'), dataFolder });
  }

  async work(signal: AbortSignal | undefined): Promise<void> {
    const { url, jobs, lockDuration, folder, say } = this.#options;
    makeFolder(join(folder, 'data'));
    makeFolder(join(folder, 'runs'));
    await this.#sweep();
    say(
      `A worker of weft ${this.#version} at ${hidden(url)}: ${jobs} at once. Ctrl-C ends it; what it trains goes on elsewhere.`,
    );
    const worker: Worker = new this.#packages.bullmq.Worker(
      queueOf(this.#version),
      (job: Job, token = '') => {
        const turn = this.#take(worker, job, token).finally(() => this.#turns.delete(turn));
        this.#turns.add(turn);
        return turn;
      },
      {
        ...{ connection: this.#redis, concurrency: jobs, lockDuration, stalledInterval: lockDuration / 2 },
        ...{ maxStalledCount: MOST_TAKEN_OVER, runRetryDelay: 1000 },
      },
    );
    worker.on('error', () => {
      // The connection tells when the server is away, and a turn when its lock is lost.
    });
    const seen = setInterval(() => {
      // While the server is away, nobody sees anybody.
      this.#beSeen().catch(() => undefined);
    }, SEEN_PERIOD);
    try {
      await worker.waitUntilReady();
      const told = this.#beSeen().catch(() => undefined);
      await this.#untilEnd(signal);
      await whileAnswering(this.#redis, told);
    } finally {
      clearInterval(seen);
      // What is handed back is for others.
      await worker.pause(true);
      await Promise.all([...this.#attempts].map((attempt) => attempt.interrupt()));
      const turns = Promise.allSettled(this.#turns);
      const isAnswered = await whileAnswering(this.#redis, turns);
      if (!isAnswered) {
        say(
          'The Redis server does not answer: what was trained here goes on elsewhere, from the last checkpoint that arrived there.',
        );
        await leaveRedis(this.#redis);
        // Each removes its folder.
        await turns;
      }
      await worker.close(!isAnswered);
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  async #untilEnd(signal: AbortSignal | undefined): Promise<void> {
    const end = (): void => this.#ending.abort();
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    if (!this.#ending.signal.aborted) {
      await new Promise((ended) => this.#ending.signal.addEventListener('abort', ended, { once: true }));
    }
    signal?.removeEventListener('abort', end);
  }

  /** Takes a turn at a training. */
  async #take(worker: Worker, job: Job, token: string): Promise<AttemptEnd> {
    const { folder, program, jobs, lockDuration, say } = this.#options;
    const { DelayedError, WaitingError } = this.#packages.bullmq;
    const name = job.id!.slice(0, 8);
    const attempt = new TrainingAttempt(job, {
      ...{ redis: this.#redis, data: this.#data, program, slots: jobs, lockDuration },
      folder: join(folder, 'runs', `${machine()}-${process.pid}-${++this.#number}`),
      lock: { key: `${worker.toKey(job.id!)}:lock`, token },
      say: (text) => say(`${name}: ${text}`),
    });
    this.#attempts.add(attempt);
    say(`${name}: begun`);
    try {
      if (this.#ending.signal.aborted) await attempt.interrupt();
      const end = await attempt.train();
      say(`${name}: ${ends[end]}`);
      if (end === 'interrupted') {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      // Nothing came of it here: whoever has the lock says how it ended.
      if (end === 'lost') throw new LostError();
      return end;
    } catch (error) {
      if (error instanceof WaitingError || error instanceof LostError) throw error;
      if (this.#redis.status !== 'end') say(`${name}: ${messageOf(error)}`);
      // Whatever else is wrong is so on any worker: the training fails by it, and this one takes the next.
      if (!(error instanceof MissingDataError)) throw error;
      this.#fault ??= error;
      this.#ending.abort();
      await job.moveToDelayed(Date.now() + HANDED_BACK, token);
      throw new DelayedError();
    } finally {
      this.#attempts.delete(attempt);
    }
  }

  /** Says that this worker is there, and which trainings are none of its own. */
  async #beSeen(): Promise<void> {
    await beSeen(this.#redis, 'workers', this.#version);
    const searches = await versionsSeen(this.#redis, 'searches');
    if (searches.length === 0 || searches.includes(this.#version) || this.#toldOfSearches) return;
    this.#toldOfSearches = true;
    this.#options.say(
      `The trainings there are for weft ${searches.join(' and ')}, and this is ${this.#version}: they are left to workers of that version.`,
    );
  }

  /** Removes what workers left that were killed. */
  async #sweep(): Promise<void> {
    const runs = join(this.#options.folder, 'runs');
    for (const { name, path } of readFolder(runs, {
      error: QueueError,
      expected: 'a folder that can be read',
    })) {
      const [where, pid] = name.split('-');
      if (where === machine() && !isRunning(Number(pid))) await rm(path, { recursive: true, force: true });
    }
  }
}

/** Tells the queue that a turn came to nothing, which it believes of the one who has the lock alone. */
class LostError extends Error {
  constructor() {
    super('another worker has the training');
  }
}

const ends: Readonly<Record<AttemptEnd, string>> = {
  finished: 'finished, and sent back',
  failed: 'failed by itself, and sent back',
  interrupted: 'interrupted, and handed back',
  lost: 'another worker has it: left alone',
};
