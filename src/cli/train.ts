/** `weft train`: loads data, trains a model, tests the best epoch, and writes the run folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { classCounts, imageCount, type LabeledImages } from '../data/dataset.ts';
import { DatasetError } from '../data/errors.ts';
import { hasOneClass } from '../data/load.ts';
import { channelStatistics } from '../data/normalize.ts';
import { isStreamed, type PictureDataset } from '../data/stream/streamed-dataset.ts';
import { deviceInfo, seed, setDevice } from '../index.ts';
import { type Module, summary } from '../nn/index.ts';
import { keepingRandom } from '../tensor/random.ts';
import { printable } from '../text.ts';
import type { Evaluation } from '../train/index.ts';
import { answersAsTrained } from './asked-model.ts';
import { confusionRows } from './confusion.ts';
import { copyScores } from './copies.ts';
import { describeDataset, scoresOf } from './describe.ts';
import { readTeacher } from './distillation.ts';
import { exitCodes, interruptedCode } from './exit-codes.ts';
import { freezeLayers, readSource, type SourceModel, takeOver } from './fine-tuning.ts';
import type { PreparedDataset } from './holdout.ts';
import { judge, temperatureOf } from './judgement.ts';
import { searchLearningRate } from './learning-rate.ts';
import { positiveNumber } from './numbers.ts';
import { optimizerOf } from './optimizers.ts';
import { PatientWriter } from './patient-writer.ts';
import { datasetBorderBrightness } from './pictures.ts';
import { type BegunRun, readBegunRun, requireSameImages } from './resumed-run.ts';
import { finishWithCard } from './robustness-card.ts';
import { keepFailure, type NamedFile, type OngoingRun, sayWritten, writeRun } from './run-files.ts';
import { openRunFolder, reopenRunFolder } from './run-folder.ts';
import { EVENTS_FOLDER } from './run-log.ts';
import {
  type DataRecord,
  type FixedRecord,
  type Metrics,
  type RunRecord,
  recordText,
  type SeenBefore,
} from './run-record.ts';
import { seenBefore, seenNotes } from './seen-before.ts';
import { configText, readConfig } from './settings/config-file.ts';
import { mergedSettings } from './settings/merged-settings.ts';
import { requireFitting } from './settings/misfits.ts';
import { headings } from './settings/setting.ts';
import { addSettings, givenSettings, wordsOf, writtenSetting } from './settings/setting-options.ts';
import { settings } from './settings/setting-table.ts';
import type { PlannedSettings, Settings, TrainSettings } from './settings/setting-values.ts';
import { jsonOption } from './shared-options.ts';
import { type CommandContext, openTerminal, type Terminal } from './terminal.ts';
import { trainDefaults } from './train-defaults.ts';
import { trainLoop } from './train-loop.ts';
import { missingOf, modelOf, recordedSettings, usualSettings } from './train-settings.ts';
import {
  describeEarlyStop,
  describeInterruption,
  describeResumption,
  describeSearch,
  describeTest,
  describeTraining,
} from './train-texts.ts';
import { splitSeedOf, trainingData } from './training-data.ts';
import { version } from './version.ts';

/** What was asked for on the command line, and in the file of `--config`. */
export interface TrainCommandOptions {
  readonly settings: Settings;
  /** Looks for a learning rate instead of training; a text is a new file for the curve. */
  readonly findLr?: true | string;
  readonly out?: string;
  /** The folder of a run to go on with. */
  readonly resume?: string;
  readonly checkpointMinutes?: number;
  /** A run that has event files gets further ones in any case. */
  readonly tensorboard?: true;
  readonly json: boolean;
}

