/** `weft labels`: which labels of a data set are likely wrong, by models that have not seen them. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { imageCount } from '../../data/dataset.ts';
import { foldOf } from '../../data/split.ts';
import type { PictureDataset } from '../../data/stream/streamed-dataset.ts';
import { topKAccuracy } from '../../metrics/index.ts';
import { printable } from '../../text.ts';
import { csvRow } from '../csv.ts';
import { exitCodes, interruptedCode } from '../exit-codes.ts';
import { trainingImages } from '../holdout.ts';
import { commandLine } from '../invocation.ts';
import { addJobOptions, type JobOptions, jobWords, withJobs } from '../jobs/job-options.ts';
import { formatDoubts, type LabelDoubt, labelDoubts } from '../label-doubts.ts';
import { positiveInteger } from '../numbers.ts';
import { openPlannedFolder } from '../planned-folder.ts';
import type { RunFolder } from '../run-folder.ts';
import { requireUnseen, seenOfAll } from '../seen-before.ts';
import { configText, readConfig } from '../settings/config-file.ts';
import { mergedSettings } from '../settings/merged-settings.ts';
import { addSettings, givenSettings, wordsOf } from '../settings/setting-options.ts';
import { settingNames } from '../settings/setting-table.ts';
import type { SettingName, Settings } from '../settings/setting-values.ts';
import { jsonOption } from '../shared-options.ts';
import { type CommandContext, counted, openTerminal, percent, type Terminal } from '../terminal.ts';
import { loadedData, splitSeedOf } from '../training-data.ts';
import { labelsPage } from './labels-page.ts';
import { outOfFoldAnswers } from './out-of-fold.ts';

/** What was asked for on the command line. */
export interface LabelsOptions extends JobOptions {
  readonly settings: Settings;
  readonly folds: number;
  /** How many are listed. */
  readonly top: number;
  readonly out?: string;
  readonly json: boolean;
}

const PLAN_FILE = 'labels.json';
const PAGE_FILE = 'labels.html';
const TABLE_FILE = 'labels.csv';

const usualTop = 20;

/** Runs the command; returns its exit code. */
export async function labelsCommand(
  { settings, folds, top, out, json, ...where }: LabelsOptions,
  terminal: Terminal,
  context: Pick<CommandContext, 'signal' | 'program'>,
): Promise<number> {
  if (folds < 2)
    throw new InvalidArgumentError(`--folds ${folds} leaves nothing to train on: give 2 or more.`);
  const folder = await openPlannedFolder(out, 'labels', {
    what: 'a search for labels',
    file: PLAN_FILE,
    plan: { folds, settings: JSON.parse(configText(settings)) },
  });
  try {
    return await searchLabels({ settings, folds, top, json, ...where }, folder, terminal, context);
  } finally {
    folder.leave();
  }
}

