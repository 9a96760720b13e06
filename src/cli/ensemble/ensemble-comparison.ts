/** An ensemble beside its members on the same test images: what it gains over the best of them, and how they differ. */
import type { LabeledImages } from '../../data/dataset.ts';
import { formatFold } from '../../data/split.ts';
import { accuracyInterval, accuracyOf, mcNemarTest, pairedBootstrapTest } from '../../metrics/index.ts';
import type { Combination } from '../../nn/combinations.ts';
import { type JudgedAnswers, judge } from '../judgement.ts';
import type { Answers } from '../mistakes.ts';
import type { EnsembleRecord } from './ensemble-record.ts';
import type { Member } from './members.ts';

/** What is known before the ensemble is recorded. */
export interface CombinedMembers {
  readonly combine: Combination;
  readonly members: readonly Member[];
  /** Of each member, to the test images. */
  readonly memberAnswers: readonly (Answers & JudgedAnswers)[];
  readonly answers: Answers;
  readonly weights: readonly number[] | undefined;
  readonly learned: EnsembleRecord['learned'];
}

/** Compares an ensemble with its members. */
export function ensembleRecord(test: LabeledImages, combined: CombinedMembers): EnsembleRecord {
  const { combine, members, memberAnswers, answers, weights, learned } = combined;
  const { labels } = test;
  const accuracies = memberAnswers.map(({ predictions }) => accuracyOf(predictions, labels));
  const byValidation = members.reduce((best, { epoch }, place) => {
    const { epoch: other } = members[best]!;
    const isBetter =
      epoch.valAccuracy > other.valAccuracy ||
      (epoch.valAccuracy === other.valAccuracy && epoch.valLoss < other.valLoss);
    return isBetter ? place : best;
  }, 0);
  const { predictions } = memberAnswers[byValidation]!;
  const { difference, low, high } = pairedBootstrapTest(answers.predictions, predictions, labels);
  const { onlyFirst, onlySecond, p } = mcNemarTest(answers.predictions, predictions, labels);
  return {
    combine,
    members: members.map(({ path, record, settings, epoch }, place) => ({
      path,
      model: record.model,
      seed: record.seed,
      ...(settings.fold && { fold: formatFold(settings.fold) }),
      validationAccuracy: epoch.valAccuracy,
      testAccuracy: accuracies[place]!,
      accuracyInterval: accuracyInterval(accuracies[place]!, labels.length),
      calibrationError: judge(test, memberAnswers[place]!).calibrationError,
      ...(weights && { weight: weights[place]! }),
    })),
    best: { byValidation, byTest: accuracies.indexOf(Math.max(...accuracies)) },
    gain: { difference, interval: [low, high], onlyEnsemble: onlyFirst, onlyMember: onlySecond, p },
    disagreement: meanDisagreement(memberAnswers),
    ...(learned && { learned }),
  };
}

/** The mean over all pairs of the share of images for which two give different classes. */
function meanDisagreement(answers: readonly Answers[]): number {
  const shares = answers.flatMap(({ predictions: first }, place) =>
    answers.slice(place + 1).map(({ predictions: second }) => 1 - accuracyOf(second, first)),
  );
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
