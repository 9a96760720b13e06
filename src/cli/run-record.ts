/** What metrics.json holds: the result of a training run and what is needed to repeat it. */

import { join } from 'node:path';
import { readFile } from '../data/files.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { WeftError } from '../errors.ts';
import { messageOf } from '../text.ts';
import type { EpochReport, Robustness } from '../train/index.ts';
import type { Confusion } from './confusion.ts';
import type { CopyScores } from './copies.ts';
import type { Scores } from './describe.ts';
import type { EnsembleRecord } from './ensemble/ensemble-record.ts';
import type { Judgement } from './judgement.ts';
import { RunError } from './run-error.ts';
import type { TrainSettings } from './settings/setting-values.ts';

/** One epoch. Losses are mean cross-entropies in nats, accuracies parts of 1. */
export interface EpochRecord {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  readonly seconds: number;
}

/** What is recorded of an epoch. */
export function epochRecord({
  epoch,
  trainLoss,
  trainAccuracy,
  valLoss,
  valAccuracy,
  seconds,
}: EpochReport<undefined>): EpochRecord {
  // All are there: there are classes, and a validation set is given.
  return {
    ...{ epoch, trainLoss, trainAccuracy: trainAccuracy! },
    ...{ valLoss: valLoss!, valAccuracy: valAccuracy!, seconds },
  };
}

/** How many images of each class a run has, in the order of the class names. */
export interface ClassCounts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** What the run was trained on. */
export interface DataRecord {
  /** What `--data` takes: 'digits', or the full path of a folder. */
  readonly source: string;
  /** The full path of the file of labels, where pictures are not in class folders. */
  readonly labels?: string;
  readonly name: string;
  /** Whether pictures stayed in their files until they were shown. */
  readonly streamed?: true;
  /** Numbers of images. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** `[height, width, channels]` */
  readonly image: readonly [number, number, number];
  /** How pictures of other sizes or proportions were brought to this one. */
  readonly fit: 'stretch' | 'pad' | 'crop';
  readonly classNames: readonly string[];
  /** Images of each class, in the order of their names. Undefined in runs of earlier versions. */
  readonly classCounts: ClassCounts | undefined;
  /** Mean brightness of the outermost pixels of the training images, 0 (black) to 1: what background is usual. */
  readonly borderBrightness: number;
  /** Undefined where the training began with no model and learned from none, and of a model that has seen nothing of it. */
  readonly seenBefore?: readonly SeenBefore[];
}

/** How many of the images that are held out a model has seen that a training begins with or learns from. */
export interface SeenBefore {
  /** The option that names the model: `--from runs/first`. */
  readonly option: string;
  readonly part: 'test' | 'validation' | 'training';
  readonly seen: number;
  readonly of: number;
  /** Of the run of that model, where it drew from the same data by another seed what to hold out. */
  readonly splitSeed: number | undefined;
}

/** What is known of a run from its first epoch on. */
export interface RunRecord extends TrainSettings {
  /** `training` is what a run says that goes on, or was killed. */
  readonly status: 'finished' | 'training' | 'interrupted' | 'failed';
  /** Why, when it failed. */
  readonly failure?: string;
  /** The arguments after `weft` that repeat the run. Empty in runs of earlier versions. */
  readonly command: readonly string[];
  readonly trainSeconds: number;
  /** The most memory that the process had resident that ended it, in bytes: data, training and test. Undefined until then. */
  readonly peakMemory?: number;
  readonly device: string;
  readonly parameters: number;
  /** The finished epochs. */
  readonly history: readonly EpochRecord[];
  /** The epoch whose model is kept: of the best ones the last. */
  readonly bestEpoch: number | undefined;
  /** Of a model that is made of those of several runs. Its training settings are those of the first. */
  readonly ensemble?: EnsembleRecord;
  /** Of the test images, once it is finished. */
  readonly judgement?: Judgement;
  readonly data: DataRecord;
  readonly versions: { readonly weft: string; readonly node: string };
}

