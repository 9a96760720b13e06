/** `weft train`: loads data, trains a model, tests the best epoch, and writes the run folder. */
import { type Command, Option } from 'commander';
import { classCounts, type ImageDataset, imageCount } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import { groupSource } from '../data/groups.ts';
import { hasOneClass, loadDataset } from '../data/load.ts';
import { channelStatistics } from '../data/normalize.ts';
import { deviceInfo, seed, setDevice } from '../index.ts';
import { summary } from '../nn/index.ts';
import { keepingRandom } from '../tensor/random.ts';
import { type Evaluation, evaluate } from '../train/index.ts';
import { augmentSpec } from './augment-spec.ts';
import { classWeightsText } from './class-weights.ts';
import { confusionRows } from './confusion.ts';
import { copyScores } from './copies.ts';
import { describeDataset, scoresOf } from './describe.ts';
import { exitCodes, interruptedCode } from './exit-codes.ts';
import { type PreparedDataset, withValidation } from './holdout.ts';
import { sizeOptions } from './model-sizes.ts';
import { nonNegativeNumber, positiveInteger, positiveNumber, properShare, seedNumber } from './numbers.ts';
import { datasetBorderBrightness } from './pictures.ts';
import { removeOption } from './remove-spec.ts';
import { keepFailure, type OngoingRun, writeRun } from './run-files.ts';
import { openRunFolder } from './run-folder.ts';
import type { FixedRecord } from './run-keeper.ts';
import { requireFiniteAnswers } from './run-reading.ts';
import { type DataRecord, type Metrics, type RunRecord, recordText } from './run-record.ts';
import {
  classesOption,
  dataHelp,
  deviceOption,
  fitOption,
  jsonOption,
  modelOption,
  oneOf,
  sizeOption,
} from './shared-options.ts';
import { type CommandContext, openTerminal, type Terminal } from './terminal.ts';
import { augmentation, trainDefaults } from './train-defaults.ts';
import { trainLoop } from './train-loop.ts';
import {
  afterRemoval,
  commandOf,
  misfit,
  missingOf,
  modelOf,
  optimizerNames,
  optimizerOf,
  scheduleNames,
  settingsOf,
  sourceOf,
  type TrainOptions,
} from './train-settings.ts';
import { describeEarlyStop, describeInterruption, describeTest, describeTraining } from './train-texts.ts';
import { version } from './version.ts';

