/** What a training of a search came to, and which of two is the better one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS_FILE } from '../../data/run-folders.ts';
import { type FinishedJob, failedByItself } from '../jobs/training-job.ts';
import { type RunRecord, readMetrics } from '../run-record.ts';
import type { monitors, Settings } from '../settings/setting-values.ts';
import type { Compare, RungTrial } from './halving.ts';
import { hasOneLoss, type SearchSpace, type SearchTrial, type TrialValues } from './search-space.ts';

/** What says which trial is the better one. */
export type TrialMonitor = (typeof monitors)[number];

/** A trial in a rung, as trials.jsonl has it. */
export interface TrialResult extends RungTrial {
  /** The epochs that it was to have. */
  readonly epochs: number;
  readonly values: TrialValues;
  /** Its run folder, in that of the search. */
  readonly folder: string;
  readonly seconds: number;
  /** Of the best epoch, on the validation images; undefined where the training failed. */
  readonly scores?: TrialScores | undefined;
  /** Why it failed. */
  readonly failure?: string;
}

/** What the best epoch of a training came to on the validation images. */
export interface TrialScores {
  /** A part of 1. */
  readonly accuracy: number;
  readonly loss: number;
  readonly bestEpoch: number;
}

/** What the search looks at of a trial. */
export function objectiveOf(scores: TrialScores, monitor: TrialMonitor): number {
  return scores[monitor];
}

/**
 * Which scores are better: by accuracy, or by loss. Of equal accuracies the smaller loss is the better one, where all trials have the same kind
 * of loss; else they are equal.
 */
export function comparisonOf(space: SearchSpace, monitor: TrialMonitor): Compare<TrialScores> {
  if (monitor === 'loss') return (first, second) => first.loss - second.loss;
  const byLoss = hasOneLoss(space);
  return (first, second) => second.accuracy - first.accuracy || (byLoss ? first.loss - second.loss : 0);
}

/** The results, the best first: those of the highest rung, then by what they came to; failed ones last. */
export function ranked(results: readonly TrialResult[], compare: Compare<TrialScores>): TrialResult[] {
  return [...results].sort((a, b) => {
    if (a.scores === undefined || b.scores === undefined) {
      return Number(a.scores === undefined) - Number(b.scores === undefined) || a.trial - b.trial;
    }
    return b.rung - a.rung || compare(a.scores, b.scores) || a.trial - b.trial;
  });
}

/** Of each trial its highest rung alone, in the same order. */
export function highestRungs(results: readonly TrialResult[]): TrialResult[] {
  const highest = new Map<number, number>();
  for (const { trial, rung } of results) highest.set(trial, Math.max(rung, highest.get(trial) ?? 0));
  return results.filter(({ trial, rung }) => highest.get(trial) === rung);
}

/** What the search is told of a training. */
interface TrialPlace {
  readonly trial: SearchTrial;
  readonly rung: number;
  readonly epochs: number;
  /** The run folder, in that of the search. */
  readonly folder: string;
}

/** The result of a training that came to its end. */
export function finishedResult(place: TrialPlace, { metrics }: FinishedJob): TrialResult {
  return { ...placeOf(place), seconds: metrics.trainSeconds, scores: scoresOf(metrics) };
}

/**
 * The result of a training that failed while it trained, as one does whose loss is not a number any more: that is an answer, too.
 *
 * @param root the folder of the search
 * @returns undefined where something else is wrong, which would be wrong with other trials as well
 */
export function failedResult(place: TrialPlace, root: string, error: unknown): TrialResult | undefined {
  if (!failedByItself(error)) return undefined;
  const folder = join(root, place.folder);
  // One that fails in its first step has no record.
  const record = existsSync(join(folder, METRICS_FILE)) ? readMetrics(folder) : undefined;
  return {
    ...placeOf(place),
    seconds: record?.trainSeconds ?? 0,
    failure: record?.failure ?? 'the loss of the first step is not finite',
  };
}

function placeOf({ trial, rung, epochs, folder }: TrialPlace) {
  return { trial: trial.number, rung, epochs, values: trial.values, folder };
}

function scoresOf({ history, bestEpoch }: RunRecord): TrialScores | undefined {
  const best = history.find(({ epoch }) => epoch === bestEpoch);
  return best && { accuracy: best.valAccuracy, loss: best.valLoss, bestEpoch: best.epoch };
}

/** The settings of a training of a search. */
export function settingsIn({ settings }: SearchTrial, epochs: number | undefined): Settings {
  return epochs === undefined ? settings : { ...settings, epochs };
}
