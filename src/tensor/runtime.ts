/**
 * The one crossing from the tensor API to the devices. Tensors know this interface; `src/index.ts` hands in the
 * implementation.
 */
import { requireFunction, requireKnownOptions } from '../options.ts';
import type { NumericArray } from './dtype.ts';
import type { Tensor } from './tensor.ts';
import type { Variable } from './variable.ts';

/** A variable's memory on some device. */
export interface VariableStorage {
  /** The device that owns it. */
  readonly device: string;
  /** A copy of the value. */
  read(): Promise<NumericArray>;
  /** Replaces the value; the array has the variable's size and dtype. */
  write(data: NumericArray): Promise<void>;
}

/** What a compiled function may return. */
export type TensorTree = Tensor | readonly TensorTree[] | { readonly [name: string]: TensorTree };

/** Options of `compile`. */
export interface CompileOptions {
  /**
   * Refuse a step whose first result is NaN or infinite: no variable is changed, and the call throws NonFiniteError.
   * Default false.
   */
  readonly requireFinite?: boolean;
}

/**
 * What tensors ask of whatever computes them. Each call is one request: it takes with it the updates that were recorded
 * before it, it means the values of the moment of the call, and it is done after all that was asked before.
 */
export interface Runtime {
  /** Computes tensors and stores the values on their nodes. */
  evaluate(tensors: readonly Tensor[]): Promise<void>;
  /** Copies of the values of tensors, variables among them, all of the moment of the call. */
  readAll(tensors: readonly Tensor[]): Promise<NumericArray[]>;
  /** Replaces the values of variables by host data of their size and dtype, which is copied now: all of them or none. */
  writeAll(values: ReadonlyMap<Variable, NumericArray>): Promise<void>;
  /** See `compile`. */
  compile<Arguments extends readonly Tensor[], Result extends TensorTree>(
    body: (...tensors: Arguments) => Result | Promise<Result>,
    options: CompileOptions,
  ): (...tensors: Arguments) => Promise<Result>;
}

let connected: Runtime | undefined;

/** Hands in the runtime. Called once, by `src/index.ts`. */
export function connectRuntime(runtime: Runtime): void {
  connected = runtime;
}

/** The runtime that was handed in. */
export function runtime(): Runtime {
  if (connected) return connected;
  throw new Error(
    'No runtime is connected: import tensors from the package entry, not from an inner module.',
  );
}

/**
 * Captures a function of tensors once per input shape and replays it as one plan: fused kernels, static memory,
 * parameters updated in place. The function runs only to be captured, so anything it reads besides tensors (options) is
 * fixed then. When the mode of a layer or `trainable` of a parameter changes, it is captured anew; learning rates and
 * random numbers are fresh at every call.
 *
 * ```ts
 * const trainStep = compile((x: Tensor, y: Tensor) => {
 *   const loss = softmaxCrossEntropy(model.call(x), y);
 *   loss.backward();
 *   void optimizer.step();
 *   return loss;
 * });
 * ```
 *
 * @throws OptionError for an unknown option. Calling it throws TraceError when the function awaits a value or is given
 * or returns anything but tensors.
 */
export function compile<Arguments extends readonly Tensor[], Result extends TensorTree>(
  body: (...tensors: Arguments) => Result | Promise<Result>,
  options: CompileOptions = {},
): (...tensors: Arguments) => Promise<Result> {
  requireFunction('compile', 'its first argument', body);
  requireKnownOptions('compile', options, ['requireFinite']);
  return runtime().compile(body, options);
}
