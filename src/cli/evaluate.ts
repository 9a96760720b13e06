/** `weft evaluate`: how a trained model does on a test set. */
import { type Command, Option } from 'commander';
import { listed } from '../data/class-folders.ts';
import { imageCount, imageName, type LabeledImages } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import { loadDataset } from '../data/load.ts';
import type { MissingPixels } from '../data/missing.ts';
import {
  loadAllImages,
  loadRecordedTest,
  type RecordedCopy,
  type RecordedPart,
  seenInTraining,
  type TestImages,
} from '../data/recorded-images.ts';
import type { Removal } from '../data/removal.ts';
import { openRecordedTest } from '../data/stream/recorded-stream.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { type DeviceOptions, setDevice } from '../index.ts';
import type { MissingTreatment } from '../models/index.ts';
import { formatInteger, formatTable, printable } from '../text.ts';
import { type Evaluation, evaluate } from '../train/index.ts';
import { confusionRows, formatConfusion, formatQualities, qualities } from './confusion.ts';
import { copyScores } from './copies.ts';
import { describeScores, scoresOf } from './describe.ts';
import { describeCalibration, judge, judgementRows } from './judgement.ts';
import { findMistakes, formatWorst } from './mistakes.ts';
import { writeNew } from './new-file.ts';
import { positiveInteger } from './numbers.ts';
import { predictionsCsv } from './predictions-file.ts';
import { describeRemoval, formatRemoval, removeHelp, removeSpec } from './remove-spec.ts';
import { formatRobustness, measureCard } from './robustness-card.ts';
import { RunError } from './run-error.ts';
import { type PictureClassifier, readRun, requireClasses, requireFiniteAnswers } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';
import { dataHelp, deviceOption, jsonOption, oneOf, runHelp } from './shared-options.ts';
import { readSplit } from './split-file.ts';
import { type CommandContext, counted, openTerminal, percent, type Terminal } from './terminal.ts';
import { afterRemoval, treatmentOf } from './train-settings.ts';
import { describeViews, viewsHelp, viewsOf, viewsText } from './views-spec.ts';

/** What can stand in the place of missing pixels before a model gets them. */
const fills = ['mean', 'last'] as const;

/** The options of the command line. */
export interface EvaluateCommandOptions {
  readonly data?: string;
  readonly labels?: string;
  readonly remove?: Removal | 'none';
  readonly fill?: (typeof fills)[number];
  readonly views?: string;
  readonly worst?: number;
  readonly robustness?: true;
  readonly csv?: string;
  readonly device: keyof DeviceOptions;
  readonly json: boolean;
}

/** Runs the command. */
export async function evaluateCommand(
  run: string,
  options: EvaluateCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { say, result } = terminal;
  await setDevice(options.device);
  const { record, saved: model, notes: runNotes } = await readRun(run);
  const saved = requireClasses(run, model);
  const tested = testImages(run, record, options, saved);
  const { name, images, notes: imageNotes, seen, copies, train } = tested;
  const dataset = withClassesOf(saved, images);
  const { classNames } = dataset;
  const removal = removalOf(run, record, options);
  const views = options.views ?? record?.views;
  const given = afterRemoval(dataset, removal);
  const answers = await evaluate(saved.model, given, {
    normalization: saved.normalization,
    missing: removal.missing,
    views: viewsOf(views),
    ...(isStreamed(given) && { workers: record?.workers }),
  });
  requireFiniteAnswers(run, answers.probabilities);
  const { accuracy, loss } = answers;
  const count = imageCount(dataset);
  const rows = confusionRows(answers.confusion, classNames.length);
  const scores = {
    ...scoresOf(dataset, answers, record?.data.classCounts?.train),
    ...(copies && copyScores(dataset, answers, copies)),
  };
  const judgement = judge(dataset, answers, record?.judgement?.rescaled?.temperature);
  const trained = seen && trainedOn(dataset, answers, seen);
  const notes = [
    ...runNotes,
    ...imageNotes,
    ...(trained?.notes ?? []),
    ...untestedNotes(dataset),
    ...removal.notes,
    ...[describeViews(views)].filter((note) => note !== undefined),
  ];
  for (const note of notes) say(printable(note));
  if (options.csv !== undefined) {
    const originals = copies && new Map(copies.map(({ first, second }) => [second, nameOf(train, first)]));
    await writeNew(options.csv, predictionsCsv(dataset, answers, originals));
  }
  // A model of which nothing is known is not given NaN.
  const missing = record || removal.remove ? removal.missing : 'error';
  const asked = { normalization: saved.normalization, missing, views, workers: record?.workers };
  const { seed, remove } = removal;
  const request = { model: saved.model, images: dataset, ...asked, seed, remove };
  const card = options.robustness && (await measureCard(request, terminal));
  const worst = options.worst === undefined ? [] : findMistakes(dataset, answers).slice(0, options.worst);
  if (options.json) {
    const classes = qualities(rows).map((quality, index) => ({ name: classNames[index], ...quality }));
    const answer = {
      run,
      data: options.data ?? record?.data.source,
      images: count,
      ...(views !== undefined && { views }),
      ...(removal.remove !== undefined && {
        remove: removal.remove,
        missing: removal.treatment,
        fill: options.fill,
      }),
      accuracy,
      loss,
      ...scores,
      judgement,
      ...(trained && { trainedOn: trained.count, accuracyOfOthers: trained.accuracyOfOthers }),
      notes,
      classes,
      confusion: rows,
      ...(card && { robustness: card }),
      ...(options.worst !== undefined && {
        worst: worst.map(({ index, ...mistake }) => ({ picture: imageName(dataset, index), ...mistake })),
      }),
    };
    result(JSON.stringify(answer, null, 2));
    return;
  }
  const title = `${saved.name} of ${run} on ${counted(count, 'test image')} of ${name}`;
  result(`${printable(title)}: accuracy ${percent(accuracy)}, loss ${loss.toFixed(4)}`);
  result(`${printable(describeScores(scores))} ${describeCalibration(judgement, accuracy)}\n`);
  result(
    `${formatTable([{ heading: 'measure' }, { heading: 'value', align: 'right' }], judgementRows(judgement))}\n`,
  );
  result(`${formatQualities(rows, classNames)}\n`);
  result(formatConfusion(rows, classNames));
  if (options.worst !== undefined) result(`\n${formatWorst(dataset, worst)}`);
  if (card) result(`\n${formatRobustness(card)}`);
  if (options.csv !== undefined) say(`\nWrote ${printable(options.csv)}`);
}

