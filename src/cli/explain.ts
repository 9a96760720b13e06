/** `weft explain`: the plan of one training step. */
import { type Command, Option } from 'commander';
import { loadDataset } from '../data/load.ts';
import { type DeviceOptions, explain, setDevice, type Tensor, zeros } from '../index.ts';
import { createModel, modelNames } from '../models/index.ts';
import type { GivenSizes } from '../models/sizes.ts';
import { type Module, softmaxCrossEntropy } from '../nn/index.ts';
import { Adam, type Optimizer } from '../optim/index.ts';
import { printable } from '../text.ts';
import { exitCodes } from './exit-codes.ts';
import { givenSizes, sizeMisfit, sizeOptions, writtenSizes } from './model-sizes.ts';
import { positiveInteger } from './numbers.ts';
import { describeOptimizer, optimizerOf } from './optimizers.ts';
import { RunError } from './run-error.ts';
import { readRun } from './run-reading.ts';
import { dataHelp, deviceOption, oneOf, runHelp } from './shared-options.ts';
import { type CommandContext, counted, openTerminal, type Terminal } from './terminal.ts';
import { trainDefaults } from './train-defaults.ts';

/** The options of the command line. */
export interface ExplainOptions extends GivenSizes {
  readonly model?: string;
  readonly data?: string;
  readonly batch?: number;
  readonly device: keyof DeviceOptions;
}

/** A model, and what it is trained on. */
interface Subject {
  readonly name: string;
  readonly model: Module;
  /** Shape of one input. */
  readonly inputShape: readonly number[];
  /** Undefined for a model that tells no classes apart. */
  readonly classes: number | undefined;
  readonly batch: number;
  readonly optimizer: Optimizer;
  /** What it is called. */
  readonly optimizerTitle: string;
}

/** Prints the kernels of a training step. Nothing is computed. */
export async function explainCommand(
  run: string | undefined,
  options: ExplainOptions,
  { result, aside }: Terminal,
): Promise<void> {
  await setDevice(options.device);
  const { name, model, inputShape, classes, batch, optimizer, optimizerTitle } =
    run === undefined ? newModel(options) : await trainedModel(run, options, aside);
  const step = async (inputs: Tensor, labels: Tensor): Promise<Tensor> => {
    const scores = model.call(inputs);
    const loss = classes === undefined ? scores.square().mean() : softmaxCrossEntropy(scores, labels);
    loss.backward();
    await optimizer.step();
    return loss;
  };
  const plan = await explain(step, zeros([batch, ...inputShape]), zeros([batch], 'int32'));
  const task =
    classes === undefined
      ? 'with the mean of its squared outputs as the loss'
      : `of ${counted(classes, 'class')}`;
  result(
    printable(
      `A training step of ${name} with ${optimizerTitle} on ${counted(batch, 'input')} of ${inputShape.join('×')} ${task}:`,
    ),
  );
  result(`\n${plan}`);
}

/** A model as `weft train` makes it. */
function newModel({
  model: name = trainDefaults.model,
  data = trainDefaults.data,
  batch,
  ...given
}: ExplainOptions): Subject {
  const { shape, classNames } = loadDataset(data).train;
  const [, height, width, channels] = shape;
  const inputShape = [height, width, channels] as const;
  const classes = classNames.length;
  const model = createModel(name, { inputShape, classes, ...givenSizes(given) });
  return {
    name,
    model,
    inputShape,
    classes,
    batch: batch ?? trainDefaults.batchSize,
    ...adamOf(model),
  };
}

/** The model of a run, with the batches it was trained on. */
async function trainedModel(
  run: string,
  { model: wanted, data, batch, ...options }: ExplainOptions,
  aside: Terminal['aside'],
): Promise<Subject> {
  const [size] = Object.entries(writtenSizes(options));
  const given =
    (wanted && `--model ${wanted}`) ?? (data && `--data ${data}`) ?? (size && `--${size[0]} ${size[1]}`);
  if (given !== undefined) {
    throw new RunError({
      where: run,
      got: `${given} beside a run`,
      expected: 'a run, which has its model and its data, or options for a new model',
      cure: 'Leave out the one or the other.',
    });
  }
  const { record, saved, notes } = await readRun(run);
  for (const note of notes) aside(printable(note));
  return {
    ...saved,
    name: `${saved.name} of ${run}`,
    classes: saved.classNames?.length,
    batch: batch ?? record?.batchSize ?? trainDefaults.batchSize,
    ...(record === undefined
      ? adamOf(saved.model)
      : {
          optimizer: optimizerOf(record, saved.model, record.data.train),
          optimizerTitle: describeOptimizer(record),
        }),
  };
}

/** What trains where nothing else is asked for. */
function adamOf(model: Module): Pick<Subject, 'optimizer' | 'optimizerTitle'> {
  return { optimizer: new Adam(model.parameters()), optimizerTitle: 'Adam' };
}

const help = `
Each line is a kernel: the layer and the operations it computes, the shape it runs over, its arithmetic, what it reads and
writes. They belong to the forward pass, to the gradient, or to the update of the weights; a kernel that computes some of
several says so. The plan is the same on all devices. Without a run it is that of a new model.`;

/** Declares `weft explain`. */
export function addExplain(program: Command, { streams }: CommandContext): void {
  const command = program
    .command('explain')
    .description('print the plan of a training step: its kernels with shapes, FLOPs, bytes and memory')
    .argument('[run]', runHelp)
    .addOption(
      oneOf(new Option('--model <name>', `the network (default: ${trainDefaults.model})`), modelNames),
    );
  for (const option of sizeOptions()) command.addOption(option);
  command
    .option('--data <name>', `${dataHelp} (default: digits)`)
    .option(
      '--batch <number>',
      `inputs in a step (default: that of the run, or ${trainDefaults.batchSize})`,
      positiveInteger,
    )
    .addOption(deviceOption())
    .addHelpText('after', help)
    .action(async (run, options: ExplainOptions) => {
      const wrong = sizeMisfit({ ...options, model: options.model ?? trainDefaults.model });
      if (wrong !== undefined && run === undefined)
        command.error(`error: ${wrong.text}`, { exitCode: exitCodes.usage });
      await explainCommand(run, options, openTerminal(streams, false));
    });
}
