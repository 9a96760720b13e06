/** A stage that writes zeros: the results of sums that have no terms. */
import { bytes, i32 } from '../../support/wasm/assembler/index.ts';
import type { WasmStage } from '../../support/wasm/wasm-kernel.ts';

/** A stage that fills output 0 with zeros. */
export function zeroStage(items: number, elementsPerItem: number): WasmStage {
  return {
    items,
    elementsPerItem,
    write: (f, { first, end }, { outputs }) => {
      const itemBytes = elementsPerItem * 4;
      const start = i32.add(outputs[0], i32.multiply(first, itemBytes));
      f.do(bytes.fill(start, 0, i32.multiply(i32.subtract(end, first), itemBytes)));
    },
  };
}
