/** What `weft train` says of a training: before it, at its end, and when it ended early. */
import type { LabeledImages } from '../data/dataset.ts';
import { deviceInfo, NonFiniteError } from '../index.ts';
import { printable } from '../text.ts';
import { NonFiniteStepError } from '../train/index.ts';
import { formatAugmentation } from './augment-spec.ts';
import { describeAverage } from './averages.ts';
import { formatConfusion } from './confusion.ts';
import { describeScores } from './describe.ts';
import { describeTeacher } from './distillation.ts';
import { commandLine } from './invocation.ts';
import { describeLoss } from './losses.ts';
import { writtenSizes } from './model-sizes.ts';
import { describeOptimizer, describeSchedule } from './optimizers.ts';
import { describeRemoval, removeSpec } from './remove-spec.ts';
import type { BegunRun } from './resumed-run.ts';
import type { RunFolder } from './run-folder.ts';
import type { Metrics, RunRecord } from './run-record.ts';
import { seenNotes } from './seen-before.ts';
import type { TrainSettings } from './settings/setting-values.ts';
import { counted, duration, percent } from './terminal.ts';
import { splitSeedOf } from './training-data.ts';
import { describeViews } from './views-spec.ts';

/** More class weights than this make a long line: then only the extremes are told. */
const LISTED_WEIGHTS = 8;

/** All that is on, a line each. */
export function describeTraining(settings: TrainSettings, { classNames }: LabeledImages): string {
  const { epochs, earlyStopping } = settings;
  const lines = [
    `Training on ${deviceInfo().name}: ${counted(epochs, 'epoch')}, ${describeBatches(settings)}.`,
    `${describeOptimizer(settings)}; ${describeSchedule(settings)}.`,
    ...describeSteps(settings, classNames),
  ];
  const average = describeAverage(settings.average ?? 'none', epochs);
  if (average !== undefined) lines.push(average);
  if (earlyStopping !== undefined) {
    // Only these do not depend on how many epochs are planned.
    const early =
      settings.schedule === 'constant' || settings.schedule === 'plateau'
        ? ''
        : ` The learning rate is that of ${counted(epochs, 'epoch')} all the same: a run that stops early misses its low end.`;
    lines.push(`Stops after ${counted(earlyStopping, 'epoch')} without a new best.${early}`);
  }
  const views = describeViews(settings.views);
  if (views !== undefined) lines.push(`In the test, ${views[0]!.toLowerCase()}${views.slice(1)}`);
  return lines.map(printable).join('\n');
}

/** What is on while a learning rate is looked for, a line each. */
export function describeSearch(settings: TrainSettings, { classNames }: LabeledImages): string {
  const lines = [
    `Looking for a learning rate on ${deviceInfo().name}: ${describeBatches(settings)}.`,
    `${describeOptimizer(settings)}.`,
    ...describeSteps(settings, classNames),
  ];
  return lines.map(printable).join('\n');
}

function describeBatches({ batchSize, accumulate = 1, seed }: TrainSettings): string {
  return `batches of ${batchSize}${accumulate === 1 ? '' : `, ${accumulate} of them a step`}, seed ${seed}`;
}

/** What each step is made with, beside the optimizer. */
function describeSteps(settings: TrainSettings, classNames: readonly string[]): string[] {
  const moves = formatAugmentation(settings.augmentation).replaceAll(',', ', ').replaceAll('=', ' ');
  const lines = [
    moves === ''
      ? 'Training images are shown as they are (--augment changes them at random).'
      : `Training images are changed at random: ${moves} (--no-augment shows them as they are).`,
  ];
  const own = Object.entries(writtenSizes(settings));
  if (own.length > 0)
    lines.push(`The model has ${own.map(([name, value]) => `${name} ${value}`).join(', ')}.`);
  if (settings.remove !== undefined) {
    lines.push(
      `Each image loses ${describeRemoval(removeSpec(settings.remove))}: drawn anew at each showing in training, once (seed ${splitSeedOf(settings)}) for validation and test images.`,
    );
  }
  const { mixup = 0, cutmix = 0, sampling = 'uniform' } = settings;
  const mixes = [...(mixup > 0 ? [`mixup ${mixup}`] : []), ...(cutmix > 0 ? [`cutmix ${cutmix}`] : [])];
  if (mixes.length > 0) lines.push(`They are mixed in pairs: ${mixes.join(' or ')}.`);
  if (sampling === 'balanced') lines.push('All classes are shown alike, however many images they have.');
  const loss = describeLoss(settings);
  if (loss !== undefined) lines.push(loss);
  const teacher = describeTeacher(settings);
  if (teacher !== undefined) lines.push(teacher);
  if (settings.classWeights !== undefined) {
    lines.push(`In the loss, classes count ${describeWeights(settings.classWeights, classNames)}.`);
  }
  return lines;
}