/** Runs the command; returns its exit code. */
export async function trainCommand(
  options: TrainOptions,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  await setDevice(options.device);
  seed(options.seed);
  const { say, result } = terminal;
  const data = withValidation(
    loadDataset(options.data, {
      seed: options.seed,
      size: options.size,
      fit: options.fit,
      classNames: options.classes?.names,
      groups: options.groups === undefined ? undefined : groupSource(options.groups),
    }),
    options.seed,
    options.valSplit,
  );
  requireSeveralClasses(data);
  const settings = settingsOf(options, data.train);
  const model = modelOf(options, data.train);
  const fixed: FixedRecord = {
    command: commandOf(options, deviceInfo().name),
    ...settings,
    device: deviceInfo().name,
    parameters: model.parameterCount(),
    data: dataRecord(options, data),
    versions: { weft: version, node: process.versions.node },
  };
  const layers = summary(model, fixed.data.image);
  // The best model and the last one, which has two more numbers a weight for its optimizer; while one is written, the one
  // before is there as well.
  const room = 5 * 4 * model.parameterCount() + ROOM_FOR_REPORT;
  const folder = await openRunFolder(options.out, options.model, room);
  try {
    say(
      `${describeDataset(data)}\n\n${options.model}\n${layers}\n\n${describeTraining(settings, data.train)}`,
    );
    const run: OngoingRun = {
      folder,
      model,
      // Its weights are thrown away: they must not change what is random afterwards.
      best: keepingRandom(() => modelOf(options, data.train)),
      optimizer: optimizerOf(settings, model, imageCount(data.train)),
      normalization: channelStatistics(data.train),
      summary: layers,
      data,
    };
    const record = await trainLoop(run, fixed, terminal, signal);
    if (record === undefined || record.status === 'interrupted') {
      say(record === undefined ? 'Interrupted: nothing was written.' : describeInterruption(record, folder));
      return interruptedCode(signal?.reason);
    }
    const early = describeEarlyStop(record);
    if (early !== undefined) say(early);
    const evaluation = await testNow(run, record);
    const { accuracy: testAccuracy, loss: testLoss } = evaluation;
    const confusion = confusionRows(evaluation.confusion, data.train.classNames.length);
    const metrics: Metrics = {
      testAccuracy,
      testLoss,
      ...scoresOf(data.test, evaluation, [...classCounts(data.train)]),
      ...copyScores(data.test, evaluation, data.copies.test),
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

function dataRecord(
  options: TrainOptions,
  { name, train, validation, test, form }: PreparedDataset,
): DataRecord {
  const [, height, width, channels] = train.shape;
  const counts = (dataset: ImageDataset): number[] => [...classCounts(dataset)];
  return {
    source: sourceOf(options),
    name,
    train: imageCount(train),
    validation: imageCount(validation),
    test: imageCount(test),
    image: [height, width, channels],
    fit: form.fit,
    classNames: train.classNames,
    classCounts: { train: counts(train), validation: counts(validation), test: counts(test) },
    borderBrightness: datasetBorderBrightness(train),
  };
}

/** Tests the best model. */
async function testNow(
  { folder, best, data, normalization }: OngoingRun,
  record: RunRecord,
): Promise<Evaluation> {
  try {
    const test = afterRemoval(data.test, record);
    const evaluation = await evaluate(best, test, { normalization, missing: missingOf(record) });
    requireFiniteAnswers(folder.path, evaluation.probabilities);
    return evaluation;
  } catch (error) {
    await keepFailure(folder, record, error);
    throw error;
  }
}

/** Declares `weft train`. */
export function addTrain(program: Command, { streams, signal, finish }: CommandContext): void {
  const { shift, rotation } = augmentation;
  const command = program
    .command('train')
    .description('train a model, test it, and write a run folder with weights, metrics and a report')
    .option('--data <name>', dataHelp, trainDefaults.data)
    .addOption(sizeOption())
    .addOption(fitOption())
    .addOption(classesOption())
    .option(
      '--val-split <share>',
      'share of the training images held out for validation, where the data set has no validation images (default: 0.05)',
      properShare,
    )
    .option(
      '--groups <what>',
      'keep pictures of one group (a patient, a place) together: a CSV file picture,group or a JSON file, or a pattern for their names such as ^(patient\\d+)_',
    )
    .addOption(modelOption());
  for (const option of sizeOptions()) command.addOption(option);
  command
    .option('--epochs <number>', 'passes over the training images', positiveInteger, trainDefaults.epochs)
    .option('--batch <number>', 'images in a training step', positiveInteger, trainDefaults.batch)
    .addOption(
      oneOf(
        new Option('--optimizer <name>', 'the update rule; sgd has momentum 0.9'),
        optimizerNames,
      ).default(trainDefaults.optimizer),
    )
    .option(
      '--lr <number>',
      "highest learning rate (default: the model's own, mostly 0.003 or 0.006; 0.03 with sgd)",
      positiveNumber,
    )
    .addOption(
      oneOf(
        new Option('--schedule <name>', 'how the learning rate changes over all epochs'),
        scheduleNames,
      ).default(trainDefaults.schedule),
    )
    .option(
      '--weight-decay <number>',
      'pulls weights to 0 (default: 0, or 0.01 with adamw)',
      nonNegativeNumber,
    )
    .option(
      '--augment <changes>',
      `random changes of the training images: some of shift=PIXELS,rotation=DEGREES,scale=SHARE,flip (default: shift=${shift},rotation=${rotation})`,
      augmentSpec,
    )
    .addOption(
      removeOption(
        'take a part of each image away, another one at each showing in training, to learn to bear it; --missing says what the model makes of that',
      ),
    )
    .option('--no-augment', 'show the training images as they are')
    .option(
      '--class-weights <weights>',
      'how much an image of each class counts in the loss: balanced, none, or some of NAME=NUMBER,… (default: none)',
      classWeightsText,
    )
    .option(
      '--early-stopping <epochs>',
      'stop after so many epochs without a new best (default: train all epochs)',
      positiveInteger,
    )
    .option('--seed <number>', 'decides everything random', seedNumber, trainDefaults.seed)
    .addOption(deviceOption())
    .option('--out <folder>', 'the run folder, new or empty (default: runs/<time>-<model>)')
    .addOption(jsonOption('the metrics'))
    .action(async (given, command: Command) => {
      const options: TrainOptions = given;
      const wrong = misfit(options);
      if (wrong !== undefined) command.error(`error: ${wrong}`, { exitCode: exitCodes.usage });
      finish(await trainCommand(options, openTerminal(streams, options.json), signal));
    });
}
