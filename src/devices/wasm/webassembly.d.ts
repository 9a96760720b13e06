/**
 * The part of the engine's WebAssembly interface that weft uses. TypeScript declares it only together with the whole of
 * a browser page, which does not exist in Node.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Memory {
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    constructor(type: { initial: number; maximum: number; shared?: boolean });
    /** Adds pages of 64 KiB and returns how many there were. Throws a RangeError where there is no room. */
    grow(pages: number): number;
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
  }
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}
