/**
 * A fused program as the code of a GPU thread: only what a wanted register needs, each instruction once.
 *
 * A program that reads more arrays than a pass may is cut: parts that read few enough are computed by passes of their
 * own, whose results the rest loads.
 */
import { type DType, sizeOf } from '../../support/contract.ts';
import {
  floatsOf,
  type GpuArray,
  type GpuPass,
  type GpuTarget,
  input,
  pass,
  temporary,
} from '../../support/gpu/gpu-kernel.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import { denseStrides, type View } from '../../support/view.ts';
import { type CollapsedView, collapse } from '../collapse.ts';
import type { Instruction, Program } from '../index.ts';
import type { Register } from '../operators/row.ts';
import { compute, constant } from './instructions.ts';

/** Where a load of a program finds its elements. */
export interface Source {
  readonly array: GpuArray;
  /** Elements of the array, which is where its second plane begins. */
  readonly size: number;
  readonly view: View;
  readonly dtype: DType;
  /** The element that is passed as a number, if that is all there is to load. */
  readonly number?: number | undefined;
}

/** A program whose loads know their arrays. */
export interface ThreadProgram {
  readonly shape: readonly number[];
  readonly loads: readonly Source[];
  readonly instructions: readonly Instruction[];
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
        number: kind === 'uniform' && hasNumbers(index) ? offset : undefined,
      };
    }),
  };
}

/** The dtype of every register: the loads, then the instructions. */
export function typesOf({ loads, instructions }: ThreadProgram): DType[] {
  return [...loads, ...instructions].map(({ dtype }) => dtype);
}

/** The registers an instruction reads. */
function operandsOf(instruction: Instruction): number[] {
  if (instruction.operator === 'constant') return [];
  if (instruction.operator === 'where') return [instruction.a, instruction.b, instruction.c];
  return 'b' in instruction ? [instruction.a, instruction.b] : [instruction.a];
}

/**
 * Composes the value of a register at a point of the program's space, given as a row-major index. Every part is kept.
 */
export function evaluate(f: ThreadSource, program: ThreadProgram, wanted: number, index: string): Register {
  const { loads, instructions, shape } = program;
  const types = typesOf(program);
  const needed = new Set([wanted]);
  for (let register = types.length - 1; register >= loads.length; register--) {
    if (!needed.has(register)) continue;
    for (const operand of operandsOf(instructions[register - loads.length])) needed.add(operand);
  }
  const point = new Point(f, index);
  const registers: Register[] = [];
  for (let register = 0; register < types.length; register++) {
    if (!needed.has(register)) {
      registers.push([]);
      continue;
    }
    const value =
      register < loads.length
        ? load(f, loads[register], shape, point)
        : compute(f, instructions[register - loads.length], registers, types);
    registers.push(value.map((each) => f.keep(each)));
  }
  return registers[wanted];
}

/** A point of a space: loads with the same axes share their coordinates. */
class Point {
  readonly index: string;
  readonly #f: ThreadSource;
  readonly #known = new Map<string, readonly string[]>();

  constructor(f: ThreadSource, index: string) {
    this.#f = f;
    this.index = f.whole(index);
  }

  along(shape: readonly number[]): readonly string[] {
    const key = shape.join();
    const known = this.#known.get(key) ?? this.#f.coordinates(this.index, shape);
    this.#known.set(key, known);
    return known;
  }
}

function load(
  f: ThreadSource,
  { array, size, view, dtype, number }: Source,
  shape: readonly number[],
  point: Point,
): Register {
  const collapsed = collapse(view, shape);
  const fill = constant(f, collapsed.fill, dtype);
  if (collapsed.kind === 'fill' || size === 0) return fill;
  if (number !== undefined) return [f.numberOf(array, number)];
  const indices = collapsed.kind === 'uniform' ? [] : point.along(collapsed.shape);
  const at = f.whole(
    collapsed.kind === 'dense' && collapsed.offset === 0
      ? point.index
      : f.offset(indices, collapsed.strides, collapsed.offset),
    'at',
  );
  const inside = insideOf(collapsed, indices);
  const element = f.readElement(array, dtype, at, size);
  return element.map((value, half) =>
    inside === undefined ? value : `${inside} ? ${value} : ${fill[half]}`,
  );
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
  const dtype = typesOf(program)[register];
  const size = sizeOf(program.shape);
  return pass(writes, floatsOf(dtype, size), (f) => {
    const { index, plane } = f.planes(dtype, size);
    const value = evaluate(f, program, register, index);
    f.returnHalf(value, plane);
  });
}

/** A program that reads few enough arrays, and the passes that must run before it. */
export interface CutProgram {
  readonly program: ThreadProgram;
  /** The wanted register: its number may have changed. */
  readonly register: number;
  readonly passes: readonly GpuPass[];
  /** The number of temporary arrays used so far. */
  readonly temporaries: number;
}

/**
 * Cuts what one register needs until it reads at most so many arrays. Temporary arrays are numbered from `temporaries`.
 */
export function cut(
  program: ThreadProgram,
  wanted: number,
  { mostReads }: GpuTarget,
  temporaries = 0,
): CutProgram {
  const passes: GpuPass[] = [];
  let [current, register, made] = [program, wanted, temporaries];
  for (;;) {
    const reads = readsOf(current);
    if (reads[register].size <= mostReads) return { program: current, register, passes, temporaries: made };
    const types = typesOf(current);
    const candidates = reads.flatMap(({ size }, each) =>
      each >= current.loads.length && size >= 2 && size <= mostReads ? [each] : [],
    );
    const part = candidates.reduce((best, each) => (reads[each].size > reads[best].size ? each : best));
    const array = temporary(made++);
    passes.push(storePass(current, part, array));
    // The new load stands before all instructions.
    if (register >= current.loads.length) register++;
    current = replaceByLoad(current, part, {
      array,
      size: sizeOf(current.shape),
      view: { offset: 0, strides: denseStrides(current.shape) },
      dtype: types[part],
    });
  }
}

/** The arrays behind each register, as text to compare. */
function readsOf({ loads, instructions }: ThreadProgram): Set<string>[] {
  const reads: Set<string>[] = loads.map(({ array, size, number }) =>
    size === 0 || number !== undefined ? new Set() : new Set([`${array.kind} ${array.index}`]),
  );
  for (const instruction of instructions) {
    reads.push(new Set(operandsOf(instruction).flatMap((operand) => [...reads[operand]])));
  }
  return reads;
}

/** The same program, in which a register is loaded. The load takes the place of the instruction, as a cast of itself. */
function replaceByLoad(program: ThreadProgram, register: number, source: Source): ThreadProgram {
  const at = program.loads.length;
  const moved = (operand: number): number => (operand < at ? operand : operand + 1);
  const instructions = program.instructions.map((instruction, index): Instruction => {
    if (index + at === register) return { operator: 'cast', a: at, dtype: source.dtype };
    if (instruction.operator === 'constant') return instruction;
    if (instruction.operator === 'where') {
      const { a, b, c } = instruction;
      return { ...instruction, a: moved(a), b: moved(b), c: moved(c) };
    }
    if ('b' in instruction) return { ...instruction, a: moved(instruction.a), b: moved(instruction.b) };
    return { ...instruction, a: moved(instruction.a) };
  });
  return { shape: program.shape, loads: [...program.loads, source], instructions };
}
