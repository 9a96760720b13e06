/**
 * Correlation of images with packed weights: what the convolution and its input gradient have in common.
 *
 * out[pixel, columns] = Σ over taps and channels of source[window of the pixel] · weights. The first stage packs the
 * weights for all threads; the items of the second are output rows.
 */
import { packedBytes, packedWidth, packPanel, panelBytes, panelCount } from '../../matmul/wasm/packing.ts';
import { panelColumns, tileRows } from '../../matmul/wasm/tile.ts';
import {
  bytes,
  type FunctionBuilder,
  type Integer,
  i32,
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { KernelMemory, WasmKernelCode, WasmStage } from '../../support/wasm/wasm-kernel.ts';
import { forEachPhase, type PhaseClass } from './correlation-axis.ts';
import { BlockWriter, entryBytes } from './correlation-blocks.ts';
import {
  blocksOf,
  type Correlation,
  packedPhase,
  phasePixels,
  type WindowClass,
  windowClasses,
} from './correlation-plan.ts';
import { eitherPanel } from './last-panel.ts';

/** Output pixels that begin a range, about: the tiles of a range are full but for the last one. */
const grainPixels = 4 * tileRows;

/** The stages of a correlation. */
export function correlationWasm(correlation: Correlation, target: Target): WasmKernelCode {
  const { batch, rows, columns, outputChannels, groups, groupOutputs } = correlation;
  const rowElements = columns.outputs * outputChannels;
  const items = batch * rows.outputs;
  if (items * rowElements === 0) return { stages: [] };
  if (rows.sources * columns.sources === 0 || rows.classes.length * columns.classes.length === 0) {
    return { stages: [zeroRows(items, rowElements)] };
  }
  const windows = windowClasses(correlation);
  const last = windows[windows.length - 1];
  const phases = (phaseClass: PhaseClass): number => phaseClass.end - phaseClass.first;
  const blocks = blocksOf(correlation);
  const listed = blocks.bands * phasePixels(correlation, blocks.bandRows) + tileRows - 1;
  return {
    scratchBytes: last.packedAt + phases(last.rows) * phases(last.columns) * last.phaseBytes,
    threadScratchBytes: blocks.bands * blocks.bandBytes + listed * entryBytes,
    stages: [
      {
        items: groups * panelCount(groupOutputs),
        write: (f, { first, end }, memory) => writePacking(f, correlation, windows, first, end, memory),
      },
      {
        items,
        grain: Math.min(blocks.bandRows, Math.ceil(grainPixels / columns.outputs)),
        elementsPerItem: rowElements,
        write: (f, { first, end }, memory) => {
          new BlockWriter(f, target, correlation, windows, blocks, memory).write(first, end);
        },
      },
    ],
  };
}

/** Rows that no window touches. */
function zeroRows(items: number, rowElements: number): WasmStage {
  return {
    items,
    elementsPerItem: rowElements,
    write: (f, { first, end }, { outputs }) => {
      const count = i32.multiply(i32.subtract(end, first), rowElements * 4);
      f.do(bytes.fill(i32.add(outputs[0], i32.multiply(first, rowElements * 4)), 0, count));
    },
  };
}

/** Packs the panels [first, end) of all groups, for each phase: its taps in the order of the window, then channels. */
function writePacking(
  f: FunctionBuilder,
  correlation: Correlation,
  windows: readonly WindowClass[],
  first: Local<'i32'>,
  end: Local<'i32'>,
  { inputs: [, weights], scratch }: KernelMemory,
): void {
  const { rows, columns, groupSources, groupOutputs, groupStep } = correlation;
  const { tapRowStep, tapColumnStep, sourceStep, outputStep } = correlation;
  const panels = panelCount(groupOutputs);
  const operand = {
    depth: groupSources,
    columns: groupOutputs,
    depthStep: sourceStep,
    columnStep: outputStep,
  };
  f.for(first, end, 1, (item) => {
    const group = f.keep(i32.divideUnsigned(item, panels));
    const panel = f.keep(i32.remainderUnsigned(item, panels));
    const source = f.keep(
      i32.add(
        i32.add(weights, i32.multiply(group, groupStep)),
        i32.multiply(panel, panelColumns * outputStep),
      ),
    );
    const packPhase = (window: WindowClass, tapRow: Integer, tapColumn: Integer, width: number): void => {
      const { depth } = window;
      const phase = packedPhase(window, scratch, tapRow, tapColumn);
      const ofGroup = i32.add(phase, i32.multiply(group, packedBytes(depth, groupOutputs)));
      const to = f.keep(i32.add(ofGroup, i32.multiply(panel, panelBytes(depth))));
      const rowStart = rows.start(window.rows, tapRow).tap;
      const columnStart = columns.start(window.columns, tapColumn).tap;
      f.for(0, window.rows.taps, 1, (u) => {
        f.for(0, window.columns.taps, 1, (v) => {
          const row = i32.add(rowStart, i32.multiply(u, rows.tapChange));
          const column = i32.add(columnStart, i32.multiply(v, columns.tapChange));
          const tap = i32.add(i32.multiply(row, tapRowStep), i32.multiply(column, tapColumnStep));
          packPanel(f, operand, f.keep(i32.add(source, tap)), f.keep(to), width);
          f.increase(to, groupSources * packedWidth(width) * 4);
        });
      });
    };
    const packAll = (width: number): void => {
      for (const window of windows) {
        forEachPhase(f, window.rows, (tapRow) => {
          forEachPhase(f, window.columns, (tapColumn) => packPhase(window, tapRow, tapColumn, width));
        });
      }
    };
    eitherPanel(f, groupOutputs, panel, packAll);
  });
}
