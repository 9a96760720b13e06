/**
 * Images that a training holds out, but a model that it begins with or learns from was trained on: what its model is right about there
 * says nothing of new ones.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { contentHashes } from '../data/content-hash.ts';
import { imageCount } from '../data/dataset.ts';
import type { RecordedPart, RecordedSplit } from '../data/recorded-images.ts';
import { METRICS_FILE } from '../data/run-folders.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { formatInteger } from '../text.ts';
import type { PreparedDataset } from './holdout.ts';
import { RunError } from './run-error.ts';
import { LAST_FOLDER } from './run-files.ts';
import { type DataRecord, readMetrics, type SeenBefore } from './run-record.ts';
import { writtenSetting } from './settings/setting-options.ts';
import type { Settings } from './settings/setting-values.ts';
import { readSplit } from './split-file.ts';
import { trainDefaults } from './train-defaults.ts';
import { splitSeedOf } from './training-data.ts';

/** The folder of the run that a model is of: of its folder, its last model, or the file of its weights. */
export function runOf(path: string): string | undefined {
  const whole = resolve(path);
  const folder = basename(whole) === 'model.safetensors' ? dirname(whole) : whole;
  const run = basename(folder) === LAST_FOLDER ? dirname(folder) : folder;
  return existsSync(join(run, METRICS_FILE)) ? run : undefined;
}

/**
 * What the models that settings begin with or learn from have seen of the images that are held out: of those for the test whatever they
 * were trained or validated on, of those for validation what they were trained on.
 *
 * @throws RunError where the record of such a model is damaged
 */
export function seenBefore(settings: Settings, { test, validation, train }: PreparedDataset): SeenBefore[] {
  const parts = validation === train ? ({ test } as const) : ({ test, validation } as const);
  return found(settings, parts, train);
}

/**
 * What they have seen of the images that folds are made of.
 *
 * @throws RunError where the record of such a model is damaged
 */
export function seenOfAll(settings: Settings, training: PictureDataset): SeenBefore[] {
  return found(settings, { training });
}

/** What whoever reads the accuracy has to know. */
export function seenNotes({
  name,
  seenBefore: seen = [],
}: Pick<DataRecord, 'name' | 'seenBefore'>): string[] {
  return seen.map((each) => {
    const why =
      each.part === 'validation'
        ? 'which choose the best epoch'
        : 'so the accuracy says little about new ones';
    return `${name}: the model of ${each.option} ${shareOf(each)}, ${why}.${cureOf(each)}`;
  });
}

/**
 * Throws where something has been seen.
 *
 * @throws RunError
 */
export function requireUnseen(seen: readonly SeenBefore[]): void {
  const [first] = seen;
  if (first === undefined) return;
  throw new RunError({
    where: first.option,
    got: `a model that ${shareOf(first)}`,
    expected: 'one that has seen none of them: else nothing is found out about new images',
    cure: cureOf(first).trim() || 'Leave it out, or give a model of other images.',
  });
}

function shareOf({ part, seen, of }: SeenBefore): string {
  const before = part === 'validation' ? 'was trained on' : 'was trained or validated on';
  const images = part === 'training' ? 'images' : `${part} images`;
  return `${before} ${formatInteger(seen)} of the ${formatInteger(of)} ${images}`;
}

function cureOf({ splitSeed, part }: SeenBefore): string {
  return splitSeed === undefined || part === 'training'
    ? ''
    : ` With --split-seed ${splitSeed}, as there, the same are held out.`;
}

/** @param train copies of its images have been looked for already */
function found(
  settings: Settings,
  parts: Partial<Record<SeenBefore['part'], PictureDataset>>,
  train?: PictureDataset,
): SeenBefore[] {
  return (['from', 'teacher'] as const).flatMap((name) => {
    const path = settings[name];
    const behind = path === undefined ? [] : runsBehind(path);
    if (behind.length === 0) return [];
    const source = writtenSetting({ data: trainDefaults.data, ...settings }, 'data');
    const [{ splitSeed, data }] = behind as [BehindModel, ...BehindModel[]];
    const isOther = data === source && splitSeed !== splitSeedOf(settings);
    return Object.entries(parts).flatMap(([kind, images]): SeenBefore[] => {
      const part = kind as SeenBefore['part'];
      const seen = countSeen(behind, part, { images, train, source });
      const of = imageCount(images);
      const option = `--${name} ${path}`;
      return seen === 0 ? [] : [{ option, part, seen, of, splitSeed: isOther ? splitSeed : undefined }];
    });
  });
}

/** A run whose images have gone into a model. */
interface BehindModel {
  readonly split: RecordedSplit;
  readonly data: string;
  readonly splitSeed: number;
}

/** The run of a model, and those that it began with or learned from in turn, as far as they are there. */
function runsBehind(path: string, met = new Set<string>()): BehindModel[] {
  const run = runOf(path);
  if (run === undefined || met.has(run)) return [];
  met.add(run);
  const record = readMetrics(run);
  const split = readSplit(run);
  const own = split && { split, data: record.data.source, splitSeed: splitSeedOf(record) };
  const earlier = [record.from, record.teacher].filter((each) => each !== undefined);
  return [...(own ? [own] : []), ...earlier.flatMap((each) => runsBehind(each, met))];
}

/** Where images that were seen are looked for. */
interface LookedAt {
  readonly images: PictureDataset;
  readonly train: PictureDataset | undefined;
  readonly source: string | undefined;
}

/** Images are known by what they show; where nobody has looked, by their files in the same data set. */
function countSeen(
  behind: readonly BehindModel[],
  part: SeenBefore['part'],
  { images, train, source }: LookedAt,
): number {
  const partsOf = ({ split: { train, validation } }: BehindModel): RecordedPart[] =>
    part === 'validation' || validation === undefined ? [train] : [train, validation];
  const hashes = new Set(behind.flatMap((each) => partsOf(each).flatMap((own) => own.hashes ?? [])));
  const copies = train === undefined || isStreamed(train) ? [] : contentHashes(train);
  for (const copy of copies) hashes.delete(copy);
  const files = new Set(
    behind
      .filter(({ data }) => data === source)
      .flatMap((each) => partsOf(each).flatMap((own) => own.files ?? [])),
  );
  const shown = isStreamed(images) || hashes.size === 0 ? undefined : contentHashes(images);
  return images.labels.filter((_, place) => {
    const file = images.files?.[place];
    return (shown !== undefined && hashes.has(shown[place]!)) || (file !== undefined && files.has(file));
  }).length;
}
