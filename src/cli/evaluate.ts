/** `weft evaluate`: how a trained model does on a test set. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { listed } from '../data/class-folders.ts';
import { type ImageDataset, imageCount } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import { isSamePlace } from '../data/files.ts';
import { loadDataset, loadRecordedImages, loadTestImages, type TestImages } from '../data/load.ts';
import { type DeviceOptions, setDevice } from '../index.ts';
import { printable } from '../text.ts';
import { evaluate, type SavedModel } from '../train/index.ts';
import { confusionRows, formatConfusion, formatQualities, qualities } from './confusion.ts';
import { RunError } from './run-error.ts';
import { readRun, requireFiniteAnswers } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';
import { dataHelp, deviceOption, jsonOption, runHelp } from './shared-options.ts';
import { readSplit } from './split-file.ts';
import { type CommandContext, counted, openTerminal, percent, type Terminal } from './terminal.ts';

/** The options of the command line. */
export interface EvaluateCommandOptions {
  readonly data?: string;
  readonly device: keyof DeviceOptions;
  readonly json: boolean;
}

/** Runs the command. */
export async function evaluateCommand(
  run: string,
  options: EvaluateCommandOptions,
  { say, result }: Terminal,
): Promise<void> {
  await setDevice(options.device);
  const { record, saved, notes: runNotes } = await readRun(run);
  const source = options.data ?? record?.data.source ?? withoutData(run);
  const { name, images, notes: imageNotes } = testImages(run, record, source, saved);
  const dataset = withClassesOf(saved, images);
  const { accuracy, loss, confusion, probabilities } = await evaluate(saved.model, dataset, {
    normalization: saved.normalization,
  });
  requireFiniteAnswers(run, probabilities);
  const { classNames } = dataset;
  const notes = [...runNotes, ...imageNotes];
  const rows = confusionRows(confusion, classNames.length);
  for (const note of notes) say(printable(note));
  if (options.json) {
    const classes = qualities(rows).map((quality, index) => ({ name: classNames[index], ...quality }));
    const count = imageCount(dataset);
    result(
      JSON.stringify(
        { run, data: source, images: count, accuracy, loss, notes, classes, confusion: rows },
        null,
        2,
      ),
    );
    return;
  }
  const title = `${saved.name} of ${run} on ${counted(imageCount(dataset), 'test image')} of ${name}`;
  result(`${printable(title)}: accuracy ${percent(accuracy)}, loss ${loss.toFixed(4)}\n`);
  result(`${formatQualities(rows, classNames)}\n`);
  result(formatConfusion(rows, classNames));
}

/** The library does not record what a model was trained on. */
function withoutData(run: string): never {
  throw new RunError({
    where: run,
    got: 'a model without the record of a run',
    expected: 'the data to test it on',
    cure: 'Give them with --data.',
  });
}

/** On the data of the run, the images that were held out then; on other data, its test set or else all of it. */
function testImages(
  run: string,
  record: RunRecord | undefined,
  source: string,
  { inputShape }: SavedModel,
): TestImages {
  const channels = inputShape[2] === 1 ? 1 : 3;
  const trained = record?.data.source;
  const own =
    trained !== undefined &&
    (source === trained || resolve(source) === trained || isSamePlace(source, trained));
  if (record === undefined || !own) return loadTestImages(source, channels);
  const split = readSplit(run);
  if (split === undefined) {
    // The digits, IDX files with a test set, and runs of earlier versions.
    const { name, test, notes } = loadDataset(source, { seed: record.seed });
    return { name, images: test, notes };
  }
  const others = [...split.train, ...split.validation];
  const { name, images, notes, missing, added } = loadRecordedImages(source, split.test, others, channels);
  const all = split.test.length;
  const changes = [
    `${name}: tested on ${counted(all - missing.length, 'image')} that ${all === 1 ? 'was' : 'were'} held out in training.`,
  ];
  if (missing.length > 0) {
    changes.push(
      `${name}: ${missing.length} of the ${counted(all, 'image')} held out are missing: ${listed(missing)}.`,
    );
  }
  if (added > 0) {
    changes.push(
      `${name}: ${counted(added, 'image')} added since the training ${added === 1 ? 'is' : 'are'} not looked at.`,
    );
  }
  return { name, images, notes: [...notes, ...changes] };
}

/**
 * The data set with the classes of the model, in its order; not all of them need to occur.
 *
 * @throws DatasetError when the image size or a class is another
 */
function withClassesOf({ inputShape, classNames }: SavedModel, dataset: ImageDataset): ImageDataset {
  const [, ...imageShape] = dataset.shape;
  if (imageShape.join() !== inputShape.join()) {
    throw new DatasetError({
      where: dataset.name,
      got: `images of ${imageShape.join('×')} (height × width × channels)`,
      expected: `${inputShape.join('×')}, as the model was trained on`,
      cure: 'Give the data the model was made for, or train a model on this data',
    });
  }
  const places = dataset.classNames.map((name) => classNames.indexOf(name));
  const unknown = dataset.classNames.find((_, index) => places[index] === -1);
  if (unknown === undefined) {
    return { ...dataset, classNames, labels: dataset.labels.map((label) => places[label]!) };
  }
  throw new DatasetError({
    where: dataset.name,
    got: `a class "${unknown}"`,
    expected: `only classes of the model: ${classNames.join(', ')}`,
    cure: 'Give the data the model was made for, or train a model on this data',
  });
}

/** Declares `weft evaluate`. */
export function addEvaluate(program: Command, { streams }: CommandContext): void {
  program
    .command('evaluate')
    .description('test a trained model')
    .argument('<run>', runHelp)
    .option('--data <name>', `${dataHelp} (default: what was held out when the run was trained)`)
    .addOption(deviceOption())
    .addOption(jsonOption('the result'))
    .action(async (run, options) => {
      await evaluateCommand(run, options, openTerminal(streams, options.json));
    });
}
