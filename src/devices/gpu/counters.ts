/** What the `gpu` device counts. */
/** What has crossed between host and GPU, and what ran there, since the device was made. */
export interface GpuCounters {
  readonly uploads: number;
  readonly uploadedBytes: number;
  readonly downloads: number;
  readonly downloadedBytes: number;
  /** Functions that were run. */
  readonly passes: number;
  /** Functions that were compiled. */
  readonly compiled: number;
  /** Milliseconds in compiling, in handing over arrays, in starting functions, and in waiting for results. */
  readonly milliseconds: {
    readonly compile: number;
    readonly upload: number;
    readonly kernel: number;
    readonly download: number;
  };
}
