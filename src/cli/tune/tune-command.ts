/** `weft tune`: searches settings of `weft train`, by trainings that are jobs, and says which are best and what mattered. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../../text.ts';
import { interruptedCode } from '../exit-codes.ts';
import { commandLine } from '../invocation.ts';
import { isFinished } from '../jobs/job-folder.ts';
import { addJobOptions, type JobOptions, jobWords, withJobs } from '../jobs/job-options.ts';
import { positiveInteger, seedNumber } from '../numbers.ts';
import { RunError } from '../run-error.ts';
import type { RunFolder } from '../run-folder.ts';
import { type Metrics, readMetrics } from '../run-record.ts';
import { CONFIG_FILE, readConfig } from '../settings/config-file.ts';
import { mergedSettings } from '../settings/merged-settings.ts';
import { addSettings, givenSettings, wordsOf } from '../settings/setting-options.ts';
import { jsonOption, oneOf } from '../shared-options.ts';
import { type CommandContext, counted, openTerminal, type Terminal } from '../terminal.ts';
import { type MainEffect, mainEffects } from './main-effects.ts';
import { requireEachUsed, searchKinds } from './search-space.ts';
import {
  comparisonOf,
  highestRungs,
  objectiveOf,
  ranked,
  type TrialMonitor,
  type TrialResult,
} from './trial-result.ts';
import { keepBestSettings, openTuneFolder, TUNE_PAGE, trialsKeeper } from './tune-folder.ts';
import {
  modelOfPlan,
  plannedTrials,
  planSearch,
  requireTrials,
  type SearchPlan,
  type SearchRequest,
} from './tune-plan.ts';
import { runSearch, TRIALS_FOLDER } from './tune-search.ts';
import {
  describeBest,
  describeEffects,
  describeResult,
  describeSearchPlan,
  objectiveText,
} from './tune-texts.ts';

/** What was asked for on the command line. */
export interface TuneOptions extends JobOptions, SearchRequest {
  readonly out?: string;
  readonly json: boolean;
}

/** Runs the command; returns its exit code. */
export async function tuneCommand(
  options: TuneOptions,
  terminal: Terminal,
  { program, signal }: Pick<CommandContext, 'program' | 'signal'>,
): Promise<number> {
  const { trials: count, out, jobs, redis } = options;
  requireTrials(count);
  const plan = await planSearch(options);
  const { given, space } = plan;
  const trials = plannedTrials(plan, count, out);
  if (options.space !== undefined) requireEachUsed(space, trials);
  const folder = await openTuneFolder(out, modelOfPlan(plan), plan, count);
  const { path } = folder;
  const again = repeatedCommand(options, path);
  try {
    const [monitor, compare] = [
      given.monitor ?? 'accuracy',
      comparisonOf(space, given.monitor ?? 'accuracy'),
    ];
    const inside = { folder: join(path, TRIALS_FOLDER), program, signal, terminal };
    const results = await withJobs({ jobs, redis }, inside, (runner, { say }) => {
      say(describeSearchPlan(plan, count, plan.halving, runner.slots));
      say(`Results: ${printable(path)}. Should it be interrupted, this goes on with it:`);
      say(`${printable(commandLine(again))}\n`);
      const keep = trialsKeeper(folder);
      const onResult = (result: TrialResult, all: readonly TrialResult[]): Promise<void> => {
        say(describeResult(result, space, { monitor, halves: plan.halving !== undefined }));
        return keep(all);
      };
      return runSearch({ trials, halving: plan.halving, compare, folder: path, onResult }, runner);
    });
    if (results !== undefined) return await finish(results, { options, plan, folder, monitor, terminal });
    terminal.say(`To go on:\n${commandLine(again)}`);
    return interruptedCode(signal?.reason);
  } finally {
    folder.leave();
  }
}

/** The command that goes on with the search. */
function repeatedCommand(options: TuneOptions, path: string): string[] {
  const { settings, trials, space, search, searchSeed, halving, rungs, brackets } = options;
  const words = Object.entries({
    ...{ '--trials': trials, '--space': space, '--search': search === 'sobol' ? undefined : search },
    ...{ '--search-seed': searchSeed === 0 ? undefined : searchSeed, '--halving': halving },
    ...{ '--rungs': rungs, '--brackets': brackets },
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag, `${value}`]));
  return ['tune', ...wordsOf(settings, {}), ...words, ...jobWords(options), '--out', path];
}

/** What the end of a search needs. */
interface Ending {
  readonly options: TuneOptions;
  readonly plan: SearchPlan;
  readonly folder: RunFolder;
  readonly monitor: TrialMonitor;
  readonly terminal: Terminal;
}

