/** `--class-weights balanced|none|NAME=W,…`: how much an image of each class counts in the loss. */
import { InvalidArgumentError } from 'commander';
import { classCounts, type LabeledImages } from '../data/dataset.ts';
import { OptionError } from '../errors.ts';
import { decimal, nearest } from '../text.ts';

/** Checks what can be checked before the classes are known, and returns the text. */
export function classWeightsText(text: string): string {
  if (text !== 'balanced' && text !== 'none') givenWeights(text);
  return text;
}

/**
 * The weight of each class of the training images, by its name; undefined where all count the same.
 * `balanced`: images / (classes · images of the class), so that every class counts the same in all.
 *
 * @throws OptionError for a name that is no class, or weights that change nothing
 */
export function classWeightsOf(
  text: string | undefined,
  train: LabeledImages,
): Readonly<Record<string, number>> | undefined {
  if (text === undefined || text === 'none') return undefined;
  const { classNames } = train;
  if (text === 'balanced') {
    const counts = [...classCounts(train)];
    const present = counts.filter((count) => count > 0);
    const total = train.labels.length;
    const weights = counts.map((count) => (count === 0 ? 1 : total / (present.length * count)));
    return named(classNames, weights);
  }
  const given = givenWeights(text);
  for (const name of given.keys()) {
    if (classNames.includes(name)) continue;
    const near = nearest(name, classNames);
    throw new OptionError({
      where: '--class-weights',
      got: `a class "${name}"`,
      expected: `classes of ${train.name}: ${classNames.slice(0, 20).join(', ')}${classNames.length > 20 ? ', …' : ''}`,
      cure: near === undefined ? 'Correct the name.' : `Did you mean "${near}"?`,
    });
  }
  const weights = classNames.map((name) => given.get(name) ?? 1);
  if (new Set(weights).size > 1) return named(classNames, weights);
  throw new OptionError({
    where: '--class-weights',
    got: `${text}, which gives all classes the weight ${weights[0]}`,
    expected: 'weights that differ: those that are not named have 1',
    cure: 'Give some classes more than others, or leave the option out.',
  });
}

function named(names: readonly string[], weights: readonly number[]): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, weights[index]!]));
}

/** `a=2,b=0.5`. The last `=` divides, since names of folders may hold one. */
function givenWeights(text: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of text.split(',')) {
    const at = part.lastIndexOf('=');
    const [name, value] = [part.slice(0, at), decimal(part.slice(at + 1))];
    if (at < 1 || !(Number.isFinite(value) && value > 0)) {
      throw new InvalidArgumentError(
        `Give balanced, none, or a number above 0 for some classes: cat=2,dog=0.5 ("${part}" is none).`,
      );
    }
    if (weights.has(name)) throw new InvalidArgumentError(`Class "${name}" has two weights.`);
    weights.set(name, value);
  }
  return weights;
}
