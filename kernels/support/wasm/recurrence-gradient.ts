/** The walk back through time that the gradients of the recurrent kernels share on the `wasm` device. */

import { packedBytes, packedWidth, packPanels, panelBytes, panelCount } from '../../matmul/wasm/packing.ts';
import {
  addTile,
  panelColumns,
  storeSums,
  sumProducts,
  tileRows,
  tileSums,
  vectorWidth,
} from '../../matmul/wasm/tile.ts';
import type { Sequence } from '../recurrent-calls.ts';
import {
  bytes,
  type FunctionBuilder,
  type Integer,
  i32,
  type Local,
  select,
  type Target,
} from './assembler/index.ts';
import { blockRows, ifAnyReal, rowsOf, type StageContext } from './recurrence-forward.ts';
import type { KernelMemory, WasmKernelCode, WasmStage } from './wasm-kernel.ts';

/** What a gradient kernel gives the walk. */
export interface BackWalk {
  /** The arrays, out of a call's memory. */
  arrays(memory: KernelMemory): {
    readonly recurrentWeight: Local<'i32'>;
    /** [N,T,gates·H], the gradient of h · recurrentWeight: `realStep` writes it. */
    readonly dSums: Local<'i32'>;
    /**
     * [N,H], what flows back into each state, and in the end the gradients of the initial states. A step finds here
     * what the step after sent back. The first is that of h: to it dSums · recurrentWeightᵀ is added.
     */
    readonly flows: readonly Local<'i32'>[];
    /** [N,T] bool. */
    readonly mask: Local<'i32'> | undefined;
  };
  /** Prepares one row's step that is real, and gives what writes the code of four of its units. */
  realStep(row: BackRow, memory: KernelMemory): WriteUnits;
  /** The same for a step that is masked out. */
  maskedStep(row: BackRow, memory: KernelMemory): WriteUnits;
}

/** Writes the code for `units` units (4, or what is left), the first of them so many bytes after a row's first. */
export type WriteUnits = (unitOffset: Local<'i32'>, units: number) => void;

/** One row's step of the walk back. */
export interface BackRow {
  readonly f: FunctionBuilder;
  /** The address of the row, now, in an array [N,T,width]. */
  at(array: Local<'i32'>, width: number): Local<'i32'>;
  /** The address of the row in an array [N,H]. */
  flow(array: Local<'i32'>): Local<'i32'>;
  /** The address of the row's state before this step: in `initial` [N,H], or in `states` [N,T,H]. */
  before(initial: Local<'i32'>, states: Local<'i32'>): Local<'i32'>;
}

/** The code of a gradient kernel. */
export function backCode(sequence: Sequence, target: Target, walk: BackWalk): WasmKernelCode {
  const { batch, time, hidden, gates } = sequence;
  if (batch * hidden === 0) return { stages: [] };
  const width = gates * hidden;
  const panels = panelCount(hidden);
  const packing: WasmStage = {
    items: panels,
    write: (f, { first, end }, memory) => {
      // recurrentWeightᵀ [width, H].
      const transposed = { depth: width, columns: hidden, depthStep: 4, columnStep: width * 4 };
      packPanels(f, transposed, walk.arrays(memory).recurrentWeight, memory.scratch, first, end);
    },
  };
  const packed = time > 0;
  return {
    stages: [
      ...(packed ? [packing] : []),
      {
        items: batch,
        grain: tileRows,
        elementsPerItem: time * width,
        write: (f, range, memory) => walkBack({ f, target, sequence, range, memory }, walk),
      },
    ],
    scratchBytes: packed ? packedBytes(width, hidden) : 0,
  };
}

/**
 * All steps of rows [first, end), the last one first:
 *
 *     for each block of up to 12 rows
 *       for each step, back
 *         for each row                         the gradients of its sums, and what flows back into its states
 *         for each panel of 8 units            flow of h += dSums · recurrentWeightᵀ
 *           for each tile of 4 rows
 */
