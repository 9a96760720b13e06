/**
 * The concat kernel on the GPU. With the runs of the inputs at starts 0, run₀, run₀ + run₁, …:
 *
 *     out[o, place] = input k [o, place - startₖ]        startₖ ≤ place < startₖ₊₁
 */
import { type DType, sizeOf } from '../support/contract.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuKernel,
  type GpuPass,
  input,
  output,
  pass,
  temporary,
} from '../support/gpu/gpu-kernel.ts';
import type { ConcatAttributes } from './index.ts';

/** An array [outer, run] that is to be joined. */
interface JoinedArray {
  readonly array: GpuArray;
  readonly run: number;
}

/** See the contract. */
export const concatGpu: GpuKernel<ConcatAttributes> = (call, { mostReads }) => {
  const { inputs, outputs, attributes } = call;
  const [{ dtype, shape }] = outputs;
  if (sizeOf(shape) === 0) return { passes: [] };
  const outer = sizeOf(shape.slice(0, attributes.axis));
  let arrays: readonly JoinedArray[] = inputs
    .map(({ shape }, index) => ({ array: input(index), run: sizeOf(shape.slice(attributes.axis)) }))
    .filter(({ run }) => run > 0);
  const passes: GpuPass[] = [];
  let temporaries = 0;
  while (arrays.length > mostReads) {
    const groups = Array.from({ length: Math.ceil(arrays.length / mostReads) }, (_, group) =>
      arrays.slice(group * mostReads, (group + 1) * mostReads),
    );
    arrays = groups.map((group) => {
      if (group.length === 1) return group[0];
      const array = temporary(temporaries++);
      passes.push(join(group, dtype, outer, array));
      return { array, run: runOf(group) };
    });
  }
  return { passes: [...passes, join(arrays, dtype, outer, output(0))] };
};

/** The run of several arrays together. */
function runOf(arrays: readonly JoinedArray[]): number {
  return arrays.reduce((total, { run }) => total + run, 0);
}

/** A pass that joins as many arrays as it may read. */
function join(arrays: readonly JoinedArray[], dtype: DType, outer: number, writes: GpuArray): GpuPass {
  const row = runOf(arrays);
  const size = outer * row;
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const [o, place] = f.coordinates(index, [outer, row]);
    let end = 0;
    for (const { array, run } of arrays) {
      const start = end;
      end += run;
      const read = (): void =>
        f.return(f.read(array, f.offset([o, place, plane], [run, 1, outer * run], -start)));
      if (end === row) read();
      else f.if(`${place} < ${end}`, read);
    }
  });
}
