/** Threads that prepare batches of pictures ahead of the steps that take them. */
import { OptionError, WeftError } from '../../errors.ts';
import { hasNodeModules, nodeModule } from '../../node-modules.ts';
import { printable } from '../../text.ts';
import { fromCode, node } from '../code-files.ts';
import { type PictureJob, PicturePreparer, type PictureSetup } from './prepare.ts';
import { isStreamed, type PictureDataset } from './streamed-dataset.ts';
import { lost, receivedError } from './thread-errors.ts';
import type { WorkerAnswer, WorkerJob } from './worker.ts';

/** Prepares batches. */
export interface PicturePool {
  /** How many batches should be asked for before the first of them is awaited. */
  readonly ahead: number;
  /** @throws PictureError, PngError or JpegError for a file that cannot be read; WeftError when a thread is gone */
  prepare(job: PictureJob): Promise<Float32Array>;
  /** Ends its threads. */
  close(): void;
}

/**
 * Makes a pool. What it prepares is the same for any number of workers, to the last bit.
 *
 * @param workers how many threads; 0: batches are prepared where they are asked for, one at a time
 * @throws OptionError where no threads can be had
 */
export function openPool(setup: PictureSetup, workers: number): PicturePool {
  return workers === 0 ? new OwnThread(setup) : new WorkerPool(setup, workers);
}

class OwnThread implements PicturePool {
  readonly ahead = 1;
  readonly #preparer: PicturePreparer;

  constructor(setup: PictureSetup) {
    this.#preparer = new PicturePreparer(setup);
  }

  async prepare(job: PictureJob): Promise<Float32Array> {
    const images = this.#preparer.prepare(job);
    say(this.#preparer.takeTrouble());
    return images;
  }

  close(): void {
    this.#preparer.close();
  }
}

type Thread = InstanceType<typeof import('node:worker_threads')['Worker']>;

interface Crew {
  readonly thread: Thread;
  /** The jobs that it has, by number. */
  readonly jobs: Map<number, { done(images: Float32Array): void; failed(error: Error): void }>;
}

class WorkerPool implements PicturePool {
  readonly ahead: number;
  readonly #crews: readonly Crew[];
  #jobs = 0;
  #closed = false;
  /** Why it can do nothing more. */
  #failure: WeftError | undefined;

  constructor(setup: PictureSetup, workers: number) {
    const { Worker } = nodeModule('node:worker_threads');
    const file = workerFile();
    const workerData: PictureSetup = { ...setup, dataset: sendable(setup.dataset) };
    // Each has a batch that it works on and one that waits for it.
    this.ahead = 2 * workers;
    this.#crews = Array.from({ length: workers }, () => {
      const crew: Crew = {
        thread: new Worker(file, { workerData, resourceLimits: { maxYoungGenerationSizeMb: 4 } }),
        jobs: new Map(),
      };
      crew.thread.on('message', (answer: WorkerAnswer) => this.#receive(crew, answer));
      crew.thread.on('error', (error) => this.#fail(error.message));
      crew.thread.on('exit', (code) => this.#fail(`its end with code ${code}`));
      crew.thread.unref();
      return crew;
    });
  }

  prepare(job: PictureJob): Promise<Float32Array> {
    const promise = new Promise<Float32Array>((done, failed) => {
      if (this.#failure !== undefined) {
        failed(this.#failure);
        return;
      }
      const crew = this.#crews.reduce((least, each) => (each.jobs.size < least.jobs.size ? each : least));
      const number = this.#jobs++;
      crew.jobs.set(number, { done, failed });
      // Workers do not keep a process alive, but what is asked of them does.
      crew.thread.ref();
      crew.thread.postMessage({ ...job, number } satisfies WorkerJob);
    });
    // Whoever leaves a training early does not ask what became of the rest.
    promise.catch(() => undefined);
    return promise;
  }

  close(): void {
    this.#closed = true;
    for (const { thread } of this.#crews) void thread.terminate();
  }

  #receive(crew: Crew, { number, images, error, trouble }: WorkerAnswer): void {
    const job = crew.jobs.get(number);
    crew.jobs.delete(number);
    if (crew.jobs.size === 0) crew.thread.unref();
    say(trouble);
    if (images !== undefined) job?.done(images);
    else if (error !== undefined) job?.failed(receivedError(error));
  }

  #fail(reason: string): void {
    if (this.#closed || this.#failure !== undefined) return;
    const failure = new WeftError(lost(reason));
    this.#failure = failure;
    for (const { jobs } of this.#crews) for (const { failed } of jobs.values()) failed(failure);
    this.close();
  }
}

const told = new Set<string>();

/** Says each thing once: several threads meet the same full disk. */
function say(trouble: string | undefined): void {
  if (trouble === undefined || told.has(trouble)) return;
  told.add(trouble);
  console.warn(printable(trouble));
}

/** What a thread needs of a data set. Pixels in memory are not copied for each. */
function sendable(dataset: PictureDataset): PictureDataset {
  if (isStreamed(dataset)) return { ...dataset, files: [], groups: undefined };
  const { images } = dataset;
  const plain = { ...dataset, files: undefined, groups: undefined };
  if (images.buffer instanceof SharedArrayBuffer) return plain;
  const shared = new SharedArrayBuffer(images.byteLength);
  const copy = images instanceof Float32Array ? new Float32Array(shared) : new Uint8Array(shared);
  copy.set(images);
  return { ...plain, images: copy };
}

/** Where the code of the threads lies: beside that of weft, also when it was required; for its sources, in what was built of them. */
function workerFile(): string {
  const places = ['data-worker.js', '../src/data-worker.js', '../../dist/src/data-worker.js'];
  const found = hasNodeModules()
    ? fromCode((_, file) => {
        const paths = places.map((place) => node.path.join(node.path.dirname(file), place));
        const there = paths.find((path) => node.fs.existsSync(path));
        if (there === undefined) throw new Error('not beside this file');
        return there;
      })
    : undefined;
  if (found !== undefined) return found;
  throw new OptionError({
    where: 'workers',
    got: hasNodeModules() ? 'no file data-worker.js beside the code of weft' : 'no Node',
    expected: 'Node, and what weft is installed with',
    cure: 'Give workers: 0, so that the main thread prepares the pictures; in a bundle, copy data-worker.js and weft.js from node_modules/weft-nn/dist/src beside it.',
  });
}