async function searchLabels(
  { settings, folds, top, json, ...where }: LabelsOptions,
  folder: RunFolder,
  terminal: Terminal,
  context: Pick<CommandContext, 'signal' | 'program'>,
): Promise<number> {
  const { say, result } = terminal;
  const { path: out } = folder;
  const whole = trainingImages(loadedData(settings), [1, folds]);
  const command = [
    'labels',
    ...wordsOf(settings, {}),
    '--folds',
    `${folds}`,
    ...(top === usualTop ? [] : ['--top', `${top}`]),
    ...jobWords(where),
    '--out',
    out,
  ];
  requireFolds(whole, settings, folds);
  requireUnseen(seenOfAll(settings, whole));
  say(
    printable(
      `${whole.name}: ${counted(imageCount(whole), 'image')} in ${counted(folds, 'fold')}, a training for each.`,
    ),
  );
  say(
    `Results: ${printable(out)}. Should it be interrupted, this goes on with it:\n${commandLine(command)}\n`,
  );
  const asked = { settings, folds, whole };
  const inside = { folder: join(out, 'folds'), terminal, ...context };
  const answers = await withJobs(where, inside, (runner, { say: tell }) =>
    outOfFoldAnswers(runner, asked, (name, accuracy) =>
      tell(`${name}: its model agrees with ${percent(accuracy)} of the labels`),
    ),
  );
  if (answers === undefined) {
    say(`Interrupted. To go on:\n${commandLine(command)}`);
    return interruptedCode(context.signal?.reason);
  }
  const { images, probabilities } = answers;
  const doubts = labelDoubts(images, { probabilities });
  const accuracy = topKAccuracy(probabilities, images.labels, images.classNames.length, 1);
  const page = labelsPage({ images, doubts, folds, accuracy, command });
  await folder.write(PAGE_FILE, page);
  await folder.write(TABLE_FILE, doubtsCsv(doubts));
  const shown = doubts.slice(0, top);
  if (json) {
    const found = shown.map(({ index: _, ...doubt }) => doubt);
    result(
      JSON.stringify(
        { images: imageCount(images), folds, accuracy, inDoubt: doubts.length, doubts: found },
        null,
        2,
      ),
    );
    return exitCodes.done;
  }
  result(`\n${formatDoubts(shown)}`);
  const share = percent(doubts.length / imageCount(images));
  result(
    `\n${counted(doubts.length, 'label')} of ${counted(imageCount(images), 'image')} in doubt (${share}).`,
  );
  say(
    printable(
      `Wrote ${join(out, PAGE_FILE)}, with the pictures, for a browser, and ${join(out, TABLE_FILE)}`,
    ),
  );
  return exitCodes.done;
}

/** @throws InvalidArgumentError where a fold would be empty */
function requireFolds(whole: PictureDataset, settings: Settings, folds: number): void {
  // Images of a class are dealt out in order: the last fold is the first to get none.
  if (foldOf(whole, [folds, folds], splitSeedOf(settings)).includes(1)) return;
  throw new InvalidArgumentError(
    `--folds ${folds} leaves folds without an image: ${whole.name} has ${counted(imageCount(whole), 'image')} that are not for the test. Give less.`,
  );
}

function doubtsCsv(doubts: readonly LabelDoubt[]): string {
  const rows = doubts.map(({ picture, label, labelProbability, suggested, suggestedProbability }) => [
    ...[picture, label, Number(labelProbability.toPrecision(6))],
    ...[suggested, Number(suggestedProbability.toPrecision(6))],
  ]);
  const header = ['picture', 'label', 'label_probability', 'likely', 'likely_probability'];
  return [header, ...rows].map(csvRow).join('');
}

/** Settings that are the command's own, or that say what is held out. */
const notForFolds: ReadonlySet<SettingName> = new Set(['fold', 'validationShare']);

const help = `
The data set is cut into folds; for each, a model is trained on the others, and asked for the images of the fold. Test images are
left out. Settings are those of weft train; a model that reads the images well finds more.`;

/** Declares `weft labels`. */
export function addLabels(program: Command, { streams, finish, ...context }: CommandContext): void {
  const command = program
    .command('labels')
    .description('find images whose labels are likely wrong, by models that have not seen them')
    .configureHelp({ optionDescription: ({ description }) => description })
    .option(
      '--folds <number>',
      'parts of the data set, each with a training of its own (default: 5)',
      positiveInteger,
      5,
    )
    .option('--top <number>', 'how many labels to list (default: 20)', positiveInteger, usualTop)
    .option(
      '--config <file>',
      'settings of the trainings from a file, as a run keeps them in its config.json',
    )
    .option(
      '--out <folder>',
      'the folder of the result; one that was begun goes on (default: runs/<time>-labels)',
    )
    .addOption(jsonOption('the labels'));
  addJobOptions(command);
  addSettings(
    command,
    settingNames.filter((name) => !notForFolds.has(name)),
  );
  command
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', help)
    .action(async ({ folds, top, config, out, json, jobs, redis, ...options }) => {
      const given = givenSettings(options);
      // A run may have held out a share or a fold of its own.
      const { fold: _, validationShare: __, ...file } = config === undefined ? {} : readConfig(config);
      const settings = mergedSettings(file, given);
      const asked = { settings, folds, top, out, json, jobs, redis };
      finish(await labelsCommand(asked, openTerminal(streams, json), context));
    });
}