function nameOf(part: RecordedPart | undefined, place: number): string {
  return part?.files?.[place] ?? `training image ${place}`;
}

/** Which classes no image is of. */
function untestedNotes({ name, labels, classNames }: LabeledImages): string[] {
  const tested = new Set(labels);
  const untested = classNames.filter((_, label) => !tested.has(label));
  if (untested.length === 0) return [];
  const them = untested.length === 1 ? 'it is' : 'they are';
  return [
    `${name}: no test image is of ${untested.length === 1 ? 'the class' : 'the classes'} ${listed(untested)}: ` +
      `how well ${them} recognized is not known.`,
  ];
}

/** What is to be known where a model is tested on images that it has seen. */
function trainedOn(
  { name, labels }: LabeledImages,
  { predictions }: Evaluation,
  seen: readonly boolean[],
): { readonly count: number; readonly accuracyOfOthers: number | undefined; readonly notes: string[] } {
  const count = seen.filter(Boolean).length;
  const others = labels.length - count;
  const right = labels.filter((label, index) => !seen[index] && predictions[index] === label).length;
  const accuracyOfOthers = others === 0 ? undefined : right / others;
  if (count === 0) return { count, accuracyOfOthers, notes: [] };
  const rest =
    accuracyOfOthers === undefined
      ? 'There are no others.'
      : `On the other ${formatInteger(others)} it is ${percent(accuracyOfOthers)}.`;
  const note =
    `${name}: the model was trained or validated on ${formatInteger(count)} of these ${counted(labels.length, 'image')}, ` +
    `so the accuracy says little about new ones. ${rest}`;
  return { count, accuracyOfOthers, notes: [note] };
}

/** What stands in the place of missing pixels, by what the model of the run makes of them. */
const treated: Readonly<Record<Exclude<MissingTreatment, 'error'>, string>> = {
  mask: 'the model leaves out what is missing',
  mean: 'the model puts the mean of each pixel in training in its place',
  last: 'the model puts the pixel seen last above in its place',
  learned: 'the model puts learned values in its place',
  indicators: 'the model is told what is missing, and how long ago it was seen',
  seen: 'the model is told what is missing, and nothing else',
  decay: 'what was seen last fades in its place',
};

/** What stands there before a model gets the images. */
const filled: Readonly<Record<(typeof fills)[number], string>> = {
  mean: 'the mean of all pixels in training stands in its place',
  last: 'the pixel seen last above stands in its place, and the mean where there is none',
};

