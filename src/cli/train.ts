/** `weft train`: loads data, trains a model, tests it, and writes the run folder. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { classCounts, type ImageDataset, imageCount } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import type { PictureFit } from '../data/image.ts';
import { hasOneClass, loadDataset } from '../data/load.ts';
import { channelStatistics } from '../data/normalize.ts';
import { type DeviceOptions, deviceInfo, seed, setDevice } from '../index.ts';
import { createModel, summary } from '../nn/index.ts';
import { Adam, oneCycle } from '../optim/index.ts';
import { printable } from '../text.ts';
import { type Evaluation, evaluate, fit } from '../train/index.ts';
import { confusionRows, formatConfusion } from './confusion.ts';
import { describeDataset, describeScores, scoresOf } from './describe.ts';
import { exitCodes, interruptedCode } from './exit-codes.ts';
import { type PreparedDataset, withValidation } from './holdout.ts';
import { commandLine } from './invocation.ts';
import { positiveInteger, positiveNumber, seedNumber } from './numbers.ts';
import { datasetBorderBrightness } from './pictures.ts';
import { showProgress } from './progress.ts';
import { keepFailure, keepModel, keepSplit, type OngoingRun, writeRun } from './run-files.ts';
import { openRunFolder, type RunFolder } from './run-folder.ts';
import { requireFiniteAnswers } from './run-reading.ts';
import { bestEpoch, type EpochRecord, type Metrics, type RunRecord, recordText } from './run-record.ts';
import { dataHelp, deviceOption, fitOption, jsonOption, modelOption, sizeOption } from './shared-options.ts';
import { type CommandContext, counted, duration, openTerminal, percent, type Terminal } from './terminal.ts';
import { augmentation, defaultLearningRate, trainDefaults } from './train-defaults.ts';
import { version } from './version.ts';

/** The options of the command line. */
export interface TrainOptions {
  readonly data: string;
  readonly model: string;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  readonly device: keyof DeviceOptions;
  readonly size?: readonly [height: number, width: number] | undefined;
  readonly fit: PictureFit;
  readonly out?: string;
  readonly json: boolean;
}

/** Runs the command; returns its exit code. */
export async function trainCommand(
  options: TrainOptions,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  await setDevice(options.device);
  seed(options.seed);
  const data = withValidation(
    loadDataset(options.data, { seed: options.seed, size: options.size, fit: options.fit }),
    options.seed,
  );
  requireSeveralClasses(data);
  const [, height, width, channels] = data.train.shape;
  const inputShape = [height, width, channels] as const;
  const model = createModel(options.model, { inputShape, classes: data.train.classNames.length });
  const layers = summary(model, inputShape);
  const folder = openRunFolder(options.out, options.model, 4 * model.parameterCount() + ROOM_FOR_REPORT);
  try {
    const { say, result } = terminal;
    say(`${describeDataset(data)}\n\n${options.model}\n${layers}\n\n${describeTraining(options)}`);
    const normalization = channelStatistics(data.train);
    const run: OngoingRun = { folder, model, normalization, summary: layers, data };
    const record = await train(run, options, terminal, signal);
    if (record === undefined || record.status === 'interrupted') {
      say(record === undefined ? 'Interrupted: nothing was written.' : describeInterruption(record, folder));
      return interruptedCode(signal?.reason);
    }
    const evaluation = await testNow(run, record);
    const { accuracy: testAccuracy, loss: testLoss } = evaluation;
    const confusion = confusionRows(evaluation.confusion, data.train.classNames.length);
    const metrics: Metrics = {
      testAccuracy,
      testLoss,
      ...scoresOf(data.test, evaluation, [...classCounts(data.train)]),
      ...record,
      status: 'finished',
      confusion,
    };
    say(`\n${describeTest(metrics)}`);
    await writeRun(run, metrics, evaluation, say);
    if (options.json) result(recordText(metrics));
    return exitCodes.done;
  } finally {
    folder.leave();
  }
}

/** Of the files beside the weights. */
const ROOM_FOR_REPORT = 2 ** 20;

function requireSeveralClasses({ name, train }: PreparedDataset): void {
  if (!hasOneClass(train)) return;
  throw new DatasetError({
    where: name,
    got: `training images of one class only ("${train.classNames[train.labels[0]!]}")`,
    expected: 'two classes or more: with one there is nothing to learn',
    cure: 'Check the path: mostly it is one level off, or the folders of the other classes are missing.',
  });
}

function describeTraining({ epochs, batch, lr, seed }: TrainOptions): string {
  return (
    `Training on ${deviceInfo().name}: ${counted(epochs, 'epoch')}, batches of ${batch}, ` +
    `Adam with one-cycle learning rate up to ${lr}, seed ${seed}.`
  );
}

function describeTest(metrics: Metrics): string {
  const { testAccuracy, testLoss, trainSeconds, confusion, data } = metrics;
  return (
    `Test accuracy ${percent(testAccuracy)}, loss ${testLoss.toFixed(4)} on ${counted(data.test, 'image')}, ` +
    `after ${duration(trainSeconds)} of training.\n${printable(describeScores(metrics))}\n\n` +
    formatConfusion(confusion, data.classNames)
  );
}

function describeInterruption({ history, epochs }: RunRecord, { path }: RunFolder): string {
  return (
    `Interrupted after ${history.length} of ${counted(epochs, 'epoch')}: the model as it is now is in ${printable(path)}, ` +
    `untested. To test it:\n${commandLine(['evaluate', path])}`
  );
}