function walkBack({ f, target, sequence, range, memory }: StageContext, walk: BackWalk): void {
  const { time, hidden, reverse } = sequence;
  const { flows, mask } = walk.arrays(memory);
  const { first, end } = range;
  const rowBytes = hidden * 4;
  for (const flow of flows) {
    const from = i32.add(flow, i32.multiply(first, rowBytes));
    f.do(bytes.fill(from, 0, i32.multiply(i32.subtract(end, first), rowBytes)));
  }
  const blockFirst = f.keep(first);
  const blockEnd = f.local('i32');
  f.while(i32.less(blockFirst, end), () => {
    f.set(blockEnd, i32.add(blockFirst, blockRows));
    f.set(blockEnd, i32.minimum(blockEnd, end));
    const t = f.keep(i32.constant(reverse ? 0 : time - 1));
    f.for(0, time, 1, () => {
      const isInitial = f.keep(i32.equal(t, reverse ? time - 1 : 0));
      f.for(blockFirst, blockEnd, 1, (n) => {
        const step = f.keep(i32.add(i32.multiply(n, time), t));
        const row: BackRow = {
          f,
          at: (array, width) => f.keep(i32.add(array, i32.multiply(step, width * 4))),
          flow: (array) => f.keep(i32.add(array, i32.multiply(n, rowBytes))),
          before: (initial, states) => {
            const stepBefore = i32.add(step, reverse ? 1 : -1);
            return f.keep(
              select(
                i32.add(initial, i32.multiply(n, rowBytes)),
                i32.add(states, i32.multiply(stepBefore, rowBytes)),
                isInitial,
              ),
            );
          },
        };
        const real = (): void => forUnits(f, hidden, walk.realStep(row, memory));
        if (!mask) real();
        else {
          f.if(i32.loadByte(i32.add(mask, step)), real, () =>
            forUnits(f, hidden, walk.maskedStep(row, memory)),
          );
        }
      });
      addFlow({ f, target, sequence, memory, range: { first: blockFirst, end: blockEnd } }, walk, t);
      f.increase(t, reverse ? 1 : -1);
    });
    f.increase(blockFirst, blockRows);
  });
}

/** Calls `write` for each four units of a row. */
function forUnits(f: FunctionBuilder, hidden: number, write: WriteUnits): void {
  const unitOffset = f.local('i32');
  f.setInteger(unitOffset, 0);
  f.for(0, Math.floor(hidden / vectorWidth), 1, () => {
    write(unitOffset, vectorWidth);
    f.increase(unitOffset, vectorWidth * 4);
  });
  if (hidden % vectorWidth > 0) write(unitOffset, hidden % vectorWidth);
}

/** Adds dSums · recurrentWeightᵀ of step t to what flows back into h, for some rows: panel by panel, tile by tile. */
function addFlow(
  { f, target, sequence, range, memory }: StageContext,
  walk: BackWalk,
  t: Local<'i32'>,
): void {
  const { batch, time, hidden, gates } = sequence;
  const { dSums, flows, mask } = walk.arrays(memory);
  const width = gates * hidden;
  const addPanel = (panel: Integer, columns: number): void => {
    const panelStart = f.keep(i32.add(memory.scratch, i32.multiply(panel, panelBytes(width))));
    const row = f.keep(range.first);
    const step = f.keep(i32.add(i32.multiply(row, time), t));
    const addRows = (rows: number): void => {
      ifAnyReal(f, mask, step, rows, time, () => {
        const left = f.keep(i32.add(dSums, i32.multiply(step, width * 4)));
        const flowRow = i32.add(flows[0], i32.multiply(row, hidden * 4));
        const flow = rowsOf(
          f.keep(i32.add(flowRow, i32.multiply(panel, panelColumns * 4))),
          rows,
          hidden * 4,
        );
        const sums = tileSums(f, rows, packedWidth(columns) / vectorWidth);
        sumProducts(f, target, sums, rowsOf(left, rows, time * width * 4), panelStart, [
          { length: width, leftStep: 4, rightStep: packedWidth(columns) * 4 },
        ]);
        addTile(f, sums, flow, columns);
        storeSums(f, sums, flow, columns);
      });
    };
    if (batch >= tileRows) {
      const lastFull = f.keep(i32.subtract(range.end, tileRows - 1));
      f.while(i32.less(row, lastFull), () => {
        addRows(tileRows);
        f.increase(row, tileRows);
        f.increase(step, tileRows * time);
      });
    }
    if (batch % tileRows > 0) f.if(i32.less(row, range.end), () => addRows(batch % tileRows));
  };
  const full = Math.floor(hidden / panelColumns);
  f.for(0, full, 1, (panel) => addPanel(panel, panelColumns));
  if (hidden % panelColumns > 0) addPanel(full, hidden % panelColumns);
}
