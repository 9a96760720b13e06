/**
 * The contract that every kernel keeps: what arrays it is given, and what it costs.
 *
 * A kernel folder holds `index.ts` (its contract: name, attributes, FLOPs), `cpu.ts` (plain loops: the oracle), `wasm.ts`
 * and `gpu.ts`. Further files of one device are in the folder's `cpu/`, `wasm/` or `gpu/`; those that several devices use
 * lie beside `index.ts`. Scratch memory is no part of the contract: each version says what it needs.
 *
 * Every array a kernel sees is dense and row-major; views are resolved by the planner before a kernel is called, except
 * for the fused kernels, which carry their views in their attributes.
 */

/** Element types. `bool` is stored as one byte, 0 or 1. */
export type DType = 'float32' | 'int32' | 'bool';

/** The typed array that holds a dtype: float32 → Float32Array, int32 → Int32Array, bool → Uint8Array. */
export type NumericArray = Float32Array | Int32Array | Uint8Array;

/** Shape and element type of one dense array. */
export interface TensorSpec {
  /** Axis lengths, outermost first. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly dtype: DType;
}

/** One planned call of a kernel: everything about it except the memory. */
export interface KernelCall<Attributes extends object = object> {
  /** Shape and dtype of each input. */
  readonly inputs: readonly TensorSpec[];
  /** Shape and dtype of each output. */
  readonly outputs: readonly TensorSpec[];
  /** What the kernel takes besides arrays. */
  readonly attributes: Attributes;
  /** Numbers of outputs that nobody reads: a version may leave them unwritten. Default none. */
  readonly unread?: readonly number[];
}

/** What a kernel promises about each call, whatever the device. */
export interface KernelContract<Attributes extends object = object> {
  /** Unique name; the tables of kernels are keyed by it. */
  readonly name: string;
  /** Floating-point operations of one call (a multiply and an add count as two). */
  flops(call: KernelCall<Attributes>): number;
  /** Bytes of its inputs that one call reads. Default: each of them once, as a whole. */
  bytesRead?(call: KernelCall<Attributes>): number;
}

/**
 * The `cpu` version of a kernel. It is called once per plan step with the sizes, and returns the function that does the
 * work, which is called on every run with the arrays, each dense and row-major.
 */
export type CpuKernel<Attributes extends object = object> = (call: KernelCall<Attributes>) => CpuRun;

/** One prepared kernel. Outputs never alias inputs unless the kernel's contract says so. */
export interface CpuRun {
  /** `workspace` holds at least as many elements as were asked for, and whatever was left in them. */
  (inputs: readonly NumericArray[], outputs: readonly NumericArray[], workspace: Float32Array): void;
  /** float32 elements of scratch memory that it needs while it runs. Default 0. */
  readonly workspaceSize?: number;
}

/** A prepared kernel that is given `workspaceSize` float32 elements of scratch memory on every run. */
export function withWorkspace(workspaceSize: number, run: CpuRun): CpuRun {
  return Object.assign(run, { workspaceSize });
}

/** Bytes of one element. */
export const bytesPerElement = { float32: 4, int32: 4, bool: 1 } as const satisfies Record<DType, number>;

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Bytes that one call reads and writes. What it reads or writes several times counts once. */
export function bytesOf(contract: KernelContract, call: KernelCall): number {
  const total = (arrays: readonly TensorSpec[]): number =>
    arrays.reduce((bytes, { shape, dtype }) => bytes + sizeOf(shape) * bytesPerElement[dtype], 0);
  return (contract.bytesRead?.(call) ?? total(call.inputs)) + total(call.outputs);
}

/** A new zeroed array for `size` elements of `dtype`. */
export function allocate(dtype: DType, size: number): NumericArray {
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}