/** Where epochs are so short that writing takes longer than this part of the time, not each of them is written. */
const SHARE_OF_KEEPING = 0.05;

/**
 * Trains with progress. The model and the record of the run are written after each epoch, and when a signal ends training;
 * the record also when an error does. Undefined when a signal came before the first step: then there is nothing to keep.
 */
async function train(
  run: OngoingRun,
  options: TrainOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<RunRecord | undefined> {
  const { model, data, normalization, folder } = run;
  const { epochs, batch } = options;
  const steps = Math.ceil(imageCount(data.train) / batch) * epochs;
  const progress = await showProgress(terminal, epochs);
  const started = performance.now();
  const settings = settingsOf(run, options);
  const history: EpochRecord[] = [];
  const recordNow = (status: RunRecord['status']): RunRecord => {
    const trainSeconds = (performance.now() - started) / 1000;
    return { status, ...settings, trainSeconds, history, bestEpoch: bestEpoch(history)?.epoch };
  };
  let stepped = false;
  let nextKept = 0;
  const keep = async (status: RunRecord['status']): Promise<void> => {
    const begun = performance.now();
    await keepModel(run, recordNow(status));
    const ended = performance.now();
    nextKept = ended + (ended - begun) / SHARE_OF_KEEPING;
  };
  try {
    const { aborted } = await fit(model, data.train, {
      epochs,
      batchSize: batch,
      optimizer: new Adam(model.parameters(), { learningRate: oneCycle(options.lr, steps) }),
      validation: data.validation,
      normalization,
      augmentation,
      seed: options.seed,
      signal,
      onStep: async (report) => {
        if (!stepped) await keepSplit(run);
        stepped = true;
        progress.step(report);
      },
      onEpoch: async ({ valLoss, valAccuracy, ...report }) => {
        // Both are there because a validation set is given.
        const record = { ...report, valLoss: valLoss!, valAccuracy: valAccuracy! };
        history.push(record);
        progress.epoch(record);
        if (performance.now() >= nextKept) await keep('training');
      },
    });
    if (!stepped) return undefined;
    const status = aborted ? 'interrupted' : 'training';
    await keep(status);
    return recordNow(status);
  } catch (error) {
    if (stepped) await keepFailure(folder, recordNow('failed'), error);
    throw error;
  } finally {
    progress.stop();
  }
}

async function testNow(
  { folder, model, data, normalization }: OngoingRun,
  record: RunRecord,
): Promise<Evaluation> {
  try {
    const evaluation = await evaluate(model, data.test, { normalization });
    requireFiniteAnswers(folder.path, evaluation.probabilities);
    return evaluation;
  } catch (error) {
    await keepFailure(folder, record, error);
    throw error;
  }
}

/** What is fixed before training. */
function settingsOf(
  { model, data }: OngoingRun,
  options: TrainOptions,
): Omit<RunRecord, 'status' | 'trainSeconds' | 'history' | 'bestEpoch'> {
  const source = options.data === 'digits' ? options.data : resolve(options.data);
  const counts = (dataset: ImageDataset): number[] => [...classCounts(dataset)];
  const [, height, width, channels] = data.train.shape;
  return {
    command: commandOf(options, source),
    epochs: options.epochs,
    device: deviceInfo().name,
    parameters: model.parameterCount(),
    seed: options.seed,
    model: options.model,
    optimizer: 'adam',
    weightDecay: 0,
    schedule: 'one-cycle',
    learningRate: options.lr,
    batchSize: options.batch,
    augmentation,
    data: {
      source,
      name: data.name,
      train: imageCount(data.train),
      validation: imageCount(data.validation),
      test: imageCount(data.test),
      image: [height, width, channels],
      fit: data.form.fit,
      classNames: data.train.classNames,
      classCounts: {
        train: counts(data.train),
        validation: counts(data.validation),
        test: counts(data.test),
      },
      borderBrightness: datasetBorderBrightness(data.train),
    },
    versions: { weft: version, node: process.versions.node },
  };
}

/** The arguments that repeat the run: what differs from the defaults, with a path that holds from anywhere. */
function commandOf(options: TrainOptions, source: string): string[] {
  const { model, epochs, batch, seed } = options;
  const usual = { ...trainDefaults, lr: defaultLearningRate(model), size: undefined, fit: 'stretch' };
  const size = options.size?.join('x');
  const given = {
    data: source,
    size,
    fit: options.fit,
    model,
    epochs,
    batch,
    lr: options.lr,
    seed,
    device: deviceInfo().name,
  };
  const names = Object.keys(given) as (keyof typeof given)[];
  const changed = names.filter((name) => given[name] !== usual[name]);
  return ['train', ...changed.flatMap((name) => [`--${name}`, `${given[name]}`])];
}

/** Declares `weft train`. */
export function addTrain(program: Command, { streams, signal, finish }: CommandContext): void {
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
    .addOption(sizeOption())
    .addOption(fitOption())
    .addOption(deviceOption())
    .option('--out <folder>', 'the run folder, new or empty (default: runs/<time>-<model>)')
    .addOption(jsonOption('the metrics'))
    .action(async (options) => {
      const settings = { ...options, lr: options.lr ?? defaultLearningRate(options.model) };
      finish(await trainCommand(settings, openTerminal(streams, options.json), signal));
    });
}
