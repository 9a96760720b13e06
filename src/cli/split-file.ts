/** split.json of a run: which images it was trained, validated and tested on, by file or by a hash of their pixels. */
import { join } from 'node:path';
import { findEntry, readFile, type Wanted } from '../data/files.ts';
import { imageKeys } from '../data/split.ts';
import type { PreparedDataset } from './holdout.ts';
import { RunError } from './run-error.ts';

export const SPLIT_FILE = 'split.json';

/** The keys (`imageKeys`) of the images of each part. */
export interface SplitRecord {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
}

/**
 * What there is to record of a data set as it was loaded. Undefined where its files hold the split themselves: the digits,
 * and IDX files with a test set.
 */
export function splitRecord({ drawn, train, validation, test }: PreparedDataset): SplitRecord | undefined {
  if (!drawn && test.files === undefined) return undefined;
  return { train: imageKeys(train), validation: imageKeys(validation), test: imageKeys(test) };
}

/**
 * Reads the split of a run; undefined where there is none.
 *
 * @throws RunError when it cannot be read or is not what `weft train` writes
 */
export function readSplit(run: string): SplitRecord | undefined {
  const path = join(run, SPLIT_FILE);
  const wanted: Wanted = { error: RunError, expected: 'the split of a training run' };
  if (findEntry(path, wanted) === undefined) return undefined;
  const text = new TextDecoder().decode(readFile(path, wanted));
  const split = parsed(text);
  if (split !== undefined) return split;
  throw new RunError({
    where: path,
    got: 'something else',
    expected: 'JSON with lists of texts: train, validation and test',
    cure: 'The file is damaged: train again, or restore it.',
  });
}

function parsed(text: string): SplitRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isSplit(value) ? value : undefined;
}

function isSplit(value: unknown): value is SplitRecord {
  if (typeof value !== 'object' || value === null) return false;
  const parts: Record<string, unknown> = { ...value };
  return (['train', 'validation', 'test'] as const).every((name) => {
    const part = parts[name];
    return Array.isArray(part) && part.every((key) => typeof key === 'string');
  });
}
