/**
 * The pad kernel on the GPU. With place = index - low along every axis:
 *
 *     out[index] = x[place / (interior + 1)]  if that is a whole number in [0, L) on all axes, else value
 */
import { constant } from '../elementwise/gpu/instructions.ts';
import { bytesPerElement, sizeOf } from '../support/contract.ts';
import { floatsOf, type GpuKernel, input, output, pass } from '../support/gpu/gpu-kernel.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { denseStrides } from '../support/view.ts';
import type { PadAttributes } from './index.ts';
import { type PaddedAxis, paddedRuns } from './padded-runs.ts';

/** See the contract. */
export const padGpu: GpuKernel<PadAttributes> = ({ inputs: [{ shape, dtype }], outputs, attributes }) => {
  const size = sizeOf(outputs[0].shape);
  const inputSize = sizeOf(shape);
  if (size === 0) return { passes: [] };
  const write = pass(output(0), floatsOf(dtype, size), (f) => {
    const [low, high = low] = constant(f, attributes.value, dtype);
    const { index, plane } = f.planes(dtype, size);
    const fill = low === high ? low : f.keep(`${plane} == 0 ? ${low} : ${high}`, 'fill');
    if (inputSize === 0) {
      f.return(fill);
      return;
    }
    const { outer, last, runBytes } = paddedRuns(shape, dtype, attributes);
    const run = runBytes / bytesPerElement[dtype];
    const axes: PaddedAxis[] = [...outer, last, { length: run, low: 0, high: 0, interior: 0, total: run }];
    const coordinates = f.coordinates(
      index,
      axes.map(({ total }) => total),
    );
    const sources = axes.map((axis, at) => sourceAlong(f, axis, coordinates[at]));
    const conditions = sources.flatMap((source) => source.conditions);
    const at = f.offset(
      [...sources.map((source) => source.at), plane],
      [...denseStrides(axes.map(({ length }) => length)), inputSize],
    );
    const element = f.read(input(0), at);
    f.return(conditions.length === 0 ? element : `(${conditions.join(' && ')}) ? ${element} : ${fill}`);
  });
  return { passes: [write] };
};

/** The index along an axis of the input of an index along that of the output, and the conditions that there is one. */
function sourceAlong(
  f: ThreadSource,
  { length, low, high, interior, total }: PaddedAxis,
  index: string,
): { readonly at: string; readonly conditions: readonly string[] } {
  if (total === 1) return { at: '0', conditions: [] };
  const place = f.whole(f.offset([index], [1], -low), 'place');
  const conditions = [
    ...(low > 0 ? [`${place} >= 0`] : []),
    ...(high > 0 ? [`${place} < ${total - low - high}`] : []),
  ];
  if (interior === 0) return { at: place, conditions };
  const at = f.whole(f.quotient(place, interior + 1), 'at');
  return {
    at: length === 1 ? '0' : at,
    conditions: [...conditions, `${at} * ${interior + 1} == ${place}`],
  };
}
