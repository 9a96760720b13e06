/**
 * How a peer talks with the benchmark: it says once that it is ready, then for each line `run NAME SAMPLES` on its input
 * it answers with one line of JSON, `{ name, times }` in milliseconds or `{ name, cannot }` with the reason.
 */
import { createInterface } from 'node:readline';

/** Warm-up goes on until this many runs or milliseconds, whichever is first. */
const warmUp = { runs: 20, milliseconds: 500 };
/** A first run that takes longer is a sample itself: slow work is not run just to warm up. */
const slowMilliseconds = 2000;

/**
 * Answers until the input ends.
 *
 * @param {{ library: string, version: string, device: string, threads: number, note?: string }} about
 * @param {Record<string, () => unknown>} work by name: makes the function to be timed, which may be async. A string
 *   instead says why the library cannot do it; names that are missing are not offered.
 */
export async function serve(about, work) {
  // A library that prints must not be mistaken for an answer.
  const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  console.log = console.error;
  console.warn = console.error;
  const ready = new Map();
  answer({ ready: about });
  for await (const line of createInterface({ input: process.stdin })) {
    const [, name, samples] = line.split(' ');
    try {
      answer({ name, ...(await run(name, Number(samples), work, ready)) });
    } catch (error) {
      answer({ name, cannot: String(error?.message ?? error).split('\n')[0] });
    }
  }
  process.exit(0);
}

async function run(name, samples, work, ready) {
  const make = work[name];
  if (make === undefined) return { cannot: 'not offered' };
  if (typeof make === 'string') return { cannot: make };
  const times = [];
  let step = ready.get(name);
  if (!step) {
    step = await make();
    const first = await timed(step);
    if (first > slowMilliseconds) times.push(first);
    else {
      const end = performance.now() + warmUp.milliseconds;
      for (let count = 1; count < warmUp.runs && performance.now() < end; count++) await step();
    }
    ready.set(name, step);
  }
  while (times.length < samples) times.push(await timed(step));
  return { times };
}

async function timed(step) {
  const start = performance.now();
  await step();
  return performance.now() - start;
}

/** Numbers like those of a normal distribution, the same in every run. */
export function normal(size, seed = 1) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
  return Float32Array.from(
    { length: size },
    () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** Labels of `classes` classes, in turn. */
export function labels(count, classes) {
  return Int32Array.from({ length: count }, (_, at) => (at * 7) % classes);
}

/** What follows `--name` on the command line. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}
