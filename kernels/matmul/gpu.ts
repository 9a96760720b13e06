/**
 * Matrix product, batched, on the GPU: a thread computes one element, four steps down the depth a turn.
 *
 * A product with few elements and a long depth (the gradient of a weight) would keep few threads busy, so its depth is
 * divided: threads sum parts of it, and a second pass adds those up.
 */

import { dot } from '../support/gpu/dot.ts';
import { type GpuKernel, input, output, pass, temporary } from '../support/gpu/gpu-kernel.ts';
import { partsOf, sumParts } from '../support/gpu/partial-sums.ts';
import type { ThreadSource } from '../support/gpu/thread-source.ts';
import { type MatmulAttributes, matmulSizes } from './index.ts';

/** y [B,M,N] = a · b, see the contract. */
export const matmulGpu: GpuKernel<MatmulAttributes> = (call) => {
  const { batch, rows, depth, columns, sharedA, sharedB } = matmulSizes(call);
  const { transposeA, transposeB } = call.attributes;
  const size = batch * rows * columns;
  if (size === 0) return { passes: [] };
  const { parts, length } = partsOf(size, depth);

  const elements = (f: ThreadSource, index: string, part: string): string => {
    const [item, row, column] = f.coordinates(index, [batch, rows, columns]);
    const first = f.whole(f.offset([part], [length]), 'first');
    const [aRow, aDepth] = transposeA ? [1, rows] : [depth, 1];
    const [bDepth, bColumn] = transposeB ? [1, depth] : [columns, 1];
    const aStart = f.offset([item, row, first], [sharedA ? 0 : rows * depth, aRow, aDepth]);
    const bStart = f.offset([item, column, first], [sharedB ? 0 : depth * columns, bColumn, bDepth]);
    const left = parts * length > depth ? f.whole(f.offset([first], [-1], depth), 'left') : undefined;
    return dot(f, {
      a: { array: input(0), start: f.whole(aStart, 'a'), step: aDepth },
      b: { array: input(1), start: f.whole(bStart, 'b'), step: bDepth },
      length,
      // The last part may be shorter: what lies past the depth counts nothing.
      counts: left === undefined ? undefined : (k) => `${k} < ${left}`,
    });
  };

  if (parts === 1) {
    return { passes: [pass(output(0), size, (f) => f.return(elements(f, f.index, '0')))] };
  }
  return {
    passes: [
      pass(temporary(0), size * parts, (f) => {
        const [part, index] = f.coordinates(f.index, [parts, size]);
        f.return(elements(f, index, part));
      }),
      sumParts(temporary(0), output(0), size, parts),
    ],
  };
};
