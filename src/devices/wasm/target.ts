/** What this engine's WebAssembly can do, found out by asking it to validate a function. */
import {
  type FunctionBuilder,
  f32x4,
  ModuleBuilder,
  type Target,
} from '../../../kernels/support/wasm/assembler/index.ts';
import { hasWebAssembly, WebAssembly } from './webassembly.ts';

function validates(write: (f: FunctionBuilder) => void): boolean {
  if (!hasWebAssembly) return false;
  const module = new ModuleBuilder({ shared: false, initialPages: 1, maximumPages: 1 });
  module.function({ parameters: {}, result: undefined }, write);
  return WebAssembly.validate(module.encode());
}

/** Whether there is WebAssembly with 128-bit vectors: without it there is no `wasm` device. */
export function hasVectors(): boolean {
  return validates((f) => f.drop(f32x4.splat(1)));
}

/** What kernels may use here. */
export function engineTarget(): Target {
  const vector = f32x4.splat(1);
  return { relaxedSimd: validates((f) => f.drop(f32x4.relaxedMultiplyAdd(vector, vector, vector))) };
}
