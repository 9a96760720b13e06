/** What a contestant comes to on a data set: its settings with all defaults, its model, and what it costs. */
import { imageCount } from '../../data/dataset.ts';
import { channelStatistics } from '../../data/normalize.ts';
import type { Module } from '../../nn/index.ts';
import type { Optimizer } from '../../optim/index.ts';
import { keepingRandom } from '../../tensor/random.ts';
import { freezeLayers, readSource } from '../fine-tuning.ts';
import type { PreparedDataset } from '../holdout.ts';
import { optimizerOf } from '../optimizers.ts';
import { requireFitting } from '../settings/misfits.ts';
import type { PlannedSettings, Settings, TrainSettings } from '../settings/setting-values.ts';
import { modelOf, recordedSettings, usualSettings } from '../train-settings.ts';
import { trainingFlopsPerImage } from './training-flops.ts';

/** A contestant on a data set. */
export interface Recipe {
  /** With all defaults. */
  readonly planned: PlannedSettings;
  readonly recorded: TrainSettings;
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly parameters: number;
  /** FLOPs of training for each image that is shown. */
  readonly flopsPerImage: number;
}

/**
 * Makes the model of settings, as `weft train` would, and counts what it costs.
 *
 * @throws InvalidArgumentError for settings that do not fit together, or not the data
 */
export async function recipeOf(asked: Settings, data: PreparedDataset): Promise<Recipe> {
  const source = asked.from === undefined ? undefined : await readSource(asked.from, asked.model);
  const given = { ...source?.settings, ...asked };
  requireFitting(given, undefined);
  const planned: PlannedSettings = { ...usualSettings(given, data.train, data.sample), ...given };
  const [, ...image] = data.train.shape;
  requireFitting(planned, undefined, { count: imageCount(data.train), image });
  const recorded = recordedSettings(planned, data.train);
  const model = keepingRandom(() => modelOf(planned, data.train));
  const parameters = model.parameterCount();
  if (planned.freeze !== undefined) freezeLayers(model, planned.freeze);
  const optimizer = optimizerOf(recorded, model, imageCount(data.train));
  const subject = {
    model,
    optimizer,
    inputShape: image,
    batch: planned.batchSize * (planned.accumulate ?? 1),
  };
  const flopsPerImage = await trainingFlopsPerImage(subject);
  return { planned, recorded, model, optimizer, parameters, flopsPerImage };
}

/** The normalization of a training on these data. */
export function normalizationOf({ sample }: PreparedDataset) {
  return channelStatistics(sample);
}
