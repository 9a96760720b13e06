/** A naive evaluator of fused programs, one point at a time, and generated views: the reference of two test files. */
import type { Program } from '../../kernels/elementwise/index.ts';
import { binaryVersion, unaryVersion } from '../../kernels/elementwise/operators/index.ts';
import { allocate, type DType, type NumericArray, sizeOf } from '../../kernels/support/contract.ts';
import { denseStrides, type View } from '../../kernels/support/view.ts';

/** A small seeded generator (mulberry32), so that every failure repeats. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomArray(dtype: DType, size: number, random: () => number): NumericArray {
  const array = allocate(dtype, size);
  for (let i = 0; i < size; i++) {
    if (dtype === 'float32') array[i] = random() * 8 - 4;
    else if (dtype === 'int32') array[i] = Math.floor(random() * 41) - 20;
    else array[i] = random() < 0.5 ? 0 : 1;
  }
  return array;
}

export function indicesOf(shape: readonly number[], flat: number): number[] {
  let rest = flat;
  return denseStrides(shape).map((stride) => {
    const index = Math.floor(rest / stride);
    rest -= index * stride;
    return index;
  });
}

export function readView(view: View, index: readonly number[], buffer: NumericArray): number {
  let at = view.offset;
  for (let axis = 0; axis < index.length; axis++) {
    const bounds = view.bounds?.[axis];
    if (bounds && (index[axis] < bounds[0] || index[axis] >= bounds[1])) return view.fill ?? 0;
    at += view.strides[axis] * index[axis];
  }
  if (at < 0 || at >= buffer.length) throw new Error('the test made a view that reads outside its buffer');
  return buffer[at];
}

function cast(value: number, dtype: DType): number {
  if (dtype === 'float32') return value;
  if (dtype === 'bool') return Number(value !== 0);
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(Math.trunc(value), -2147483648), 2147483647);
}

function stored(value: number, dtype: DType): number {
  return dtype === 'float32' ? Math.fround(value) : value | 0;
}

/** The value of every register at every point: `result[register][point]`. */
export function naiveRegisters(program: Program, inputs: readonly NumericArray[]): number[][] {
  const types = [...program.loads, ...program.instructions].map(({ dtype }) => dtype);
  const registers: number[][] = types.map(() => []);
  for (let point = 0; point < sizeOf(program.shape); point++) {
    const index = indicesOf(program.shape, point);
    program.loads.forEach(({ input, view }, r) => {
      registers[r].push(readView(view, index, inputs[input]));
    });
    program.instructions.forEach((instruction, i) => {
      const at = (register: number): number => registers[register][point];
      let value: number;
      if (instruction.operator === 'constant') value = instruction.value;
      else if (instruction.operator === 'where')
        value = at(instruction.a) ? at(instruction.b) : at(instruction.c);
      else if (instruction.operator === 'cast') value = cast(at(instruction.a), instruction.dtype);
      else if ('b' in instruction) {
        const { value: exact } = binaryVersion(instruction.operator, types[instruction.a]);
        value = exact(at(instruction.a), at(instruction.b));
      } else value = unaryVersion(instruction.operator, types[instruction.a]).value(at(instruction.a));
      registers[program.loads.length + i].push(stored(value, instruction.dtype));
    });
  }
  return registers;
}

export type ViewKind = 'dense' | 'permuted' | 'flipped' | 'broadcast' | 'padded' | 'sliced' | 'scalar';
export const viewKinds: readonly ViewKind[] = [
  'dense',
  'permuted',
  'flipped',
  'broadcast',
  'padded',
  'sliced',
  'scalar',
];

/** A view of the given kind over `shape`, and the size of the buffer it reads. */
export function makeView(kind: ViewKind, shape: readonly number[], random: () => number): [View, number] {
  const dense = denseStrides(shape);
  const size = sizeOf(shape);
  const pick = (): boolean => random() < 0.5;
  if (kind === 'scalar') return [{ offset: 2, strides: shape.map(() => 0) }, 3];
  if (kind === 'permuted') {
    const reversed = denseStrides([...shape].reverse()).reverse();
    return [{ offset: 0, strides: reversed }, size];
  }
  if (kind === 'broadcast') {
    const kept = shape.map((length) => (pick() ? 1 : length));
    const strides = denseStrides(kept).map((stride, axis) => (kept[axis] === 1 ? 0 : stride));
    return [{ offset: 0, strides }, sizeOf(kept)];
  }
  if (kind === 'flipped') {
    const flips = shape.map(pick);
    const offset = shape.reduce((at, length, axis) => at + (flips[axis] ? (length - 1) * dense[axis] : 0), 0);
    return [
      { offset: size === 0 ? 0 : offset, strides: dense.map((s, axis) => (flips[axis] ? -s : s)) },
      size,
    ];
  }
  if (kind === 'padded') {
    const bounds = shape.map((length): [number, number] => {
      const low = Math.floor(random() * Math.min(3, length + 1));
      return [low, Math.max(low, length - Math.floor(random() * 3))];
    });
    const real = denseStrides(bounds.map(([low, high]) => high - low));
    const offset = -bounds.reduce((at, [low], axis) => at + low * real[axis], 0);
    return [{ offset, strides: real, bounds, fill: pick() ? 1 : 0 }, sizeOf(bounds.map(([l, h]) => h - l))];
  }
  if (kind === 'sliced') {
    const outer = shape.map((length) => length + Math.floor(random() * 3));
    const strides = denseStrides(outer);
    const offset = shape.reduce((at, length, axis) => at + (outer[axis] - length) * strides[axis], 0);
    return [{ offset, strides }, sizeOf(outer)];
  }
  return [{ offset: 0, strides: dense }, size];
}

/** Shapes with sizes 0 and 1, odd sizes, and sizes around the block boundary. */
export const shapes: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [3, 0, 2],
  [1, 1, 1],
  [7],
  [511],
  [512],
  [513],
  [1500],
  [5, 3],
  [3, 1, 5],
  [33, 17],
  [2, 513],
  [513, 2],
  [4, 1, 9, 31],
  [2, 3, 5, 7, 3],
];
