/** What a run of the benchmarks measured. */
import type { Suite } from './cases/case.ts';
import type { AboutGpu, GpuParts } from './protocol.ts';

/** One case on one runner. */
export interface Row {
  readonly name: string;
  readonly suite: Suite;
  readonly device: string;
  readonly threads: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly samples: number;
  /** Billions of floating-point operations a second at the median; null where a rate says nothing. */
  readonly gflops: number | null;
  /** `gflops` as a part of the SIMD peak of so many cores, measured in the same run. */
  readonly peakShare: number | null;
  /** Gigabytes read and written a second, where memory is the limit; else null. */
  readonly gigabytes: number | null;
  /** `gigabytes` as a part of what one core copies, measured in the same run; with more threads it may exceed 1. */
  readonly copyShare: number | null;
  /** Library and version of a peer; null for weft. */
  readonly peer: string | null;
  /** What a run consists of on the gpu device. */
  readonly parts?: Parts;
}

/** Milliseconds on a GPU's behalf: medians of each run's, and what compiling took once. */
export interface Parts extends GpuParts {
  readonly compileMs: number;
}

/** A GPU that took part, under the name that its rows have as their device. */
export interface NamedGpu extends AboutGpu {
  readonly device: string;
}

/** A case that a runner cannot do. */
export interface Refusal {
  readonly name: string;
  readonly title: string;
  readonly reason: string;
}

/** What it ran on. */
export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
  readonly weft: string;
  /** Of one core, with 128-bit vectors and operands in registers. */
  readonly peakGflops: number;
  /** Of one core copying 4 MB, bytes read and written both counted. */
  readonly copyGigabytes: number;
}

/** Everything. */
export interface Results {
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly refusals: readonly Refusal[];
  readonly gpus: readonly NamedGpu[];
  /** Runners that did not start. */
  readonly absent: readonly { readonly title: string; readonly reason: string }[];
}

/** The middle of some numbers; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What the report calls the runner of a row: `weft wasm`, `tfjs cpu`, `pytorch`. */
export function seriesOf({ peer, device }: Pick<Row, 'peer' | 'device'>): string {
  const library = peer === null ? 'weft' : peer.split(' ')[0];
  return library === 'pytorch' ? library : `${library} ${device}`;
}

/** The fastest row of those, by median. */
export function fastest(rows: readonly Row[]): Row | undefined {
  return rows.reduce<Row | undefined>(
    (best, row) => (best === undefined || row.medianMs < best.medianMs ? row : best),
    undefined,
  );
}

/** A ratio with two or three digits that matter: `0.52×`, `12.3×`, `450×`. */
export function formatRatio(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(2) : Number(ratio.toPrecision(3))}×`;
}
