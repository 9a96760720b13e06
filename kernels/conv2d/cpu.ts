/**
 * Two-dimensional convolution and its two gradients: plain loops, the oracle for the faster devices.
 *
 * For each group and each block of output rows, `windows` is the matrix [pixels, KH·KW·C/groups] whose row p is the window
 * of output pixel p. All three kernels are products with it, and all sums are doubles:
 *
 *     y        = windows · weight          weight as [KH·KW·C/groups, O/groups]
 *     dWindows = dY · weightᵀ              each row is then added back to the pixels of its window
 *     dWeight  = Σ over blocks of windowsᵀ · dY
 */

import { multiply, multiplyPacked, packedSize, packPanels, panelSize } from '../matmul/cpu/panels.ts';
import { type CpuKernel, type CpuRun, withWorkspace } from '../support/contract.ts';
import type { Matrix } from '../support/cpu/matrix.ts';
import { directConv2d, directConv2dInputGradient, directConv2dWeightGradient } from './cpu/direct.ts';
import { WindowRows } from './cpu/window-rows.ts';
import { type Conv2dGeometry, geometryOf } from './geometry.ts';
import {
  type Conv2dAttributes,
  shapesOfConv2d,
  shapesOfConv2dInputGradient,
  shapesOfConv2dWeightGradient,
} from './index.ts';

/** Output pixels of a block, about: enough rows for the product, few enough for their windows to stay in the cache. */
const blockPixels = 128;

/** Outputs of a group below which the product has too few columns, and the direct loops are faster. */
const fewestOutputsForProduct = 4;

/** y [N,OH,OW,O] from (x [N,H,W,C], weight [KH,KW,C/groups,O]). */
export const conv2dCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2d(call), call.attributes);
  return isDirect(geometry) ? directConv2d(geometry) : forward(geometry);
};

/** dX [N,H,W,C] from (dY [N,OH,OW,O], weight [KH,KW,C/groups,O]). */
export const conv2dInputGradientCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2dInputGradient(call), call.attributes);
  return isDirect(geometry) ? directConv2dInputGradient(geometry) : inputGradient(geometry);
};

/** dWeight [KH,KW,C/groups,O] from (x [N,H,W,C], dY [N,OH,OW,O]). */
export const conv2dWeightGradientCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2dWeightGradient(call), call.attributes);
  return isDirect(geometry) ? directConv2dWeightGradient(geometry) : weightGradient(geometry);
};

function isDirect({ groups, groupOutputs }: Conv2dGeometry): boolean {
  return groups > 1 && groupOutputs < fewestOutputsForProduct;
}

function forward(geometry: Conv2dGeometry): CpuRun {
  const { groups, groupOutputs, windowSize } = geometry;
  const packedStart = mostPixels(geometry) * windowSize;
  const packedEnd = packedStart + packedSize(windowSize, groupOutputs);
  const windowRows = new WindowRows(geometry);
  return withWorkspace(packedEnd, (inputs, outputs, workspace) => {
    const x = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const y = outputs[0] as Float32Array;
    const packed = workspace.subarray(packedStart, packedEnd);
    const windows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    for (let group = 0; group < groups; group++) {
      packPanels(weightMatrix(geometry, weight, group), windowSize, groupOutputs, packed);
      forEachBlock(geometry, (image, row, endRow, pixels) => {
        windowRows.copy(x, image, group, row, endRow, workspace);
        const out = pixelMatrix(geometry, y, image, row, group);
        multiplyPacked(windows, packed, out, pixels, windowSize, groupOutputs);
      });
    }
  });
}

function inputGradient(geometry: Conv2dGeometry): CpuRun {
  const { batch, rows, columns, channels, groups, groupOutputs, windowSize } = geometry;
  const packedStart = mostPixels(geometry) * windowSize;
  const packedEnd = packedStart + packedSize(groupOutputs, windowSize);
  const windowRows = new WindowRows(geometry);
  return withWorkspace(packedEnd, (inputs, outputs, workspace) => {
    const dY = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const packed = workspace.subarray(packedStart, packedEnd);
    const dWindows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    const sums = new Float64Array(batch * rows.pixels * columns.pixels * channels);
    for (let group = 0; group < groups; group++) {
      packPanels(transposed(weightMatrix(geometry, weight, group)), groupOutputs, windowSize, packed);
      forEachBlock(geometry, (image, row, endRow, pixels) => {
        const left = pixelMatrix(geometry, dY, image, row, group);
        multiplyPacked(left, packed, dWindows, pixels, groupOutputs, windowSize);
        windowRows.addBack(workspace, image, group, row, endRow, sums);
      });
    }
    outputs[0].set(sums);
  });
}

function weightGradient(geometry: Conv2dGeometry): CpuRun {
  const { groups, groupOutputs, windowSize } = geometry;
  const panelStart = mostPixels(geometry) * windowSize;
  const panelEnd = panelStart + panelSize(mostPixels(geometry));
  const windowRows = new WindowRows(geometry);
  const sums = new Float64Array(windowSize * geometry.outChannels);
  return withWorkspace(panelEnd, (inputs, outputs, workspace) => {
    const x = inputs[0] as Float32Array;
    const dY = inputs[1] as Float32Array;
    const panel = workspace.subarray(panelStart, panelEnd);
    const windows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    sums.fill(0);
    for (let group = 0; group < groups; group++) {
      const out = weightMatrix(geometry, sums, group);
      forEachBlock(geometry, (image, row, endRow, pixels) => {
        windowRows.copy(x, image, group, row, endRow, workspace);
        const right = pixelMatrix(geometry, dY, image, row, group);
        multiply(transposed(windows), right, out, windowSize, pixels, groupOutputs, panel, true);
      });
    }
    outputs[0].set(sums);
  });
}

/** Rows of the output in a block. */
function blockRows({ rows, columns }: Conv2dGeometry): number {
  return Math.min(rows.windows, Math.ceil(blockPixels / Math.max(1, columns.windows)));
}

/** Output pixels of a full block. */
function mostPixels(geometry: Conv2dGeometry): number {
  return blockRows(geometry) * geometry.columns.windows;
}

/** Calls `visit` for each block: output rows [row, endRow) of one image, with so many pixels. */
function forEachBlock(
  geometry: Conv2dGeometry,
  visit: (image: number, row: number, endRow: number, pixels: number) => void,
): void {
  const { batch, rows, columns } = geometry;
  const step = blockRows(geometry);
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < rows.windows; row += step) {
      const endRow = Math.min(row + step, rows.windows);
      visit(image, row, endRow, (endRow - row) * columns.windows);
    }
  }
}

/** The weights of one group as [KH·KW·C/groups, O/groups]. */
function weightMatrix(
  { outChannels, groupOutputs }: Conv2dGeometry,
  data: Matrix['data'],
  group: number,
): Matrix {
  return { data, offset: group * groupOutputs, rowStride: outChannels, columnStride: 1 };
}

/** The output pixels of one image and group, from `row` on, as [pixels, O/groups]. */
function pixelMatrix(
  { rows, columns, outChannels, groupOutputs }: Conv2dGeometry,
  data: Float32Array,
  image: number,
  row: number,
  group: number,
): Matrix {
  const offset = (image * rows.windows + row) * columns.windows * outChannels + group * groupOutputs;
  return { data, offset, rowStride: outChannels, columnStride: 1 };
}

function transposed({ data, offset, rowStride, columnStride }: Matrix): Matrix {
  return { data, offset, rowStride: columnStride, columnStride: rowStride };
}
