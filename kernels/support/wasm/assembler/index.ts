/** The WebAssembly assembler: typed expressions, functions, modules. It knows nothing of tensors or kernels. */
export {
  type Double,
  type Expression,
  type Float,
  type Integer,
  integer,
  type Local,
  localOf,
  type Statement,
  type ValueType,
  type Vector,
} from './expression.ts';
export { type CodeBlock, FunctionBuilder } from './function-builder.ts';
export { call, callFor, type MemoryType, ModuleBuilder, type ModuleFunction } from './module-builder.ts';
export { atomic, bytes, f32, f64, i32, i64, select } from './scalars.ts';
export {
  f32x4,
  f64x2,
  i8x16,
  i16x8,
  i32x4,
  i64x2,
  multiplyAdd,
  multiplySubtract,
  type Target,
  v128,
} from './vectors.ts';
