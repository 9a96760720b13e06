/** Matrix product, batched: plain loops, the oracle for the faster devices. */

import { type CpuKernel, withWorkspace } from '../support/contract.ts';
import { multiply, panelSize } from './cpu/panels.ts';
import { type MatmulAttributes, matmulSizes } from './index.ts';

/** y [B,M,N] = a · b, see the contract. Sums run over K in order, in doubles. */
export const matmulCpu: CpuKernel<MatmulAttributes> = (call) => {
  const { rows, depth, columns, sharedA, sharedB, ...sizes } = matmulSizes(call);
  const { transposeA, transposeB } = call.attributes;
  // With one b for all products the batch is just more rows, and b is packed once.
  const folded = sharedB && !transposeA;
  const batch = folded ? 1 : sizes.batch;
  const rowsAtOnce = folded ? sizes.batch * rows : rows;
  const stepA = sharedA ? 0 : rows * depth;
  const stepB = sharedB ? 0 : depth * columns;

  return withWorkspace(panelSize(depth), (inputs, outputs, workspace) => {
    const a = inputs[0] as Float32Array;
    const b = inputs[1] as Float32Array;
    const y = outputs[0] as Float32Array;
    for (let item = 0; item < batch; item++) {
      const left = transposeA
        ? { data: a, offset: item * stepA, rowStride: 1, columnStride: rows }
        : { data: a, offset: item * stepA, rowStride: depth, columnStride: 1 };
      const right = transposeB
        ? { data: b, offset: item * stepB, rowStride: 1, columnStride: depth }
        : { data: b, offset: item * stepB, rowStride: columns, columnStride: 1 };
      const out = { data: y, offset: item * rows * columns, rowStride: columns, columnStride: 1 };
      multiply(left, right, out, rowsAtOnce, depth, columns, workspace);
    }
  });
};
