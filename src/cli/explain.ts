/** `weft explain`: the plan of one training step. */

import type { Command } from 'commander';
import { type DeviceOptions, explain, setDevice, type Tensor, zeros } from '../index.ts';
import { createModel, softmaxCrossEntropy } from '../nn/index.ts';
import { Adam } from '../optim/index.ts';
import { deviceOption, modelOption } from './shared-options.ts';
import { type CommandContext, openTerminal, type Terminal } from './terminal.ts';
import { defaultLearningRate, trainDefaults } from './train-defaults.ts';

/** The options of the command line. */
export interface ExplainOptions {
  readonly model: string;
  readonly device: keyof DeviceOptions;
}

/** The embedded digits. */
const INPUT_SHAPE = [20, 20, 1] as const;
const CLASSES = 10;

/** Prints the kernels of a training step of the model on a batch of digits. Nothing is computed. */
export async function explainCommand(
  { model: modelName, device }: ExplainOptions,
  { result }: Terminal,
): Promise<void> {
  await setDevice(device);
  const model = createModel(modelName, { inputShape: INPUT_SHAPE, classes: CLASSES });
  const optimizer = new Adam(model.parameters(), { learningRate: defaultLearningRate(modelName) });
  const step = async (images: Tensor, labels: Tensor): Promise<Tensor> => {
    const loss = softmaxCrossEntropy(model.call(images), labels);
    loss.backward();
    await optimizer.step();
    return loss;
  };
  const plan = await explain(
    step,
    zeros([trainDefaults.batch, ...INPUT_SHAPE]),
    zeros([trainDefaults.batch], 'int32'),
  );
  result(`A training step of ${modelName} with Adam on ${trainDefaults.batch} digits of 20×20 pixels:\n`);
  result(plan);
}

/** Declares `weft explain`. */
export function addExplain(program: Command, { streams }: CommandContext): void {
  program
    .command('explain')
    .description(
      'print the plan of a training step on digits: its kernels with shapes, FLOPs, bytes and memory',
    )
    .addOption(modelOption())
    .addOption(deviceOption())
    .action(async (options) => explainCommand(options, openTerminal(streams, false)));
}
