/** What the settings of a training come to: what is recorded, and what training is made of by them. */
import type { AugmentOptions } from '../data/augment/augment-options.ts';
import { type ImageDataset, imageCount, type LabeledImages } from '../data/dataset.ts';
import { isMirrorLike } from '../data/mirror-likeness.ts';
import type { MissingPixels } from '../data/missing.ts';
import { removePixels } from '../data/removal.ts';
import { readInto } from '../data/stream/open-dataset.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { createModel, type MissingTreatment, modelFacts, modelNames } from '../models/index.ts';
import type { Module } from '../nn/index.ts';
import type { FitOptions } from '../train/index.ts';
import { averageOf } from './averages.ts';
import { classWeightsOf } from './class-weights.ts';
import { lossOf } from './losses.ts';
import { givenSizes } from './model-sizes.ts';
import { removeSpec } from './remove-spec.ts';
import type { PlannedSettings, Settings, TrainSettings } from './settings/setting-values.ts';
import { defaultsFor, trainDefaults } from './train-defaults.ts';
import { splitSeedOf } from './training-data.ts';

/**
 * The defaults of a training on these images, for what was asked for.
 *
 * @param sample of the images, or all of them
 */
export function usualSettings(given: Settings, train: LabeledImages, sample: ImageDataset): PlannedSettings {
  const { data, seed, device } = trainDefaults;
  const model = given.model ?? trainDefaults.model;
  const [, ...imageShape] = train.shape;
  const classes = train.classNames.length;
  return {
    ...{ data, model: trainDefaults.model, classWeights: 'none', seed, device },
    ...defaultsFor({
      ...{ model, images: imageCount(train), imageShape, classes },
      mirrorLike: isMirrorLike(sample),
      given,
    }),
  };
}

/** What a run records of its settings. */
export function recordedSettings(planned: PlannedSettings, train: LabeledImages): TrainSettings {
  const { data, size, fit, classes, labels, groups, stream, cache, device, ...training } = planned;
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

/** What is removed of images that are held out. */
export interface HeldOutRemoval extends Pick<TrainSettings, 'splitSeed'> {
  readonly remove?: string | undefined;
  readonly seed: number;
}

/** Images that are held out without what is removed of them, the same with each split seed. Those in files are read for it. */
export function afterRemoval(dataset: PictureDataset, removal: HeldOutRemoval): PictureDataset {
  const { remove } = removal;
  if (remove === undefined) return dataset;
  const images = isStreamed(dataset) ? readInto(dataset, [...dataset.labels.keys()]) : dataset;
  return removePixels(images, { ...removeSpec(remove), seed: splitSeedOf(removal) });
}

/** How training images are changed at each showing: moved, and then without what is removed. */
export function changesOf({ augmentation, remove }: TrainSettings): {
  readonly augmentation?: AugmentOptions;
} {
  const all = { ...augmentation, ...(remove !== undefined && { remove: removeSpec(remove) }) };
  return Object.keys(all).length > 0 ? { augmentation: all } : {};
}

/** How training images are mixed in pairs. */
function mixOf({ mixup = 0, cutmix = 0 }: TrainSettings): FitOptions['mix'] {
  if (mixup === 0 && cutmix === 0) return undefined;
  return { ...(mixup > 0 && { mixup }), ...(cutmix > 0 && { cutmix }) };
}

/** A new model for images as those of the data set. */
export function modelOf(
  planned: PlannedSettings,
  { shape, classNames }: Pick<LabeledImages, 'shape' | 'classNames'>,
): Module {
  const [, height, width, channels] = shape;
  const inputShape = [height, width, channels] as const;
  return createModel(planned.model, { inputShape, classes: classNames.length, ...givenSizes(planned) });
}

/** What `fit` is told by the settings, but for the images, the model and its optimizer. */
export function fitOptionsOf(
  settings: TrainSettings,
  { classNames }: LabeledImages,
): Pick<
  FitOptions,
  | 'epochs'
  | 'batchSize'
  | 'accumulate'
  | 'seed'
  | 'missing'
  | 'augmentation'
  | 'mix'
  | 'sampling'
  | 'workers'
  | 'loss'
  | 'average'
  | 'monitor'
  | 'earlyStopping'
> {
  const { epochs, batchSize, accumulate = 1, seed, sampling, workers, monitor, earlyStopping } = settings;
  return {
    ...{ epochs, batchSize, accumulate, seed },
    missing: missingOf(settings),
    ...changesOf(settings),
    mix: mixOf(settings),
    sampling,
    workers,
    loss: lossOf(settings, classNames),
    average: averageOf(settings.average ?? 'none', epochs),
    ...(monitor && { monitor }),
    ...(earlyStopping && { earlyStopping: { patience: earlyStopping } }),
  };
}
