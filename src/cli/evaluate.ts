/** `weft evaluate`: how a trained model does on a test set. */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { listed } from '../data/class-folders.ts';
import { imageCount, imageName, type LabeledImages } from '../data/dataset.ts';
import type { RecordedPart } from '../data/recorded-images.ts';
import type { Removal } from '../data/removal.ts';
import { type DeviceOptions, setDevice } from '../index.ts';
import { formatInteger, formatTable, printable } from '../text.ts';
import type { Evaluation } from '../train/index.ts';
import { confusionRows, formatConfusion, formatQualities, qualities } from './confusion.ts';
import { copyScores } from './copies.ts';
import { describeScores, scoresOf } from './describe.ts';
import { describeCalibration, judge, judgementRows } from './judgement.ts';
import { formatDoubts, labelDoubts } from './label-doubts.ts';
import { findMistakes, formatWorst } from './mistakes.ts';
import { writeNew } from './new-file.ts';
import { positiveInteger } from './numbers.ts';
import { predictionsCsv, predictionsJsonLines } from './predictions-file.ts';
import { removeHelp, removeSpec } from './remove-spec.ts';
import { formatRobustness, measureCard } from './robustness-card.ts';
import { dataHelp, deviceOption, jsonOption, oneOf, runHelp } from './shared-options.ts';
import { type CommandContext, counted, openTerminal, percent, type Terminal } from './terminal.ts';
import { fills } from './tested-removal.ts';
import { testRun } from './tested-run.ts';
import { describeViews, viewsHelp, viewsText } from './views-spec.ts';

/** The options of the command line. */
export interface EvaluateCommandOptions {
  readonly data?: string;
  readonly labels?: string;
  readonly remove?: Removal | 'none';
  readonly fill?: (typeof fills)[number];
  readonly views?: string;
  readonly worst?: number;
  readonly mislabeled?: number;
  readonly robustness?: true;
  readonly csv?: string;
  readonly jsonl?: string;
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
  const { csv, jsonl } = options;
  if (csv !== undefined && jsonl !== undefined && resolve(csv) === resolve(jsonl)) {
    throw new InvalidArgumentError(`--csv and --jsonl both name ${csv}: give each a file of its own.`);
  }
  await setDevice(options.device);
  const {
    record,
    saved,
    tested,
    dataset,
    removal,
    views,
    answers,
    notes: found,
  } = await testRun(run, options);
  const { name, seen, copies, train } = tested;
  const { classNames } = dataset;
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
    ...found,
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
  if (options.jsonl !== undefined) await writeNew(options.jsonl, predictionsJsonLines(dataset, answers));
  // A model of which nothing is known is not given NaN.
  const missing = record || removal.remove ? removal.missing : 'error';
  const asked = { normalization: saved.normalization, missing, views, workers: record?.workers };
  const { seed, remove } = removal;
  const request = { model: saved.model, images: dataset, ...asked, seed, remove };
  const card = options.robustness && (await measureCard(request, terminal));
  const worst = options.worst === undefined ? [] : findMistakes(dataset, answers).slice(0, options.worst);
  const doubts =
    options.mislabeled === undefined ? [] : labelDoubts(dataset, answers).slice(0, options.mislabeled);
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
      ...(options.mislabeled !== undefined && { mislabeled: doubts.map(({ index: _, ...doubt }) => doubt) }),
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
  if (options.mislabeled !== undefined) result(`\n${formatDoubts(doubts)}`);
  if (card) result(`\n${formatRobustness(card)}`);
  const written = [options.csv, options.jsonl].filter((path) => path !== undefined);
  if (written.length > 0) say(`\nWrote ${printable(written.join(' and '))}`);
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
    .option(
      '--mislabeled <number>',
      'list images whose labels are likely wrong, the likeliest first',
      positiveInteger,
    )
    .option('--csv <file>', 'write the answer for each image, with all probabilities, to a new file')
    .option('--jsonl <file>', 'the same as lines of JSON')
    .addOption(deviceOption())
    .addOption(jsonOption('the result'))
    .action(async (run, options) => {
      await evaluateCommand(run, options, openTerminal(streams, options.json));
    });
}
