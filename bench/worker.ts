/**
 * weft as one of the runners: a process with one device and one number of threads, which times cases on request. What
 * it reads and answers is what `peers/protocol.mjs` describes. Arguments: worker, device, threads.
 */
import { createInterface } from 'node:readline';
import { version } from '../src/cli/version.ts';
import { deviceInfo } from '../src/index.ts';
import { cases } from './cases/index.ts';
import { awaitThreads, chooseDevice } from './device.ts';
import { aboutGpu, nameOfGpu } from './gpu-meter.ts';
import type { About, Answer, Outcome, Ready } from './protocol.ts';
import { Stopwatch } from './timing.ts';

/** Answers until the input ends, and ends the process. */
export async function work(): Promise<void> {
  const [, , , device, wishedThreads] = process.argv;
  await chooseDevice(device, Number(wishedThreads));
  await awaitThreads(Number(wishedThreads));
  const { name, threads } = deviceInfo();
  const gpu = await aboutGpu();
  const about = { library: 'weft', version, threads };
  const stopwatch = new Stopwatch(cases);
  await serve(
    gpu ? { ...about, device: nameOfGpu(gpu), gpu } : { ...about, device: name },
    (wanted, samples) => stopwatch.run(wanted, samples),
  );
  process.exit(0);
}

/** Says who it is, and answers requests until the input ends. What `run` throws is the reason why it cannot. */
export async function serve(
  about: About,
  run: (name: string, samples: number) => Promise<Outcome>,
): Promise<void> {
  write({ ready: about });
  for await (const line of createInterface({ input: process.stdin })) {
    const [, name, samples] = line.split(' ');
    try {
      write({ name, ...(await run(name, Number(samples))) });
    } catch (error) {
      write({ name, cannot: error instanceof Error ? error.message : String(error) });
    }
  }
}

function write(value: Ready | Answer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
