/** Keeps what a run has learned while it trains: its best model, a checkpoint to go on from, and its record. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainingState } from '../train/index.ts';
import { saveTraining } from '../train/training-files.ts';
import { PatientWriter } from './patient-writer.ts';
import {
  CHECKPOINTS_FOLDER,
  keepBest,
  keepFailure,
  keepLast,
  keepPlan,
  keepRecord,
  keepSnapshot,
  type OngoingRun,
  removePlan,
} from './run-files.ts';
import type { TrainingLog } from './run-log.ts';
import { epochRecord, type FixedRecord, type RunRecord } from './run-record.ts';
import { CONFIG_FILE } from './settings/config-file.ts';
import { SPLIT_FILE } from './split-file.ts';
import type { Terminal } from './terminal.ts';

/** Follows a training. */
export class RunKeeper {
  readonly #run: OngoingRun;
  readonly #fixed: FixedRecord;
  readonly #logs: readonly TrainingLog[];
  readonly #started = performance.now();
  /** What is known: the last state that fit gave. */
  #state: TrainingState | undefined;
  #begun: boolean;
  /** Whether this process has written what the run is made of: another learning rate may hold than before. */
  #planned = false;
  /** Whether nobody had written it before. */
  #isNew = false;
  /** The epoch whose model is in the folder. */
  #bestKept: number | undefined;
  readonly #writer: PatientWriter;

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
    this.#writer = new PatientWriter(run.folder.path, say);
    this.#state = resume;
    this.#begun = resume !== undefined;
  }

  /** What is known now. */
  record(status: RunRecord['status']): RunRecord {
    const trainSeconds = this.#run.secondsBefore + (performance.now() - this.#started) / 1000;
    const history = (this.#state?.history ?? []).map(epochRecord);
    return { status, ...this.#fixed, trainSeconds, history, bestEpoch: this.#state?.best?.epoch };
  }

  /** To be called before the first step: from here on the run can be gone on with, if only from its beginning. */
  async plan(): Promise<void> {
    this.#isNew = !existsSync(join(this.#run.folder.path, CONFIG_FILE));
    await this.#writer.attempt(() => this.#writePlan());
  }

  /** To be called after the first step: from here on there is something to keep. */
  begin(): void {
    this.#begun = true;
  }

  /** To be called where no step was made: what it is made of was written for nothing, unless another process had begun it. */
  async withdraw(): Promise<void> {
    if (this.#isNew) await removePlan(this.#run.folder);
  }

  /** Takes a state of the training, and writes it. That it cannot be written does not end the training. */
  async save(state: TrainingState): Promise<void> {
    if (!this.#begun) return;
    this.#state = state;
    await this.#writer.attempt(() => this.#write());
  }

  /**
   * Keeps the model at the end of a cycle, which comes before the checkpoint that stands for it: so whoever goes on from a checkpoint has
   * all snapshots before it. Where there is no room the training waits for it.
   */
  async snapshot(cycle: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#writer.insist(() => keepSnapshot(this.#run, this.record('training'), cycle), signal);
  }

  /** Writes all there is at the end of training. A training that ended in its first epoch has no best: it is as it is. */
  async end(status: RunRecord['status'], signal: AbortSignal | undefined): Promise<RunRecord> {
    const { folder, best, model } = this.#run;
    if (this.#state?.best === undefined) await best.loadStateDict(await model.stateDict());
    const unsaved = this.#writer.isTroubled;
    const writeAll = async (): Promise<void> => {
      const record = this.record(status);
      if (unsaved) await this.#write();
      else await this.#saveLogs();
      if (this.#state?.best === undefined) await keepBest(this.#run, record);
      await keepLast(this.#run, record);
      await keepRecord(folder, record);
    };
    await this.#writer.insist(writeAll, signal);
    return this.record(status);
  }

  /** Writes that the run failed, as far as that can be written: the error itself is what is told. */
  async fail(error: unknown): Promise<RunRecord> {
    const record = this.record('failed');
    await this.#saveLogs().catch(() => undefined);
    await keepFailure(this.#run.folder, record, error);
    return record;
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