/** Says what is best and what mattered, and writes it. */
async function finish(
  results: readonly TrialResult[],
  { options, plan, folder, monitor, terminal }: Ending,
): Promise<number> {
  const { space, halving } = plan;
  const all = ranked(results, comparisonOf(space, monitor));
  const [best] = all;
  if (best?.scores === undefined) {
    throw new RunError({
      where: folder.path,
      got: `${counted(results.length, 'trial')} of which none came to its end: ${best?.failure ?? ''}`,
      expected: 'one at least that does',
      cure: 'Let --lr be lower in the space, or look at the first trial: trials.jsonl says why each failed.',
    });
  }
  const run = join(folder.path, best.folder);
  const metrics = finishedMetrics(run);
  const file = await keepBestSettings(folder, readConfig(join(run, CONFIG_FILE)));
  // In the order of their numbers, so that pictures and what chance explains do not tell who was done first.
  const first = results.filter(({ rung }) => rung === 0).sort((a, b) => a.trial - b.trial);
  const effects = effectsOf(plan, first, monitor);
  const command = ['train', '--config', file];
  // The chart library is only needed here, and takes a third of a second to load.
  const { renderTunePage } = await import('./tune-page.ts');
  const { trials } = options;
  const contents = { drawing: plan, halving, monitor, ranked: all, trials, first, effects, metrics, command };
  const page = await folder.write(TUNE_PAGE, renderTunePage(contents));
  const halves = halving !== undefined;
  const { say, result } = terminal;
  say(`\n${describeBest(highestRungs(all), space, { monitor, halves })}\n\n${describeEffects(effects)}\n`);
  say(
    `Best: trial ${best.trial}, validation ${monitor} ${objectiveText(best.scores, monitor)}, test accuracy ${(metrics.testAccuracy * 100).toFixed(2)} %.`,
  );
  const most = halving?.rungs.at(-1);
  if (most !== undefined && best.rung < halving!.rungs.length - 1) {
    say(`It has had ${best.epochs} of ${most} epochs: all that went on to more have failed.`);
  }
  const lines = [`Its run: ${run}`, `What mattered, as a picture: ${page}`, 'To train with these settings:'];
  for (const line of [...lines, commandLine(command)]) say(printable(line));
  if (options.json) {
    const { trial, values, scores } = best;
    const test = { testAccuracy: metrics.testAccuracy, testLoss: metrics.testLoss };
    result(
      JSON.stringify({ best: { trial, run, ...scores, ...test, values }, effects, trials: all }, null, 2),
    );
  }
  return 0;
}

function finishedMetrics(run: string): Metrics {
  const metrics = readMetrics(run);
  if (isFinished(metrics)) return metrics;
  throw new RunError({
    where: run,
    got: `a run that is ${metrics.status}`,
    expected: 'a finished one',
    cure: 'Repeat the search.',
  });
}

function effectsOf(
  { space }: SearchPlan,
  first: readonly TrialResult[],
  monitor: TrialMonitor,
): MainEffect[] {
  const sign = monitor === 'accuracy' ? 1 : -1;
  return mainEffects(
    space,
    first.map(({ values, scores }) => ({
      values,
      goodness: scores === undefined ? undefined : sign * objectiveOf(scores, monitor),
    })),
  );
}

/** Declares `weft tune`. */
export function addTune(program: Command, context: CommandContext): void {
  const { streams, finish: end } = context;
  const command = program
    .command('tune')
    .description('search for better settings of weft train: trials, the best of them, and what mattered')
    .configureHelp({ optionDescription: ({ description }) => description })
    .optionsGroup('The search:')
    .addOption(
      new Option('--trials <number>', 'how many settings are tried')
        .argParser(positiveInteger)
        .makeOptionMandatory(),
    )
    .option(
      '--space <file>',
      'what is tried, as JSON (default: learning rate, weight decay, batch, label smoothing, and sizes of the model)',
    )
    .addOption(
      oneOf(
        new Option(
          '--search <kind>',
          "how trials are drawn: sobol, evenly over the space by Sobol's sequence, or random (default: sobol)",
        ),
        searchKinds,
      ).default('sobol'),
    )
    .addOption(
      new Option('--search-seed <number>', 'decides which trials are drawn (default: 0)')
        .argParser(seedNumber)
        .default(0),
    )
    .addOption(
      new Option(
        '--halving <factor>',
        'begin with few epochs, and of every so many trials let the best one go on to so many times as many: 3 is usual',
      ).argParser(halvingFactor),
    )
    .addOption(
      new Option(
        '--rungs <number>',
        'with --halving, how many lengths there are, up to --epochs (default: as many as leave 2 epochs to the first, 4 at most)',
      ).argParser(positiveInteger),
    )
    .addOption(
      new Option(
        '--brackets <number>',
        'with --halving, in how many rungs trials begin, the lowest first: with all of them it is Hyperband (default: 1)',
      ).argParser(positiveInteger),
    )
    .option('--config <file>', 'settings of all trials from a file, as a run keeps them in its config.json')
    .option(
      '--out <folder>',
      'the folder of the search; one that was begun goes on (default: runs/<time>-tune-<model>)',
    )
    .addOption(jsonOption('the trials'));
  addJobOptions(command);
  addSettings(command);
  command
    .helpOption('-h, --help', 'show this')
    .action(
      async ({
        trials,
        space,
        search,
        searchSeed,
        halving,
        rungs,
        brackets,
        config,
        out,
        json,
        jobs,
        redis,
        ...options
      }) => {
        const given = givenSettings(options);
        const settings = config === undefined ? given : mergedSettings(readConfig(config), given);
        const halves = { halving, rungs, brackets };
        const asked = { settings, trials, space, search, searchSeed, ...halves, out, json, jobs, redis };
        end(await tuneCommand(asked, openTerminal(streams, json), context));
      },
    );
}

/** η: a whole number of at least 2. */
function halvingFactor(text: string): number {
  const value = positiveInteger(text);
  if (value >= 2) return value;
  throw new InvalidArgumentError('Give a whole number of at least 2, such as 3.');
}
