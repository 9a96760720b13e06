/** A training at one moment: all that the rest of it depends on. Whoever goes on from it ends with the same bits. */
import { OptionError } from '../errors.ts';
import type { StateDict } from '../nn/state-dict.ts';
import type { OptimizerState } from '../optim/state.ts';
import { describeValue, isRecord } from '../options.ts';
import type { MeansState } from './means.ts';
import type { EpochReport } from './reports.ts';
import type { WeightAverageState } from './weight-average.ts';

/** What the batches of a training follow from: one that goes on has to have the same. */
export interface BatchPlan {
  /** Of an epoch. Undefined for an iterator. */
  readonly examples: number | undefined;
  /** Of an epoch. Undefined where that is not known before. */
  readonly steps: number | undefined;
  /** Examples in a step. */
  readonly batchSize: number;
  /** Of shuffling and augmentation. */
  readonly seed: number;
}

/**
 * A training at one moment, on the host: data, not a part of what goes on. `checkpoint` of `fit` gives one, `resume` takes it.
 * It can be cloned and put into a browser's storage as it is.
 */
export interface TrainingState {
  /** The epoch that goes on, from 1: after the last one it is one more than there are. */
  readonly epoch: number;
  /** Steps of that epoch that are made. */
  readonly step: number;
  /** What those steps came to. */
  readonly means: MeansState;
  /** How long that epoch has taken so far. */
  readonly seconds: number;
  /** All variables of the model, running statistics included. */
  readonly model: StateDict;
  /** The moments, the step count and the settings. */
  readonly optimizer: OptimizerState;
  /** Undefined where no average is kept. */
  readonly average: WeightAverageState | undefined;
  /** Where the global random generator stands, from which dropout draws. */
  readonly random: { readonly seed: number; readonly counter: number };
  /** The finished epochs. */
  readonly history: readonly EpochReport<undefined>[];
  /** The best epoch so far, and the model as it was then. Undefined without a validation set. */
  readonly best: { readonly epoch: number; readonly model: StateDict } | undefined;
  /** The last epoch that was better than all before it: early stopping counts from there. */
  readonly improved: number;
  /** What the batches follow from. */
  readonly plan: BatchPlan;
}

/** Throws OptionError unless it is a state, and one of a training with the same batches. */
export function requireResumable(
  state: TrainingState,
  plan: BatchPlan,
  { epochs, average }: { readonly epochs: number; readonly average?: object | undefined },
): void {
  const where = 'fit, resume';
  if (!isRecord(state) || !isRecord(state.plan) || !isRecord(state.model) || !isRecord(state.optimizer)) {
    throw new OptionError({
      where,
      got: describeValue(state),
      expected: 'a TrainingState',
      cure: 'Give what checkpoint gave, or await loadTraining(folder).',
    });
  }
  const names = ['examples', 'steps', 'batchSize', 'seed'] as const;
  const other = names.find((name) => state.plan[name] !== plan[name]);
  if (other !== undefined) {
    throw new OptionError({
      where,
      got: `a training with ${other} ${state.plan[other]}`,
      expected: `${other} ${plan[other]}, as this one has`,
      cure: 'Resume with the data and the options that the training was begun with: its batches follow from them.',
    });
  }
  if ((state.average === undefined) !== (average === undefined)) {
    const [has, wants] = [state.average, average].map((each) => (each ? 'an average' : 'no average'));
    throw new OptionError({
      where,
      got: `a training with ${has} of its weights`,
      expected: `${wants}, as this one has`,
      cure: 'Give average as it was when the training was begun.',
    });
  }
  if (state.epoch <= epochs + 1) return;
  throw new OptionError({
    where,
    got: `a training of ${state.epoch - 1} finished epochs`,
    expected: `at most ${epochs}, as epochs says: it counts those that were made before as well`,
    cure: 'Raise epochs.',
  });
}