/** What is taken away of the test images, and what becomes of it. */
function removalOf(
  run: string,
  record: RunRecord | undefined,
  { remove: asked, fill }: EvaluateCommandOptions,
): {
  readonly remove: string | undefined;
  readonly seed: number;
  /** What the model makes of it, as far as that is known. */
  readonly treatment: MissingTreatment | undefined;
  /** What the model is given. */
  readonly missing: MissingPixels;
  readonly notes: readonly string[];
} {
  const treatment = record && treatmentOf(record);
  const removal =
    asked === 'none'
      ? undefined
      : (asked ?? (record?.remove === undefined ? undefined : removeSpec(record.remove)));
  const missing = fill ?? (treatment === 'error' ? 'error' : 'mask');
  const seed = record?.seed ?? 0;
  if (removal === undefined) {
    if (fill === undefined) return { remove: undefined, seed, treatment, missing, notes: [] };
    throw new RunError({
      where: run,
      got: `--fill ${fill} of images of which nothing is removed`,
      expected: 'something to fill',
      cure: 'Leave it out, or say with --remove what is taken away.',
    });
  }
  if (missing === 'error') {
    throw new RunError({
      where: run,
      got: `--remove ${formatRemoval(removal)} for a model that takes no missing pixels`,
      expected: 'something in their place',
      cure: 'Fill them with --fill mean or last, or train a model with --missing, which says what it makes of them.',
    });
  }
  const place =
    fill !== undefined
      ? filled[fill]
      : treatment === undefined || treatment === 'error'
        ? 'what the model makes of it was not recorded'
        : treated[treatment];
  const notes = [`Each image loses ${describeRemoval(removal)} (seed ${seed}); ${place}.`];
  return { remove: formatRemoval(removal), seed, treatment, missing, notes };
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

/** The run's own pictures have the labels that it was trained with. */
function labelsAlone(run: string, labels: string): RunError {
  return new RunError({
    where: run,
    got: `--labels ${labels} without --data`,
    expected: 'the folder of the pictures that it labels',
    cure: 'Give it with --data, or leave out --labels: the labels of a run are known.',
  });
}

/** What a model is tested on. */
interface Tested extends Omit<TestImages, 'images'> {
  readonly images: PictureDataset;
  /** Of other data than the run's: which images the model was trained or validated on, as far as that is known. */
  readonly seen?: readonly boolean[] | undefined;
  /** Of the run's own data: the images that are copies of training images. */
  readonly copies?: readonly RecordedCopy[] | undefined;
  readonly train?: RecordedPart | undefined;
}

/** Without `--data` the images that were held out when the run was trained; else all images of those data. */
function testImages(
  run: string,
  record: RunRecord | undefined,
  { data, labels }: EvaluateCommandOptions,
  { inputShape, classNames }: PictureClassifier,
): Tested {
  const [height, width, depth] = inputShape;
  const form = {
    size: [height, width],
    fit: record?.data.fit,
    channels: depth === 1 ? 1 : 3,
    classNames,
    labels: data === undefined ? record?.data.labels : labels,
  } as const;
  if (labels !== undefined && data === undefined) throw labelsAlone(run, labels);
  const split = record && readSplit(run);
  if (data !== undefined || record === undefined) {
    const all = loadAllImages(data ?? withoutData(run), form);
    return { ...all, seen: split && seenInTraining(split, all.images) };
  }
  const { source, streamed, fit } = record.data;
  if (streamed && split?.test.files !== undefined) {
    const recorded = {
      files: split.test.files,
      imageShape: inputShape,
      fit,
      classNames,
      labels: form.labels,
    };
    return openRecordedTest(source, recorded);
  }
  if (split !== undefined) return { ...loadRecordedTest(source, split, form), train: split.train };
  // Earlier versions did not record the split of the digits and of IDX files with a test set.
  const { name, test, notes } = loadDataset(source, { seed: record.seed });
  return { name, images: test, notes };
}

/**
 * The data set with the classes of the model, in its order; not all of them need to occur.
 *
 * @throws DatasetError when the image size or a class is another
 */
function withClassesOf(
  { inputShape, classNames }: PictureClassifier,
  dataset: PictureDataset,
): PictureDataset {
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
  const occurring = new Set(dataset.labels);
  const unknown = dataset.classNames.find((_, index) => places[index] === -1 && occurring.has(index));
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
    .option(
      '--data <name>',
      `${dataHelp} (default: what was held out when the run was trained); all its images are used`,
    )
    .option('--labels <file>', 'the labels of the pictures of --data, where they are not in class folders')
    .option(
      '--remove <part:share>',
      `take a part of each image away (default: as in training; none: nothing): ${removeHelp}`,
      (text) => (text === 'none' ? text : removeSpec(text)),
    )
    .addOption(
      oneOf(
        new Option(
          '--fill <what>',
          'what stands in the place of removed pixels before the model gets them (default: nothing: the model makes of them what it was trained to)',
        ),
        fills,
      ),
    )
    .option('--views <views>', `${viewsHelp} (default: as in training)`, viewsText)
    .option('--worst <number>', 'list the worst mistakes, with the files of their pictures', positiveInteger)
    .option('--robustness', 'how the accuracy falls where images are moved, turned, covered or degraded')
    .option('--csv <file>', 'write the answer for each image to a new file')
    .addOption(deviceOption())
    .addOption(jsonOption('the result'))
    .action(async (run, options) => {
      await evaluateCommand(run, options, openTerminal(streams, options.json));
    });
}
