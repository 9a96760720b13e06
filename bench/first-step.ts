/**
 * Prints the milliseconds from an imported library to the end of the first training step of the conv-lstm, in a fresh
 * process: building the model, planning, emitting, compiling, computing. Arguments: first-step, device, threads.
 */
import { examples, labels } from './cases/data.ts';
import { convLstm } from './cases/models.ts';
import { trainingStep } from './cases/training.ts';
import { chooseDevice } from './device.ts';

/** Makes the step on the device and threads of the command line, and ends the process. */
export async function firstStep(): Promise<void> {
  const [, , , device, threads] = process.argv;
  const x = examples([64, 28, 28, 1]);
  const y = labels(64, 10);

  const start = performance.now();
  await chooseDevice(device, Number(threads));
  const step = trainingStep(convLstm(), x, y);
  await step();
  console.log(performance.now() - start);
  process.exit(0);
}