/** Runs the command; returns its exit code. */
export async function trainCommand(
  options: TrainCommandOptions,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<number> {
  const { findLr, out, json } = options;
  if (findLr !== undefined && out !== undefined) {
    throw new InvalidArgumentError(
      `--out ${out} does nothing with --find-lr, which does not train: leave it out.`,
    );
  }
  if (findLr !== undefined && options.settings.teacher !== undefined) {
    throw new InvalidArgumentError(
      '--teacher does nothing with --find-lr, which looks at the labels alone: leave it out.',
    );
  }
  const plan = await planTraining(options);
  if (findLr === undefined) return trainNow(plan, options, terminal, signal);
  const { told, asked, commandOf, data, recorded: settings } = plan;
  terminal.say(`${told}${describeSearch(settings, data.train)}`);
  // The command gets the rate that is found.
  const { learningRate: _, ...others } = asked;
  const trial = { ...plan, train: data.train, settings, command: commandOf(others) };
  return searchLearningRate(trial, findLr === true ? undefined : findLr, json, terminal, signal);
}

/** Everything that a training is made of. */
interface TrainingPlan
  extends Pick<OngoingRun, 'model' | 'optimizer' | 'normalization' | 'teacher' | 'summary' | 'data'> {
  /** The run that is gone on with. */
  readonly earlier: BegunRun | undefined;
  readonly asked: Settings;
  /** What was asked for, with all defaults. */
  readonly planned: PlannedSettings;
  readonly recorded: TrainSettings;
  /** Of what is held out, what a model has seen that it begins with or learns from. */
  readonly seen: readonly SeenBefore[];
  /** Of the model, frozen ones included. */
  readonly parameters: number;
  /** The arguments that ask for these settings. */
  readonly commandOf: (words: Settings) => string[];
  /** The data, the layers, and what was taken over of another model: in words. */
  readonly told: string;
}

/** Loads the data and makes the model; what does not fit together is refused. */
async function planTraining({
  settings: requested,
  out,
  resume,
}: TrainCommandOptions): Promise<TrainingPlan> {
  const earlier: BegunRun | undefined =
    resume === undefined ? undefined : await readBegunRun(resume, requested);
  const asked = earlier?.settings ?? requested;
  await setDevice(asked.device ?? trainDefaults.device);
  // A checkpoint holds all weights.
  const isFresh = asked.from !== undefined && earlier?.state === undefined;
  const source = isFresh ? await readSource(asked.from!, asked.model) : undefined;
  const given = { ...source?.settings, ...asked };
  requireFitting(given, out);
  seed(given.seed ?? trainDefaults.seed);
  const prepared = trainingData(given);
  requireSeveralClasses(prepared);
  const seen = seenBefore(given, prepared);
  const data = {
    ...prepared,
    notes: [...prepared.notes, ...seenNotes({ name: prepared.name, seenBefore: seen })],
  };
  if (earlier !== undefined) requireSameImages(earlier.path, data);
  const device = settings.device.read(deviceInfo().name);
  const usual = usualSettings(given, data.train, data.sample);
  const planned: PlannedSettings = {
    ...usual,
    ...given,
    ...(isStreamed(data.train) && { stream: true }),
    device,
  };
  const [, ...image] = data.train.shape;
  requireFitting(planned, out, { count: imageCount(data.train), image });
  const recorded = recordedSettings(planned, data.train);
  const model = modelOf(planned, data.train);
  const begun = source && (await beginWith(source, model, planned, data.train));
  const parameters = model.parameterCount();
  if (planned.freeze !== undefined) freezeLayers(model, planned.freeze);
  const layers = summary(model, image);
  const normalization = channelStatistics(data.sample);
  return {
    ...{ earlier, asked, planned, recorded, data, seen, model, parameters, summary: layers },
    optimizer: optimizerOf(recorded, model, imageCount(data.train)),
    normalization,
    teacher: await readTeacher({
      ...{ settings: recorded, classNames: data.train.classNames, image, normalization },
    }),
    commandOf: (words) => ['train', ...wordsOf({ ...words, device }, usual)],
    told: `${describeDataset(data)}\n\n${planned.model}\n${layers}\n${begun === undefined ? '' : `${printable(begun)}\n`}\n`,
  };
}

/** Trains, tests, and writes the run. */
async function trainNow(
  { earlier, asked, planned, recorded, seen, parameters, commandOf, told, ...parts }: TrainingPlan,
  { out, checkpointMinutes, tensorboard, json }: TrainCommandOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { data } = parts;
  const { say, result } = terminal;
  const fixed: FixedRecord = {
    command: commandOf(asked),
    ...recorded,
    device: planned.device,
    parameters,
    data: { ...dataRecord(planned, data), ...(seen.length > 0 && { seenBefore: seen }) },
    versions: { weft: version, node: process.versions.node },
  };
  const room = 4 * NUMBERS_KEPT * parameters + ROOM_FOR_REPORT;
  const folder = earlier
    ? await reopenRunFolder(earlier.path, room)
    : await openRunFolder(out, planned.model, room);
  try {
    say(`${told}${describeTraining(recorded, data.train)}`);
    if (earlier !== undefined) say(describeResumption(earlier));
    const run: OngoingRun = {
      ...parts,
      folder,
      // Its weights are thrown away: they must not change what is random afterwards.
      best: keepingRandom(() => modelOf(planned, data.train)),
      config: configText(planned),
      secondsBefore: earlier?.seconds ?? 0,
    };
    const record = await trainLoop(run, fixed, terminal, {
      signal,
      resume: earlier?.state,
      checkpointMinutes,
      tensorboard: tensorboard ?? existsSync(join(folder.path, EVENTS_FOLDER)),
    });
    if (record === undefined || record.status === 'interrupted') {
      say(record === undefined ? 'Interrupted: nothing was written.' : describeInterruption(record, folder));
      return interruptedCode(signal?.reason);
    }
    const early = describeEarlyStop(record);
    if (early !== undefined) say(early);
    const evaluation = await answersOf(run, record, data.test);
    const temperature = await validationTemperature(run, record);
    const { accuracy: testAccuracy, loss: testLoss } = evaluation;
    const confusion = confusionRows(evaluation.confusion, data.train.classNames.length);
    const tested: Metrics = {
      testAccuracy,
      testLoss,
      ...scoresOf(data.test, evaluation, [...classCounts(data.train)]),
      ...(data.copies && copyScores(data.test, evaluation, data.copies.test)),
      ...record,
      status: 'finished',
      confusion,
      judgement: judge(data.test, evaluation, temperature),
    };
    say(`\n${describeTest(tested)}\n`);
    const { best: model, normalization } = run;
    const { views, remove, workers } = record;
    const asked = {
      normalization,
      missing: missingOf(record),
      seed: splitSeedOf(record),
      views,
      remove,
      workers,
    };
    const measured = await finishWithCard({ model, images: data.test, ...asked }, terminal, signal);
    // Node gives it in KiB on every system.
    const peakMemory = 1024 * process.resourceUsage().maxRSS;
    const metrics: Metrics = { ...tested, ...measured, peakMemory };
    let files: readonly NamedFile[] = [];
    await new PatientWriter(folder.path, say).insist(async () => {
      files = await writeRun(run, metrics, evaluation);
    }, signal);
    sayWritten(folder, files, say);
    if (json) result(recordText(metrics));
    return exitCodes.done;
  } finally {
    folder.leave();
  }
}

/** Gives the new model the weights of another. Models that are made only to be looked at must not change what is random afterwards. */
function beginWith(
  source: SourceModel,
  model: Module,
  planned: PlannedSettings,
  { shape, classNames }: LabeledImages,
): Promise<string> {
  const other = keepingRandom(() => modelOf(planned, { shape, classNames: [...classNames, 'another'] }));
  return takeOver(source, model, { classNames, other });
}

/**
 * For each weight: the best model; three checkpoints, one of them being written, each with the weights, two moments, an
 * average and the best weights.
 */
const NUMBERS_KEPT = 1 + 3 * 5;
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
  planned: PlannedSettings,
  { name, train, validation, test, sample, form }: PreparedDataset,
): DataRecord {
  const [, height, width, channels] = train.shape;
  const counts = (dataset: LabeledImages): number[] => [...classCounts(dataset)];
  return {
    source: writtenSetting(planned, 'data')!,
    ...(planned.labels !== undefined && { labels: writtenSetting(planned, 'labels')! }),
    name,
    ...(isStreamed(train) && { streamed: true }),
    train: imageCount(train),
    validation: imageCount(validation),
    test: imageCount(test),
    image: [height, width, channels],
    fit: form.fit,
    classNames: train.classNames,
    classCounts: { train: counts(train), validation: counts(validation), test: counts(test) },
    borderBrightness: datasetBorderBrightness(sample),
  };
}

