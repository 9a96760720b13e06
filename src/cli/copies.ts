/** Images that are on both sides of a split, in words and numbers. */
import { type ImageDataset, imageCount, imageName, type LabeledImages } from '../data/dataset.ts';
import { type CopiedImage, CopyFinder } from '../data/overlap.ts';
import { formatInteger } from '../text.ts';
import type { Evaluation } from '../train/index.ts';
import { counted, percent } from './terminal.ts';

/** The images of each part of which there is a copy among the training images. */
export interface SplitCopies {
  readonly validation: readonly CopiedImage[];
  readonly test: readonly CopiedImage[];
}

/** The parts of a data set. */
interface SplitParts {
  readonly train: ImageDataset;
  readonly validation: ImageDataset;
  readonly test: ImageDataset;
}

/** Shown with their names. */
const SHOWN = 3;

/** Looks for copies of training images among those of validation and testing. */
export function findCopies({ train, validation, test }: SplitParts): SplitCopies {
  const finder = new CopyFinder(train);
  return { validation: validation === train ? [] : finder.find(validation), test: finder.find(test) };
}

/** What was found, as sentences: how many, which, and which of them have another class. */
export function copiesNotes(parts: SplitParts, copies: SplitCopies): string[] {
  return (['test', 'validation'] as const).flatMap((part) => {
    const found = copies[part];
    if (found.length === 0) return [];
    const { train } = parts;
    const images = parts[part];
    const identical = found.filter((copy) => copy.identical).length;
    const kinds = [
      ...(identical > 0 ? [`${formatInteger(identical)} identical`] : []),
      ...(identical < found.length ? [`${formatInteger(found.length - identical)} nearly`] : []),
    ].join(', ');
    const nameOf = ({ first, second, identical: same, mirrored }: CopiedImage): string =>
      `${imageName(images, second)} ${same ? '=' : '≈'} ${imageName(train, first)}${mirrored === 'none' ? '' : ' mirrored'}`;
    const listed = (some: readonly CopiedImage[]): string =>
      `${some.slice(0, SHOWN).map(nameOf).join('; ')}${some.length > SHOWN ? '; …' : ''}`;
    const disagreeing = found.filter(({ first, second }) => train.labels[first] !== images.labels[second]);
    const one = found.length === 1;
    const notes = [
      `${formatInteger(found.length)} of ${counted(imageCount(images), `${part} image`)} ${one ? 'has' : 'have'} a copy in ` +
        `training (${kinds}): the ${part} accuracy flatters. ${one ? '' : 'First: '}${listed(found)}.`,
    ];
    if (disagreeing.length > 0) {
      notes.push(
        `${formatInteger(disagreeing.length)} of these ${disagreeing.length === 1 ? 'has' : 'have'} another class there, so one of ` +
          `each two is wrong: ${listed(disagreeing)}.`,
      );
    }
    return notes;
  });
}

/** How the copies among the test images bear on the result. */
export interface CopyScores {
  /** Test images with a copy in training. */
  readonly copies: number;
  /** Of these, how many are equal in every pixel. */
  readonly identicalCopies: number;
  /** Of the other test images; undefined when there are none. */
  readonly accuracyWithoutCopies: number | undefined;
}

/** The scores of a test set of which some images are copies. */
export function copyScores(
  { labels }: LabeledImages,
  { predictions }: Pick<Evaluation, 'predictions'>,
  copies: readonly Pick<CopiedImage, 'second' | 'identical'>[],
): CopyScores {
  const isCopy = new Set(copies.map(({ second }) => second));
  const right = labels.filter((label, index) => !isCopy.has(index) && predictions[index] === label).length;
  const others = labels.length - isCopy.size;
  return {
    copies: isCopy.size,
    identicalCopies: copies.filter(({ identical }) => identical).length,
    accuracyWithoutCopies: others === 0 ? undefined : right / others,
  };
}

/** The scores as a sentence, to go on with; empty where there are no copies, or nobody has looked for any. */
export function describeCopies({ copies = 0, accuracyWithoutCopies }: Partial<CopyScores>): string {
  if (copies === 0) return '';
  const what = `the ${counted(copies, 'test image')} with a copy in training`;
  return accuracyWithoutCopies === undefined
    ? ` All test images have a copy in training: how the model does on new images is not known.`
    : ` Without ${what} the accuracy is ${percent(accuracyWithoutCopies)}.`;
}
