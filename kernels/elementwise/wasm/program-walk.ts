/**
 * A fused program as code: pointers and counters that walk its space row by row, and the registers at four points of a
 * row. A row is the innermost axis. What is the same for the whole space, or for a row, is computed once.
 */

import { bytesPerElement, type DType } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  integer,
  type Local,
  select,
  type Target,
} from '../../support/wasm/assembler/index.ts';
import type { Program } from '../index.ts';
import { workOfOperator } from '../operators/index.ts';
import { type Axis, isBounded, type Space } from './iteration-space.ts';
import { constantRegister, loadFour, loadPadded, loadSome, loadSplat, type RealPoints } from './loads.ts';
import { applyInstruction } from './vector-instructions.ts';

/** How often a register changes. */
type Rhythm = 'once' | 'row' | 'point';

/** The registers of a program at four points. */
export type Registers = readonly Local<'v128'>[];

/** Walks a space and computes the program where it stands. Writes code into `f` in the order of the calls. */
export class ProgramWalk {
  /** The index of the current point on the innermost axis. */
  readonly column: Local<'i32'>;
  readonly axes: readonly Axis[];
  readonly types: readonly DType[];
  readonly #f: FunctionBuilder;
  readonly #target: Target;
  readonly #program: Program;
  readonly #space: Space;
  readonly #inputs: readonly Local<'i32'>[];
  /** By axis, the index of the current point. The last is `column`. */
  readonly #counters: readonly Local<'i32'>[];
  /** By load, the address of its element at the current point. Only of loads that walk. */
  readonly #pointers: ReadonlyMap<number, Local<'i32'>>;
  readonly #rhythms: readonly Rhythm[];
  /** By register, its value if that does not change from point to point. */
  readonly #values = new Map<number, Local<'v128'>>();
  /** By load with padding, which points of the current row are real. */
  readonly #realPoints = new Map<number, RealPoints>();

