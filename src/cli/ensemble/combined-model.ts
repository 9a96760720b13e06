/** The model that several members make, with what its combination learned. */
import type { Combination } from '../../nn/combinations.ts';
import { Ensemble, type Module } from '../../nn/index.ts';
import { type AskedModel, answersAsTrained } from '../asked-model.ts';
import { renormalized } from '../renormalized.ts';
import type { RunRecord } from '../run-record.ts';
import { type CrossValidated, crossValidatedOf, heldOutOf } from './ensemble-data.ts';
import type { EnsembleRecord } from './ensemble-record.ts';
import { mixtureWeights, stackedLayer } from './learned-combination.ts';
import { dataOf, type Member, sharesValidation } from './members.ts';

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
  const ways = crossValidatedOf(members, combine);
  const answers = await honestAnswers(ways, record);
  const parts = ways.map((way) =>
    way.length === 1 ? modelOf(way[0]!) : new Ensemble(named('fold', way.map(modelOf))),
  );
  const { classes, labels } = answers;
  const from = sharesValidation(members) ? 'validation images' : 'out-of-fold answers';
  const learned = { images: labels.length, from } as const;
  if (combine === 'weights') {
    const model = new Ensemble(named('member', parts), { combine });
    const shares = mixtureWeights(answers);
    await model.mixture!.set(Float32Array.from(shares, Math.log));
    const weights = members.map((member) => {
      const place = ways.findIndex((way) => way.includes(member));
      return shares[place]! / ways[place]!.length;
    });
    return { model, normalization, weights, learned };
  }
  const model = new Ensemble(named('member', parts), { combine, classes });
  const { weight, bias, penalty } = await stackedLayer(answers);
  await model.weight!.set(weight);
  await model.bias!.set(bias);
  // JSON has no number for it.
  const recorded = Number.isFinite(penalty) ? penalty : 'infinite';
  return { model, normalization, weights: undefined, learned: { ...learned, penalty: recorded } };
}

function named(kind: string, models: readonly Module[]): Record<string, Module> {
  return Object.fromEntries(models.map((model, place) => [`${kind}${place + 1}`, model]));
}

/** What each way answers to the images that its models hold out, in the order of the first way. */
async function honestAnswers(ways: readonly CrossValidated[], record: RunRecord) {
  const labels: number[] = [];
  const probabilities: number[][] = ways.map(() => []);
  for (const first of ways[0]!) {
    const { validation } = dataOf(first);
    labels.push(...validation.labels);
    for (const [place, way] of ways.entries()) {
      const member = way.find((each) => heldOutOf(each) === heldOutOf(first))!;
      const answers = await answersAsTrained(member.path, member.saved, validation, record);
      for (const probability of answers.probabilities) probabilities[place]!.push(probability);
    }
  }
  return { labels, probabilities, classes: ways[0]![0]!.saved.classNames.length };
}