function describeWeights(weights: Readonly<Record<string, number>>, names: readonly string[]): string {
  const sorted = names.map((name) => ({ name, weight: weights[name]! })).sort((a, b) => a.weight - b.weight);
  const text = ({ name, weight }: { name: string; weight: number }): string =>
    `${Number(weight.toPrecision(3))} (${name})`;
  if (sorted.length <= LISTED_WEIGHTS) return sorted.map(text).join(', ');
  return `from ${text(sorted[0]!)} to ${text(sorted.at(-1)!)}`;
}

/** `epoch 7 of 30, validation accuracy 97.50 %` */
function describeBest({ history, bestEpoch }: RunRecord): string {
  const best = history.find(({ epoch }) => epoch === bestEpoch);
  const accuracy = best === undefined ? '' : ` (validation accuracy ${percent(best.valAccuracy)})`;
  return `epoch ${bestEpoch}${accuracy}`;
}

/** The result. */
export function describeTest(metrics: Metrics): string {
  const { testAccuracy, testLoss, trainSeconds, confusion, data, history, bestEpoch } = metrics;
  const model =
    history.length === 1
      ? ''
      : bestEpoch === history.length
        ? ' The best epoch was the last.'
        : ` The model is that of the best of ${history.length} epochs, ${describeBest(metrics)}.`;
  const seen = seenNotes(data).map((note) => `\n${printable(note)}`);
  return (
    `Test accuracy ${percent(testAccuracy)}, loss ${testLoss.toFixed(4)} on ${counted(data.test, 'image')}, ` +
    `after ${duration(trainSeconds)} of training.${model}\n${printable(describeScores(metrics))}${seen.join('')}\n\n` +
    formatConfusion(confusion, data.classNames)
  );
}

/** That training stopped before the planned epochs were over. */
export function describeEarlyStop({ history, epochs, earlyStopping }: RunRecord): string | undefined {
  if (earlyStopping === undefined || history.length === epochs) return undefined;
  return `Stopped after ${history.length} of ${counted(epochs, 'epoch')}: no new best in ${counted(earlyStopping, 'epoch')}.`;
}

/** Where a training goes on. */
export function describeResumption({ path, state, notes }: BegunRun): string {
  if (state === undefined) return printable(`There is no checkpoint in ${path} yet: it begins anew.`);
  const steps = state.step === 0 ? '' : `, after ${counted(state.step, 'step')}`;
  return [...notes, `Going on with ${path} in epoch ${state.epoch}${steps}.`].map(printable).join('\n');
}

/** What a signal left. */
export function describeInterruption(record: RunRecord, { path }: RunFolder): string {
  const { history, epochs } = record;
  const model =
    history.length === 0
      ? `the model as it is now is in ${path}`
      : `the model of the best, ${describeBest(record)}, is in ${path}, that of now in ${path}/last`;
  return printable(
    `Interrupted after ${history.length} of ${counted(epochs, 'epoch')}: ${model}. It is not tested.`,
  ).concat(
    `\nTo go on:\n${commandLine(['train', '--resume', path])}\nTo test it:\n${commandLine(['evaluate', path])}`,
  );
}

/** What is tried where a learning rate was too high: this part of it. */
const CALMER = 1 / 3;

/**
 * What an error left, and how to go on.
 *
 * @param hasCheckpoint whether there is one to go on from
 */
export function describeFailure(
  record: RunRecord,
  error: unknown,
  { path }: RunFolder,
  hasCheckpoint: boolean,
): string {
  const best =
    record.bestEpoch === undefined
      ? ''
      : ` The model of the best before, ${describeBest(record)}, is in ${path}.`;
  const again = ['train', '--resume', path];
  const ofData = error instanceof NonFiniteStepError && error.finding?.operation === 'input';
  if (!(error instanceof NonFiniteError) || ofData) {
    return `${printable(`Training failed.${best} To ${hasCheckpoint ? 'go on from the last checkpoint' : 'begin anew'}:`)}\n${commandLine(again)}`;
  }
  const rate = Number((record.learningRate * CALMER).toPrecision(1));
  return (
    `${printable(`Training failed.${best} ${hasCheckpoint ? 'The last checkpoint is from before; to go on from it' : 'There is no checkpoint yet; to begin anew'} with a lower learning rate:`)}\n` +
    commandLine([...again, '--lr', `${rate}`])
  );
}
