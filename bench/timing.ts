/** Times cases on the device that is set: what weft's runners do, in a process of Node and in a page alike. */
import { Bench } from 'tinybench';
import { seed } from '../src/index.ts';
import type { Case, Step } from './cases/case.ts';
import { GpuMeter } from './gpu-meter.ts';
import { joined, type Timed } from './protocol.ts';

/** Warm-up goes on until this many runs or milliseconds, whichever is first. Compilers need many short runs. */
const warmUp = { runs: 1000, milliseconds: 500 };
/** A first run that takes longer is a sample itself: slow work is not run just to warm up. */
const slowMilliseconds = 2000;

/** Times one case after another; of a case that is asked for again, only the first time warms up. */
export class Stopwatch {
  readonly #cases: readonly Case[];
  #current: { readonly name: string; readonly step: Step; readonly meter: GpuMeter | undefined } | undefined;

  constructor(cases: readonly Case[]) {
    this.#cases = cases;
  }

  /** Times so many runs. Throws an Error with the reason if that cannot be done. */
  async run(name: string, samples: number): Promise<Timed> {
    if (this.#current?.name === name) return this.#timed(samples);
    // Arrays of the case before are not needed any more.
    this.#current = undefined;
    const found = this.#cases.find((each) => each.name === name);
    if (!found) throw new Error('not offered');
    seed(0);
    const meter = GpuMeter.ofDevice();
    this.#current = { name, step: await found.make(), meter };
    // On a GPU the first run is mostly compiling, which is told apart.
    if (meter) await this.#step();
    const first = await this.#timed(1);
    if (first.times[0] > slowMilliseconds) {
      return samples > 1 ? joined(first, await this.#timed(samples - 1)) : first;
    }
    const end = performance.now() + warmUp.milliseconds;
    for (let count = 1; count < warmUp.runs && performance.now() < end; count++) await this.#step();
    return this.#timed(samples);
  }

  /** One run, to its end. */
  async #step(): Promise<unknown> {
    const { step, meter } = this.#current!;
    const result = await step();
    await meter?.finish(step.kept);
    return result;
  }

  async #timed(samples: number): Promise<Timed> {
    const { meter } = this.#current!;
    const bench = new Bench({
      iterations: samples,
      time: 0,
      warmup: false,
      retainSamples: true,
      throws: true,
    });
    bench.add('step', () => this.#step(), {
      async: true,
      ...(meter && { beforeEach: () => meter.start(), afterEach: () => meter.stop() }),
    });
    await bench.run();
    const [{ result }] = bench.tasks;
    if (result.state !== 'completed') throw new Error(`the run ended as ${result.state}`);
    const times = [...(result.latency.samples ?? [])];
    return meter ? { times, gpu: meter.take() } : { times };
  }
}
