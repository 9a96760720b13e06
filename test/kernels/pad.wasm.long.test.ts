/** The wasm pad against the cpu version. */
import { describe, it } from 'vitest';
import { padCpu } from '../../kernels/pad/cpu.ts';
import { pad } from '../../kernels/pad/index.ts';
import { padWasm } from '../../kernels/pad/wasm.ts';
import type { DType, NumericArray } from '../../kernels/support/contract.ts';
import { identical } from './support/identical.ts';
import { randomArray, randomNumbers, runKernel, specOf } from './support/run.ts';
import { runWasmKernel, targets } from './support/wasm.ts';

/** Per axis [low, high, interior]. */
type Room = readonly (readonly [number, number, number])[];

const cases: { shape: readonly number[]; room: Room }[] = [
  { shape: [], room: [] },
  { shape: [1], room: [[0, 0, 0]] },
  { shape: [1], room: [[2, 3, 4]] },
  { shape: [0], room: [[2, 3, 4]] },
  { shape: [0], room: [[0, 0, 1]] },
  {
    shape: [0, 3],
    room: [
      [50, 3, 4],
      [1, 0, 0],
    ],
  },
  {
    shape: [3, 0, 2],
    room: [
      [0, 0, 0],
      [1, 2, 1],
      [0, 0, 0],
    ],
  },
  { shape: [7], room: [[0, 0, 1]] },
  { shape: [100], room: [[3, 1, 1]] },
  { shape: [50], room: [[0, 70, 3]] },
  {
    shape: [2, 3, 9, 11],
    room: [
      [0, 0, 0],
      [0, 0, 0],
      [1, 1, 0],
      [2, 1, 0],
    ],
  },
  {
    shape: [2, 9, 11, 5],
    room: [
      [0, 0, 0],
      [1, 1, 1],
      [2, 1, 2],
      [0, 0, 0],
    ],
  },
  {
    shape: [2, 9, 11, 40],
    room: [
      [1, 0, 0],
      [0, 0, 0],
      [2, 1, 1],
      [0, 0, 0],
    ],
  },
  {
    shape: [3, 4, 1, 5],
    room: [
      [0, 0, 2],
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ],
  },
  {
    shape: [3, 4, 5],
    room: [
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 0],
    ],
  },
  {
    shape: [3, 4, 5],
    room: [
      [0, 0, 1],
      [0, 0, 1],
      [0, 0, 1],
    ],
  },
  {
    shape: [40, 300],
    room: [
      [1, 1, 0],
      [200, 33, 0],
    ],
  },
  // In pieces: one row, and a few.
  { shape: [20_001], room: [[10_001, 7, 0]] },
  {
    shape: [100, 301],
    room: [
      [0, 5, 0],
      [0, 0, 0],
    ],
  },
  {
    shape: [3, 5001],
    room: [
      [1, 1, 1],
      [100, 3000, 0],
    ],
  },
  {
    shape: [2, 2, 5001],
    room: [
      [1, 0, 0],
      [0, 1, 0],
      [1, 3000, 0],
    ],
  },
  ...generated(150),
];

/** Small cases of every kind. */
function generated(count: number): { shape: number[]; room: Room }[] {
  const next = randomNumbers(11);
  const upTo = (limit: number): number => Math.floor(next() * (limit + 1));
  return Array.from({ length: count }, () => {
    const rank = 1 + upTo(3);
    const shape = Array.from({ length: rank }, () => upTo(next() < 0.2 ? 20 : 5));
    const room = shape.map((): [number, number, number] => {
      return next() < 0.5 ? [0, 0, 0] : [upTo(3), upTo(3), next() < 0.6 ? 0 : upTo(2)];
    });
    return { shape, room };
  });
}

function contentOf(shape: readonly number[], dtype: DType): NumericArray {
  const values = randomArray(specOf(shape), 7);
  if (dtype === 'float32') return values;
  if (dtype === 'int32') return Int32Array.from(values, (value) => value * 2 ** 31);
  return Uint8Array.from(values, (value) => (value > 0 ? 1 : 0));
}

const fillings = [
  { dtype: 'float32', values: [0, 1.1, -0, Number.NEGATIVE_INFINITY, Number.NaN] },
  { dtype: 'int32', values: [0, -1, 123_456_789, -(2 ** 31)] },
  { dtype: 'bool', values: [0, 1] },
] as const;

describe.each(targets)('pad, relaxed SIMD $relaxedSimd', (target) => {
  describe.each(fillings)('$dtype', ({ dtype, values }) => {
    it.each(cases)('$shape with $room', ({ shape, room }) => {
      const total = shape.map((length, axis) => {
        const [low, high, interior] = room[axis];
        return low + high + (length === 0 ? 0 : length + (length - 1) * interior);
      });
      const input = contentOf(shape, dtype);
      for (const value of values) {
        const [low, high, interior] = [0, 1, 2].map((at) => room.map((axis) => axis[at]));
        const call = {
          inputs: [specOf(shape, dtype)],
          outputs: [specOf(total, dtype)],
          attributes: { low, high, interior, value },
        };
        const [expected] = runKernel(pad, padCpu, call, [input]);
        for (const parts of [1, 2, 3, 7]) {
          const [actual] = runWasmKernel(padWasm, call, [input], { target, parts });
          identical(actual, expected, `value ${value}, parts ${parts}:`);
        }
      }
    });
  });
});