  constructor(
    f: FunctionBuilder,
    target: Target,
    program: Program,
    space: Space,
    inputs: readonly Local<'i32'>[],
  ) {
    this.#f = f;
    this.#target = target;
    this.#program = program;
    this.#space = space;
    this.#inputs = inputs;
    this.axes = space.axes;
    this.types = [...program.loads, ...program.instructions].map(({ dtype }) => dtype);
    this.column = f.local('i32');
    this.#counters = space.axes.map((_, axis) =>
      axis === space.axes.length - 1 ? this.column : f.local('i32'),
    );
    this.#pointers = new Map(
      space.loads.flatMap(({ kind }, load) => (kind === 'walked' ? [[load, f.local('i32')] as const] : [])),
    );
    this.#rhythms = rhythmsOf(program, space);
    this.#computeOnce();
  }

  /** How many vectors to compute at a time: several where the loop itself would cost as much as the program. */
  get vectorsAtOnce(): 1 | 2 | 4 {
    const { instructions } = this.#program;
    const perPoint = this.#rhythms.filter((rhythm) => rhythm === 'point').length;
    const first = this.#program.loads.length;
    const isHeavyAt = instructions.some(
      ({ operator }, i) => this.#rhythms[first + i] === 'point' && workOfOperator(operator) > 1,
    );
    if (isHeavyAt || perPoint > 16) return 1;
    return perPoint > 8 ? 2 : 4;
  }

  /** Goes to the point with all indices 0. */
  reset(): void {
    const f = this.#f;
    for (const counter of this.#counters) f.setInteger(counter, 0);
    for (const [load, pointer] of this.#pointers) {
      const { input, offset } = this.#space.loads[load];
      f.set(pointer, i32.add(this.#inputs[input], offset * this.#bytes(load)));
    }
  }

  /** Moves along `axes`, on which the indices are 0, to the point that is number `position` of them, row by row. */
  seek(axes: readonly number[], position: Integer): void {
    if (axes.length === 0) return;
    const f = this.#f;
    const rest = f.keep(integer(position));
    for (let at = axes.length - 1; at >= 0; at--) {
      const axis = axes[at];
      const { length } = this.axes[axis];
      f.set(this.#counters[axis], at === 0 ? rest : i32.remainder(rest, length));
      if (at > 0) f.set(rest, i32.divide(rest, length));
      for (const [load, pointer] of this.#pointers) {
        const step = this.axes[axis].strides[load] * this.#bytes(load);
        if (step !== 0) f.increase(pointer, i32.multiply(this.#counters[axis], step));
      }
    }
  }

  /** Moves along the row. Indices count on; the end of the row is the caller's to see. */
  moveAlongRow(points: Integer): void {
    const f = this.#f;
    const { strides } = this.axes[this.axes.length - 1];
    f.increase(this.column, points);
    for (const [load, pointer] of this.#pointers) {
      const step = strides[load] * this.#bytes(load);
      if (step !== 0) f.increase(pointer, i32.multiply(points, step));
    }
  }

  /**
   * Moves to the next point of `axes`, outermost first; behind the last comes the first again. With `fromRowEnd` the
   * walk stands behind the last point of a row and goes to the start of one.
   */
  next(axes: readonly number[], fromRowEnd: boolean): void {
    const { length, strides } = this.axes[this.axes.length - 1];
    if (fromRowEnd) this.#f.setInteger(this.column, 0);
    this.#advance(axes, fromRowEnd ? strides.map((stride) => stride * length) : strides.map(() => 0));
  }

  /** Computes what is the same for all of a row. To be called once the walk stands in it. */
  beginRow(): void {
    const f = this.#f;
    for (const load of this.#pointers.keys()) this.#beginRowOfLoad(load);
    this.#program.instructions.forEach((_, i) => {
      const register = this.#program.loads.length + i;
      if (this.#rhythms[register] === 'row')
        this.#values.set(register, f.keep(this.#compute(i, this.#values)));
    });
  }

  /**
   * The registers at the four points from `ahead` points behind the current one on. With `count`, from 1 to 4, only so
   * many are there to be loaded, and the other lanes have no meaning; then `ahead` must be 0.
   */
  evaluate(ahead: number, count?: Local<'i32'>): Registers {
    const f = this.#f;
    const values = new Map(this.#values);
    const loads = this.#program.loads.flatMap((_, load) => (this.#rhythms[load] === 'point' ? [load] : []));
    if (count && loads.length > 0) {
      const registers = loads.map((load) => [load, f.local('v128')] as const);
      f.if(
        i32.equal(count, 4),
        () => {
          for (const [load, register] of registers) f.set(register, this.#load(load, ahead));
        },
        () => {
          for (const [load, register] of registers) f.set(register, this.#load(load, ahead, count));
        },
      );
      for (const [load, register] of registers) values.set(load, register);
    } else {
      for (const load of loads) values.set(load, f.keep(this.#load(load, ahead)));
    }
    this.#program.instructions.forEach((_, i) => {
      const register = this.#program.loads.length + i;
      if (this.#rhythms[register] === 'point') values.set(register, f.keep(this.#compute(i, values)));
    });
    return this.types.map((_, register) => values.get(register)!);
  }

  #computeOnce(): void {
    const f = this.#f;
    const { loads, instructions } = this.#program;
    this.#space.loads.forEach(({ kind, input, dtype, offset, fill }, load) => {
      if (kind === 'fill') this.#values.set(load, constantRegister(f, dtype, fill));
      else if (kind === 'uniform') {
        this.#values.set(load, f.keep(loadSplat(dtype, this.#inputs[input], offset * this.#bytes(load))));
      }
    });
    instructions.forEach((instruction, i) => {
      const register = loads.length + i;
      if (instruction.operator === 'constant') {
        this.#values.set(register, constantRegister(f, instruction.dtype, instruction.value));
      } else if (this.#rhythms[register] === 'once') {
        this.#values.set(register, f.keep(this.#compute(i, this.#values)));
      }
    });
  }

  #beginRowOfLoad(load: number): void {
    const f = this.#f;
    const pointer = this.#pointers.get(load)!;
    const { dtype, fill } = this.#space.loads[load];
    const real = this.#rowIsReal(load);
    if (this.#rhythms[load] === 'row') {
      const value = f.local('v128');
      const read = (): void => f.set(value, loadSplat(dtype, pointer));
      if (real.constant === 1) read();
      else f.if(real, read, () => f.set(value, constantRegister(f, dtype, fill)));
      this.#values.set(load, value);
      return;
    }
    if (!this.axes.some((axis) => isBounded(axis, load))) return;
    const [low, high] = this.axes[this.axes.length - 1].bounds[load];
    const limited = (limit: number): Integer =>
      real.constant === undefined ? f.keep(i32.multiply(real, limit)) : limit;
    this.#realPoints.set(load, {
      low,
      limit: limited(high - low),
      wholeLimit: limited(Math.max(0, high - low - 3)),
      fill,
    });
  }

  /** 1 if the current row has real points, as far as the outer axes say. */
  #rowIsReal(load: number): ReturnType<typeof integer> {
    const conditions = this.axes.slice(0, -1).flatMap((axis, at) => {
      if (!isBounded(axis, load)) return [];
      const [low, high] = axis.bounds[load];
      return [i32.lessUnsigned(i32.subtract(this.#counters[at], low), high - low)];
    });
    if (conditions.length === 0) return integer(1);
    return this.#f.keep(conditions.reduce((all, condition) => i32.and(all, condition)));
  }

  #load(load: number, ahead: number, count?: Integer): Local<'v128'> {
    const f = this.#f;
    const source = {
      dtype: this.#space.loads[load].dtype,
      pointer: this.#pointers.get(load)!,
      stride: this.axes[this.axes.length - 1].strides[load],
    };
    const realPoints = this.#realPoints.get(load);
    if (realPoints) return f.keep(loadPadded(f, source, realPoints, this.column, ahead, count));
    return f.keep(count === undefined ? loadFour(f, source, ahead) : loadSome(f, source, count));
  }

  #compute(index: number, values: ReadonlyMap<number, Local<'v128'>>): Local<'v128'> {
    const { loads, instructions } = this.#program;
    const instruction = instructions[index];
    if (instruction.operator === 'constant') throw new TypeError('a constant is not computed');
    const result = applyInstruction(this.#f, this.#target, instruction, (register) => {
      const source = instructions[register - loads.length];
      const constant = source?.operator === 'constant' ? source.value : undefined;
      return { register: values.get(register)!, dtype: this.types[register], constant };
    });
    return this.#f.keep(result);
  }

  /** One step on the last of `axes`; `walked` elements of each load have been walked since the axis' index last changed. */
  #advance(axes: readonly number[], walked: readonly number[]): void {
    const f = this.#f;
    const axis = axes.at(-1);
    const strides = axis === undefined ? walked.map(() => 0) : this.axes[axis].strides;
    for (const [load, pointer] of this.#pointers) {
      const step = (strides[load] - walked[load]) * this.#bytes(load);
      if (step !== 0) f.increase(pointer, step);
    }
    if (axis === undefined) return;
    const { length } = this.axes[axis];
    const counter = this.#counters[axis];
    f.increase(counter, 1);
    f.if(i32.equal(counter, length), () => {
      f.setInteger(counter, 0);
      this.#advance(
        axes.slice(0, -1),
        strides.map((stride) => stride * length),
      );
    });
  }

  #bytes(load: number): number {
    return bytesPerElement[this.#space.loads[load].dtype];
  }
}

