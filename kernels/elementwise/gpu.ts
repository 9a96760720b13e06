/** The fused elementwise kernel on the GPU: one pass an output, each with the part of the program that it needs. */
import { sizeOf } from '../support/contract.ts';
import { type GpuKernel, output } from '../support/gpu/gpu-kernel.ts';
import { splitProgram } from './gpu/split-program.ts';
import { bindProgram, storePass } from './gpu/thread-program.ts';
import type { ElementwiseAttributes } from './index.ts';

export const elementwiseGpu: GpuKernel<ElementwiseAttributes> = ({ inputs, attributes }, target) => {
  if (sizeOf(attributes.shape) === 0) return { passes: [] };
  const program = bindProgram(attributes, inputs, target);
  let used = 0;
  const passes = attributes.stores.flatMap((wanted, index) => {
    const { passes, program: rest, register, temporaries } = splitProgram(program, wanted, target, used);
    used = temporaries;
    return [...passes, storePass(rest, register, output(index))];
  });
  return { passes };
};
