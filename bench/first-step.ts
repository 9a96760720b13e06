/**
 * Prints the milliseconds from an imported library to the end of the first training step of a model, in a fresh process:
 * building the model, planning, emitting, compiling, computing. Arguments: first-step, device, threads, model.
 */
import type { Sequential } from '../src/index.ts';
import { examples, labels } from './cases/data.ts';
import { convLstm, convolutionStack, deepConvLstm } from './cases/models.ts';
import { trainingStep } from './cases/training.ts';
import { chooseDevice } from './device.ts';

/** What takes its first step, and the pictures it takes. */
const subjects: Readonly<Record<string, { make(): Sequential; readonly images: readonly number[] }>> = {
  'conv-lstm': { make: convLstm, images: [64, 28, 28, 1] },
  'deep-conv-lstm': { make: deepConvLstm, images: [64, 28, 28, 1] },
  'conv-100': { make: () => convolutionStack(100), images: [32, 8, 8, 1] },
};

/** Makes the step on the device and threads of the command line, and ends the process. */
export async function firstStep(): Promise<void> {
  const [, , , device, threads, model] = process.argv;
  const { make, images } = subjects[model];
  const x = examples(images);
  const y = labels(images[0], 10);

  const start = performance.now();
  await chooseDevice(device, Number(threads));
  const step = trainingStep(make(), x, y);
  await step();
  console.log(performance.now() - start);
  process.exit(0);
}
