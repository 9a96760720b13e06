/** log.jsonl: how a training goes, while it goes, a line of JSON for its start, some steps of each epoch, and each epoch. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFile } from '../data/files.ts';
import type { EpochReport, StepReport, TrainingState } from '../train/index.ts';
import { GrowingFile } from './growing-file.ts';
import { RunError } from './run-error.ts';
import type { RunFolder } from './run-folder.ts';
import { epochRecord, type FixedRecord } from './run-record.ts';

/** Its name in a run folder. */
export const LOG_FILE = 'log.jsonl';
/** The folder, in that of the run, of what TensorBoard reads. */
export const EVENTS_FOLDER = 'tensorboard';
/** Lines of an epoch, at most, besides its own. */
const LINES_PER_EPOCH = 20;

/** What is told how a training goes, and keeps it in a file. */
export interface TrainingLog {
  /** Of a step that `isTold`. */
  readonly step: (report: StepReport) => Promise<void>;
  readonly epoch: (report: EpochReport) => Promise<void>;
  /** Brings what was told to the disk: always before the checkpoint that stands for it. */
  readonly save: () => Promise<void>;
}

/** Whether logs have a line for a step: some twenty of an epoch, at the same places whoever made the steps before. */
export function isTold({ step, steps }: StepReport): boolean {
  return step % Math.ceil(steps / LINES_PER_EPOCH) === 0;
}

/**
 * @param resume where the training goes on: lines of what was made after that, and is made again, are dropped
 * @throws RunError when there is a log that cannot be read
 */
export function openLog(
  folder: RunFolder,
  fixed: FixedRecord,
  resume: TrainingState | undefined,
): TrainingLog {
  const [start = startLine(fixed), ...lines] = resume === undefined ? [] : linesBefore(folder, resume);
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`);
  const file = new GrowingFile(folder, LOG_FILE, bytes(start), lines.map(bytes));
  const add = (line: object): Promise<void> => file.add(bytes(JSON.stringify(line)));
  return {
    step: ({ epoch, step, loss, batchLoss, learningRate }) =>
      add({ kind: 'step', epoch, step, loss, batchLoss, learningRate }),
    epoch: (report) => add({ kind: 'epoch', ...epochRecord(report) }),
    save: () => file.save(),
  };
}

function startLine({ data, ...settings }: FixedRecord): string {
  const { model, parameters, epochs, batchSize, optimizer, learningRate, schedule, seed, device } = settings;
  return JSON.stringify({
    kind: 'start',
    time: new Date().toISOString(),
    ...{ data: data.name, train: data.train, validation: data.validation, test: data.test },
    ...{ model, parameters, epochs, batchSize, optimizer, learningRate, schedule, seed, device },
  });
}

/** The lines of an earlier process that hold: of what came after the checkpoint, and of what a kill cut off, there are none. */
function linesBefore({ path }: RunFolder, place: TrainingState): string[] {
  const file = join(path, LOG_FILE);
  if (!existsSync(file)) return [];
  const text = new TextDecoder().decode(readFile(file, { error: RunError, expected: 'the log of the run' }));
  return text.split('\n').filter((line) => isBefore(line, place));
}

function isBefore(text: string, place: TrainingState): boolean {
  try {
    const { kind, epoch, step } = JSON.parse(text);
    if (kind === 'start') return true;
    return epoch < place.epoch || (kind === 'step' && epoch === place.epoch && step <= place.step);
  } catch {
    return false;
  }
}
