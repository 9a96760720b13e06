/** What a plan turns into on the `gpu` device, to read: the functions that gpu.js translates for shaders. */
import { planOf } from '../../plan/explain.ts';
import type { TensorTree } from '../../tensor/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** One kernel of a plan. Those of the body of a loop follow the loop. */
export interface KernelSource {
  /** Its name, such as matmul. That of a loop is scan. */
  readonly kernel: string;
  /** The layer and operations it computes. */
  readonly label: string;
  /** The functions that are run for it, each text once. Of a loop, those that copy slices and join what its steps leave. */
  readonly sources: readonly string[];
}

/**
 * The functions that the `gpu` device would run for a tensor, or for a function of tensors as `compile` would capture it
 * for arguments shaped like `examples`. Nothing is run, and no GPU is needed.
 *
 * ```ts
 * const [{ kernel, sources }] = await kernelSources((x: Tensor) => x.mul(2).tanh(), zeros([4]));
 * console.log(kernel, sources[0]); // elementwise function (array0) { … }
 * ```
 */
export async function kernelSources<Arguments extends readonly Tensor[]>(
  target: TensorTree | ((...tensors: Arguments) => TensorTree | Promise<TensorTree>),
  ...examples: Arguments
): Promise<readonly KernelSource[]> {
  const plan = await planOf(target, ...examples);
  // Loaded when it is needed, as all that is for GPUs.
  const { kernelTexts } = await import('./kernel-texts.ts');
  return kernelTexts(plan);
}
