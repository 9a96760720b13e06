/** What the numbers of images of each class say before anything is trained. */
import { classCounts, imageCount, type LabeledImages } from './dataset.ts';

/** A class of fewer training images is hardly learned. */
const handful = 10;
/** In a smaller set an image is more than 2 % of the accuracy. */
const smallSet = 50;
/** A class with this share of the images explains much of an accuracy. */
const majority = 0.6;
/** And so it does when it has this many times as many as another. */
const imbalance = 4;
const shown = 3;

/** Sentences on classes with few images or none, a class that has most of them, and sets so small that one image counts much. */
export function balanceNotes({
  train,
  validation,
  test,
}: Readonly<Record<'train' | 'validation' | 'test', LabeledImages>>): string[] {
  const { classNames } = train;
  const counts = classCounts(train);
  const named = (classes: readonly number[], withCount: boolean): string => {
    const texts = classes
      .slice(0, shown)
      .map((label) => `"${classNames[label]}"${withCount ? ` (${counts[label]})` : ''}`);
    return `${texts.join(', ')}${classes.length > shown ? ` and ${classes.length - shown} more` : ''}`;
  };
  const where = (holds: (label: number) => boolean): number[] => [...counts.keys()].filter(holds);
  const notes: string[] = [];
  const none = where((label) => counts[label] === 0);
  if (none.length > 0) notes.push(`There are no training images of ${named(none, false)}: never an answer.`);
  const few = where((label) => counts[label] > 0 && counts[label] < handful);
  if (few.length > 0) notes.push(`There are only a handful of training images of ${named(few, true)}.`);
  for (const [part, images] of [['validation', validation] as const, ['test', test] as const]) {
    const own = classCounts(images);
    const lacking = where((label) => own[label] === 0 && counts[label] > 0);
    if (lacking.length > 0) {
      notes.push(
        `There are no ${part} images of ${named(lacking, false)}: its accuracy says nothing of them.`,
      );
    }
    const count = imageCount(images);
    if (count < smallSet) {
      const share = Number((100 / count).toPrecision(2));
      notes.push(
        `${count === 1 ? 'There is 1' : `There are only ${count}`} ${part} image${count === 1 ? '' : 's'}: each is ${share} % of ` +
          `the ${part} accuracy.`,
      );
    }
  }
  const most = counts.indexOf(Math.max(...counts));
  const share = counts[most] / imageCount(train);
  const least = Math.min(...counts.filter((each) => each > 0));
  if (share >= majority || counts[most] >= imbalance * least) {
    const guessed = classCounts(test)[most] / imageCount(test);
    notes.push(
      `The classes are unbalanced: ${(share * 100).toFixed(1)} % of the training images are of "${classNames[most]}", and always ` +
        `guessing it is right for ${(guessed * 100).toFixed(1)} % of the test images. --class-weights balanced makes all classes count the same.`,
    );
  }
  return notes;
}
