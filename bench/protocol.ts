/** The lines of JSON that runners write: see `peers/protocol.mjs`. */

/** Who computes. */
export interface About {
  /** `weft`, or the name of a peer. */
  readonly library: string;
  readonly version: string;
  /** What it runs on, in its own words. */
  readonly device: string;
  readonly threads: number;
  /** Of weft's gpu device. */
  readonly gpu?: AboutGpu;
}

/** The GPU behind a runner. */
export interface AboutGpu {
  /** The way to it, such as webgpu. */
  readonly backend: string;
  /** As its driver names it. */
  readonly adapter: string;
  /** Why the GPU of the machine could not be had, where software had to be asked for. */
  readonly fallbackReason?: string;
  /** Milliseconds to start one small kernel and read one number from it, with nothing else going on. */
  readonly emptyReadMs: number;
}

/** The first line: the runner has loaded its library. */
export interface Ready {
  readonly ready: About;
}

/** Milliseconds that the host spent on a GPU's behalf in one run. */
export interface GpuParts {
  /** Handing over arrays. */
  readonly uploadMs: number;
  /** Starting kernels: what they do goes on by itself. */
  readonly kernelMs: number;
  /** Waiting for results, which is waiting for all kernels before them, and copying them. */
  readonly downloadMs: number;
}

/** What some runs on a GPU consisted of. */
export interface GpuTimes {
  /** Milliseconds in compiling since the case was made: nearly all of it in the first run, which is no sample. */
  readonly compileMs: number;
  /** Of each run. */
  readonly parts: readonly GpuParts[];
}

/** What some runs of a case came to. */
export interface Timed {
  /** Milliseconds of each run. */
  readonly times: readonly number[];
  /** On the gpu device. */
  readonly gpu?: GpuTimes;
}

/** Two lots of runs of one case, the earlier first. */
export function joined(earlier: Timed, later: Timed): Timed {
  return {
    times: [...earlier.times, ...later.times],
    ...(later.gpu && {
      gpu: {
        compileMs: later.gpu.compileMs,
        parts: [...(earlier.gpu?.parts ?? []), ...later.gpu.parts],
      },
    }),
  };
}

/** What became of a request: times, or why it cannot be done. */
export type Outcome = Timed | { readonly cannot: string };

/** The answer to `run NAME SAMPLES`. */
export type Answer = { readonly name: string } & Outcome;
