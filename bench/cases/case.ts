/** What a benchmark is: a name, the work in it, and how to make the function that is timed. */
import type { Variable } from '../../src/index.ts';

/**
 * One run of the work. Where the time the call takes is not what is meant, it resolves to `{ overriddenDuration }`, in
 * milliseconds (which tinybench then takes).
 */
export interface Step {
  (): Promise<unknown>;
  /** Where the result stays, if none is handed out: a GPU may still be computing it when the promise is resolved. */
  readonly kept?: Variable;
}

/** The groups of cases, in the order in which they are reported. */
export type Suite = 'kernels' | 'layers' | 'training' | 'end to end' | 'cold start' | 'growth';

/** A piece of work, the same on every device and for any number of threads. */
export interface Case {
  /** Without spaces: a runner is asked for it by a line of text. */
  readonly name: string;
  readonly suite: Suite;
  /** Floating-point operations of one run, a multiply and an add counted as two. None where a rate says nothing. */
  readonly flops?: number;
  /** Bytes read and written by one run, where memory is the limit. */
  readonly bytes?: number;
  /** Whether the peers know it, under the same name. */
  readonly shared?: boolean;
  /** Whether device and threads make no difference to it. */
  readonly onceOnly?: boolean;
  /** Makes the function that is timed, on the device that is set. */
  make(): Promise<Step> | Step;
}

/** Floating-point operations of [rows, depth] · [depth, columns]. */
export function matmulFlops(rows: number, depth: number, columns: number): number {
  return 2 * rows * depth * columns;
}

/** Floating-point operations of a convolution of `images` to [height, width, to] with windows of kernel × kernel. */
export function convolutionFlops(
  images: number,
  height: number,
  width: number,
  kernel: number,
  from: number,
  to: number,
): number {
  return matmulFlops(images * height * width, kernel * kernel * from, to);
}

/** Floating-point operations of the products of a recurrent layer with `gates` gates: input part and recurrent part. */
export function recurrentFlops(
  batch: number,
  steps: number,
  features: number,
  hidden: number,
  gates: number,
): { readonly input: number; readonly recurrent: number } {
  return {
    input: matmulFlops(batch * steps, features, gates * hidden),
    recurrent: matmulFlops(batch * steps, hidden, gates * hidden),
  };
}

/**
 * Floating-point operations of a training step: forward, and twice that for the gradients of weights and inputs; but
 * nobody asks for the gradient of the input of the first product.
 */
export function trainingFlops(forward: number, firstProduct: number): number {
  return 3 * forward - firstProduct;
}
