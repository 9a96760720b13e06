/** The images of an ensemble: those that it is tested on, and those that no member was trained on, which a combination may learn from. */
import { concatenate, type ImageDataset } from '../../data/dataset.ts';
import { readInto } from '../../data/stream/open-dataset.ts';
import { isStreamed, type PictureDataset } from '../../data/stream/streamed-dataset.ts';
import type { Combination } from '../../nn/combinations.ts';
import { findCopies } from '../copies.ts';
import type { PreparedDataset } from '../holdout.ts';
import { RunError } from '../run-error.ts';
import { configText } from '../settings/config-file.ts';
import { keyOf, type Member, sharesValidation } from './members.ts';

/**
 * The data of an ensemble: those of its members where all hold out the same images; else all images that are not for the test are those
 * that it was trained on, and none validate.
 */
export function ensembleData(members: readonly Member[], first: PreparedDataset): PreparedDataset {
  if (sharesValidation(members) || first.validation === first.train) return first;
  const train = joined(first.train, first.validation);
  const { test } = first;
  return {
    ...first,
    train,
    validation: train,
    copies:
      isStreamed(train) || isStreamed(test) ? undefined : findCopies({ train, validation: train, test }),
    notes: [
      ...first.notes,
      'The members hold out different images for validation: the ensemble has seen all but those of the test.',
    ],
  };
}

function joined(first: PictureDataset, second: PictureDataset): PictureDataset {
  if (!isStreamed(first) || !isStreamed(second)) return concatenate(inMemory(first), inMemory(second));
  const [count, ...image] = first.shape;
  return {
    ...first,
    shape: [count + second.shape[0], ...image],
    labels: Int32Array.of(...first.labels, ...second.labels),
    files: [...first.files, ...second.files],
    pictures: { ...first.pictures, paths: [...first.pictures.paths, ...second.pictures.paths] },
    ...(first.groups && second.groups && { groups: [...first.groups, ...second.groups] }),
  };
}

function inMemory(dataset: PictureDataset): ImageDataset {
  return isStreamed(dataset) ? readInto(dataset, [...dataset.labels.keys()]) : dataset;
}

/** A way of training, by the models that were trained in it: one, or one for each fold. */
export type CrossValidated = readonly Member[];

/**
 * The models to weigh against each other by images that none of them was trained on: each member, where all hold out the same images; or
 * the ways of training, where each was trained with the same folds, so that each image was held out once of every one.
 *
 * @throws RunError where there are no such images
 */
export function crossValidatedOf(
  members: readonly Member[],
  combine: Combination,
): readonly CrossValidated[] {
  if (sharesValidation(members)) return members.map((member) => [member]);
  const refusal = (got: string, cure: string): RunError =>
    new RunError({
      where: `--combine ${combine}`,
      got,
      expected: 'for each way of training, answers to the same images, which it was not trained on',
      cure: `${cure} Else combine them by mean, logits or vote, which learn nothing.`,
    });
  const without = members.find(({ split }) => split.validation === undefined);
  if (without !== undefined) {
    throw refusal(
      `${without.path}, which was validated on its training images`,
      'Hold some out with --val-split.',
    );
  }
  const ways = new Map<string, Member[]>();
  for (const member of members) {
    const { fold: _, ...others } = member.settings;
    const key = configText(others);
    ways.set(key, [...(ways.get(key) ?? []), member]);
  }
  const folds = [...ways.values()].map((way) => way.map(heldOutOf).sort());
  const isSame = folds.every((each) => each.join() === folds[0]!.join());
  const areApart = new Set(folds[0]).size === folds[0]!.length && folds[0]!.length > 1;
  if (!isSame || !areApart) {
    throw refusal(
      'members that hold out different images for validation',
      'Train all with the same --split-seed, or each way of training with the same folds.',
    );
  }
  if (ways.size === 1) {
    throw refusal(
      'the folds of one way of training: each image was held out of one member alone, so that there is nothing to weigh against it',
      'Add the same folds of another one.',
    );
  }
  return [...ways.values()];
}

/** Shows which images a member holds out. */
export function heldOutOf({ split }: Member): string {
  return keyOf(split.validation!);
}
