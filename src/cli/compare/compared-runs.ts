/** Runs that are compared: what each answers to the same test images, by model. */
import { basename } from 'node:path';
import { contentHashes } from '../../data/content-hash.ts';
import { imageName } from '../../data/dataset.ts';
import { isStreamed, type PictureDataset } from '../../data/stream/streamed-dataset.ts';
import { freezeLayers } from '../fine-tuning.ts';
import type { Answers } from '../mistakes.ts';
import { optimizerOf } from '../optimizers.ts';
import { RunError } from '../run-error.ts';
import type { PictureClassifier } from '../run-reading.ts';
import type { Metrics, RunRecord } from '../run-record.ts';
import { writtenSetting } from '../settings/setting-options.ts';
import { settingNames } from '../settings/setting-table.ts';
import { counted } from '../terminal.ts';
import { testRun } from '../tested-run.ts';
import { trainingFlopsPerImage } from './training-flops.ts';

/** A run with what it answers to the test images. */
export interface ComparedRun {
  readonly folder: string;
  readonly record: RunRecord;
  readonly robustness: Metrics['robustness'];
  readonly answers: Answers;
  /** `confusion[truth][predicted]` */
  readonly confusion: readonly (readonly number[])[];
  /** FLOPs of its training; undefined where that is not known. */
  readonly flops: number | undefined;
}

/** A model with its runs, of as many seeds. */
export interface ComparedModel {
  readonly label: string;
  readonly runs: readonly ComparedRun[];
}

/** Models that were tested on the same images. */
export interface ComparedDataset {
  /** What `--data` was given. */
  readonly label: string;
  readonly test: PictureDataset;
  readonly models: readonly ComparedModel[];
  /** What is to be known of the images and the runs: that one was interrupted, for example. */
  readonly notes: readonly string[];
}

/** Which runs are of one model. */
export interface RunGroup {
  readonly label: string;
  readonly folders: readonly string[];
}

/**
 * Tests the runs of several models, which have to be of the same images.
 *
 * @param onRun is told of each, by its number
 * @throws RunError for runs of other test images or classes, and what has no record; and what `testRun` throws
 */
export async function testGroups(
  label: string,
  groups: readonly RunGroup[],
  onRun: (number: number) => void = () => {},
): Promise<ComparedDataset> {
  let first: TestedImages | undefined;
  let number = 0;
  const models: ComparedModel[] = [];
  const told = new Set<string>();
  for (const { label, folders } of groups) {
    const runs: ComparedRun[] = [];
    for (const folder of folders) {
      onRun(number++);
      const { run, images, notes } = await testedOne(folder);
      first ??= images;
      requireSameTest(first, images);
      runs.push(run);
      for (const note of notes) told.add(note);
    }
    models.push({ label, runs });
  }
  return { label, test: first!.dataset, models, notes: [...told] };
}

/** The test images of a run, and what tells whether those of another are the same. */
interface TestedImages {
  readonly folder: string;
  readonly source: string;
  readonly dataset: PictureDataset;
  /** Of images in memory. */
  readonly hashes: readonly string[] | undefined;
  /** What is removed of them, in words. */
  readonly removed: string | undefined;
}

async function testedOne(
  folder: string,
): Promise<{ readonly run: ComparedRun; readonly images: TestedImages; readonly notes: readonly string[] }> {
  const { record, saved, dataset, answers, removal, notes } = await testRun(folder);
  if (record === undefined) {
    throw new RunError({
      where: folder,
      got: 'a model without the record of a run',
      expected: 'runs of weft train',
      cure: 'Compare folders that weft train has written.',
    });
  }
  const classes = dataset.classNames.length;
  const { predictions, probabilities } = answers;
  return {
    notes: [...notes, ...removal.notes],
    run: {
      ...{ folder, record, robustness: robustnessOf(record), flops: await trainingFlops(record, saved) },
      answers: { predictions, probabilities },
      confusion: Array.from({ length: classes }, (_, truth) => [
        ...answers.confusion.subarray(truth * classes, (truth + 1) * classes),
      ]),
    },
    images: {
      ...{ folder, source: record.data.source, dataset },
      hashes: isStreamed(dataset) ? undefined : contentHashes(dataset),
      removed: removal.remove && `${removal.remove} (seed ${removal.seed})`,
    },
  };
}

/** What a training took; undefined where nobody knows, or a teacher answered besides, which is not counted. */
async function trainingFlops(
  record: RunRecord,
  { model, inputShape }: PictureClassifier,
): Promise<number | undefined> {
  const { history, freeze, teacher, batchSize, accumulate = 1, data } = record;
  if (history.length === 0 || teacher !== undefined) return undefined;
  if (freeze !== undefined) freezeLayers(model, freeze);
  const optimizer = optimizerOf(record, model, data.train);
  const step = { model, optimizer, inputShape, batch: batchSize * accumulate };
  return data.train * history.length * (await trainingFlopsPerImage(step));
}

