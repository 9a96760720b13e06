/** What the settings of a training come to: which do not fit, what is recorded, and what training is made of by them. */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { AugmentOptions } from '../data/augment/augment-options.ts';
import { type ImageDataset, imageCount } from '../data/dataset.ts';
import type { MissingPixels } from '../data/missing.ts';
import { removePixels } from '../data/removal.ts';
import { tensor } from '../index.ts';
import { createModel, type MissingTreatment, modelFacts, modelNames } from '../models/index.ts';
import { type Module, softmaxCrossEntropy } from '../nn/index.ts';
import type { Loss } from '../train/index.ts';
import { classWeightsOf } from './class-weights.ts';
import { givenSizes, sizeMisfit } from './model-sizes.ts';
import { removeSpec } from './remove-spec.ts';
import type { PlannedSettings, Settings, TrainSettings } from './settings/setting-values.ts';
import { defaultsFor, trainDefaults } from './train-defaults.ts';

/**
 * Refuses settings that do not fit together, whatever the data are: one that does nothing is refused, since whoever gave it waits for
 * what it does.
 *
 * @param out the run folder that was asked for
 * @throws InvalidArgumentError
 */
export function requireFitting(settings: Settings, out: string | undefined): void {
  const wrong = misfit({ model: trainDefaults.model, data: trainDefaults.data, ...settings }, out);
  if (wrong !== undefined) throw new InvalidArgumentError(wrong);
}

/** What is wrong, as a sentence. */
function misfit(
  settings: Settings & Pick<PlannedSettings, 'model' | 'data'>,
  out: string | undefined,
): string | undefined {
  const { data, model, remove, epochs, earlyStopping } = settings;
  const wrong = sizeMisfit(settings);
  if (wrong !== undefined) return wrong;
  if (remove !== undefined && missingOf(settings) === 'error') {
    return `--remove takes pixels away, and ${model} takes none that are missing: say what it makes of them with --missing, such as mean${modelFacts(model).treatments.includes('mask') ? ' or mask' : ''}.`;
  }
  if (earlyStopping !== undefined && epochs !== undefined && earlyStopping > epochs - 2) {
    const most = epochs - 2;
    return `--early-stopping ${earlyStopping} never stops ${epochs} epochs early: ${most < 1 ? 'train for 3 epochs or more' : `give ${most} or less, or more --epochs`}.`;
  }
  if (out !== undefined && data !== 'digits' && isWithin(resolve(data), out)) {
    return `--out ${out} lies in the data set: give a folder outside of ${resolve(data)}.`;
  }
  return undefined;
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, resolve(path));
  return way.split(sep)[0] !== '..' && !isAbsolute(way);
}

/** The defaults of a training on these images, for what was asked for. */
export function usualSettings(given: Settings, train: ImageDataset): PlannedSettings {
  const { data, seed, device } = trainDefaults;
  const model = given.model ?? trainDefaults.model;
  const [, ...imageShape] = train.shape;
  const classes = train.classNames.length;
  return {
    ...{ data, model: trainDefaults.model, classWeights: 'none', seed, device },
    ...defaultsFor({ model, images: imageCount(train), imageShape, classes, given }),
  };
}

/** What a run records of its settings. */
export function recordedSettings(planned: PlannedSettings, train: ImageDataset): TrainSettings {
  const { data, size, fit, classes, groups, device, ...training } = planned;
  return { ...training, classWeights: classWeightsOf(planned.classWeights, train) };
}

/** What the model of a run makes of missing pixels: what was asked for, or what is usual; a model of another version takes none. */
export function treatmentOf({ model, missing }: Pick<TrainSettings, 'model' | 'missing'>): MissingTreatment {
  if (missing !== undefined) return missing;
  return modelNames.some((name) => name === model) ? modelFacts(model).treatments[0] : 'error';
}

/** What is done with NaN pixels: the model gets them if it makes something of them. */
export function missingOf(settings: Pick<TrainSettings, 'model' | 'missing'>): MissingPixels {
  return treatmentOf(settings) === 'error' ? 'error' : 'mask';
}

/** The images without what is removed of them, the same with each seed. */
export function afterRemoval(
  dataset: ImageDataset,
  { remove, seed }: { readonly remove?: string | undefined; readonly seed: number },
): ImageDataset {
  return remove === undefined ? dataset : removePixels(dataset, { ...removeSpec(remove), seed });
}

/** How training images are changed at each showing: moved, and then without what is removed. */
export function changesOf({ augmentation, remove }: TrainSettings): {
  readonly augmentation?: AugmentOptions;
} {
  const all = { ...augmentation, ...(remove !== undefined && { remove: removeSpec(remove) }) };
  return Object.keys(all).length > 0 ? { augmentation: all } : {};
}

/** A new model for images as those of the data set. */
export function modelOf(planned: PlannedSettings, { shape, classNames }: ImageDataset): Module {
  const [, height, width, channels] = shape;
  const inputShape = [height, width, channels] as const;
  return createModel(planned.model, { inputShape, classes: classNames.length, ...givenSizes(planned) });
}

/** The loss, in which all classes count the same unless they have weights. */
export function lossOf({ classWeights }: TrainSettings, { classNames }: ImageDataset): Loss {
  if (classWeights === undefined) return softmaxCrossEntropy;
  const weights = tensor(Float32Array.from(classNames, (name) => classWeights[name]!));
  return (scores, labels) => softmaxCrossEntropy(scores, labels, { classWeights: weights });
}
