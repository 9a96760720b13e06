/** What a model of the catalogue says of itself, and how one is made of it. */
import { OptionError } from '../errors.ts';
import type { GridShape, Sequential } from '../nn/index.ts';
import { requireImageShape } from '../nn/reading/reading-order.ts';
import { describeValue } from '../options.ts';
import type { MissingTreatment, ModelSizes, SizeName } from './sizes.ts';

/** What a model is for. */
export interface ModelTask {
  /** Of one image: [H, W, C]. */
  readonly inputShape: GridShape;
  /** How many classes the last layer tells apart. */
  readonly classes: number;
}

/** A model that can be made in several sizes. */
export interface ModelDefinition<Sizes extends Partial<ModelSizes> = Partial<ModelSizes>> {
  /** What reads the image how, as part of a sentence. */
  readonly sentence: string;
  /** The sizes that it can be made in, each with what it is where nothing else is asked for. */
  readonly sizes: Sizes;
  /** The highest learning rate at which Adam trains it without setbacks. Default 0.003. */
  readonly learningRate?: number;
  /** What it can make of missing pixels, NaN, the usual treatment first. Default `outerTreatments`: it knows nothing of them. */
  readonly treatments?: readonly MissingTreatment[];
  /** New layers [N, H, W, C] → logits [N, classes], of sizes that have been looked at; `missing` is 'error' where they are filled before. */
  build(options: ModelTask & Pick<ModelSizes, 'missing' | (keyof Sizes & SizeName)>): Sequential;
}

/**
 * The definition as it is: what `build` takes follows from `sizes`. Its calls are marked as pure, so that a bundle that asks for no
 * model holds none.
 */
export function defineModel<const Sizes extends Partial<ModelSizes>>(
  definition: ModelDefinition<Sizes>,
): ModelDefinition<Sizes> {
  return definition;
}

/** @throws OptionError unless a model can be made for such images and classes */
export function requireTask(where: string, { inputShape, classes }: ModelTask): void {
  requireImageShape(where, inputShape, 'inputShape');
  if (Number.isSafeInteger(classes) && classes >= 1) return;
  throw new OptionError({
    where,
    got: `classes ${describeValue(classes)}`,
    expected: 'a whole number of at least 1',
    cure: 'Give the number of classes that the images have.',
  });
}
