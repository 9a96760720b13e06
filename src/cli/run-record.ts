/** What metrics.json holds: the result of a training run and what is needed to repeat it. */

import { join } from 'node:path';
import { readFile } from '../data/files.ts';
import { WeftError } from '../errors.ts';
import { messageOf } from '../text.ts';
import type { Confusion } from './confusion.ts';
import { RunError } from './run-error.ts';

/** One epoch. Losses are mean cross-entropies in nats, accuracies parts of 1. */
export interface EpochRecord {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly valLoss: number;
  readonly valAccuracy: number;
  readonly seconds: number;
}

/** What the run was trained on. */
export interface DataRecord {
  /** What `--data` takes: 'digits', or the full path of a folder. */
  readonly source: string;
  readonly name: string;
  /** Numbers of images. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** `[height, width, channels]` */
  readonly image: readonly [number, number, number];
  readonly classNames: readonly string[];
  /** Mean brightness of the outermost pixels of the training images, 0 (black) to 1: what background is usual. */
  readonly borderBrightness: number;
}

/** What is known of a run from its first epoch on. */
export interface RunRecord {
  /** `training` is what a run says that goes on, or was killed. */
  readonly status: 'finished' | 'training' | 'interrupted' | 'failed';
  /** Why, when it failed. */
  readonly failure?: string;
  /** Passes over the training images that were asked for. */
  readonly epochs: number;
  readonly trainSeconds: number;
  readonly device: string;
  readonly parameters: number;
  readonly seed: number;
  /** The finished epochs. */
  readonly history: readonly EpochRecord[];
  readonly model: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly augmentation: Readonly<Record<string, number>>;
  readonly data: DataRecord;
  readonly versions: { readonly weft: string; readonly node: string };
}

/** What a finished run has besides. */
export interface Metrics extends RunRecord {
  readonly status: 'finished';
  readonly testAccuracy: number;
  readonly testLoss: number;
  /** `confusion[truth][predicted]` over the test images. */
  readonly confusion: Confusion;
}

export const METRICS_FILE = 'metrics.json';

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
 * Reads the metrics of a run folder.
 *
 * @throws RunError when there is none or it is not what `weft train` writes
 */
export function readMetrics(folder: string): RunRecord {
  const path = join(folder, METRICS_FILE);
  const metrics = parse(path, new TextDecoder().decode(readBytes(folder, path)));
  if (isRunRecord(metrics)) return metrics;
  throw new RunError({
    where: path,
    got: 'JSON without the fields seed and data',
    expected: 'the metrics of a training run',
    cure: 'Train again, or restore the file',
  });
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
function isRunRecord(value: unknown): value is RunRecord {
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
