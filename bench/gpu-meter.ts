/** What a run on the gpu device consists of, read from the counters of the device; and waiting until it is over. */
import { compile, deviceInfo, gpuCounters, type Tensor, Variable, zeros } from '../src/index.ts';
import type { AboutGpu, GpuParts, GpuTimes } from './protocol.ts';
import { median } from './rows.ts';

type Milliseconds = NonNullable<ReturnType<typeof gpuCounters>>['milliseconds'];

/** The parts of a run between two looks at the counters. */
export function partsBetween(before: Milliseconds, after: Milliseconds): GpuParts {
  return {
    uploadMs: after.upload - before.upload,
    kernelMs: after.kernel - before.kernel,
    downloadMs: after.download - before.download,
  };
}

export class GpuMeter {
  readonly #compileBefore: number;
  #before: Milliseconds;
  #parts: GpuParts[] = [];
  readonly #reads = new WeakMap<Variable, () => Promise<Tensor>>();

  /** A meter of one case, if the gpu device computes. */
  static ofDevice(): GpuMeter | undefined {
    const counters = gpuCounters();
    return counters && new GpuMeter(counters.milliseconds);
  }

  private constructor(milliseconds: Milliseconds) {
    this.#compileBefore = milliseconds.compile;
    this.#before = milliseconds;
  }

  /**
   * Waits until the GPU has computed a variable, by reading its first number: work is only submitted when the promise of
   * a run without results is resolved. Where a run hands out results, it has waited for them already.
   */
  async finish(kept: Variable | undefined): Promise<void> {
    if (!kept) return;
    const read = this.#reads.get(kept) ?? compile(() => kept.reshape([-1]).slice([0, 1]));
    this.#reads.set(kept, read);
    await read();
  }

  /** Before a run. */
  start(): void {
    this.#before = currentMilliseconds();
  }

  /** After it. */
  stop(): void {
    this.#parts.push(partsBetween(this.#before, currentMilliseconds()));
  }

  /** The runs since the last time. */
  take(): GpuTimes {
    const parts = this.#parts;
    this.#parts = [];
    return { compileMs: currentMilliseconds().compile - this.#compileBefore, parts };
  }
}

function currentMilliseconds(): Milliseconds {
  const counters = gpuCounters();
  if (!counters) throw new Error('the gpu device was left while it was measured');
  return counters.milliseconds;
}

const emptyReads = 20;

/** Milliseconds to read one number from a GPU that has nothing else to do: part of every run, however short. */
async function emptyReadMilliseconds(meter: GpuMeter): Promise<number> {
  const number = new Variable(zeros([1]), 'number');
  await meter.finish(number);
  const times: number[] = [];
  for (let count = 0; count < emptyReads; count++) {
    const start = performance.now();
    await meter.finish(number);
    times.push(performance.now() - start);
  }
  return median(times);
}

/** The GPU that computes, if one does. */
export async function aboutGpu(): Promise<AboutGpu | undefined> {
  const meter = GpuMeter.ofDevice();
  if (!meter) return undefined;
  const { backend = '', adapter = '' } = deviceInfo();
  return { backend, adapter, emptyReadMs: await emptyReadMilliseconds(meter) };
}

/** Drivers that compute on the processor. */
const software = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i;

/** Whether what is called a GPU is the processor. */
export function isSoftware({ adapter }: Pick<AboutGpu, 'adapter'>): boolean {
  return software.test(adapter);
}

/** What the rows call it: `gpu (webgpu)`; `gpu (webgpu, in software)` where it is the processor. */
export function nameOfGpu(gpu: Pick<AboutGpu, 'adapter' | 'backend'>): string {
  return `gpu (${gpu.backend}${isSoftware(gpu) ? ', in software' : ''})`;
}
