/** A training that is one of several: what is asked for, what comes back, and who runs it. */
import { type ErrorParts, WeftError } from '../../errors.ts';
import type { Metrics } from '../run-record.ts';
import type { Settings } from '../settings/setting-values.ts';

/** Thrown when a training that others wait for did not come to its end. */
export class JobError extends WeftError {
  override readonly name: string = 'JobError';
  /** The name of the error that ended the training, where it ended with one. */
  readonly failedBy: string | undefined;

  constructor(parts: ErrorParts, { failedBy }: { readonly failedBy?: string | undefined } = {}) {
    super(parts);
    this.failedBy = failedBy;
  }
}

/**
 * Whether a training failed by itself, as one does whose loss is not a number any more: wherever it is tried, it comes to the same. A disk that
 * is full, or a picture that cannot be read, says nothing about what was tried.
 */
export function failedByItself(error: unknown): error is JobError {
  return error instanceof JobError && error.failedBy === 'NonFiniteStepError';
}

/** A training to run. */
export interface TrainingJob {
  /** What it is called, which is the name of its run folder as well: `conv-lstm-seed-3`. */
  readonly name: string;
  /** What `weft train` is asked for. */
  readonly settings: Settings;
}

/** A training that came to its end. */
export interface FinishedJob {
  readonly name: string;
  /** The run folder. */
  readonly folder: string;
  readonly metrics: Metrics;
}

/** Runs trainings, several at once. */
export interface JobRunner {
  /** How many can be run at once: more only wait. */
  readonly slots: number;
  /**
   * Runs a training, or what is left of it. One that is finished already is not run again.
   *
   * @throws JobError when it fails, or its folder holds a run of other settings
   */
  run(job: TrainingJob): Promise<FinishedJob>;
  /** Ends all that is running, which can be gone on with. */
  close(): Promise<void>;
}

/** What a runner of trainings is told. */
export interface RunnerOptions {
  /** Where the run folders are made. */
  readonly folder: string;
  /** The file that starts `weft`. */
  readonly program: string;
  /** Is told of every epoch of a job, in a line. */
  readonly onEpoch?: (job: TrainingJob, line: string) => void;
  /** Is told what is to be known besides: that the server is away, for example. */
  readonly say: (text: string) => void;
}
