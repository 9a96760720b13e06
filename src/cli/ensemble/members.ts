/** The runs that become one model: read, and held to have the same classes, images and tests. */
import { join, resolve } from 'node:path';
import type { RecordedPart, RecordedSplit } from '../../data/recorded-images.ts';
import type { PreparedDataset } from '../holdout.ts';
import { requireSameImages } from '../resumed-run.ts';
import { RunError } from '../run-error.ts';
import { type PictureClassifier, readRun, requireClasses } from '../run-reading.ts';
import type { EpochRecord, RunRecord } from '../run-record.ts';
import { CONFIG_FILE, configText, readConfig } from '../settings/config-file.ts';
import type { Settings } from '../settings/setting-values.ts';
import { readSplit } from '../split-file.ts';
import { treatmentOf } from '../train-settings.ts';
import { trainingData } from '../training-data.ts';

/** A model of an ensemble, and the run that it is of. */
export interface Member {
  /** The run folder, or that of a snapshot in it: its full path. */
  readonly path: string;
  /** The run folder. */
  readonly run: string;
  readonly record: RunRecord;
  readonly settings: Settings;
  readonly split: RecordedSplit;
  readonly saved: PictureClassifier;
  /** The epoch whose model it is, with its accuracy on the validation images. */
  readonly epoch: EpochRecord;
}

/**
 * Reads the model of a run, or one of its snapshots.
 *
 * @throws RunError when it is no finished run of `weft train`, or an ensemble itself
 */
export async function readMember(
  run: string,
  snapshot?: { readonly path: string; readonly epoch: number },
): Promise<Member> {
  const { record, saved } = await readRun(run);
  const wrong = (got: string, cure: string): RunError =>
    new RunError({ where: run, got, expected: 'a finished run of weft train', cure });
  if (record === undefined)
    throw wrong(
      'a model without the record of a run',
      'Combine such models in a program: new Ensemble([first, second]).',
    );
  if (record.ensemble !== undefined)
    throw wrong('an ensemble', 'Give its members instead: metrics.json lists them.');
  if (record.status !== 'finished')
    throw wrong(`a run that is ${record.status}`, 'Let it come to its end first.');
  const split = readSplit(run);
  const epoch = record.history.find((each) => each.epoch === (snapshot?.epoch ?? record.bestEpoch));
  if (split === undefined || epoch === undefined) {
    throw wrong(
      'a run of an earlier version, of which it is not known what it was tested on',
      'Train again.',
    );
  }
  const model = snapshot === undefined ? saved : (await readRun(snapshot.path)).saved;
  return {
    ...{ path: resolve(snapshot?.path ?? run), run, record, split, epoch },
    settings: readConfig(join(run, CONFIG_FILE)),
    saved: requireClasses(run, model),
  };
}

/** The images that a member was trained, validated and tested on. */
export function dataOf({ run, settings }: Member): PreparedDataset {
  const data = trainingData(settings);
  requireSameImages(run, data);
  return data;
}

/** What shows which images a part holds, in their order. */
export function keyOf({ files, hashes, labels }: RecordedPart): string {
  return JSON.stringify([hashes ?? files, labels && Array.from(labels)]);
}

/** The same of all images that are not for the test, in whatever order. */
function poolOf({ train, validation }: RecordedSplit): string {
  const parts = [train, ...(validation ? [validation] : [])];
  const keys = parts.flatMap(({ files, hashes = files ?? [], labels = [] }) =>
    Array.from(labels, (label, place) => `${hashes[place]} ${label}`),
  );
  return keys.sort().join('\n');
}

/** Whether all were validated on the same images, which none was trained on. */
export function sharesValidation(members: readonly Member[]): boolean {
  const keys = members.map(({ split: { validation } }) => validation && keyOf(validation));
  return keys[0] !== undefined && new Set(keys).size === 1;
}

/** What all members have to have in common. */
const common: readonly {
  readonly what: string;
  readonly of: (member: Member) => string;
  /** A value in an error; left out where it is long. */
  readonly shown?: (member: Member) => string;
  readonly cure: string;
}[] = [
  {
    what: 'classes',
    of: ({ saved }) => saved.classNames.join('\n'),
    shown: ({ saved }) => saved.classNames.join(', '),
    cure: 'Combine runs of the same classes in the same order: --classes gives it.',
  },
  {
    what: 'image shape (height × width × channels)',
    of: ({ saved }) => saved.inputShape.join('×'),
    shown: ({ saved }) => saved.inputShape.join('×'),
    cure: 'Train them on pictures of one size: --size gives it.',
  },
  {
    what: 'test images',
    of: ({ split }) => keyOf(split.test),
    cure: 'Train them with the same --split-seed, whatever --seed they have: it decides which images are held out for the test.',
  },
  {
    what: 'images that are not for the test',
    of: ({ split }) => poolOf(split),
    cure: 'Train them on the same data; which part of it validates may differ.',
  },
  {
    what: 'views in the test',
    of: ({ record }) => record.views ?? 'none',
    shown: ({ record }) => record.views ?? 'none',
    cure: 'Train them with the same --views.',
  },
  {
    what: 'part that is removed of each image',
    of: ({ record }) => record.remove ?? 'none',
    shown: ({ record }) => record.remove ?? 'none',
    cure: 'Train them with the same --remove.',
  },
  {
    what: 'treatment of missing pixels',
    of: ({ record }) => (treatmentOf(record) === 'error' ? 'none may be missing' : 'the model gets them'),
    shown: ({ record }) => treatmentOf(record),
    cure: 'Train them with the same --missing.',
  },
];

/**
 * Throws unless the models can be combined.
 *
 * @throws RunError naming the two that differ, and the cure, or two that differ in nothing
 */
export function requireAlike(members: readonly Member[]): void {
  requireDistinct(members);
  const [first, ...others] = members;
  for (const { what, of, shown, cure } of common) {
    const wanted = of(first!);
    const other = others.find((member) => of(member) !== wanted);
    if (other === undefined) continue;
    const values = shown && ` (${shown(other)}; ${shown(first!)})`;
    throw new RunError({
      where: 'the ensemble',
      got: `${other.path} and ${first!.path}, which differ in their ${what}${values ?? ''}`,
      expected: `members of the same ${what}`,
      cure,
    });
  }
}

/** @throws RunError for copies of one training, which would count as two */
function requireDistinct(members: readonly Member[]): void {
  const first = new Map<string, Member>();
  for (const member of members) {
    const key = `${configText(member.settings)} ${member.epoch.epoch}`;
    const same = first.get(key);
    if (same !== undefined) {
      throw new RunError({
        where: member.path,
        got: `a model of the settings, the seed and the epoch of ${same.path}`,
        expected: 'models that were trained in other ways, or with other seeds',
        cure: 'Leave one of them out: they are the same model.',
      });
    }
    first.set(key, member);
  }
}
