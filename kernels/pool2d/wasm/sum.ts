/**
 * Sum pooling in WebAssembly, and its gradient: each result is the sum of a rectangle of its source. The shortcut
 * (pooled-rows.ts) is for whole windows, and in the gradient for pixels that have one window each.
 */
import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import { DoubleLanes } from '../../support/wasm/double-lanes.ts';
import { storeLanes } from '../../support/wasm/store-lanes.ts';
import type { KernelMemory, WasmKernel, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import type { WindowAxis } from '../../support/window-axis.ts';
import type { Pool2dAttributes } from '../index.ts';
import {
  forChannels,
  forRectangle,
  type Pooling,
  pixelAddress,
  pixelsPooled,
  poolingStages,
  type ResultPixel,
  type Shortcut,
  windowsPooled,
} from './pooled-rows.ts';
import { elementsAtTap, forWholeWindows, wholeWindows, wholeWindowsOf } from './whole-windows.ts';

/** Up to so many elements are summed in float32, more in float64. */
const mostInFloats = 16;

interface SumPooling extends Pooling {
  /** Elements of a sum at most. */
  readonly terms: number;
}

/** y [N,OH,OW,C] from x [N,H,W,C]. */
export const sumPool2dWasm: WasmKernel<Pool2dAttributes> = ({ inputs: [x], outputs: [y], attributes }) => {
  const axes = pixelsPooled(attributes, x, y);
  const pooling = { ...axes, terms: axes.rows.taps * axes.columns.taps };
  return { stages: sumStages(pooling, wholeWindowSums(pooling)) };
};

/** dX [N,H,W,C] from dY [N,OH,OW,C]: each pixel is the sum of the windows that cover it. */
export const sumPool2dInputGradientWasm: WasmKernel<Pool2dAttributes> = (call) => {
  const axes = windowsPooled(call.attributes, call.inputs[0], call.outputs[0]);
  const covering = ({ taps, stride }: WindowAxis): number => Math.ceil(taps / stride);
  const pooling = { ...axes, terms: covering(axes.rows) * covering(axes.columns) };
  return { stages: sumStages(pooling, copiedWindows(pooling)) };
};

function sumStages(pooling: SumPooling, shortcut: Shortcut | undefined): WasmStage[] {
  return poolingStages(pooling, shortcut, (f, memory, pixel) => writeSum(f, memory, pooling, pixel));
}

/** Whole windows, whose additions are written out. */
function wholeWindowSums(pooling: SumPooling): Shortcut | undefined {
  return wholeWindowsOf(pooling, (f, _, row, source, [result]) => {
    const sums = sumsOf(f, pooling);
    forWholeWindows(f, row, source, [result], (lanes) => {
      sums.clear();
      for (const offset of row.tapOffsets) sums.add(f.keep(elementsAtTap(row, source, offset)));
      storeLanes(f, result, 0, sums.rounded(), lanes);
    });
    return true;
  });
}

/**
 * Where windows lie side by side, along columns (taps = stride) and along rows (taps ≤ stride), a pixel has at most one. So
 * a row of pixels that has a row of windows is made of copies: each window goes to all its pixels of the row.
 */
function copiedWindows({ result: { channels }, rows, columns }: SumPooling): Shortcut | undefined {
  const whole = wholeWindows(columns);
  const { taps, stride, padding } = columns;
  if (taps !== stride || taps > 16 || rows.taps > rows.stride || whole.first === whole.end) return undefined;
  return {
    first: whole.first * stride - padding,
    end: whole.end * stride - padding,
    sourceColumn: whole.first,
    applies: (windowRows) => i32.less(windowRows.first, windowRows.end),
    write: (f, _, source, [result]) => {
      f.for(whole.first, whole.end, 1, () => {
        forChannels(f, channels, [source, result], (lanes) => {
          const value = f.keep(v128.load(source));
          for (let pixel = 0; pixel < taps; pixel++)
            storeLanes(f, result, 4 * pixel * channels, value, lanes);
        });
        f.increase(result, 4 * channels * (taps - 1));
      });
      return true;
    },
  };
}

function writeSum(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  pooling: SumPooling,
  { image, row, column, rectangle }: ResultPixel,
): void {
  const { source, result } = pooling;
  const first = pixelAddress(inputs[0], source, image, rectangle.rows.first, rectangle.columns.first);
  const from = f.keep(first);
  const to = f.keep(pixelAddress(outputs[0], result, image, row, column));
  const sums = sumsOf(f, pooling);
  forChannels(f, source.channels, [from, to], (lanes) => {
    sums.clear();
    forRectangle(f, from, rectangle, source, (value) => sums.add(value));
    storeLanes(f, to, 0, sums.rounded(), lanes);
  });
}

/** Four sums, one for each lane of the vectors that are added. */
interface LaneSums {
  clear(): void;
  add(floats: Local<'v128'>): void;
  /** The sums as floats. */
  rounded(): Vector;
}

function sumsOf(f: FunctionBuilder, { terms }: SumPooling): LaneSums {
  if (terms > mostInFloats) return new DoubleLanes(f);
  const sums = f.local('v128');
  return {
    clear: () => f.set(sums, i32x4.constant(0, 0, 0, 0)),
    add: (floats) => f.set(sums, f32x4.add(sums, floats)),
    rounded: () => sums,
  };
}
