/** `weft compare`: trains models under one budget, or takes runs, and says which is right more often, and how sure that is. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { METRICS_FILE } from '../../data/run-folders.ts';
import { formatTable, printable } from '../../text.ts';
import { interruptedCode } from '../exit-codes.ts';
import { commandLine } from '../invocation.ts';
import { addJobOptions, jobWords, withJobs } from '../jobs/job-options.ts';
import { positiveInteger } from '../numbers.ts';
import { type FolderPlan, openPlannedFolder } from '../planned-folder.ts';
import type { RunFolder } from '../run-folder.ts';
import { readMetrics } from '../run-record.ts';
import { configText } from '../settings/config-file.ts';
import { addSettings, givenSettings, wordsOf } from '../settings/setting-options.ts';
import { settingNames } from '../settings/setting-table.ts';
import type { SettingName } from '../settings/setting-values.ts';
import { dataHelp, jsonOption } from '../shared-options.ts';
import { type CommandContext, Counter, openTerminal, type Terminal } from '../terminal.ts';
import { trainDefaults } from '../train-defaults.ts';
import type { FittedComparison } from './budget-fit.ts';
import { type CompareOptions, placeOf, refuseForRuns, refuseMisfits } from './compare-options.ts';
import { groupRuns, testGroups } from './compared-runs.ts';
import {
  describeBudget,
  fittingHeadings,
  fittingRows,
  modelTable,
  withoutBudget,
} from './comparison-table.ts';
import { budgetKinds, readBudget, usualBudget, writtenBudget } from './compute-budget.ts';
import { type Contestant, readContestants } from './contestants.ts';
import { type Comparison, comparisonText } from './model-comparison.ts';
import { compareModels } from './statistics.ts';
import { answersOf, runsFolder, trainComparison } from './trained-comparison.ts';
import { describeDifferences, describeRanks } from './verdict.ts';

/** What the command is run with. */
export interface CompareContext extends Pick<CommandContext, 'signal' | 'program'> {
  readonly terminal: Terminal;
}

const usualSeeds = 3;
const PLAN_FILE = 'plan.json';
const REPORT_FILE = 'comparison.html';
const NUMBERS_FILE = 'comparison.json';

/** Runs the command; returns its exit code, where a signal ended it. */
export async function compareCommand(
  names: readonly string[],
  options: CompareOptions,
  context: CompareContext,
): Promise<number | undefined> {
  const { terminal, signal } = context;
  const areRuns = names.map((name) => existsSync(join(name, METRICS_FILE)));
  if (areRuns.includes(true) && areRuns.includes(false)) {
    const run = names[areRuns.indexOf(true)]!;
    const other = names[areRuns.indexOf(false)]!;
    throw new InvalidArgumentError(
      `${run} is a run and ${other} is none: give runs, which are compared as they are, or models, which are trained.`,
    );
  }
  const isOfRuns = areRuns.includes(true);
  if (isOfRuns) refuseForRuns(options);
  const contestants = isOfRuns ? [] : readContestants(names);
  if (!isOfRuns) refuseMisfits(options, contestants);
  const plan = isOfRuns ? planOfRuns(names) : planOf(contestants, options);
  const folder = await openPlannedFolder(options.out, 'comparison', plan);
  const { path: out } = folder;
  const command = commandOf(names, options, out);
  try {
    const numbers = isOfRuns
      ? await compareRuns(names, terminal)
      : await trainAndCompare(contestants, options, out, command, context);
    if (numbers === undefined) return interruptedCode(signal?.reason);
    const comparison = { command, ...numbers };
    await writeComparison(folder, comparison);
    tell(comparison, out, options.json, terminal);
    return undefined;
  } finally {
    folder.leave();
  }
}

/** What has to stay the same for a comparison of runs to be made again. */
function planOfRuns(names: readonly string[]): FolderPlan {
  return { what: 'a comparison', file: PLAN_FILE, plan: { runs: names.map((name) => resolve(name)) } };
}

