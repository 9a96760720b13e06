/** The model that several members make, with what its combination learned. */

import type { Normalization } from '../../data/normalize.ts';
import { isStreamed, type PictureDataset } from '../../data/stream/streamed-dataset.ts';
import type { Combination } from '../../nn/combinations.ts';
import { Ensemble, type Module } from '../../nn/index.ts';
import type { Evaluation } from '../../train/index.ts';
import { evaluate } from '../../train/index.ts';
import { renormalized } from '../renormalized.ts';
import { requireFiniteAnswers } from '../run-reading.ts';
import type { RunRecord } from '../run-record.ts';
import { afterRemoval, missingOf } from '../train-settings.ts';
import { viewsOf } from '../views-spec.ts';
import { heldOutOf, type Recipe, recipesOf } from './ensemble-data.ts';
import type { EnsembleRecord } from './ensemble-record.ts';
import { mixtureWeights, stackedLayer } from './learned-combination.ts';
import { dataOf, type Member, sharesValidation } from './members.ts';

/** A model and how its pictures are normalized. */
export interface AskedModel {
  readonly model: Module;
  readonly normalization?: Normalization | undefined;
}

/**
 * What a model answers to images.
 *
 * @param record says in which views it is asked, and what is removed of the images
 */
export async function answersTo(
  { model, normalization }: AskedModel,
  part: PictureDataset,
  record: RunRecord,
  where: string,
): Promise<Evaluation> {
  const images = afterRemoval(part, record);
  const answers = await evaluate(model, images, {
    normalization,
    missing: missingOf(record),
    views: viewsOf(record.views),
    ...(isStreamed(images) && { workers: record.workers }),
  });
  requireFiniteAnswers(where, answers.probabilities);
  return answers;
}

/** An ensemble of the models of members, for pictures that are normalized as those of the first. */
export interface CombinedModel extends AskedModel {
  readonly model: Ensemble;
  /** What each member counts; undefined of stacking. */
  readonly weights: readonly number[] | undefined;
  readonly learned: EnsembleRecord['learned'];
}

/**
 * Makes the ensemble. What it learns, it learns from images that are neither for the test nor were trained on by whom they are asked.
 *
 * @throws RunError where it is to learn and there are no such images
 */
export async function combinedModel(
  members: readonly Member[],
  combine: Combination,
): Promise<CombinedModel> {
  const [{ saved, record }] = members as [Member];
  const { normalization } = saved;
  const channels = saved.inputShape[2];
  const modelOf = ({ saved: own }: Member): Module =>
    renormalized(own.model, own.normalization, normalization, channels);
  const equal = members.map(() => 1 / members.length);
  if (combine !== 'weights' && combine !== 'stack') {
    const model = new Ensemble(named('member', members.map(modelOf)), { combine });
    return { model, normalization, weights: equal, learned: undefined };
  }
  const recipes = recipesOf(members, combine);
  const answers = await honestAnswers(recipes, record);
  const parts = recipes.map((recipe) =>
    recipe.length === 1 ? modelOf(recipe[0]!) : new Ensemble(named('fold', recipe.map(modelOf))),
  );
  const { classes, labels } = answers;
  const from = sharesValidation(members) ? 'validation images' : 'out-of-fold answers';
  const learned = { images: labels.length, from } as const;
  if (combine === 'weights') {
    const model = new Ensemble(named('member', parts), { combine });
    const shares = mixtureWeights(answers);
    await model.mixture!.set(Float32Array.from(shares, Math.log));
    const weights = members.map((member) => {
      const place = recipes.findIndex((recipe) => recipe.includes(member));
      return shares[place]! / recipes[place]!.length;
    });
    return { model, normalization, weights, learned };
  }
  const model = new Ensemble(named('member', parts), { combine, classes });
  const { weight, bias, penalty } = await stackedLayer(answers);
  await model.weight!.set(weight);
  await model.bias!.set(bias);
  return { model, normalization, weights: undefined, learned: { ...learned, penalty } };
}

function named(kind: string, models: readonly Module[]): Record<string, Module> {
  return Object.fromEntries(models.map((model, place) => [`${kind}${place + 1}`, model]));
}

/** What each recipe answers to the images that its models hold out, in the order of the first recipe. */
async function honestAnswers(recipes: readonly Recipe[], record: RunRecord) {
  const labels: number[] = [];
  const probabilities: number[][] = recipes.map(() => []);
  for (const first of recipes[0]!) {
    const { validation } = dataOf(first);
    labels.push(...validation.labels);
    for (const [place, recipe] of recipes.entries()) {
      const member = recipe.find((each) => heldOutOf(each) === heldOutOf(first))!;
      const answers = await answersTo(member.saved, validation, record, member.path);
      for (const probability of answers.probabilities) probabilities[place]!.push(probability);
    }
  }
  return { labels, probabilities, classes: recipes[0]![0]!.saved.classNames.length };
}
