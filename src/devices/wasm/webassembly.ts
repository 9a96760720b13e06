/**
 * The engine's WebAssembly interface, as far as weft uses it. TypeScript declares it only together with the whole of a
 * browser page, which does not exist in Node.
 */

/** Compiled code, which workers can be sent. */
export interface WasmModule {
  readonly [Symbol.toStringTag]?: 'WebAssembly.Module';
}

/** A growable block of memory. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KiB and returns how many there were. Throws a RangeError where there is no room. */
  grow(pages: number): number;
}

/** Code over some memory. */
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  readonly Memory: new (type: { initial: number; maximum: number; shared?: boolean }) => WasmMemory;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<WasmModule>;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

const { WebAssembly: interfaceOrNothing } = globalThis as { readonly WebAssembly?: WebAssemblyInterface };

/** Whether the engine has WebAssembly at all. */
export const hasWebAssembly = interfaceOrNothing !== undefined;

/** The interface. Only where `hasWebAssembly`. */
export const WebAssembly = interfaceOrNothing as WebAssemblyInterface;
