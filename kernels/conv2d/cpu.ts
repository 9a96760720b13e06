/** Two-dimensional convolution and its two gradients: plain loops, the oracle for the faster devices. */

import { multiply, multiplyPacked, packedSize, packPanels, panelSize } from '../matmul/cpu/panels.ts';
import { type CpuKernel, type CpuRun, withWorkspace } from '../support/contract.ts';
import type { Matrix } from '../support/cpu/matrix.ts';
import { directConv2d, directConv2dInputGradient, directConv2dWeightGradient } from './cpu/direct.ts';
import { WindowLayout } from './cpu/window-rows.ts';
import { type Conv2dGeometry, geometryOf, pixelSums, windowsSize } from './geometry.ts';
import {
  type Conv2dAttributes,
  shapesOfConv2d,
  shapesOfConv2dInputGradient,
  shapesOfConv2dWeightGradient,
} from './index.ts';

/** y [N,OH,OW,O] from (x [N,H,W,C], weight [KH,KW,C/groups,O]). */
export const conv2dCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2d(call), call.attributes);
  return geometry.direct ? directConv2d(geometry) : forward(geometry);
};

/** dX [N,H,W,C] from (dY [N,OH,OW,O], weight [KH,KW,C/groups,O]). */
export const conv2dInputGradientCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2dInputGradient(call), call.attributes);
  return geometry.direct ? directConv2dInputGradient(geometry) : inputGradient(geometry);
};

/** dWeight [KH,KW,C/groups,O] from (x [N,H,W,C], dY [N,OH,OW,O]). */
export const conv2dWeightGradientCpu: CpuKernel<Conv2dAttributes> = (call) => {
  const geometry = geometryOf(shapesOfConv2dWeightGradient(call), call.attributes);
  return geometry.direct ? directConv2dWeightGradient(geometry) : weightGradient(geometry);
};

/** y = windows [pixels, KH·KW·C] · weight [KH·KW·C, O], a few rows of the output at a time. */
function forward(geometry: Conv2dGeometry): CpuRun {
  const { groups, groupOutputs, windowSize } = geometry;
  const packedStart = windowsSize(geometry);
  const packedEnd = packedStart + packedSize(windowSize, groupOutputs);
  const layout = new WindowLayout(geometry);
  return withWorkspace(packedEnd, (inputs, outputs, workspace) => {
    const x = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const y = outputs[0] as Float32Array;
    const packed = workspace.subarray(packedStart, packedEnd);
    const windows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    for (let group = 0; group < groups; group++) {
      packPanels(weightMatrix(geometry, weight, group), windowSize, groupOutputs, packed);
      forEachStrip(geometry, (image, row, endRow, pixels) => {
        layout.layOut(x, image, group, row, endRow, workspace);
        const out = pixelMatrix(geometry, y, image, row, group);
        multiplyPacked(windows, packed, out, pixels, windowSize, groupOutputs);
      });
    }
  });
}

/** dWindows [pixels, KH·KW·C] = dY [pixels, O] · weightᵀ, added back to the pixels that the windows overlap on. */
function inputGradient(geometry: Conv2dGeometry): CpuRun {
  const { groups, groupOutputs, windowSize } = geometry;
  const packedStart = windowsSize(geometry);
  const packedEnd = packedStart + packedSize(groupOutputs, windowSize);
  const layout = new WindowLayout(geometry);
  return withWorkspace(packedEnd, (inputs, outputs, workspace) => {
    const dY = inputs[0] as Float32Array;
    const weight = inputs[1] as Float32Array;
    const dX = outputs[0] as Float32Array;
    const packed = workspace.subarray(packedStart, packedEnd);
    const dWindows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    const sums = pixelSums(geometry);
    for (let group = 0; group < groups; group++) {
      packPanels(transposed(weightMatrix(geometry, weight, group)), groupOutputs, windowSize, packed);
      forEachStrip(geometry, (image, row, endRow, pixels) => {
        const left = pixelMatrix(geometry, dY, image, row, group);
        multiplyPacked(left, packed, dWindows, pixels, groupOutputs, windowSize);
        layout.addBack(workspace, image, group, row, endRow, sums);
      });
    }
    dX.set(sums);
  });
}

/** dWeight [KH·KW·C, O] = windowsᵀ · dY [pixels, O], added up a few rows of the output at a time. */
function weightGradient(geometry: Conv2dGeometry): CpuRun {
  const { groups, groupOutputs, windowSize, rowsAtOnce, outWidth } = geometry;
  const panelStart = windowsSize(geometry);
  const panelEnd = panelStart + panelSize(rowsAtOnce * outWidth);
  const layout = new WindowLayout(geometry);
  // Doubles: a weight collects a term from every strip of the batch, too many to round each time.
  const sums = new Float64Array(windowSize * geometry.outChannels);
  return withWorkspace(panelEnd, (inputs, outputs, workspace) => {
    const x = inputs[0] as Float32Array;
    const dY = inputs[1] as Float32Array;
    const panel = workspace.subarray(panelStart, panelEnd);
    const windows: Matrix = { data: workspace, offset: 0, rowStride: windowSize, columnStride: 1 };
    sums.fill(0);
    for (let group = 0; group < groups; group++) {
      const out = weightMatrix(geometry, sums, group);
      forEachStrip(geometry, (image, row, endRow, pixels) => {
        layout.layOut(x, image, group, row, endRow, workspace);
        const right = pixelMatrix(geometry, dY, image, row, group);
        multiply(transposed(windows), right, out, windowSize, pixels, groupOutputs, panel, true);
      });
    }
    outputs[0].set(sums);
  });
}

/** Calls `visit` for each strip of output rows [row, endRow) of each image: as many pixels as are computed at once. */
function forEachStrip(
  { batch, outHeight, outWidth, rowsAtOnce }: Conv2dGeometry,
  visit: (image: number, row: number, endRow: number, pixels: number) => void,
): void {
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < outHeight; row += rowsAtOnce) {
      const endRow = Math.min(row + rowsAtOnce, outHeight);
      visit(image, row, endRow, (endRow - row) * outWidth);
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
  geometry: Conv2dGeometry,
  data: Float32Array,
  image: number,
  row: number,
  group: number,
): Matrix {
  const { outHeight, outWidth, outChannels, groupOutputs } = geometry;
  const offset = (image * outHeight + row) * outWidth * outChannels + group * groupOutputs;
  return { data, offset, rowStride: outChannels, columnStride: 1 };
}

function transposed({ data, offset, rowStride, columnStride }: Matrix): Matrix {
  return { data, offset, rowStride: columnStride, columnStride: rowStride };
}
