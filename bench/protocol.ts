/** The lines of JSON that runners write: see `peers/protocol.mjs`. */

/** Who computes. */
export interface About {
  /** `weft`, or the name of a peer. */
  readonly library: string;
  readonly version: string;
  /** What it runs on, in its own words. */
  readonly device: string;
  readonly threads: number;
}

/** The first line: the runner has loaded its library. */
export interface Ready {
  readonly ready: About;
}

/** The answer to `run NAME SAMPLES`: milliseconds of each run, or why it cannot be done. */
export type Answer =
  | { readonly name: string; readonly times: readonly number[] }
  | { readonly name: string; readonly cannot: string };