/** What has to stay the same for a comparison to be gone on with: of files of settings what is in them. */
function planOf(
  contestants: readonly Contestant[],
  { data = [trainDefaults.data], budget = usualBudget, settings }: CompareOptions,
): FolderPlan {
  const plan = {
    models: contestants.map(({ label, settings: own }) => [label, JSON.parse(configText(own))]),
    data: data.map(placeOf),
    budget: writtenBudget(budget),
    settings: JSON.parse(configText(settings)),
  };
  return { what: 'a comparison', file: PLAN_FILE, plan, mayDiffer: 'with more --seeds if more are wanted' };
}

/** The arguments that repeat the comparison, or go on with it. */
function commandOf(
  names: readonly string[],
  { data = [], seeds, budget, crossValidate, settings, ...where }: CompareOptions,
  out: string,
): string[] {
  return [
    ...['compare', ...names],
    ...data.flatMap((source) => ['--data', source]),
    ...(seeds === undefined ? [] : ['--seeds', `${seeds}`]),
    ...(budget === undefined ? [] : ['--budget', writtenBudget(budget)]),
    ...(crossValidate ? ['--cross-validate'] : []),
    ...wordsOf(settings, {}),
    ...jobWords(where),
    ...['--out', out],
  ];
}

/** Compares runs that are there. */
async function compareRuns(
  folders: readonly string[],
  terminal: Terminal,
): Promise<Omit<Comparison, 'command'>> {
  const twice = folders.find(
    (folder, place) => folders.findIndex((each) => resolve(each) === resolve(folder)) < place,
  );
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} stands twice: give each run once.`);
  const runs = folders.map((folder) => ({ folder, record: readMetrics(folder) }));
  const groups = groupRuns(runs);
  const counter = new Counter(terminal.progress);
  const source = runs[0]!.record.data;
  const compared = await testGroups(source.source, groups, (number) =>
    counter.show(`testing run ${number + 1} of ${runs.length}`),
  ).finally(() => counter.clear());
  const statistics = compareModels(source.name, compared.test.labels, compared.models.map(answersOf));
  return { datasets: [{ compared, statistics, fitted: undefined }], ranks: undefined };
}

/** Trains the models and compares them; undefined where a signal ended it. */
async function trainAndCompare(
  contestants: readonly Contestant[],
  {
    data = [trainDefaults.data],
    seeds = usualSeeds,
    budget = usualBudget,
    crossValidate,
    settings,
    ...where
  }: CompareOptions,
  out: string,
  command: readonly string[],
  { terminal, signal, program }: CompareContext,
): Promise<Omit<Comparison, 'command'> | undefined> {
  terminal.say(
    lines(`The comparison is in ${out}. To go on with it, should it end early:\n${commandLine(command)}\n`),
  );
  const asked = {
    ...{ contestants, sources: data, common: settings, budget, seeds, out },
    isCrossValidated: crossValidate === true,
  };
  const inside = { folder: runsFolder(out), program, signal, terminal };
  const comparison = await withJobs(where, inside, (runner, { say, show }) =>
    trainComparison(asked, {
      runner,
      say: (text) => say(printable(text)),
      onFitted: (name, fitted) => say(lines(fittedText(name, fitted))),
      onTest: (number) => show(`testing run ${number + 1}`),
    }),
  );
  if (comparison === undefined) terminal.say(lines(`To go on:\n${commandLine(command)}`));
  return comparison;
}

function fittedText(name: string, fitted: FittedComparison): string {
  const table = formatTable(
    fittingHeadings.map((heading, place) => ({ heading, ...(place > 1 && { align: 'right' as const }) })),
    fittingRows(fitted),
  );
  return `${name}: ${describeBudget(fitted)}\n\n${table}\n`;
}

/** Writes the report and the numbers. */
async function writeComparison(folder: RunFolder, comparison: Comparison): Promise<void> {
  // The chart library is only needed here.
  const { renderComparison } = await import('./report/comparison-report.ts');
  await folder.write(NUMBERS_FILE, `${comparisonText(comparison)}\n`);
  await folder.write(REPORT_FILE, renderComparison(comparison));
}

/** Tells the result. */
function tell(comparison: Comparison, out: string, json: boolean, { say, result }: Terminal): void {
  if (json) {
    result(comparisonText(comparison));
    return;
  }
  const { datasets, ranks } = comparison;
  for (const judged of datasets) {
    result(lines(`\n${modelTable(judged)}\n`));
    for (const text of describeDifferences(judged.statistics)) result(printable(text));
    if (judged.fitted === undefined) say(withoutBudget);
    for (const note of judged.compared.notes) say(printable(note));
  }
  if (ranks !== undefined) {
    const labels = datasets[0]!.statistics.models.map(({ label }) => label);
    result(lines(`\n${describeRanks(labels, ranks)}`));
  }
  say(lines(`\nWrote ${join(out, REPORT_FILE)}, for a browser, and ${join(out, NUMBERS_FILE)}`));
}

/** Text of several lines, as a terminal may be given it. */
function lines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Settings that are the comparison's own, or a model's. */
const notForAll: ReadonlySet<SettingName> = new Set(['data', 'model', 'from', 'freeze', 'seed', 'fold']);

const help = `
A MODEL is a name of weft models, with settings of its own after a colon (conv-lstm:hidden=96,maps=8,16), or a file of settings as
a run has in its config.json. Each is trained with the seeds 0, 1, … on the same images. In place of models, folders of runs that
were tested on the same images: runs that differ in nothing but the seed are of one model. The same command with the same --out
goes on where it was interrupted.`;

/** Declares `weft compare`. */
export function addCompare(
  program: Command,
  { streams, signal, finish, program: file }: CommandContext,
): void {
  const command = program
    .command('compare')
    .description('train models under one budget, or take runs, and test which is right more often')
    .argument('<models...>', 'two models or more, or two runs or more')
    .configureHelp({ optionDescription: ({ description }) => description });
  command
    .optionsGroup('The comparison:')
    .option(
      '--data <name>',
      `${dataHelp}; may be given several times (default: digits)`,
      (text, before: readonly string[] = []) => [...before, text],
    )
    .option(
      '--seeds <number>',
      'how often each model is trained, with another seed each (default: 3)',
      positiveInteger,
    )
    .addOption(
      new Option(
        '--budget <kind[:amount]>',
        `what is equal for all: ${budgetKinds.join(', ')}, or one with its amount, such as flops:5e12 (default: flops, as many as the first model takes)`,
      ).argParser(readBudget),
    )
    .option(
      '--cross-validate',
      'compare on halves of the training images as well: ten more trainings of each model',
    )
    .option('--out <folder>', 'the folder of the comparison (default: runs/<time>-comparison)')
    .addOption(jsonOption('the numbers'))
    .helpOption('-h, --help', 'show this');
  addJobOptions(command);
  addSettings(
    command,
    settingNames.filter((name) => !notForAll.has(name)),
  );
  command.addHelpText('after', help).action(async (names: string[], given) => {
    const { data, seeds, budget, crossValidate, jobs, redis, out, json, ...others } = given;
    const isOne = names.length < 2;
    if (isOne) {
      throw new InvalidArgumentError(
        `There is nothing to compare ${names[0]} with: give two models or more, or runs.`,
      );
    }
    const asked = { data, seeds, budget, crossValidate, jobs, redis, out, json };
    const options = { ...asked, settings: givenSettings(others) };
    const code = await compareCommand(names, options, {
      ...{ terminal: openTerminal(streams, json), signal, program: file },
    });
    if (code !== undefined) finish(code);
  });
}
