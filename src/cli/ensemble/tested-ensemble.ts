/** An ensemble that is made, and tested beside its members. */
import { classCounts, imageCount } from '../../data/dataset.ts';
import { deviceInfo } from '../../index.ts';
import type { Combination } from '../../nn/combinations.ts';
import { summary } from '../../nn/index.ts';
import { printable } from '../../text.ts';
import type { Evaluation } from '../../train/index.ts';
import { answersAsTrained } from '../asked-model.ts';
import { confusionRows } from '../confusion.ts';
import { copyScores } from '../copies.ts';
import { describeScores, scoresOf } from '../describe.ts';
import type { PreparedDataset } from '../holdout.ts';
import { describeCalibration, judge, temperatureOf } from '../judgement.ts';
import { finishWithCard } from '../robustness-card.ts';
import type { DataRecord, Metrics, RunRecord } from '../run-record.ts';
import type { TrainSettings } from '../settings/setting-values.ts';
import type { Terminal } from '../terminal.ts';
import { missingOf, treatmentOf } from '../train-settings.ts';
import { splitSeedOf } from '../training-data.ts';
import { version } from '../version.ts';
import { combinedModel } from './combined-model.ts';
import { ensembleRecord } from './ensemble-comparison.ts';
import { ensembleData } from './ensemble-data.ts';
import type { TestedEnsemble } from './ensemble-files.ts';
import type { EnsembleRecord } from './ensemble-record.ts';
import { dataOf, type Member } from './members.ts';

/** What is combined, and how. */
export interface CombinationRequest {
  readonly members: readonly Member[];
  readonly combine: Combination;
  /** The arguments after `weft` that repeat it. */
  readonly command: readonly string[];
}

/** The metrics of an ensemble. */
export type EnsembleMetrics = Metrics & { readonly ensemble: EnsembleRecord };

/**
 * Makes an ensemble and tests it.
 *
 * @returns undefined when a signal ended it
 * @throws RunError where its combination has nothing to learn from
 */
export async function testedEnsemble(
  { members, combine, command }: CombinationRequest,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<(TestedEnsemble & { readonly metrics: EnsembleMetrics }) | undefined> {
  const { say } = terminal;
  const [first] = members as [Member];
  // What is removed of the test images follows from its seed.
  const { record } = first;
  const data = ensembleData(members, dataOf(first));
  const { test } = data;
  const combined = await combinedModel(members, combine);
  const { model, normalization } = combined;
  const memberAnswers: Evaluation[] = [];
  for (const member of members) {
    if (signal?.aborted) return undefined;
    memberAnswers.push(await answersAsTrained(member.path, member.saved, test, record));
  }
  const answers = await answersAsTrained('the ensemble', combined, test, record);
  const temperature =
    // Of a combination that learned from these images they say nothing.
    data.validation === data.train || combined.learned
      ? undefined
      : temperatureOf(
          data.validation,
          await answersAsTrained('the ensemble', combined, data.validation, record),
        );
  if (signal?.aborted) return undefined;
  const counts = [...classCounts(data.train)];
  const judgement = judge(test, answers, temperature);
  const scores = {
    ...scoresOf(test, answers, counts),
    ...(data.copies && copyScores(test, answers, data.copies.test)),
  };
  say(printable(describeScores(scores)));
  say(printable(describeCalibration(judgement, answers.accuracy)));
  const asked = { normalization, missing: missingOf(record), seed: splitSeedOf(record), views: record.views };
  const { remove, workers } = record;
  const card = await finishWithCard({ model, images: test, ...asked, remove, workers }, terminal, signal);
  const { accuracy: testAccuracy, loss: testLoss } = answers;
  const metrics: EnsembleMetrics = {
    testAccuracy,
    testLoss,
    ...scores,
    ...settingsOfMembers(record),
    command,
    status: 'finished',
    trainSeconds: secondsOf(members),
    device: deviceInfo().name,
    parameters: model.parameterCount(),
    history: [],
    bestEpoch: undefined,
    data: dataRecordOf(record, data),
    versions: { weft: version, node: process.versions.node },
    ensemble: ensembleRecord(test, { ...combined, combine, members, memberAnswers, answers }),
    confusion: confusionRows(answers.confusion, test.classNames.length),
    judgement,
    ...card,
  };
  const image = metrics.data.image;
  return { model, normalization, metrics, data, answers, summary: summary(model, image) };
}

/** What of the settings of the members holds for the ensemble: those of the first; that of the test is the same for all. */
function settingsOfMembers(record: RunRecord): TrainSettings {
  const { epochs, batchSize, optimizer, learningRate, schedule, weightDecay, augmentation, seed } = record;
  const { views, remove, workers, splitSeed } = record;
  const treatment = treatmentOf(record);
  return {
    ...{
      model: 'ensemble',
      epochs,
      batchSize,
      optimizer,
      learningRate,
      schedule,
      weightDecay,
      augmentation,
      seed,
    },
    ...(treatment !== 'error' && { missing: treatment }),
    ...(splitSeed !== undefined && { splitSeed }),
    ...(views !== undefined && { views }),
    ...(remove !== undefined && { remove }),
    ...(workers !== undefined && { workers }),
  };
}

/** Of the trainings of all members, each counted once. */
function secondsOf(members: readonly Member[]): number {
  const runs = new Map(members.map(({ run, record }) => [run, record.trainSeconds]));
  return [...runs.values()].reduce((sum, seconds) => sum + seconds, 0);
}

function dataRecordOf({ data }: RunRecord, { train, validation, test }: PreparedDataset): DataRecord {
  const held = validation === train ? undefined : validation;
  return {
    ...data,
    train: imageCount(train),
    validation: held === undefined ? 0 : imageCount(held),
    test: imageCount(test),
    classCounts: {
      train: [...classCounts(train)],
      validation: held === undefined ? train.classNames.map(() => 0) : [...classCounts(held)],
      test: [...classCounts(test)],
    },
  };
}