function rhythmsOf({ loads, instructions }: Program, { axes, loads: spaceLoads }: Space): Rhythm[] {
  const inner = axes[axes.length - 1];
  const rhythms = loads.map((_, load): Rhythm => {
    if (spaceLoads[load].kind !== 'walked') return 'once';
    return inner.strides[load] === 0 && !isBounded(inner, load) ? 'row' : 'point';
  });
  for (const instruction of instructions) {
    const operands: number[] = [];
    if ('a' in instruction) operands.push(instruction.a);
    if ('b' in instruction) operands.push(instruction.b);
    if ('c' in instruction) operands.push(instruction.c);
    const of = operands.map((register) => rhythms[register]);
    rhythms.push(of.includes('point') ? 'point' : of.includes('row') ? 'row' : 'once');
  }
  return rhythms;
}

/** What is done at the points of a stretch of a space. */
export interface Visitor {
  /** Visits the next 4 · `vectors` points. `evaluate` computes the registers of a vector, by number. */
  readonly several: (evaluate: (vector: number) => Registers, vectors: number) => void;
  /** Visits the next `count` points, 1 to 4. */
  readonly one: (registers: Registers, count: Local<'i32'>) => void;
  /** Called when the walk has moved along. */
  readonly moved?: (points: Integer) => void;
}

/**
 * Visits points [first, end) of `outer` axes and the rows in them, in order. The walk must stand at the first of them;
 * afterwards it stands behind the last, or at the start of the next row if that was the end of one.
 */
export function visitPoints(
  f: FunctionBuilder,
  walk: ProgramWalk,
  outer: readonly number[],
  { first, end }: { readonly first: Integer; readonly end: Integer },
  { several, one, moved }: Visitor,
): void {
  const { length } = walk.axes[walk.axes.length - 1];
  const vectors = [4, 2].find((each) => each <= walk.vectorsAtOnce && each * 4 <= length) ?? 1;
  const { column } = walk;
  const move = (points: Integer): void => {
    walk.moveAlongRow(points);
    moved?.(points);
  };
  const visitRow = (stop: Local<'i32'>): void => {
    walk.beginRow();
    // A vector at a time is what `one` does.
    if (vectors > 1) {
      f.while(i32.lessEqual(column, i32.subtract(stop, vectors * 4)), () => {
        several((vector) => walk.evaluate(vector * 4), vectors);
        move(vectors * 4);
      });
    }
    const count = f.local('i32');
    f.while(i32.less(column, stop), () => {
      f.set(count, i32.subtract(stop, column));
      f.set(count, select(integer(4), count, i32.greater(count, 4)));
      one(walk.evaluate(0, count), count);
      move(count);
    });
  };
  if (outer.length === 0) {
    // One row, or a part of it.
    visitRow(f.keep(i32.add(column, i32.subtract(end, first))));
    f.if(i32.equal(column, length), () => walk.next([], true));
    return;
  }
  const position = f.keep(integer(first));
  const stop = f.local('i32');
  f.while(i32.less(position, end), () => {
    f.set(stop, i32.add(column, i32.subtract(end, position)));
    f.set(stop, select(integer(length), stop, i32.greater(stop, length)));
    f.increase(position, i32.subtract(stop, column));
    visitRow(stop);
    f.if(i32.equal(column, length), () => walk.next(outer, true));
  });
}
