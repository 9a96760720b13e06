/** The command line: commands, options, help, and how errors become messages and exit codes. */
import { Command, CommanderError, Option } from 'commander';
import { deviceNames, WeftError } from '../index.ts';
import { modelNames } from '../nn/index.ts';
import { evaluateCommand } from './evaluate.ts';
import { exitCodes } from './exit-codes.ts';
import { explainCommand } from './explain.ts';
import { positiveInteger, positiveNumber, seedNumber } from './numbers.ts';
import { predictCommand } from './predict.ts';
import { openTerminal, type Streams } from './terminal.ts';
import { trainCommand } from './train.ts';
import { defaultLearningRate, trainDefaults } from './train-defaults.ts';
import { version } from './version.ts';

const dataHelp =
  "'digits' (embedded), or a folder: IDX files as MNIST has them (plain or .gz), or class folders of PNG files";

const help = `
Examples:
  weft train                                train on the embedded digits
  weft train --data photos --epochs 20      train on your own pictures: photos/<class>/<picture>.png
  weft evaluate runs/first                  accuracy, precision, recall and confusion matrix of a run
  weft predict runs/first seven.png         the class of a picture
  weft explain --model conv-lstm            the kernels of a training step

Exit codes:
  0  done
  1  failed: a file is missing or broken, or training failed
  2  wrong command line
  130, 143, 129  training was ended by Ctrl-C, SIGTERM or SIGHUP: the model as it was then is in the run folder`;

const predictHelp = `
Pictures are made gray or RGB and resized to what the model was trained on, with a note. They should look like the
training pictures: the embedded digits are white on black, so a dark digit on white paper needs --invert.`;

/**
 * Runs a command line (without the names of node and the script).
 *
 * @param signal ends training early
 * @returns the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  streams: Streams,
  signal?: AbortSignal,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = buildProgram(streams, signal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has written its message, or the help or version that was asked for.
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    }
    streams.stderr.write(`${describeError(error)}\n`);
    return exitCodes.failed;
  }
}

/** Errors that weft throws on purpose say all in their message; of others the stack matters. */
function describeError(error: unknown): string {
  if (error instanceof WeftError) return `${error.name}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function buildProgram(
  streams: Streams,
  signal: AbortSignal | undefined,
  finish: (exitCode: number) => void,
): Command {
  const program = new Command('weft')
    .description('Trains recurrent networks that read images as sequences, and uses them.')
    .version(version)
    .addHelpText('after', help)
    .showHelpAfterError('(weft --help shows all commands and options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    });
  const modelOption = (): Option =>
    new Option('--model <name>', 'the network').choices(modelNames).default(trainDefaults.model);

  program
    .command('train')
    .description('train a model, test it, and write a run folder with weights, metrics and a report')
    .option('--data <name>', dataHelp, trainDefaults.data)
    .addOption(modelOption())
    .option('--epochs <number>', 'passes over the training images', positiveInteger, trainDefaults.epochs)
    .option('--batch <number>', 'images in a training step', positiveInteger, trainDefaults.batch)
    .option(
      '--lr <number>',
      'highest learning rate of the one-cycle schedule (default: 0.006, or 0.003 for models that read raw rows)',
      positiveNumber,
    )
    .option('--seed <number>', 'decides everything random', seedNumber, trainDefaults.seed)
    .addOption(
      new Option('--device <name>', 'what computes')
        .choices([...deviceNames(), 'auto'])
        .default(trainDefaults.device),
    )
    .option('--out <folder>', 'the run folder, new or empty (default: runs/<time>-<model>)')
    .option('--json', 'write only the metrics, as JSON, to standard output', false)
    .action(async (options) => {
      const settings = { ...options, lr: options.lr ?? defaultLearningRate(options.model) };
      finish(await trainCommand(settings, openTerminal(streams, options.json), signal));
    });

  program
    .command('evaluate')
    .description('test a trained model')
    .argument('<run>', 'a run folder')
    .option('--data <name>', `${dataHelp} (default: what was held out when the run was trained)`)
    .option('--json', 'write only the result, as JSON, to standard output', false)
    .action(async (run, options) => {
      await evaluateCommand(run, options, openTerminal(streams, options.json));
    });

  program
    .command('predict')
    .description('classify pictures')
    .argument('<run>', 'a run folder')
    .argument('<pictures...>', 'PNG files')
    .option('--invert', 'classify the negatives of the pictures', false)
    .option('--json', 'write only the result, as JSON, to standard output', false)
    .addHelpText('after', predictHelp)
    .action(async (run, pictures, options) => {
      await predictCommand(run, pictures, options, openTerminal(streams, options.json));
    });

  program
    .command('explain')
    .description(
      'print the plan of a training step on digits: its kernels with shapes, FLOPs, bytes and memory',
    )
    .addOption(modelOption())
    .action(async (options) => explainCommand(options.model, openTerminal(streams, false)));

  return program;
}
