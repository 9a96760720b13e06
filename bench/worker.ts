/**
 * weft as one of the runners: a process with one device and one number of threads, which times cases on request. What
 * it reads and answers is what `peers/protocol.mjs` describes. Arguments: worker, device, threads.
 */
import { createInterface } from 'node:readline';
import { Bench } from 'tinybench';
import { version } from '../src/cli/version.ts';
import { deviceInfo, seed } from '../src/index.ts';
import type { Step } from './cases/case.ts';
import { cases } from './cases/index.ts';
import { awaitThreads, chooseDevice } from './device.ts';
import type { Answer, Ready } from './protocol.ts';

/** Warm-up goes on until this many runs or milliseconds, whichever is first. Compilers need many short runs. */
const warmUp = { runs: 1000, milliseconds: 500 };
/** A first run that takes longer is a sample itself: slow work is not run just to warm up. */
const slowMilliseconds = 2000;

const prepared = new Map<string, Step>();

/** Answers until the input ends, and ends the process. */
export async function work(): Promise<void> {
  const [, , , device, wishedThreads] = process.argv;
  chooseDevice(device, Number(wishedThreads));
  await awaitThreads(Number(wishedThreads));
  const { name, threads } = deviceInfo();
  answer({ ready: { library: 'weft', version, device: name, threads } });
  for await (const line of createInterface({ input: process.stdin })) {
    const [, wanted, samples] = line.split(' ');
    try {
      answer({ name: wanted, times: await run(wanted, Number(samples)) });
    } catch (error) {
      answer({ name: wanted, cannot: error instanceof Error ? error.message : String(error) });
    }
  }
  process.exit(0);
}

async function run(wanted: string, samples: number): Promise<number[]> {
  const known = prepared.get(wanted);
  if (known) return timed(known, samples);
  const found = cases.find((each) => each.name === wanted);
  if (!found) throw new Error('not offered');
  seed(0);
  const step = await found.make();
  prepared.set(wanted, step);
  const first = await timed(step, 1);
  if (first[0] > slowMilliseconds)
    return samples > 1 ? [...first, ...(await timed(step, samples - 1))] : first;
  const end = performance.now() + warmUp.milliseconds;
  for (let count = 1; count < warmUp.runs && performance.now() < end; count++) await step();
  return timed(step, samples);
}

/** Milliseconds of each of so many runs. */
async function timed(step: Step, samples: number): Promise<number[]> {
  const bench = new Bench({
    iterations: samples,
    time: 0,
    warmup: false,
    retainSamples: true,
    throws: true,
  });
  bench.add('step', step, { async: true });
  await bench.run();
  const [{ result }] = bench.tasks;
  if (result.state !== 'completed') throw new Error(`the run ended as ${result.state}`);
  return [...(result.latency.samples ?? [])];
}

function answer(value: Ready | Answer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
