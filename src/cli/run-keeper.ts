/** Keeps what a run has learned while it trains: its best model, its last one, and its record. */
import { compareEpochs } from '../train/best-epoch.ts';
import { keepBest, keepFailure, keepLast, keepPlan, keepRecord, type OngoingRun } from './run-files.ts';
import type { EpochRecord, RunRecord } from './run-record.ts';

/** Where epochs are so short that writing takes longer than this part of the time, not each of them is written. */
const SHARE_OF_KEEPING = 0.05;
/** But one that ends so long after the last writing is, in milliseconds: no kill costs more training than that. */
const LONGEST_UNKEPT = 1000;

/** What is fixed before training. */
export type FixedRecord = Omit<RunRecord, 'status' | 'trainSeconds' | 'history' | 'bestEpoch'>;

/** Follows a training. */
export class RunKeeper {
  readonly #run: OngoingRun;
  readonly #fixed: FixedRecord;
  readonly #started = performance.now();
  readonly #history: EpochRecord[] = [];
  /** By what the settings say, of equal ones the last. */
  #best: EpochRecord | undefined;
  /** Whether `run.best` has weights that are not written yet. */
  #bestIsNew = false;
  #written = false;
  #nextWriting = 0;

  constructor(run: OngoingRun, fixed: FixedRecord) {
    this.#run = run;
    this.#fixed = fixed;
  }

  /** What is known now. */
  record(status: RunRecord['status']): RunRecord {
    const trainSeconds = (performance.now() - this.#started) / 1000;
    const history = [...this.#history];
    return { status, ...this.#fixed, trainSeconds, history, bestEpoch: this.#best?.epoch };
  }

  /** Takes an epoch into account. Whether it is the best so far. */
  add(report: EpochRecord): boolean {
    this.#history.push(report);
    if (compareEpochs(report, this.#best, this.#fixed.monitor) !== 'worse') this.#best = report;
    return this.#best === report;
  }

  /** To be called after each epoch: writes what there is, unless that was done a moment ago. */
  async keep(): Promise<void> {
    if (this.#best === this.#history.at(-1)) await this.#takeBest();
    if (performance.now() >= this.#nextWriting) await this.#write('training');
  }

  /** Writes all there is at the end of training. A training that ended in its first epoch has no best: it is as it is. */
  async end(status: RunRecord['status']): Promise<RunRecord> {
    if (this.#history.length === 0) await this.#takeBest();
    await this.#write(status);
    return this.record(status);
  }

  /** Writes that the run failed, and the best model before, as far as that can be written: the error itself is what is told. */
  async fail(error: unknown): Promise<RunRecord> {
    const { folder } = this.#run;
    const record = this.record('failed');
    if (this.#bestIsNew) await keepBest(this.#run, record).catch(() => undefined);
    await keepFailure(folder, record, error);
    return record;
  }

  async #takeBest(): Promise<void> {
    const { best, model } = this.#run;
    await best.loadStateDict(await model.stateDict());
    this.#bestIsNew = true;
  }

  /** The model comes first: whenever the process is killed, a folder that is not empty holds one. */
  async #write(status: RunRecord['status']): Promise<void> {
    const begun = performance.now();
    const record = this.record(status);
    if (this.#bestIsNew) await keepBest(this.#run, record);
    this.#bestIsNew = false;
    const { folder } = this.#run;
    const plan = this.#written ? undefined : keepPlan(this.#run);
    await Promise.all([keepRecord(folder, record), keepLast(this.#run, record), plan]);
    this.#written = true;
    const ended = performance.now();
    this.#nextWriting = ended + Math.min((ended - begun) / SHARE_OF_KEEPING, LONGEST_UNKEPT);
  }
}
