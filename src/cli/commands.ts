/** The command line: its help, the commands on it, and how errors become messages and exit codes. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { METRICS_FILE } from '../data/run-folders.ts';
import { WeftError } from '../index.ts';
import { printable } from '../text.ts';
import { addCompare } from './compare/compare-command.ts';
import { addEnsemble } from './ensemble/ensemble-command.ts';
import { addEvaluate } from './evaluate.ts';
import { refuseExcessArguments } from './excess-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { addExplain } from './explain.ts';
import { commandLine } from './invocation.ts';
import { addLabels } from './labels/labels-command.ts';
import { addModels } from './models.ts';
import { addPredict } from './predict.ts';
import { addWorker } from './queue/worker-command.ts';
import type { CommandContext, Streams } from './terminal.ts';
import { addTrain } from './train.ts';
import { addTune } from './tune/tune-command.ts';
import { version } from './version.ts';

const help = `
Examples:
  weft train                                train on the embedded digits
  weft train --data photos --epochs 20      train on your own pictures: photos/<class>/<picture>.png
  weft ensemble runs/first --seeds 5        one model of five seeds of a run
  weft evaluate runs/first                  accuracy, precision, recall and confusion matrix of a run
  weft predict runs/first seven.png         the class of a picture
  weft compare conv-lstm cnn                which of two models is right more often, trained alike
  weft tune --trials 20                     better settings, and what mattered
  weft models                               the networks that can be trained, with their costs
  weft explain --model conv-lstm            the kernels of a training step

Exit codes:
  0  done
  1  failed: a file is missing or broken, or training failed
  2  wrong command line
  130, 143, 129  training was ended by Ctrl-C, SIGTERM or SIGHUP: the model as it was then is in the run folder`;

/**
 * Runs a command line (without the names of node and the script).
 *
 * @param program the file that starts `weft`
 * @param signal ends training early
 * @returns the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  streams: Streams,
  program: string,
  signal?: AbortSignal,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const command = buildProgram({
    streams,
    signal,
    program,
    finish: (code) => {
      exitCode = code;
    },
  });
  try {
    await command.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Of an option's value that is refused later than it is parsed, commander knows nothing.
      if (error instanceof InvalidArgumentError) streams.stderr.write(`error: ${printable(error.message)}\n`);
      // Of all others it has written the message, or the help or version that was asked for.
      if (error.code === 'commander.unknownCommand') {
        for (const line of whatWasMeant(args[0]!)) streams.stderr.write(`${printable(line)}\n`);
      }
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    streams.stderr.write(`${describeError(error)}\n`);
    return exitCodes.failed;
  }
}

/** What somebody wants who gives a folder, a run or a picture in place of a command. */
function whatWasMeant(given: string): string[] {
  if (given !== 'digits' && !existsSync(given)) return [];
  const [aim, args] =
    given === 'digits' || (statSync(given).isDirectory() && !existsSync(join(given, METRICS_FILE)))
      ? ['train on it', ['train', '--data', given]]
      : statSync(given).isDirectory()
        ? ['test that run', ['evaluate', given]]
        : ['classify it with a run', ['predict', 'runs/first', given]];
  return [`To ${aim}: ${commandLine(args)}`];
}

/** Errors that weft throws on purpose say all in their message; of others the stack matters. */
function describeError(error: unknown): string {
  if (error instanceof WeftError) return `${error.name}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The program with its commands. */
export function buildProgram(context: CommandContext): Command {
  const { stdout, stderr } = context.streams;
  const program = new Command('weft')
    .description('Trains recurrent networks that read images as sequences, and uses them.')
    .version(version)
    .addHelpText('after', help)
    .showHelpAfterError('(weft --help shows all commands and options)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  for (const add of [
    ...[
      addTrain,
      addTune,
      addEvaluate,
      addCompare,
      addEnsemble,
      addLabels,
      addPredict,
      addModels,
      addExplain,
    ],
    addWorker,
  ])
    add(program, context);
  refuseExcessArguments(program);
  return program;
}