/** What the best model answers to the images of a part. */
async function answersOf(
  { folder, best, normalization }: OngoingRun,
  record: RunRecord,
  part: PictureDataset,
): Promise<Evaluation> {
  try {
    return await answersAsTrained(folder.path, { model: best, normalization }, part, record);
  } catch (error) {
    await keepFailure(folder, record, error);
    throw error;
  }
}

/** The temperature that fits the answers to the validation images, where there are some that were not trained on. */
async function validationTemperature(run: OngoingRun, record: RunRecord): Promise<number | undefined> {
  const { train, validation } = run.data;
  if (validation === train) return undefined;
  return temperatureOf(validation, await answersOf(run, record, validation));
}

/** Declares `weft train`. */
export function addTrain(program: Command, { streams, signal, finish }: CommandContext): void {
  const command = program
    .command('train')
    .description('train a model, test it, and write a run folder with weights, metrics and a report')
    // The descriptions say choices and defaults themselves, shorter.
    .configureHelp({ optionDescription: ({ description }) => description });
  addSettings(command);
  command
    .optionsGroup(headings.run)
    .option(
      '--config <file>',
      'settings from a file, as a run keeps them in its config.json; options given besides go first',
    )
    .addOption(
      new Option(
        '--find-lr [file]',
        'look for a learning rate, and do not train; the file is for the curve, as SVG',
      ).conflicts('lr'),
    )
    .addOption(
      new Option('--out <folder>', 'the run folder, new or empty (default: runs/<time>-<model>)').conflicts(
        'resume',
      ),
    )
    .addOption(
      new Option(
        '--resume <run>',
        'go on with a run that was interrupted or killed, or failed, to the same end; --lr may be lower',
      ).conflicts(['config', 'findLr']),
    )
    .addOption(
      new Option(
        '--checkpoint-minutes <number>',
        'time between checkpoints within an epoch; there is one after each (default: 5)',
      )
        .argParser(positiveNumber)
        .conflicts('findLr'),
    )
    .addOption(
      new Option(
        '--tensorboard',
        'event files for TensorBoard as well, in the folder tensorboard of the run',
      ).conflicts('findLr'),
    )
    .addOption(jsonOption('the metrics'))
    .helpOption('-h, --help', 'show this')
    .action(async ({ config, findLr, out, resume, checkpointMinutes, tensorboard, json, ...options }) => {
      const given = givenSettings(options);
      const settings = config === undefined ? given : mergedSettings(readConfig(config), given);
      const asked = { settings, findLr, out, resume, checkpointMinutes, tensorboard, json };
      finish(await trainCommand(asked, openTerminal(streams, json), signal));
    });
}
