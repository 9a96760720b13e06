/**
 * The concat kernel as WebAssembly, in one of two ways:
 *
 *     for row                                    // items: rows of the output
 *       for input:  copy its run, whose length is known now
 *
 *     for each row of which a range of items has bytes [from, to)     // items: elements, if rows are few and long
 *       for input:  copy the bytes of its run that are in [from, to)
 */

import { bytesPerElement, sizeOf } from '../support/contract.ts';
import { bytes, type FunctionBuilder, i32, type Local } from '../support/wasm/assembler/index.ts';
import { copyRun, forRows } from '../support/wasm/copy-code.ts';
import type { KernelMemory, WasmKernel, WasmStage } from '../support/wasm/wasm-kernel.ts';
import type { ConcatAttributes } from './index.ts';

/** With so many rows there is work for every thread. */
const manyRows = 32;
/** Bytes of an item's grain where threads share rows; an output of fewer than four of them is not worth that. */
const grainBytes = 8192;

/** See the contract. */
export const concatWasm: WasmKernel<ConcatAttributes> = ({ inputs, outputs, attributes: { axis } }) => {
  const element = bytesPerElement[outputs[0].dtype];
  const outer = sizeOf(outputs[0].shape.slice(0, axis));
  const joint: JoinedRows = {
    rows: outer,
    element,
    runs: inputs.map(({ shape }) => element * sizeOf(shape.slice(axis))),
    rowBytes: element * sizeOf(outputs[0].shape.slice(axis)),
  };
  if (joint.rowBytes === 0) return { stages: [] };
  const sharesRows = outer < manyRows && outer * joint.rowBytes >= 4 * grainBytes;
  return { stages: [sharesRows ? byElements(joint) : byRows(joint)] };
};

/** The output as rows; all but `rows` in bytes. */
interface JoinedRows {
  readonly rows: number;
  /** Of one element. */
  readonly element: number;
  /** What each input holds of a row, in their order. */
  readonly runs: readonly number[];
  /** The sum of the runs. */
  readonly rowBytes: number;
}

/** Items are rows: every run has a length that is known now. */
function byRows({ rows, element, runs, rowBytes }: JoinedRows): WasmStage {
  return {
    items: rows,
    elementsPerItem: rowBytes / element,
    write: (f, { first, end }, { inputs, outputs }) => {
      const to = f.keep(i32.add(outputs[0], i32.multiply(first, rowBytes)));
      const from = runs.map((run, input) => f.keep(i32.add(inputs[input], i32.multiply(first, run))));
      f.for(first, end, 1, () => {
        let offset = 0;
        runs.forEach((run, input) => {
          copyRun(f, to, from[input], run, offset);
          f.increase(from[input], run);
          offset += run;
        });
        f.increase(to, rowBytes);
      });
    },
  };
}

/** Items are elements: of every run, what lies in the range is copied at once. */
function byElements({ rows, element, runs, rowBytes }: JoinedRows): WasmStage {
  return {
    items: (rows * rowBytes) / element,
    grain: grainBytes / element,
    elementsPerItem: 1,
    write: (f, range, memory) => {
      forRows(f, range, rowBytes / element, (row, fromElement, toElement) => {
        const rowBegin = f.keep(i32.multiply(row, rowBytes));
        const from = f.keep(i32.multiply(fromElement, element));
        const to = f.keep(i32.multiply(toElement, element));
        let offset = 0;
        runs.forEach((run, input) => {
          if (run > 0) copyWithin(f, memory, { input, run, offset, row, rowBegin, from, to });
          offset += run;
        });
      });
    },
  };
}

/** The run of one input in one row, and the range of bytes of the row that is to be written. */
interface RunOfRow {
  readonly input: number;
  readonly run: number;
  /** Where the run begins in the row. */
  readonly offset: number;
  readonly row: Local<'i32'>;
  /** Where the row begins in the output. */
  readonly rowBegin: Local<'i32'>;
  readonly from: Local<'i32'>;
  readonly to: Local<'i32'>;
}

function copyWithin(
  f: FunctionBuilder,
  { inputs, outputs }: KernelMemory,
  { input, run, offset, row, rowBegin, from, to }: RunOfRow,
): void {
  // Bytes [low, high) of the row are both in the range and in the run.
  const low = f.keep(i32.maximum(from, offset));
  const high = f.keep(i32.minimum(to, offset + run));
  f.if(i32.less(low, high), () => {
    const source = i32.add(i32.add(inputs[input], i32.multiply(row, run)), i32.subtract(low, offset));
    const target = i32.add(i32.add(outputs[0], rowBegin), low);
    f.do(bytes.copy(target, source, i32.subtract(high, low)));
  });
}