function robustnessOf(record: RunRecord | Metrics): Metrics['robustness'] {
  return 'robustness' in record ? record.robustness : undefined;
}

/** @throws RunError unless both were tested on the same images, of the same classes in the same order */
function requireSameTest(first: TestedImages, other: TestedImages): void {
  const difference = differenceOf(first, other);
  if (difference === undefined) return;
  throw new RunError({
    where: other.folder,
    got: difference,
    expected: `the test images of ${first.folder}, so that answers can be compared one by one`,
    cure: 'Compare runs of the same data, and for data without test images of their own, of the same --split-seed.',
  });
}

function differenceOf(first: TestedImages, other: TestedImages): string | undefined {
  const [one, two] = [first.dataset, other.dataset];
  if (first.removed !== other.removed) {
    return `images that ${other.removed ?? 'nothing'} was removed from, where from others ${first.removed ?? 'nothing'} was`;
  }
  if (one.classNames.join('\n') !== two.classNames.join('\n')) {
    return `the classes ${two.classNames.join(', ')}, where others are ${one.classNames.join(', ')}`;
  }
  if (one.labels.length !== two.labels.length) {
    return `${counted(two.labels.length, 'test image')}, where others have ${counted(one.labels.length, 'test image')}`;
  }
  const isSameFile = (index: number): boolean =>
    one.files !== undefined && first.source === other.source && one.files[index] === two.files?.[index];
  const isSamePixels = (index: number): boolean =>
    first.hashes !== undefined && first.hashes[index] === other.hashes?.[index];
  const place = [...one.labels.keys()].find(
    (index) => one.labels[index] !== two.labels[index] || !(isSameFile(index) || isSamePixels(index)),
  );
  return place === undefined
    ? undefined
    : `other test images: the first that differs is ${imageName(two, place)}`;
}

/** Names of run folders of one model end so. */
const seedEnd = /-seed-\d+$/;

/** A run that is there, by its folder. */
interface FoundRun {
  readonly folder: string;
  readonly record: RunRecord;
}

/**
 * Sorts runs by what they were trained with: those that differ in nothing but the seed are of one model, in the order of their seeds. Groups
 * are called by their model, or where there are several of it, by their folders.
 */
export function groupRuns(runs: readonly FoundRun[]): RunGroup[] {
  const groups = new Map<string, FoundRun[]>();
  for (const run of runs) {
    const key = recipeKey(run.record);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const all = [...groups.values()].map((group) => group.sort((a, b) => a.record.seed - b.record.seed));
  for (const group of all) requireOtherSeeds(group);
  const names = all.map((group) => {
    const [{ record, folder }] = group as [FoundRun, ...FoundRun[]];
    const stems = new Set(group.map((run) => basename(run.folder).replace(seedEnd, '')));
    const [stem = ''] = stems;
    const isOnlyOne = all.filter(([other]) => other!.record.model === record.model).length === 1;
    return isOnlyOne ? record.model : stems.size === 1 ? stem : basename(folder);
  });
  return all.map((group, place) => {
    const folders = group.map(({ folder }) => folder);
    const isTaken = names.filter((name) => name === names[place]).length > 1;
    return { label: isTaken ? folders[0]! : names[place]!, folders };
  });
}

/** @throws RunError for two runs that differ in nothing, not in their seed either: they would count as two */
function requireOtherSeeds(group: readonly FoundRun[]): void {
  const place = group.findIndex(({ record }, at) => record.seed === group[at - 1]?.record.seed);
  if (place === -1) return;
  const [first, second] = [group[place - 1]!, group[place]!];
  throw new RunError({
    where: second.folder,
    got: `a run of the settings and the seed of ${first.folder} (seed ${first.record.seed})`,
    expected: 'runs of other seeds, or of other settings',
    cure: 'Leave one of them out: they are the same training.',
  });
}

/** All that was set, but for the seed. Of an ensemble settings are those of a member: what it is says who the members are. */
function recipeKey({ data, device: _, classWeights, seed: __, ensemble, ...settings }: RunRecord): string {
  const texts = settingNames.map((name) => writtenSetting(settings, name) ?? '');
  const members = ensemble && [ensemble.combine, ...ensemble.members.map(({ path }) => path)];
  return JSON.stringify([data.source, data.image, data.fit, classWeights, members, ...texts]);
}
