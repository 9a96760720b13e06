/**
 * The concat kernel on the GPU: an element looks up which input it comes from. A pass can read so many arrays; more of
 * them are joined in groups first, and the groups then.
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

/** An array [outer, row]. */
interface Part {
  readonly array: GpuArray;
  readonly row: number;
}

/** See the contract. */
export const concatGpu: GpuKernel<ConcatAttributes> = (call, { mostReads }) => {
  const { inputs, outputs, attributes } = call;
  const [{ dtype, shape }] = outputs;
  if (sizeOf(shape) === 0) return { passes: [] };
  const outer = sizeOf(shape.slice(0, attributes.axis));
  let parts: readonly Part[] = inputs
    .map(({ shape }, index) => ({ array: input(index), row: sizeOf(shape.slice(attributes.axis)) }))
    .filter(({ row }) => row > 0);
  const passes: GpuPass[] = [];
  let temporaries = 0;
  while (parts.length > mostReads) {
    const groups = Array.from({ length: Math.ceil(parts.length / mostReads) }, (_, group) =>
      parts.slice(group * mostReads, (group + 1) * mostReads),
    );
    parts = groups.map((group) => {
      if (group.length === 1) return group[0];
      const array = temporary(temporaries++);
      passes.push(join(group, dtype, outer, array));
      return { array, row: rowOf(group) };
    });
  }
  return { passes: [...passes, join(parts, dtype, outer, output(0))] };
};

function rowOf(parts: readonly Part[]): number {
  return parts.reduce((total, { row }) => total + row, 0);
}

/** A pass that puts the rows of few arrays one behind the other. */
function join(parts: readonly Part[], dtype: DType, outer: number, writes: GpuArray): GpuPass {
  const whole = rowOf(parts);
  const size = outer * whole;
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const [o, place] = f.coordinates(index, [outer, whole]);
    let end = 0;
    for (const { array, row } of parts) {
      const start = end;
      end += row;
      const read = (): void =>
        f.return(f.read(array, f.offset([o, place, plane], [row, 1, outer * row], -start)));
      if (end === whole) read();
      else f.if(`${place} < ${end}`, read);
    }
  });
}
