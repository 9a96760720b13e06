/** What can be said of the `wasm` device. */
/** Options of the `wasm` device. */
export interface WasmOptions {
  /**
   * How many threads compute. Default: what the environment variable WEFT_THREADS says, else one for each processor, at
   * most 8. Results do not depend on it.
   */
  readonly threads?: number;
  /** The most memory the device may take, in bytes; at most, and by default, just under 2 GiB. Only before its first use. */
  readonly memoryLimit?: number;
  /** Whether multiply-adds may be fused where the engine can do that. Default true. Results differ in the last bits. */
  readonly fusedMultiplyAdd?: boolean;
}
