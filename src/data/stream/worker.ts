/** What a worker thread runs: it prepares the batches that are asked for, one after the other. A file of its own in dist. */
import { nodeModule } from '../../node-modules.ts';
import { type PictureJob, PicturePreparer, type PictureSetup } from './prepare.ts';
import { type SentError, sentError } from './thread-errors.ts';

/** A batch that is asked for. */
export interface WorkerJob extends PictureJob {
  readonly number: number;
}

/** What comes back. */
export interface WorkerAnswer {
  readonly number: number;
  readonly images?: Float32Array<ArrayBuffer>;
  readonly error?: SentError;
  /** To be said. */
  readonly trouble?: string | undefined;
}

const { parentPort, workerData } = nodeModule('node:worker_threads');
let preparer: PicturePreparer | undefined;
parentPort?.on('message', (job: WorkerJob) => {
  try {
    preparer ??= new PicturePreparer(workerData as PictureSetup);
    const images = preparer.prepare(job) as Float32Array<ArrayBuffer>;
    const answer: WorkerAnswer = { number: job.number, images, trouble: preparer.takeTrouble() };
    parentPort.postMessage(answer, [images.buffer]);
  } catch (error) {
    const answer: WorkerAnswer = { number: job.number, error: sentError(error) };
    parentPort.postMessage(answer);
  }
});
