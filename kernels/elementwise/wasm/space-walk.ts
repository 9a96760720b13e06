/**
 * Where a nest of loops over a space stands: the index on each axis, and the address of each load's element there. Moving
 * along an axis adds a constant to the addresses; nothing is multiplied inside the loops. For x [32, 8] and b [8] in
 * relu(x + b), whose strides on the axes (row, column) are (8, 1) and (0, 1), in bytes:
 *
 *                                        x    b
 *     along a row, by a vector          16   16
 *     from its end to the next row       0  −32      4 · (stride of the outer axis − 8 · stride of the row)
 *
 * With b [32, 1] the strides are (1, 0): its pointer stands still along a row, and moves by 4 from row to row.
 */
import { bytesPerElement } from '../../support/contract.ts';
import {
  type FunctionBuilder,
  type Integer,
  i32,
  integer,
  type Local,
} from '../../support/wasm/assembler/index.ts';
import type { Space, SpaceAxis } from './iteration-space.ts';

/** Point number `position` of some axes, outermost first, in row-major order. */
export interface PositionOnAxes {
  readonly axes: readonly number[];
  readonly position: Integer;
}

/** The walk: each method writes the code of one move. */
export class SpaceWalk {
  readonly axes: readonly SpaceAxis[];
  /** The innermost axis. */
  readonly row: SpaceAxis;
  /** The index on the innermost axis. */
  readonly column: Local<'i32'>;
  protected readonly f: FunctionBuilder;
  protected readonly space: Space;
  protected readonly inputs: readonly Local<'i32'>[];
  /** By axis, the index. The last is `column`. */
  protected readonly counters: readonly Local<'i32'>[];
  /** By load, the address of its element. Only of loads that walk. */
  protected readonly pointers: ReadonlyMap<number, Local<'i32'>>;
  #stands = false;

  constructor(f: FunctionBuilder, space: Space, inputs: readonly Local<'i32'>[]) {
    this.f = f;
    this.space = space;
    this.inputs = inputs;
    this.axes = space.axes;
    this.row = space.axes[space.axes.length - 1];
    this.column = f.local('i32');
    this.counters = space.axes.map((axis) => (axis === this.row ? this.column : f.local('i32')));
    this.pointers = new Map(
      space.loads.flatMap(({ kind }, load) => (kind === 'walked' ? [[load, f.local('i32')] as const] : [])),
    );
  }

  /** Goes to a position on each of some groups of axes, and to index 0 on all other axes. */
  goTo(...positions: readonly PositionOnAxes[]): void {
    const named = positions.flatMap(({ axes }) => axes);
    if (new Set(named).size < named.length) throw new Error('a walk goes to two positions on one axis');
    const { f } = this;
    for (const counter of this.counters) f.setInteger(counter, 0);
    for (const [load, pointer] of this.pointers) {
      const { input, offset } = this.space.loads[load];
      f.set(pointer, i32.add(this.inputs[input], offset * this.bytesOf(load)));
    }
    for (const position of positions) this.#moveFromStart(position);
    this.#stands = true;
  }

  /** Moves to the next point of the `outer` axes, in the same column. Behind their last point comes the first again. */
  nextInColumn(outer: readonly number[]): void {
    this.requirePlace();
    this.#next(
      outer,
      this.axes[0].strides.map(() => 0),
    );
  }

  /** Moves from the end of a row to the start of that at the next point of the `outer` axes; after the last comes the first. */
  protected nextRow(outer: readonly number[]): void {
    const { length, strides } = this.row;
    this.f.setInteger(this.column, 0);
    this.#next(
      outer,
      strides.map((stride) => stride * length),
    );
  }

  /** Moves along the row, at most to its end. */
  protected moveAlongRow(points: Integer): void {
    const { f } = this;
    f.increase(this.column, points);
    for (const [load, pointer] of this.pointers) {
      const step = this.row.strides[load] * this.bytesOf(load);
      if (step !== 0) f.increase(pointer, i32.multiply(points, step));
    }
  }

  /** Bytes of an element of a load. */
  protected bytesOf(load: number): number {
    return bytesPerElement[this.space.loads[load].dtype];
  }

  /** A program error: code at a place to which nothing has gone. */
  protected requirePlace(): void {
    if (!this.#stands) throw new Error('a walk must go somewhere (goTo) before it computes or moves on');
  }

  /** From index 0 on all of `axes`. */
  #moveFromStart({ axes, position }: PositionOnAxes): void {
    if (axes.length === 0) return;
    const { f } = this;
    const rest = f.keep(integer(position));
    for (let at = axes.length - 1; at >= 0; at--) {
      const axis = axes[at];
      const { length, strides } = this.axes[axis];
      f.set(this.counters[axis], at === 0 ? rest : i32.remainder(rest, length));
      if (at > 0) f.set(rest, i32.divide(rest, length));
      for (const [load, pointer] of this.pointers) {
        const step = strides[load] * this.bytesOf(load);
        if (step !== 0) f.increase(pointer, i32.multiply(this.counters[axis], step));
      }
    }
  }

  /** One step on the last of `axes`. `walked`: by load, elements from the last place with its index to the current one. */
  #next(axes: readonly number[], walked: readonly number[]): void {
    const { f } = this;
    const axis = axes.at(-1);
    const strides = axis === undefined ? walked.map(() => 0) : this.axes[axis].strides;
    for (const [load, pointer] of this.pointers) {
      const step = (strides[load] - walked[load]) * this.bytesOf(load);
      if (step !== 0) f.increase(pointer, step);
    }
    if (axis === undefined) return;
    const { length } = this.axes[axis];
    const counter = this.counters[axis];
    f.increase(counter, 1);
    f.if(i32.equal(counter, length), () => {
      f.setInteger(counter, 0);
      this.#next(
        axes.slice(0, -1),
        strides.map((stride) => stride * length),
      );
    });
  }
}
