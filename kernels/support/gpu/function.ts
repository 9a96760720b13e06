/** A function that passes call, as source text for gpu.js. */
export interface GpuFunction {
  readonly parameters: readonly string[];
  /** Statements; the last one returns. */
  readonly body: string;
  /** Names of other functions that it calls. */
  readonly calls?: readonly string[];
  /** Whether Infinity and NaN follow its operands, as `infinity` and `nan`: gpu.js has no literals for them. */
  readonly wantsSpecials?: boolean;
}
