/** What a plan turns into on the `gpu` device, to read: the functions that gpu.js translates for shaders. */
import { planOf } from '../../plan/explain.ts';
import type { TensorTree } from '../../tensor/runtime.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** One kernel of a plan. */
export interface KernelSource {
  /** Its name, such as matmul. */
  readonly kernel: string;
  /** The layer and operations it computes. */
  readonly label: string;
  /** The functions that are run for it, each text once. */
  readonly sources: readonly string[];
}

/** As large as any GPU's: nothing is run. */
const mostFloats = 1 << 26;
/** As few as any GPU's. */
const mostReads = 7;

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
  const { planPasses } = await import('./plan-passes.ts');
  const { steps } = planPasses(plan, { mostReads, mostFloats });
  return plan.steps.map(({ contract, label }, step) => ({
    kernel: contract.name,
    label,
    sources: [...new Set(steps[step].passes.map(({ pass }) => pass.source))],
  }));
}
