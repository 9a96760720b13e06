/** A function that passes call, as source text for gpu.js. */
export interface ShaderFunction {
  /** Floats, unless they are named in `wholes`. */
  readonly parameters: readonly string[];
  /** Parameters that are whole numbers of 32 bits. */
  readonly wholes?: readonly string[];
  /** Whether the result is a whole number. Default: a float. */
  readonly isWhole?: boolean;
  /** Statements; the last one returns. */
  readonly body: string;
  /** Names of other functions that it calls, which call none: gpu.js would put those behind their callers. */
  readonly calls?: readonly string[];
  /** Whether Infinity and NaN follow its operands, as `infinity` and `nan`: gpu.js has no literals for them. */
  readonly wantsSpecials?: boolean;
}
