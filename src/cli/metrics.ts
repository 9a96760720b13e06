/** What metrics.json holds: the result of a training run and what is needed to repeat it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../data/errors.ts';
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

export interface Metrics {
  readonly testAccuracy: number;
  readonly testLoss: number;
  readonly epochs: number;
  readonly trainSeconds: number;
  readonly device: string;
  readonly parameters: number;
  readonly seed: number;
  readonly history: readonly EpochRecord[];
  readonly model: string;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly augmentation: Readonly<Record<string, number>>;
  readonly data: DataRecord;
  /** `confusion[truth][predicted]` over the test images. */
  readonly confusion: Confusion;
  readonly versions: { readonly weft: string; readonly node: string };
}

export const METRICS_FILE = 'metrics.json';

/**
 * Reads the metrics of a run folder.
 *
 * @throws RunError when there is none or it is not what `weft train` writes
 */
export function readMetrics(folder: string): Metrics {
  const path = join(folder, METRICS_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RunError(
      {
        where: folder,
        got: `no readable ${METRICS_FILE} (${messageOf(cause)})`,
        expected: 'a folder written by weft train',
        cure: 'Check the path, or train a model first: weft train',
      },
      { cause },
    );
  }
  const metrics = parse(path, text);
  if (isMetrics(metrics)) return metrics;
  throw new RunError({
    where: path,
    got: 'JSON without the fields seed and data',
    expected: 'the metrics of a training run',
    cure: 'Train again, or restore the file',
  });
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
function isMetrics(value: unknown): value is Metrics {
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
