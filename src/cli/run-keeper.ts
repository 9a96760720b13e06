/** Keeps what a run has learned while it trains: its best model, a checkpoint to go on from, and its record. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WeftError } from '../errors.ts';
import { printable } from '../text.ts';
import type { TrainingState } from '../train/index.ts';
import { saveTraining } from '../train/training-files.ts';
import {
  CHECKPOINTS_FOLDER,
  keepBest,
  keepFailure,
  keepLast,
  keepPlan,
  keepRecord,
  keepSnapshot,
  type OngoingRun,
} from './run-files.ts';
import type { TrainingLog } from './run-log.ts';
import { epochRecord, type FixedRecord, type RunRecord } from './run-record.ts';
import { SPLIT_FILE } from './split-file.ts';
import type { Terminal } from './terminal.ts';

/** How long, in milliseconds, a training waits at its end, and for a snapshot, for a disk that takes it, and how often it tries. */
const PATIENCE = { between: 5000, tries: 120 };

/** Follows a training. */
export class RunKeeper {
  readonly #run: OngoingRun;
  readonly #fixed: FixedRecord;
  readonly #logs: readonly TrainingLog[];
  readonly #say: Terminal['say'];
  readonly #started = performance.now();
  /** What is known: the last state that fit gave. */
  #state: TrainingState | undefined;
  #begun: boolean;
  /** Whether this process has written what the run is made of: another learning rate may hold than before. */
  #planned = false;
  /** The epoch whose model is in the folder. */
  #bestKept: number | undefined;
  /** Why the last writing failed. */
  #trouble: WeftError | undefined;

  /**
   * @param logs what is saved with the rest
   * @param resume where the training goes on
   */
  constructor(
    run: OngoingRun,
    fixed: FixedRecord,
    logs: readonly TrainingLog[],
    say: Terminal['say'],
    resume?: TrainingState,
  ) {
    this.#run = run;
    this.#fixed = fixed;
    this.#logs = logs;
    this.#say = say;
    this.#state = resume;
    this.#begun = resume !== undefined;
  }

  /** What is known now. */
  record(status: RunRecord['status']): RunRecord {
    const trainSeconds = this.#run.secondsBefore + (performance.now() - this.#started) / 1000;
    const history = (this.#state?.history ?? []).map(epochRecord);
    return { status, ...this.#fixed, trainSeconds, history, bestEpoch: this.#state?.best?.epoch };
  }

  /** To be called after the first step: from here on the run can be gone on with, if only from its beginning. */
  async begin(): Promise<void> {
    this.#begun = true;
    await this.#attempt(() => this.#writePlan());
  }

  /** Takes a state of the training, and writes it. That it cannot be written does not end the training. */
  async save(state: TrainingState): Promise<void> {
    if (!this.#begun) return;
    this.#state = state;
    await this.#attempt(() => this.#write());
  }

  /**
   * Keeps the model at the end of a cycle, which comes before the checkpoint that stands for it: so whoever goes on from a checkpoint has
   * all snapshots before it. Where there is no room the training waits for it.
   */
  async snapshot(cycle: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#insist(() => keepSnapshot(this.#run, this.record('training'), cycle), signal);
  }

  /** Writes all there is at the end of training. A training that ended in its first epoch has no best: it is as it is. */
  async end(status: RunRecord['status'], signal: AbortSignal | undefined): Promise<RunRecord> {
    const { folder, best, model } = this.#run;
    if (this.#state?.best === undefined) await best.loadStateDict(await model.stateDict());
    const unsaved = this.#trouble !== undefined;
    const writeAll = async (): Promise<void> => {
      const record = this.record(status);
      if (unsaved) await this.#write();
      else await this.#saveLogs();
      if (this.#state?.best === undefined) await keepBest(this.#run, record);
      await keepLast(this.#run, record);
      await keepRecord(folder, record);
    };
    await this.#insist(writeAll, signal);
    return this.record(status);
  }

  /** Writes, and waits for a disk that takes it. @throws what was wrong the last time */
  async #insist(write: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    for (let left = PATIENCE.tries; !(await this.#attempt(write)); left--) {
      if (left === 0 || signal?.aborted) throw this.#trouble;
      await wait(PATIENCE.between, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Writes that the run failed, as far as that can be written: the error itself is what is told. */
  async fail(error: unknown): Promise<RunRecord> {
    const record = this.record('failed');
    await this.#saveLogs().catch(() => undefined);
    await keepFailure(this.#run.folder, record, error);
    return record;
  }

  /** Whether it was written. What could not be is said once, until it can be. */
  async #attempt(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      if (this.#trouble === undefined) {
        this.#say(printable(`The run could not be saved. It goes on, and tries again: ${error.message}`));
      }
      this.#trouble = error;
      return false;
    }
    if (this.#trouble !== undefined)
      this.#say(printable(`The run is saved again, in ${this.#run.folder.path}.`));
    this.#trouble = undefined;
    return true;
  }

  /** What the run is made of, and that it trains. */
  async #writePlan(): Promise<void> {
    await keepPlan(this.#run);
    await keepRecord(this.#run.folder, this.record('training'));
    this.#planned = true;
  }

  async #saveLogs(): Promise<void> {
    for (const log of this.#logs) await log.save();
  }

  /** The model comes before the record that speaks of it, and the checkpoint last of what it stands for, logs included. */
  async #write(): Promise<void> {
    const { folder, best: module } = this.#run;
    const { best } = this.#state!;
    const has = (name: string): boolean => existsSync(join(folder.path, name));
    // Somebody may have removed the folder meanwhile.
    if (!this.#planned || !has(SPLIT_FILE)) await this.#writePlan();
    await this.#saveLogs();
    const record = this.record('training');
    if (best && (best.epoch !== this.#bestKept || !has('model.safetensors'))) {
      await module.loadStateDict(best.model);
      await keepBest(this.#run, record);
      this.#bestKept = best.epoch;
    }
    await saveTraining(await folder.subfolder(CHECKPOINTS_FOLDER), this.#state!);
    await keepRecord(folder, record);
  }
}
