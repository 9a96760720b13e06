/**
 * Evaluates a program block by block: each instruction is one tight loop over a few hundred consecutive points, from
 * register arrays that stay in the first-level cache to a register array. It interprets, and never builds code.
 */
import { allocate, type NumericArray, sizeOf } from '../../support/contract.ts';
import { collapse } from '../collapse.ts';
import { type Program, registerTypes } from '../index.ts';
import { findLoop } from './instruction-loops.ts';
import type { Loop } from './loop-types.ts';
import { ViewReader } from './view-reader.ts';

/** Points of a block: enough to forget the cost of a call a loop, few enough for a dozen registers in 48 KB. */
const blockSize = 512;

/** A register: of the current block its elements are those of `array` from `offset` on. */
export interface BlockRegister {
  array: NumericArray;
  offset: number;
}

interface PlacedRegister extends BlockRegister {
  /** The array that holds a block of it, unless it lies elsewhere. Empty for one that always does. */
  readonly scratch: NumericArray;
  /** Where point 0 lies in `array`, if that holds all points; undefined while `array` is the scratch. */
  origin: number | undefined;
  /** Whether it has one value for the whole run, set before the first block. */
  readonly isFixed: boolean;
}

/** One load. It fills its register at the start of a run, or places it, or reads each block through its view. */
interface BlockLoad {
  readonly input: number;
  readonly register: PlacedRegister;
  readonly begin: (source: NumericArray) => void;
  readonly reader: ViewReader | undefined;
}

/** One instruction. Operands that its loop does not take repeat `a`. */
interface Step {
  readonly loop: Loop;
  readonly out: BlockRegister;
  readonly a: BlockRegister;
  readonly b: BlockRegister;
  readonly c: BlockRegister;
}

/** A program ready to run. One object serves one run at a time. */
export class BlockEvaluator {
  /** Points of the iteration space. */
  readonly size: number;
  readonly #registers: readonly PlacedRegister[];
  readonly #loads: readonly BlockLoad[];
  readonly #steps: readonly Step[];
  /** The registers that the caller stores. */
  readonly #stored: readonly number[];

  /** `stored` names the registers that the caller stores; none of them is read in place. */
  constructor(program: Program, stored: readonly number[] = []) {
    const { loads, instructions, shape } = program;
    const types = registerTypes(program);
    this.size = sizeOf(shape);
    this.#stored = stored;
    const views = loads.map(({ view }) => collapse(view, shape));
    // A stored load may be overwritten through another output before it is stored itself, so it is copied first.
    const inPlace = views.map(({ kind }, load) => kind === 'dense' && !stored.includes(load));
    this.#registers = types.map((dtype, register): PlacedRegister => {
      const scratch = allocate(dtype, inPlace[register] ? 0 : Math.min(blockSize, this.size));
      const isLoad = register < loads.length;
      const isFixed = isLoad
        ? views[register].kind === 'single' || views[register].kind === 'fill'
        : instructions[register - loads.length].operator === 'constant';
      return { array: scratch, offset: 0, scratch, origin: undefined, isFixed };
    });
    this.#loads = loads.map(({ input, dtype }, load): BlockLoad => {
      const register = this.#registers[load];
      const { kind, offset, fill } = views[load];
      const begin = (source: NumericArray): void => {
        if (inPlace[load]) place(register, source, offset);
        else if (kind === 'single') register.scratch.fill(source[offset]);
        else if (kind === 'fill') register.scratch.fill(fill);
      };
      const isRead = !inPlace[load] && !register.isFixed;
      return { input, register, begin, reader: isRead ? new ViewReader(views[load], dtype) : undefined };
    });
    this.#steps = instructions.flatMap((instruction, i): Step[] => {
      const out = this.#registers[loads.length + i];
      if (instruction.operator === 'constant') {
        out.scratch.fill(instruction.value);
        return [];
      }
      const { a } = instruction;
      const b = 'b' in instruction ? instruction.b : a;
      const c = 'c' in instruction ? instruction.c : a;
      const [first, second, third] = [a, b, c].map((register) => this.#registers[register]);
      const loop = findLoop(instruction, types[a], instruction.dtype);
      return [{ loop, out, a: first, b: second, c: third }];
    });
  }

  /** Where the current block of a register is. */
  register(register: number): BlockRegister {
    return this.#registers[register];
  }

  /**
   * Computes every register at all points, and calls `take` after each block, which begins at point `base`. `destinations`,
   * dense arrays over the space, are for the stored registers: a register whose blocks are computed, and computed into no
   * other array, is computed straight into its own if there is one.
   */
  run(
    inputs: readonly NumericArray[],
    take: (base: number, count: number) => void,
    destinations: readonly (NumericArray | undefined)[] = [],
  ): void {
    for (const { input, begin } of this.#loads) begin(inputs[input]);
    destinations.forEach((destination, at) => {
      const register = this.#registers[this.#stored[at]];
      if (destination && !register.isFixed && register.origin === undefined) place(register, destination, 0);
    });
    for (let base = 0; base < this.size; base += blockSize) {
      const count = Math.min(blockSize, this.size - base);
      this.#evaluate(inputs, base, count);
      take(base, count);
    }
    // A prepared kernel keeps no array of its last run alive.
    for (const register of this.#registers) {
      register.array = register.scratch;
      register.offset = 0;
      register.origin = undefined;
    }
  }

  #evaluate(inputs: readonly NumericArray[], base: number, count: number): void {
    for (const register of this.#registers) {
      if (register.origin !== undefined) register.offset = register.origin + base;
    }
    for (const { input, register, reader } of this.#loads) {
      reader?.read(inputs[input], base, register.array, register.offset, count);
    }
    for (const { loop, out, a, b, c } of this.#steps) {
      loop(count, out.array, out.offset, a.array, a.offset, b.array, b.offset, c.array, c.offset);
    }
  }
}

/** From now on the register's blocks follow each other in an array that holds all points, the first at `origin`. */
function place(register: PlacedRegister, array: NumericArray, origin: number): void {
  register.array = array;
  register.origin = origin;
}
