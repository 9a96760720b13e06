/** A fused program as the code of a GPU thread: only what a wanted register needs, each instruction once. */
import { sizeOf } from '../../support/contract.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuPass,
  type GpuTarget,
  input,
  pass,
} from '../../support/gpu/gpu-kernel.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import { type CollapsedView, collapse } from '../collapse.ts';
import { type Load, operandsOf, type Program, registerTypes } from '../index.ts';
import type { Register } from '../operators/row.ts';
import { compute, constant } from './instructions.ts';

/** A load that knows its array. */
export interface BoundLoad extends Omit<Load, 'input'> {
  readonly array: GpuArray;
  /** Elements of the array, which is where its second plane begins. */
  readonly size: number;
  /** The element that is passed as a number, if that is all there is to load. */
  readonly number?: number | undefined;
}

/** A program whose loads know their arrays. */
export interface ThreadProgram extends Omit<Program, 'loads'> {
  readonly loads: readonly BoundLoad[];
}

/** The program of a kernel call, its loads bound to the inputs. */
export function bindProgram(
  { shape, loads, instructions }: Program,
  inputs: readonly { readonly shape: readonly number[] }[],
  { hasNumbers }: GpuTarget,
): ThreadProgram {
  return {
    shape,
    instructions,
    loads: loads.map(({ input: index, view, dtype }) => {
      const { kind, offset } = collapse(view, shape);
      return {
        array: input(index),
        size: sizeOf(inputs[index].shape),
        view,
        dtype,
        number: kind === 'single' && hasNumbers(index) ? offset : undefined,
      };
    }),
  };
}

/**
 * Composes the value of a register at a point of the program's space, given as a row-major index. Every part is kept.
 */
export function evaluate(f: ThreadSource, program: ThreadProgram, wanted: number, index: string): Register {
  const { loads, instructions } = program;
  const types = registerTypes(program);
  const needed = new Set([wanted]);
  for (let register = types.length - 1; register >= loads.length; register--) {
    if (!needed.has(register)) continue;
    for (const operand of operandsOf(instructions[register - loads.length])) needed.add(operand);
  }
  const point = new Point(f, program.shape, index);
  const registers: Register[] = types.map(() => []);
  for (let register = 0; register < types.length; register++) {
    if (!needed.has(register)) continue;
    const value =
      register < loads.length
        ? point.load(loads[register])
        : compute(f, instructions[register - loads.length], registers, types);
    registers[register] = value.map((each) => f.keep(each));
  }
  return registers[wanted];
}

/** A point of a space, and the loads there: those whose views have the same axes share its coordinates. */
class Point {
  readonly #f: ThreadSource;
  readonly #shape: readonly number[];
  readonly #index: string;
  readonly #coordinates = new Map<string, readonly string[]>();

  constructor(f: ThreadSource, shape: readonly number[], index: string) {
    this.#f = f;
    this.#shape = shape;
    this.#index = f.whole(index);
  }

  /** Composes what is loaded: the number itself, the fill where the point is on the padding, or an element. */
  load({ array, size, view, dtype, number }: BoundLoad): Register {
    const f = this.#f;
    const collapsed = collapse(view, this.#shape);
    const { kind, shape, strides, offset } = collapsed;
    const fill = constant(f, collapsed.fill, dtype);
    if (kind === 'fill' || size === 0) return fill;
    if (number !== undefined) return [f.numberOf(array, number)];
    const indices = kind === 'single' ? [] : this.#along(shape);
    const isIndex = kind === 'dense' && offset === 0;
    const at = f.whole(isIndex ? this.#index : f.offset(indices, strides, offset), 'at');
    const inside = insideOf(collapsed, indices);
    const element = f.readElement(array, dtype, at, size);
    return element.map((value, half) =>
      inside === undefined ? value : `${inside} ? ${value} : ${fill[half]}`,
    );
  }

  /** The coordinates along axes of these lengths. */
  #along(shape: readonly number[]): readonly string[] {
    const key = shape.join();
    const known = this.#coordinates.get(key) ?? this.#f.coordinates(this.#index, shape);
    this.#coordinates.set(key, known);
    return known;
  }
}

/** The condition that a point is not on the padding, or undefined where there is none. */
function insideOf({ shape, low, high }: CollapsedView, indices: readonly string[]): string | undefined {
  const conditions = shape.flatMap((length, axis) => [
    ...(low[axis] > 0 ? [`${indices[axis]} >= ${low[axis]}`] : []),
    ...(high[axis] < length ? [`${indices[axis]} < ${high[axis]}`] : []),
  ]);
  return conditions.length === 0 ? undefined : `(${conditions.join(' && ')})`;
}

/** A pass that stores a register of a program, dense and row-major. */
export function storePass(program: ThreadProgram, register: number, writes: GpuArray): GpuPass {
  const dtype = registerTypes(program)[register];
  const size = sizeOf(program.shape);
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const value = evaluate(f, program, register, index);
    f.returnHalf(value, plane);
  });
}
