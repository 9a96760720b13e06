/** The benchmarks in a page: what `gpu-page.ts` calls from outside. It must not need anything of Node. */
import { type GpuOptions, setDevice } from '../../src/index.ts';
import { casesEverywhere } from '../cases/everywhere.ts';
import { aboutGpu } from '../gpu-meter.ts';
import type { AboutGpu, Outcome } from '../protocol.ts';
import { Stopwatch } from '../timing.ts';

/** What the page offers. */
export interface PageBenchmarks {
  /** Chooses the GPU. Rejected with a DeviceUnavailableError where there is none. */
  open(backend: NonNullable<GpuOptions['backend']>): Promise<AboutGpu>;
  run(name: string, samples: number): Promise<Outcome>;
}

declare global {
  var weftBenchmarks: PageBenchmarks;
}

const stopwatch = new Stopwatch(casesEverywhere);

globalThis.weftBenchmarks = {
  async open(backend) {
    await setDevice('gpu', { backend });
    const gpu = await aboutGpu();
    if (!gpu) throw new Error('the gpu device does not compute');
    return gpu;
  },
  // Reasons are handed out as values: an exception would come with its stack.
  run: (name, samples) =>
    stopwatch.run(name, samples).catch((error: unknown) => ({
      cannot: error instanceof Error ? error.message : String(error),
    })),
};
