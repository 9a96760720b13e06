/**
 * Correlation of images with packed weights: what the convolution and its input gradient have in common.
 *
 *     out[n,p,o] = Σ over the taps k that pixel p meets, and the channels c of o's group, of  source[n, q, c] · weight[k,c,o]
 *
 * where correlation-axis.ts says which source pixel q output pixel p meets under tap k, for each axis. It is a matrix product
 * whose rows are output pixels, whose depth is taps and channels, and whose columns are the outputs of a group. The left
 * matrix is never written: a row of it is the address of a window and the steps from tap to tap.
 *
 * Stage 1, items: the panels of all groups. Packs the weights, for all threads (matmul/wasm/packing.ts).
 * Stage 2, items: the output rows of all images (correlation-blocks.ts, pixel-list.ts):
 *
 *     for each block of output rows           ≤ 256 pixels, ≤ 256 KiB of copies, which stay in the second-level cache
 *       copy the source rows of the block between zeros, if any window leaves the image
 *       for each residue of rows and columns  just one, but in the input gradient of a stride
 *         list the pixels of the residue      the address of the window, the address of the result
 *         for each 64 pixels of the list      their windows stay in the first-level cache
 *           for each group
 *             for each panel of 8 columns
 *               for each 4 pixels             a tile: 4×8 sums in registers
 *                 for each tap row, tap column and channel
 *                   sums[4][8] += source[4] · weights[8]
 *                 store the sums
 *
 * The pixels of a tile lie wherever the list says, so that rows and images of any width leave no tile half empty.
 */
import {
  eitherPanel,
  packedBytes,
  packedWidth,
  packPanel,
  panelBytes,
  panelCount,
} from '../../matmul/wasm/packing.ts';
import { panelColumns, tileRows } from '../../matmul/wasm/tile.ts';
import { type FunctionBuilder, i32, type Local, type Target } from '../../support/wasm/assembler/index.ts';
import type { KernelMemory, WasmKernelCode } from '../../support/wasm/wasm-kernel.ts';
import { BlockWriter } from './correlation-blocks.ts';
import {
  type Correlation,
  type CorrelationPlan,
  correlationPlan,
  forEachPixelResidue,
  type PixelResidue,
  packedWeights,
} from './correlation-plan.ts';
import { listBytes } from './pixel-list.ts';
import { zeroStage } from './zero-stage.ts';

/** Ranges begin at multiples of so many output pixels, about: of four tiles or more, one may not be full. */
const grainPixels = 4 * tileRows;

/** The stages of a correlation. */
export function correlationWasm(correlation: Correlation, target: Target): WasmKernelCode {
  const { batch, rows, columns, outputChannels, groups, groupOutputs } = correlation;
  const elementsPerItem = columns.outputs * outputChannels;
  const items = batch * rows.outputs;
  if (items * elementsPerItem === 0) return { stages: [] };
  if (rows.sources * columns.sources === 0 || rows.residues.length * columns.residues.length === 0) {
    return { stages: [zeroStage(items, elementsPerItem)] };
  }
  const plan = correlationPlan(correlation);
  return {
    scratchBytes: plan.packedBytes,
    threadScratchBytes: plan.block.images * plan.copyBytes + listBytes(plan),
    stages: [
      {
        items: groups * panelCount(groupOutputs),
        packs: [1],
        write: (f, { first, end }, memory) => writePacking(f, plan, first, end, memory),
      },
      {
        items,
        grain: Math.min(plan.block.rows, Math.ceil(grainPixels / columns.outputs)),
        elementsPerItem,
        write: (f, { first, end }, memory) => new BlockWriter(f, target, plan, memory).write(first, end),
      },
    ],
  };
}

/** Packs panels [first, end) of all groups, for each residue: its taps in the order of t, in each the channels. */
function writePacking(
  f: FunctionBuilder,
  { correlation, shapes }: CorrelationPlan,
  first: Local<'i32'>,
  end: Local<'i32'>,
  { inputs: [, weights], scratch }: KernelMemory,
): void {
  const { rows, columns, groupSources, groupOutputs, weightSteps } = correlation;
  const panels = panelCount(groupOutputs);
  const operand = {
    depth: groupSources,
    columns: groupOutputs,
    depthStep: weightSteps.source,
    columnStep: weightSteps.output,
  };
  f.for(first, end, 1, (item) => {
    const group = f.keep(i32.divideUnsigned(item, panels));
    const panel = f.keep(i32.remainderUnsigned(item, panels));
    const groupStart = i32.add(weights, i32.multiply(group, weightSteps.group));
    const source = f.keep(i32.add(groupStart, i32.multiply(panel, panelColumns * weightSteps.output)));
    const packResidue = (residue: PixelResidue, width: number): void => {
      const { shape, tapRow, tapColumn } = residue;
      const groupBytes = packedBytes(shape.depth, groupOutputs);
      const ofGroup = i32.add(packedWeights(residue, scratch), i32.multiply(group, groupBytes));
      const to = f.keep(i32.add(ofGroup, i32.multiply(panel, panelBytes(shape.depth))));
      const rowStart = rows.start(shape.rows, tapRow).tap;
      const columnStart = columns.start(shape.columns, tapColumn).tap;
      f.for(0, shape.rows.taps, 1, (u) => {
        f.for(0, shape.columns.taps, 1, (v) => {
          const row = i32.add(rowStart, i32.multiply(u, rows.tapChange));
          const column = i32.add(columnStart, i32.multiply(v, columns.tapChange));
          const tap = i32.add(
            i32.multiply(row, weightSteps.tapRow),
            i32.multiply(column, weightSteps.tapColumn),
          );
          packPanel(f, operand, f.keep(i32.add(source, tap)), f.keep(to), width);
          f.increase(to, groupSources * packedWidth(width) * 4);
        });
      });
    };
    eitherPanel(f, groupOutputs, panel, (width) => {
      forEachPixelResidue(f, shapes, (residue) => packResidue(residue, width));
    });
  });
}
