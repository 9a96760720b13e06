/**
 * Evaluates a program block by block: each instruction is one tight loop over a few hundred consecutive points, from
 * register arrays that stay in the first-level cache to a register array. It interprets, and never builds code.
 */
import { allocate, type DType, type NumericArray, sizeOf } from '../../support/contract.ts';
import { type CollapsedView, collapse, ViewReader } from '../collapse.ts';
import type { Instruction, Program } from '../index.ts';
import { findLoop } from './instruction-loops.ts';
import type { Loop } from './loop-types.ts';

/** Points of a block: enough to forget the cost of a call a loop, few enough for a dozen registers in 48 KB. */
export const blockSize = 512;

/** One instruction, resolved: unused operands repeat `a`. */
interface Step {
  readonly loop: Loop;
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** One load, resolved. `reader` walks the view; without one the register is dense in place, or constant for a run. */
interface ResolvedLoad {
  readonly register: number;
  readonly input: number;
  readonly view: CollapsedView;
  readonly kind: CollapsedView['kind'];
  readonly reader: ViewReader;
}

/** The dtype of every register: the loads', then the instructions'. */
export function registerTypes(program: Program): DType[] {
  return [...program.loads, ...program.instructions].map(({ dtype }) => dtype);
}

function resolveInstruction(
  instruction: Instruction,
  out: number,
  types: readonly DType[],
): Step | undefined {
  if (instruction.operator === 'constant') return undefined;
  const { a } = instruction;
  const b = 'b' in instruction ? instruction.b : a;
  const c = 'c' in instruction ? instruction.c : a;
  return { loop: findLoop(instruction, types[a], types[out]), out, a, b, c };
}

/** A program ready to run. One object serves one run at a time: `begin`, `evaluate` block after block, `end`. */
export class BlockEvaluator {
  /** Register `r` of the current block is `arrays[r]`, `count` elements from `offsets[r]` on. */
  readonly arrays: NumericArray[];
  readonly offsets: number[];
  /** Points of the iteration space. */
  readonly size: number;

  private readonly scratch: readonly NumericArray[];
  private readonly loads: readonly ResolvedLoad[];
  private readonly walked: readonly ResolvedLoad[];
  private readonly steps: readonly Step[];
  /** Registers that lie in a dense array outside the scratch: they begin at `origins[r] + base`. */
  private readonly follows: boolean[];
  private readonly origins: number[];
  /** Registers with one value for the whole run, filled before the first block. */
  private readonly fixed: readonly boolean[];
  private inputs: readonly NumericArray[] = [];

  /** `stored` names the registers that the caller stores; none of them is read in place. */
  constructor(program: Program, stored: readonly number[] = []) {
    const types = registerTypes(program);
    const firstResult = program.loads.length;
    this.size = sizeOf(program.shape);
    this.loads = program.loads.map(({ input, view, dtype }, register) => {
      const collapsed = collapse(view, program.shape);
      // A stored load may be overwritten through another output before it is stored itself, so it is copied first.
      const kind = collapsed.kind === 'dense' && stored.includes(register) ? 'strided' : collapsed.kind;
      return { register, input, view: collapsed, kind, reader: new ViewReader(collapsed, dtype) };
    });
    this.walked = this.loads.filter(({ kind }) => kind === 'strided');
    this.steps = program.instructions
      .map((instruction, i) => resolveInstruction(instruction, firstResult + i, types))
      .filter((step) => step !== undefined);
    this.fixed = [
      ...this.loads.map(({ kind }) => kind === 'uniform' || kind === 'fill'),
      ...program.instructions.map(({ operator }) => operator === 'constant'),
    ];
    this.scratch = types.map((dtype, register) => {
      const inPlace = register < firstResult && this.loads[register].kind === 'dense';
      return allocate(dtype, inPlace ? 0 : Math.min(blockSize, this.size));
    });
    program.instructions.forEach((instruction, i) => {
      if (instruction.operator === 'constant') this.scratch[firstResult + i].fill(instruction.value);
    });
    this.arrays = [...this.scratch];
    this.offsets = types.map(() => 0);
    this.origins = types.map(() => 0);
    this.follows = types.map(() => false);
  }

  /** Binds the inputs of a run. */
  begin(inputs: readonly NumericArray[]): void {
    this.inputs = inputs;
    for (const { register, input, view, kind } of this.loads) {
      if (kind === 'dense') this.place(register, inputs[input], view.offset);
      else if (kind === 'uniform') this.scratch[register].fill(inputs[input][view.offset]);
      else if (kind === 'fill') this.scratch[register].fill(view.fill);
    }
  }

  /**
   * From now on the register's blocks are computed straight into `output`, a dense array over the iteration space.
   * Returns false, and does nothing, for a register that is not computed block by block or already lies elsewhere.
   */
  computeInto(register: number, output: NumericArray): boolean {
    if (this.fixed[register] || this.follows[register]) return false;
    this.place(register, output, 0);
    return true;
  }

  /** Computes every register at points `[base, base + count)`; `count` is at most `blockSize`. */
  evaluate(base: number, count: number): void {
    const { arrays, offsets, follows, origins } = this;
    for (let register = 0; register < offsets.length; register++) {
      if (follows[register]) offsets[register] = origins[register] + base;
    }
    for (const { register, input, reader } of this.walked) {
      reader.read(this.inputs[input], base, arrays[register], offsets[register], count);
    }
    for (const { loop, out, a, b, c } of this.steps) {
      loop(
        count,
        arrays[out],
        offsets[out],
        arrays[a],
        offsets[a],
        arrays[b],
        offsets[b],
        arrays[c],
        offsets[c],
      );
    }
  }

  /** Lets go of the arrays of the run, so that a prepared kernel keeps no caller's memory alive. */
  end(): void {
    this.inputs = [];
    for (let register = 0; register < this.arrays.length; register++) {
      this.arrays[register] = this.scratch[register];
      this.offsets[register] = 0;
      this.follows[register] = false;
    }
  }

  private place(register: number, array: NumericArray, origin: number): void {
    this.arrays[register] = array;
    this.origins[register] = origin;
    this.follows[register] = true;
  }
}
