/** The choice between full panels of columns and the last, narrower one. */
import { panelColumns } from '../../matmul/wasm/tile.ts';
import { type FunctionBuilder, type Integer, i32 } from '../../support/wasm/assembler/index.ts';

/** Writes the code for full panels and for the last, narrower one, and chooses between them. */
export function eitherPanel(
  f: FunctionBuilder,
  columns: number,
  panel: Integer,
  write: (width: number) => void,
): void {
  const full = Math.floor(columns / panelColumns);
  const rest = columns % panelColumns;
  if (rest === 0) write(panelColumns);
  else if (full === 0) write(rest);
  else
    f.if(
      i32.less(panel, full),
      () => write(panelColumns),
      () => write(rest),
    );
}