/** What is fixed before training. */
export type FixedRecord = Omit<
  RunRecord,
  'status' | 'trainSeconds' | 'peakMemory' | 'history' | 'bestEpoch' | 'ensemble' | 'judgement'
>;

/** What a finished run has besides. */
export interface Metrics extends RunRecord, Scores, Partial<CopyScores> {
  readonly status: 'finished';
  readonly testAccuracy: number;
  readonly testLoss: number;
  /** Undefined in runs of earlier versions, and where a signal ended it or the images refuse it. */
  readonly robustness?: Robustness;
  /** `confusion[truth][predicted]` over the test images. */
  readonly confusion: Confusion;
  readonly judgement: Judgement;
}

/**
 * The record as JSON, a row of the confusion matrix on each line. JSON has no number for what is not finite, and its null
 * would look like something left out: the text says what it was.
 */
export function recordText(record: RunRecord | Metrics): string {
  const { confusion, ...rest } = { confusion: undefined, ...record };
  const text = JSON.stringify(
    rest,
    (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    2,
  );
  if (confusion === undefined) return text;
  const rows = confusion.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  return `${text.slice(0, -2)},\n  "confusion": [\n${rows}\n  ]\n}`;
}

/**
 * Reads the metrics of a run folder. What runs of earlier versions do not say is filled in as they did it.
 *
 * @throws RunError when there is none or it is not what `weft train` writes
 */
export function readMetrics(folder: string): RunRecord {
  const path = join(folder, METRICS_FILE);
  const metrics = parse(path, new TextDecoder().decode(readBytes(folder, path)));
  if (isRunRecord(metrics)) return filled(metrics);
  throw new RunError({
    where: path,
    got: 'JSON without the fields seed and data',
    expected: 'the metrics of a training run',
    cure: 'Train again, or restore the file',
  });
}

/** A record as any version wrote it. */
type StoredRecord = Omit<RunRecord, 'command' | 'bestEpoch' | 'schedule' | 'weightDecay' | 'data'> &
  Partial<Pick<RunRecord, 'command' | 'bestEpoch' | 'schedule' | 'weightDecay'>> & {
    readonly data: Omit<DataRecord, 'fit' | 'classCounts'> & Partial<Pick<DataRecord, 'fit' | 'classCounts'>>;
  };

function filled(stored: StoredRecord): RunRecord {
  // Adam with a one-cycle learning rate was all there was, and the last epoch was kept.
  const earlier = { command: [], bestEpoch: undefined, schedule: 'one-cycle', weightDecay: 0 } as const;
  const data = { fit: 'stretch', classCounts: undefined, ...stored.data } as const;
  return { ...earlier, ...stored, data };
}

function readBytes(folder: string, path: string): Uint8Array {
  const expected = 'a folder written by weft train';
  try {
    return readFile(path, { error: RunError, expected });
  } catch (cause) {
    const got = `no readable ${METRICS_FILE} (${cause instanceof WeftError ? cause.got : messageOf(cause)})`;
    const cure = 'Check the path, or train a model first: weft train';
    throw new RunError({ where: folder, got, expected, cure }, { cause });
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RunError(
      {
        where: path,
        got: `something that is not JSON (${messageOf(cause)})`,
        expected: 'the metrics of a training run',
        cure: 'The file is damaged: train again, or restore it',
      },
      { cause },
    );
  }
}

/** Checks the fields that commands read. */
function isRunRecord(value: unknown): value is StoredRecord {
  if (typeof value !== 'object' || value === null || !('seed' in value) || !('data' in value)) return false;
  const { seed, data } = value;
  return (
    typeof seed === 'number' &&
    typeof data === 'object' &&
    data !== null &&
    'source' in data &&
    typeof data.source === 'string' &&
    'borderBrightness' in data &&
    typeof data.borderBrightness === 'number'
  );
}
