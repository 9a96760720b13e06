/** Rounding to whole numbers. */

import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import { f32x4 } from '../../support/wasm/assembler/index.ts';
import { roundedOnce, type UnaryRow } from './row.ts';

/** Halves go to the even neighbor, as IEEE 754 and every array library round; Math.round sends them up. */
function roundHalfToEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

const round: ShaderFunction = {
  name: 'round',
  parameters: ['x'],
  body: `
  if (Math.abs(x) >= 8388608.0) { return x; }
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) { return down; }
  if (rest > 0.5) { return down + 1.0; }
  const half = down * 0.5;
  if (Math.floor(half) == half) { return down; }
  if (rest == 0.5) { return down + 1.0; }
  return x;`,
};

export const unary = {
  /** The largest whole number ≤ x. */
  floor: {
    work: 1,
    float32: {
      value: Math.floor,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.floor(a[aAt + i]);
      },
      wasm: (_f, _target, a) => f32x4.floor(a),
      gpu: (_f, a) => `Math.floor(${a})`,
      accuracy: roundedOnce,
      smooth: ['between halves'],
      wide: [[-4, 4]],
    },
  },
  /** The smallest whole number ≥ x. */
  ceil: {
    work: 1,
    float32: {
      value: Math.ceil,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.ceil(a[aAt + i]);
      },
      wasm: (_f, _target, a) => f32x4.ceil(a),
      gpu: (_f, a) => `Math.ceil(${a})`,
      accuracy: roundedOnce,
      smooth: ['between halves'],
      wide: [[-4, 4]],
    },
  },
  /** The nearest whole number, of two the even one. */
  round: {
    work: 1,
    float32: {
      value: roundHalfToEven,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = roundHalfToEven(a[aAt + i]);
      },
      wasm: (_f, _target, a) => f32x4.nearest(a),
      gpu: (f, a) => f.call(round, a),
      accuracy: roundedOnce,
      smooth: ['between halves'],
      wide: [[-4, 4]],
    },
  },
} satisfies Record<string, UnaryRow>;
