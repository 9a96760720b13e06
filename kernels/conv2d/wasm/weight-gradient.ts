/**
 * The weight gradient:
 *
 *     dWeight[u,v,c,o] = Σ over n, i, j of  x[n, h, w, c] · dY[n,i,j,o]      h = i · stride + u · dilation − padding, w alike
 *
 * It is a matrix product whose rows are (u, v, c), whose columns are the outputs of a group, and whose depth is the output
 * pixels (n, i, j): few tiles and a long sum. So that all threads have work, the sum is computed in parts, always the same
 * ones whatever the number of threads, each with sums of its own.
 *
 * Stage 1, items: a range of panels of one part (weight-gradient-sums.ts):
 *
 *     for each block of output pixels of the part     ≤ 512 pixels, ≤ 256 KiB of copies: second-level cache
 *       copy the rows of x of the block between zeros, if any window leaves the image
 *       for each panel of 8 columns of the range
 *         pack dY of the block and the panel          512 · 8 floats = 16 KiB: first-level cache
 *         for each 4 rows (u, v, c)                   a tile (weight-gradient-tiles.ts): 4×8 sums in registers
 *           for each image, output row and output column of the block
 *             sums[4][8] += x[4] · dY[8]
 *           add the sums to those of the part
 *
 * Stage 2, items: the elements of dWeight: adds the sums of the parts, from the first to the last. With one part of float32
 * sums there is no second stage: the first one adds to dWeight itself.
 */
import { panelColumns, vectorWidth } from '../../matmul/wasm/tile.ts';
import { f32x4, f64x2, i32, type Local, type Target, v128 } from '../../support/wasm/assembler/index.ts';
import { narrow } from '../../support/wasm/vector-math/lanes.ts';
import type { WasmKernelCode, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { Conv2dGeometry } from '../geometry.ts';
import { weightGradientPlan } from './weight-gradient-plan.ts';
import { PartWriter } from './weight-gradient-sums.ts';
import { zeroStage } from './zero-stage.ts';

/** Ranges of the second stage begin at multiples of so many elements: a cache line. */
const sumGrain = 16;

export function weightGradientWasm(
  geometry: Conv2dGeometry,
  depthwise: boolean,
  target: Target,
): WasmKernelCode {
  const { windowSize, outChannels, batch, rows, columns } = geometry;
  const elements = windowSize * outChannels;
  if (elements === 0) return { stages: [] };
  if (batch * rows.windows * columns.windows === 0) return { stages: [zeroStage(elements, 1)] };
  const plan = weightGradientPlan(geometry, depthwise);
  const { block, parts, sumBytes } = plan;
  const packedPixels = plan.packs ? block.images * block.rows * columns.windows : 0;
  const inScratch = parts > 1 || sumBytes === 8;
  const sums: WasmStage = {
    items: parts * plan.ranges,
    write: (f, { first, end }, memory) => {
      const writer = new PartWriter(f, target, plan, memory);
      f.for(first, end, 1, (item) => writer.write(item, inScratch ? memory.scratch : memory.outputs[0]));
    },
  };
  return {
    // The second stage may read a whole vector after the last sums.
    scratchBytes: inScratch ? parts * elements * sumBytes + 32 : 0,
    threadScratchBytes: block.images * plan.copyBytes + packedPixels * panelColumns * 4,
    stages: inScratch ? [sums, addParts(elements, parts, sumBytes)] : [sums],
  };
}

/** The second stage: dWeight[e] = Σ over the parts of sums[part · elements + e], four elements at a time. */
function addParts(elements: number, parts: number, sumBytes: 4 | 8): WasmStage {
  return {
    items: elements,
    grain: sumGrain,
    elementsPerItem: 1,
    write: (f, { first, end }, { scratch, outputs }) => {
      const from = f.keep(i32.add(scratch, i32.multiply(first, sumBytes)));
      const to = f.keep(i32.add(outputs[0], i32.multiply(first, 4)));
      const addAt = (offset: number): Local<'v128'> => {
        const sum = f.keep(v128.load(from, offset));
        for (let part = 1; part < parts; part++) {
          const next = v128.load(from, offset + part * elements * sumBytes);
          f.set(sum, sumBytes === 8 ? f64x2.add(sum, next) : f32x4.add(sum, next));
        }
        return sum;
      };
      const addVector = () => (sumBytes === 8 ? f.keep(narrow(addAt(0), addAt(16))) : addAt(0));
      const lastVector = f.keep(i32.add(outputs[0], i32.multiply(i32.subtract(end, 3), 4)));
      f.while(i32.less(to, lastVector), () => {
        f.do(v128.store(to, addVector()));
        f.increase(from, 4 * sumBytes);
        f.increase(to, 16);
      });
      const rest = elements % vectorWidth;
      if (rest > 0) {
        f.if(i32.less(to, i32.add(lastVector, 12)), () => {
          const sum = addVector();
          for (let lane = 0; lane < rest; lane++) f.do(v128.storeLane32(to, sum, lane, lane * 4));
        });
      }
    },
  };
}
