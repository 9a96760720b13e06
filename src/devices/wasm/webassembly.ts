/**
 * The engine's WebAssembly interface, as far as weft uses it. TypeScript declares it only together with the whole of a
 * browser page, which does not exist in Node.
 */
import { DeviceUnavailableError } from '../../errors.ts';

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

/**
 * Compiles code, at once or while the program goes on.
 *
 * @throws DeviceUnavailableError where a page's policy forbids it
 */
export async function compileModule(bytes: Uint8Array<ArrayBuffer>, atOnce: boolean): Promise<WasmModule> {
  try {
    return atOnce ? new WebAssembly.Module(bytes) : await WebAssembly.compile(bytes);
  } catch (cause) {
    // What is no valid code, or too much of it, is another matter: a policy refuses any.
    if (mayCompile()) throw cause;
    throw new DeviceUnavailableError(
      {
        where: 'the wasm device',
        got: 'a Content-Security-Policy that forbids WebAssembly',
        expected: "a policy with script-src 'self' 'wasm-unsafe-eval'",
        cure: "Add 'wasm-unsafe-eval' to script-src (it allows no evaluated text), or setDevice('cpu').",
      },
      { cause },
    );
  }
}

/** Whether the smallest module there is can be compiled. */
function mayCompile(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) !== undefined;
  } catch {
    return false;
  }
}
