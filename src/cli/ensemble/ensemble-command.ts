/** `weft ensemble`: makes one model of those of several runs, tests it beside them, and writes a run folder. */
import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DeviceOptions, setDevice } from '../../index.ts';
import { type Combination, combinations } from '../../nn/combinations.ts';
import { printable } from '../../text.ts';
import { exitCodes, interruptedCode } from '../exit-codes.ts';
import { commandLine } from '../invocation.ts';
import { addJobOptions, type JobOptions, jobWords } from '../jobs/job-options.ts';
import { positiveInteger } from '../numbers.ts';
import type { RunFolder } from '../run-folder.ts';
import { recordText } from '../run-record.ts';
import { deviceOption, jsonOption, oneOf } from '../shared-options.ts';
import { type CommandContext, openTerminal, type Terminal } from '../terminal.ts';
import { trainDefaults } from '../train-defaults.ts';
import { openEnsembleFolder, writeEnsemble } from './ensemble-files.ts';
import { describeEnsemble, formatMembers } from './ensemble-texts.ts';
import { type Member, readMember, requireAlike } from './members.ts';
import { testedEnsemble } from './tested-ensemble.ts';
import { type Making, membersFolder, trainedMembers } from './trained-members.ts';

/** The options of the command line. */
export interface EnsembleCommandOptions extends JobOptions {
  readonly combine: Combination;
  readonly seeds?: number;
  readonly folds?: number;
  readonly snapshots?: number;
  readonly out?: string;
  readonly device: keyof DeviceOptions;
  readonly json: boolean;
}

/** Runs the command; returns its exit code. */
export async function ensembleCommand(
  given: readonly string[],
  options: EnsembleCommandOptions,
  terminal: Terminal,
  context: Pick<CommandContext, 'signal' | 'program'>,
): Promise<number> {
  const { combine, jobs, redis, out, device, json } = options;
  const { say, result } = terminal;
  const { signal } = context;
  const making = makingOf(given, options);
  const runs = given.map((run) => resolve(run));
  await setDevice(device);
  const plan = { runs, combine, ...(making && { [making.kind]: making.count }) };
  const folder = await openEnsembleFolder(out, plan);
  const command = ['ensemble', ...runs, ...(making ? [`--${making.kind}`, `${making.count}`] : [])];
  command.push('--combine', combine, ...jobWords(options));
  if (device !== trainDefaults.device) command.push('--device', device);
  try {
    const inside = { folder: membersFolder(folder.path), terminal, ...context };
    const members = making
      ? await trainedMembers(runs[0]!, making, { jobs, redis }, inside)
      : await readMembers(runs);
    if (members === undefined || signal?.aborted) return interrupted(command, folder, terminal, signal);
    requireAlike(members);
    const tested = await testedEnsemble({ members, combine, command }, terminal, signal);
    if (tested === undefined) return interrupted(command, folder, terminal, signal);
    const { metrics } = tested;
    const nameOf = (path: string): string => relative(process.cwd(), path);
    say(`\n${formatMembers(metrics, nameOf)}\n`);
    for (const text of describeEnsemble(metrics, nameOf)) say(printable(text));
    await writeEnsemble(folder, tested, say);
    if (json) result(recordText(metrics));
    return exitCodes.done;
  } finally {
    folder.leave();
  }
}

async function readMembers(runs: readonly string[]): Promise<readonly Member[]> {
  const members: Member[] = [];
  for (const run of runs) members.push(await readMember(run));
  return members;
}

function interrupted(
  command: readonly string[],
  { path }: RunFolder,
  { say }: Terminal,
  signal: AbortSignal | undefined,
): number {
  say(`Interrupted. To go on:\n${commandLine([...command, '--out', path])}`);
  return interruptedCode(signal?.reason);
}

/** Which members are to be trained. @throws InvalidArgumentError for what is no ensemble, and options that do nothing */
function makingOf(
  runs: readonly string[],
  { combine, seeds, folds, snapshots, ...where }: EnsembleCommandOptions,
): Making | undefined {
  const kinds = Object.entries({ seeds, folds, snapshots }).filter(
    (entry): entry is [Making['kind'], number] => entry[1] !== undefined,
  );
  const [kind, count] = kinds[0] ?? [];
  if (kind === undefined || count === undefined) {
    const [flag, value] = jobWords(where);
    if (flag !== undefined)
      throw new InvalidArgumentError(
        `${flag} ${value} does nothing without --seeds, --folds or --snapshots, which train: leave it out.`,
      );
    const twice = runs.find((run, place) =>
      runs.slice(0, place).some((other) => resolve(other) === resolve(run)),
    );
    if (twice !== undefined) throw new InvalidArgumentError(`${twice} is given twice: give each run once.`);
    if (runs.length > 1) return undefined;
    throw new InvalidArgumentError(
      'An ensemble is of two runs or more: give others besides, or let them be trained with --seeds, --folds or --snapshots.',
    );
  }
  if (runs.length > 1)
    throw new InvalidArgumentError(
      `--${kind} trains with the settings of one run: give one, and combine the results afterwards.`,
    );
  if (kind === 'folds' && (combine === 'weights' || combine === 'stack')) {
    throw new InvalidArgumentError(
      `--combine ${combine} has nothing to weigh in the folds of one way of training, where each image was held out of one member alone: give mean, logits or vote.`,
    );
  }
  if (count > 1) return { kind, count };
  throw new InvalidArgumentError(`--${kind} ${count} is no ensemble: give 2 or more.`);
}

/** Declares `weft ensemble`. */
export function addEnsemble(
  program: Command,
  { streams, signal, program: file, finish }: CommandContext,
): void {
  const command = program
    .command('ensemble')
    .description('combine the models of several runs into one, and tell what that gains')
    .argument(
      '<runs...>',
      'run folders; with --seeds, --folds or --snapshots one, whose settings are trained with',
    )
    .addOption(
      oneOf(
        new Option(
          '--combine <how>',
          `how answers become one: ${combinations.join(', ')}; weights and stack learn from validation images`,
        ),
        combinations,
      ).default('mean' satisfies Combination),
    )
    .addOption(
      new Option(
        '--seeds <number>',
        'an ensemble of so many seeds: the run, and further ones that are trained',
      )
        .argParser(positiveInteger)
        .conflicts(['folds', 'snapshots']),
    )
    .addOption(
      new Option(
        '--folds <number>',
        'an ensemble of the models of so many folds of a cross-validation, which are trained',
      )
        .argParser(positiveInteger)
        .conflicts('snapshots'),
    )
    .option(
      '--snapshots <number>',
      'an ensemble of the models at the ends of so many cycles of one further training',
      positiveInteger,
    )
    .option(
      '--out <folder>',
      'the run folder, new or empty, or one that this command began (default: runs/<time>-ensemble)',
    )
    .addOption(deviceOption())
    .addOption(jsonOption('the metrics'));
  addJobOptions(command);
  command.action(async (runs, options) => {
    finish(
      await ensembleCommand(runs, options, openTerminal(streams, options.json), { signal, program: file }),
    );
  });
}
