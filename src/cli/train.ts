/** `weft train`: loads data, trains a model, tests it, and writes the run folder. */
import { resolve } from 'node:path';
import { imageCount } from '../data/dataset.ts';
import { loadDataset } from '../data/load.ts';
import { channelStatistics, type Normalisation } from '../data/normalise.ts';
import { deviceInfo, seed, setDevice } from '../index.ts';
import { createModel, type Module, summary } from '../nn/index.ts';
import { Adam, oneCycle } from '../optim/index.ts';
import { type Evaluation, evaluate, fit } from '../train/index.ts';
import { confusionRows, formatConfusion } from './confusion.ts';
import { describeDataset } from './describe.ts';
import { exitCodes } from './exit-codes.ts';
import { type PreparedDataset, withValidation } from './holdout.ts';
import type { EpochRecord, Metrics } from './metrics.ts';
import { datasetBorderBrightness } from './pictures.ts';
import { showProgress } from './progress.ts';
import { writeRun } from './run-files.ts';
import { defaultRunPath, openRunFolder } from './run-folder.ts';
import { counted, duration, percent, type Terminal } from './terminal.ts';
import { augmentation } from './train-defaults.ts';
import { version } from './version.ts';

/** The options of the command line. */
export interface TrainOptions {
  readonly data: string;
  readonly model: string;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  readonly device: string;
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
  const data = withValidation(loadDataset(options.data, { seed: options.seed }), options.seed);
  const [, height, width, channels] = data.train.shape;
  const inputShape = [height, width, channels] as const;
  const model = createModel(options.model, { inputShape, classes: data.train.classNames.length });
  const layers = summary(model, inputShape);
  const folder = openRunFolder(options.out ?? defaultRunPath(options.model, new Date()));
  try {
    const { say, result } = terminal;
    say(`${describeDataset(data)}\n\n${options.model}\n${layers}\n\n${describeTraining(options)}`);
    const normalisation = channelStatistics(data.train);
    const trained = await trainModel(model, data, normalisation, options, terminal, signal);
    if (trained === undefined) {
      say('Interrupted: nothing was written.');
      return exitCodes.interrupted;
    }
    const evaluation = await evaluate(model, data.test, { normalisation });
    const metrics = collectMetrics({ options, data, model, evaluation, ...trained });
    say(`\n${describeTest(metrics)}`);
    await writeRun(
      folder,
      { metrics, model, normalisation, summary: layers, data, answers: evaluation },
      say,
    );
    if (options.json) result(JSON.stringify(metrics, null, 2));
    return exitCodes.done;
  } finally {
    folder.removeIfEmpty();
  }
}

function describeTraining({ epochs, batch, lr, seed }: TrainOptions): string {
  return (
    `Training on ${deviceInfo().name}: ${counted(epochs, 'epoch')}, batches of ${batch}, ` +
    `Adam with one-cycle learning rate up to ${lr}, seed ${seed}.`
  );
}

function describeTest({ testAccuracy, testLoss, trainSeconds, confusion, data }: Metrics): string {
  return (
    `Test accuracy ${percent(testAccuracy)}, loss ${testLoss.toFixed(4)} on ${counted(data.test, 'image')}, ` +
    `after ${duration(trainSeconds)} of training.\n\n${formatConfusion(confusion, data.classNames)}`
  );
}

interface Trained {
  readonly history: readonly EpochRecord[];
  readonly trainSeconds: number;
}

/** Trains with progress; undefined when the signal ended it. */
async function trainModel(
  model: Module,
  data: PreparedDataset,
  normalisation: Normalisation,
  options: TrainOptions,
  terminal: Terminal,
  signal: AbortSignal | undefined,
): Promise<Trained | undefined> {
  const { epochs, batch } = options;
  const steps = Math.ceil(imageCount(data.train) / batch) * epochs;
  const progress = await showProgress(terminal, epochs);
  const started = performance.now();
  const history: EpochRecord[] = [];
  try {
    const { aborted } = await fit(model, data.train, {
      epochs,
      batchSize: batch,
      optimizer: new Adam(model.parameters(), { learningRate: oneCycle(options.lr, steps) }),
      validation: data.validation,
      normalisation,
      augmentation,
      seed: options.seed,
      signal,
      onStep: progress.step,
      onEpoch: ({ valLoss, valAccuracy, ...report }) => {
        // Both are there because a validation set is given.
        const record = { ...report, valLoss: valLoss!, valAccuracy: valAccuracy! };
        history.push(record);
        progress.epoch(record);
      },
    });
    return aborted ? undefined : { history, trainSeconds: (performance.now() - started) / 1000 };
  } finally {
    progress.stop();
  }
}

interface RunResult extends Trained {
  readonly options: TrainOptions;
  readonly data: PreparedDataset;
  readonly model: Module;
  readonly evaluation: Evaluation;
}

function collectMetrics({ options, data, model, evaluation, history, trainSeconds }: RunResult): Metrics {
  const [, height, width, channels] = data.train.shape;
  const { classNames } = data.train;
  return {
    testAccuracy: evaluation.accuracy,
    testLoss: evaluation.loss,
    epochs: options.epochs,
    trainSeconds,
    device: deviceInfo().name,
    parameters: model.parameterCount(),
    seed: options.seed,
    history,
    model: options.model,
    optimizer: 'Adam, one-cycle learning rate',
    learningRate: options.lr,
    batchSize: options.batch,
    augmentation,
    data: {
      source: options.data === 'digits' ? options.data : resolve(options.data),
      name: data.name,
      train: imageCount(data.train),
      validation: imageCount(data.validation),
      test: imageCount(data.test),
      image: [height, width, channels],
      classNames,
      borderBrightness: datasetBorderBrightness(data.train),
    },
    confusion: confusionRows(evaluation.confusion, classNames.length),
    versions: { weft: version, node: process.versions.node },
  };
}
