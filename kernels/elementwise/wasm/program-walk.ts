/**
 * A fused program as a nest of loops over its space. Its levels, with the registers that are computed at each:
 *
 *     space   once                                        constants; one element for all points
 *       row   for each point of the outer axes            b[r] in x[r, c] + b[r]
 *         point   for each few vectors of the row         x[r, c], a bias b[c], and what is computed from them
 *
 * `visit` writes all of it. A reduction whose lanes are columns writes the loop over rows itself: `enterRow` and
 * `nextInColumn`.
 */

import type { DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  integer,
  type Local,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import { operandsOf, type Program, registerTypes } from '../index.ts';
import { workOfOperator } from '../operators/index.ts';
import { isBounded, type Space } from './iteration-space.ts';
import { constantRegister, loadFour, loadPadded, loadSome, loadSplat, type RealPoints } from './loads.ts';
import { SpaceWalk } from './space-walk.ts';
import { applyInstruction } from './vector-instructions.ts';

/** The level at which a register changes. */
type Level = 'space' | 'row' | 'point';

/** The registers of a program at four points, by number. */
export type Registers = readonly Local<'v128'>[];

/** A row whose own registers are computed: its points can be. */
export interface EnteredRow {
  /** The registers at the four points from `ahead` points after the current one on. */
  evaluate(ahead: number): Registers;
  /** The registers at the next `count` points, 1 to 4. The other lanes have no meaning. */
  evaluateSome(count: Local<'i32'>): Registers;
}

/** What is done at the points that are visited. */
export interface Visitor {
  /** Visits the next 4 · `vectors` points. `evaluate` computes the registers of a vector, by number. */
  readonly several: (evaluate: (vector: number) => Registers, vectors: number) => void;
  /** Visits the next `count` points, 1 to 4. */
  readonly one: (registers: Registers, count: Local<'i32'>) => void;
  /** Called when the walk has moved along. */
  readonly moved?: (points: Integer) => void;
}

/** Walks a space and computes the program where it stands. Writes code into `f` in the order of the calls. */
export class ProgramWalk extends SpaceWalk {
  /** By register. */
  readonly types: readonly DType[];
  readonly #target: Target;
  readonly #program: Program;
  readonly #levels: readonly Level[];
  /** The registers of the level `space`, at their numbers. */
  readonly #spaceRegisters: Registers;

  constructor(
    f: FunctionBuilder,
    target: Target,
    program: Program,
    space: Space,
    inputs: readonly Local<'i32'>[],
  ) {
    super(f, space, inputs);
    this.#target = target;
    this.#program = program;
    this.types = registerTypes(program);
    this.#levels = levelsOf(program, space);
    this.#spaceRegisters = this.#computeSpace();
  }

  /** How many vectors to compute at a time: several where the loop itself would cost as much as the program. */
  get vectorsAtOnce(): 1 | 2 | 4 {
    const { loads, instructions } = this.#program;
    const perPoint = this.#levels.filter((level) => level === 'point').length;
    const isHeavyAt = instructions.some(
      ({ operator }, i) => this.#levels[loads.length + i] === 'point' && workOfOperator(operator) > 1,
    );
    if (isHeavyAt || perPoint > 16) return 1;
    return perPoint > 8 ? 2 : 4;
  }

  /**
   * Visits the next `count` points of the `outer` axes and the row, in order. Afterwards the walk stands after the last of
   * them, or at the start of the next row if that was the end of one.
   */
  visit(outer: readonly number[], count: Integer, visitor: Visitor): void {
    const { f, column } = this;
    const { length } = this.row;
    const toNextRow = (): void => f.if(i32.equal(column, length), () => this.nextRow(outer));
    if (outer.length === 0) {
      this.#visitRow(f.keep(i32.add(column, count)), visitor);
      toNextRow();
      return;
    }
    const left = f.keep(integer(count));
    const stop = f.local('i32');
    f.while(i32.greater(left, 0), () => {
      f.set(stop, i32.add(column, left));
      f.set(stop, i32.minimum(stop, length));
      f.set(left, i32.subtract(left, i32.subtract(stop, column)));
      this.#visitRow(stop, visitor);
      toNextRow();
    });
  }

  /** Visits the points of the current row from the current column to `stop`. */
  #visitRow(stop: Local<'i32'>, { several, one, moved }: Visitor): void {
    const { f, column } = this;
    const { length } = this.row;
    const move = (points: Integer): void => {
      this.moveAlongRow(points);
      moved?.(points);
    };
    const row = this.enterRow();
    const vectors = [4, 2].find((each) => each <= this.vectorsAtOnce && each * 4 <= length) ?? 1;
    // A vector at a time is what `one` does.
    if (vectors > 1) {
      f.while(i32.lessEqual(column, i32.subtract(stop, vectors * 4)), () => {
        several((vector) => row.evaluate(vector * 4), vectors);
        move(vectors * 4);
      });
    }
    const count = f.local('i32');
    f.while(i32.less(column, stop), () => {
      f.set(count, i32.subtract(stop, column));
      f.set(count, i32.minimum(count, 4));
      one(row.evaluateSome(count), count);
      move(count);
    });
  }

  /** Computes the registers of the row in which the walk stands. They hold until it leaves the row. */
  enterRow(): EnteredRow {
    this.requirePlace();
    const registers = [...this.#spaceRegisters];
    const realPoints = new Map<number, RealPoints>();
    for (const [load, pointer] of this.pointers) {
      const isReal = this.#rowIsReal(load);
      if (this.#levels[load] === 'row') registers[load] = this.#loadOfRow(load, pointer, isReal);
      else if (this.axes.some((axis) => isBounded(axis, load))) {
        realPoints.set(load, this.#realPointsOf(load, isReal));
      }
    }
    this.#computeLevel('row', registers);
    const evaluateWith = (loadPoints: (registers: Local<'v128'>[]) => void): Registers => {
      const own = [...registers];
      loadPoints(own);
      this.#computeLevel('point', own);
      return own;
    };
    const loads = this.#program.loads.flatMap((_, load) => (this.#levels[load] === 'point' ? [load] : []));
    const load = (number: number, ahead: number, count?: Integer): Local<'v128'> =>
      this.#loadPoints(number, realPoints.get(number), ahead, count);
    return {
      evaluate: (ahead) =>
        evaluateWith((own) => {
          for (const each of loads) own[each] = load(each, ahead);
        }),
      evaluateSome: (count) =>
        evaluateWith((own) => {
          if (loads.length === 0) return;
          for (const each of loads) own[each] = this.f.local('v128');
          const loadAll = (some?: Integer) => (): void => {
            for (const each of loads) this.f.set(own[each], load(each, 0, some));
          };
          this.f.if(i32.equal(count, 4), loadAll(), loadAll(count));
        }),
    };
  }

  #computeSpace(): Registers {
    const { f } = this;
    const registers: Local<'v128'>[] = [];
    this.space.loads.forEach(({ kind, input, dtype, offset, fill }, load) => {
      if (kind === 'fill') registers[load] = constantRegister(f, dtype, fill);
      else if (kind === 'single') {
        registers[load] = f.keep(loadSplat(dtype, this.inputs[input], offset * this.bytesOf(load)));
      }
    });
    this.#computeLevel('space', registers);
    return registers;
  }

  /** Computes the instructions of a level; what they are computed from is there. */
  #computeLevel(level: Level, registers: Local<'v128'>[]): void {
    const { loads, instructions } = this.#program;
    instructions.forEach((instruction, i) => {
      const register = loads.length + i;
      if (this.#levels[register] !== level) return;
      registers[register] =
        instruction.operator === 'constant'
          ? constantRegister(this.f, instruction.dtype, instruction.value)
          : this.f.keep(
              applyInstruction(this.f, this.#target, instruction, (operand) => {
                const source = instructions[operand - loads.length];
                const constant = source?.operator === 'constant' ? source.value : undefined;
                return { register: registers[operand], dtype: this.types[operand], constant };
              }),
            );
    });
  }

  /** 1 if the current row has real points of a load, as far as the outer axes say, else 0. */
  #rowIsReal(load: number): ReturnType<typeof integer> {
    const conditions = this.axes.slice(0, -1).flatMap((axis, at) => {
      if (!isBounded(axis, load)) return [];
      const [low, high] = axis.bounds[load];
      return [i32.lessUnsigned(i32.subtract(this.counters[at], low), high - low)];
    });
    if (conditions.length === 0) return integer(1);
    return this.f.keep(conditions.reduce((all, condition) => i32.and(all, condition)));
  }

  /** The one element of a row, or the padding. */
  #loadOfRow(load: number, pointer: Local<'i32'>, isReal: ReturnType<typeof integer>): Local<'v128'> {
    const { f } = this;
    const { dtype, fill } = this.space.loads[load];
    const value = f.local('v128');
    const read = (): void => f.set(value, loadSplat(dtype, pointer));
    if (isReal.constant === 1) read();
    else f.if(isReal, read, () => f.set(value, constantRegister(f, dtype, fill)));
    return value;
  }

  /** Which points of the current row are real: none where the row is padding. */
  #realPointsOf(load: number, isReal: ReturnType<typeof integer>): RealPoints {
    const [low, high] = this.row.bounds[load];
    const limited = (limit: number): Integer =>
      isReal.constant === undefined ? this.f.keep(i32.multiply(isReal, limit)) : limit;
    return {
      low,
      limit: limited(high - low),
      wholeLimit: limited(Math.max(0, high - low - 3)),
      fill: this.space.loads[load].fill,
    };
  }

  #loadPoints(
    load: number,
    realPoints: RealPoints | undefined,
    ahead: number,
    count?: Integer,
  ): Local<'v128'> {
    const { f } = this;
    const points = {
      dtype: this.space.loads[load].dtype,
      pointer: this.pointers.get(load)!,
      stride: this.row.strides[load],
    };
    if (realPoints) return f.keep(loadPadded(f, points, realPoints, this.column, ahead, count));
    return f.keep(count === undefined ? loadFour(f, points, ahead) : loadSome(f, points, count));
  }
}

/** A register changes as often as what it is loaded or computed from changes most often. */
function levelsOf({ loads, instructions }: Program, space: Space): Level[] {
  const row = space.axes[space.axes.length - 1];
  const levels = loads.map((_, load): Level => {
    if (space.loads[load].kind !== 'walked') return 'space';
    return row.strides[load] === 0 && !isBounded(row, load) ? 'row' : 'point';
  });
  for (const instruction of instructions) {
    const of = operandsOf(instruction).map((register) => levels[register]);
    levels.push(of.includes('point') ? 'point' : of.includes('row') ? 'row' : 'space');
  }
  return levels;
}
