/** Arithmetic: of floats, and of int32, which wraps around. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import {
  type FunctionBuilder,
  f32x4,
  i32,
  i32x4,
  type Local,
  type Target,
  type Vector,
  v128,
} from '../../support/wasm/assembler/index.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import { chosen, negated, product, remainderOf, wrapped } from './int32-halves.ts';
import { type BinaryRow, floatPairs, roundedOnce, type UnaryRow, wholePairs } from './row.ts';

const zero = i32x4.constant(0, 0, 0, 0);
const one = f32x4.constant(1, 1, 1, 1);
const signBit = i32x4.constant(-0x80000000, -0x80000000, -0x80000000, -0x80000000);

/** Python's %: the result, a zero included, has the sign of the divisor. */
function remainder(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  if (rest === 0) return divisor < 0 ? -0 : 0;
  return rest < 0 !== divisor < 0 ? rest + divisor : rest;
}

/** The sign of the divisor; 0 where the divisor is 0. */
function int32Remainder(dividend: number, divisor: number): number {
  const rest = divisor === 0 ? 0 : dividend % divisor;
  return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
}

/** There is no vector division of integers: the rests are computed lane by lane, their signs mended in all lanes. */
function int32RemainderLanes(
  f: FunctionBuilder,
  _target: Target,
  a: Local<'v128'>,
  b: Local<'v128'>,
): Vector {
  // The rest of a division by 0 is 0 by definition here, as is that of a division by 1.
  const divisor = f.keep(i32x4.subtract(b, i32x4.equal(b, f.hoist(zero))));
  const rest = f.keep(zero);
  for (let lane = 0; lane < 4; lane++) {
    const laneRest = i32.remainder(i32x4.extractLane(a, lane), i32x4.extractLane(divisor, lane));
    f.set(rest, i32x4.replaceLane(rest, lane, laneRest));
  }
  const signsDiffer = i32x4.less(v128.xor(rest, b), f.hoist(zero));
  const mend = v128.and(signsDiffer, i32x4.notEqual(rest, f.hoist(zero)));
  return i32x4.add(rest, v128.and(mend, b));
}

const signFunction: ShaderFunction = {
  name: 'sign',
  parameters: ['x'],
  body: `
  if (x > 0.0) { return 1.0; }
  if (x < 0.0) { return 0.0 - 1.0; }
  return x;`,
};

/** Python's %, exactly: a long division, from the largest b · 2^k that |a| has down to b, whose differences are exact. */
const remainderFunction: ShaderFunction = {
  name: 'remainder',
  parameters: ['a', 'b'],
  wantsSpecials: true,
  body: `
  if (!(Math.abs(a) < infinity)) { return nan; }
  if (b == 0.0) { return nan; }
  if (!(b == b)) { return nan; }
  if (Math.abs(b) == infinity) { return a == 0.0 ? a : ((a > 0.0) == (b > 0.0) ? a : b); }
  const size = Math.abs(b);
  let rest = Math.abs(a);
  let part = size;
  while (part <= rest * 0.5) { part = part * 2.0; }
  while (part >= size) {
    if (rest >= part) { rest = rest - part; }
    part = part * 0.5;
  }
  if (a < 0.0) { rest = 0.0 - rest; }
  if (rest == 0.0) { return rest; }
  return (rest < 0.0) == (b < 0.0) ? rest : rest + b;`,
};

export const unary = {
  /** -x */
  negate: {
    work: 1,
    float32: {
      value: (x) => -x,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = -a[aAt + i];
      },
      wasm: (_f, _target, a) => f32x4.negate(a),
      gpu: (_f, a) => `0.0 - ${a}`,
      accuracy: roundedOnce,
      smooth: [[-2, 2]],
      wide: [[-4, 4]],
    },
    int32: {
      value: (x) => -x,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = -a[aAt + i];
      },
      wasm: (_f, _target, a) => i32x4.negate(a),
      gpu: negated,
      smooth: [[-4, 4]],
      wide: [[-4, 4]],
    },
  },
  /** |x| */
  abs: {
    work: 1,
    float32: {
      value: Math.abs,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.abs(a[aAt + i]);
      },
      wasm: (_f, _target, a) => f32x4.absolute(a),
      gpu: (_f, a) => `Math.abs(${a})`,
      accuracy: roundedOnce,
      smooth: ['between halves'],
      wide: [[-4, 4]],
    },
    int32: {
      value: Math.abs,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.abs(a[aAt + i]);
      },
      wasm: (_f, _target, a) => i32x4.absolute(a),
      gpu(f, a) {
        const opposite = negated(f, a).map((half) => f.keep(half));
        return chosen(`${a[1]} < 0.0`, opposite, a);
      },
      smooth: [[-4, 4]],
      wide: [[-4, 4]],
    },
  },
  /** -1 below 0, 1 above; a zero keeps its sign, NaN stays. */
  sign: {
    work: 1,
    float32: {
      value: Math.sign,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.sign(a[aAt + i]);
      },
      /** 1 with the sign of a where |a| > 0; else a itself. */
      wasm(f, _target, a) {
        const signed = v128.or(v128.and(a, f.hoist(signBit)), f.hoist(one));
        return v128.select(signed, a, f32x4.greater(f32x4.absolute(a), f.hoist(zero)));
      },
      gpu: (f, a) => f.call(signFunction, a),
      accuracy: roundedOnce,
      smooth: ['between halves'],
      wide: [[-4, 4]],
    },
    int32: {
      value: Math.sign,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.sign(a[aAt + i]);
      },
      /** The comparisons give -1 where they hold. */
      wasm: (f, _target, a) => i32x4.subtract(i32x4.less(a, f.hoist(zero)), i32x4.greater(a, f.hoist(zero))),
      gpu(_f, [low, high]) {
        const positive = `${high} > 0.0 || (${high} == 0.0 && ${low} > 0.0)`;
        return [`${high} < 0.0 ? 65535.0 : (${positive} ? 1.0 : 0.0)`, `${high} < 0.0 ? 0.0 - 1.0 : 0.0`];
      },
      smooth: [[-4, 4]],
      wide: [[-4, 4]],
    },
  },
  /** 1 / x */
  reciprocal: {
    work: 1,
    float32: {
      value: (x) => 1 / x,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = 1 / a[aAt + i];
      },
      wasm: (f, _target, a) => f32x4.divide(f.hoist(one), a),
      gpu: (_f, a) => `1.0 / ${a}`,
      accuracy: { cpu: 0.5, wasm: 0.5, gpu: 2.5 },
      smooth: [
        [-2.5, -0.6],
        [0.6, 2.5],
      ],
      wide: [[0.3, 5]],
    },
  },
} satisfies Record<string, UnaryRow>;

export const binary = {
  /** a + b */
  add: {
    work: 1,
    float32: {
      value: (a, b) => a + b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] + b[bAt + i];
      },
      wasm: (_f, _target, a, b) => f32x4.add(a, b),
      gpu: (_f, a, b) => `${a} + ${b}`,
      accuracy: roundedOnce,
      ...floatPairs,
    },
    int32: {
      value: (a, b) => a + b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] + b[bAt + i];
      },
      wasm: (_f, _target, a, b) => i32x4.add(a, b),
      gpu: (f, [al, ah], [bl, bh]) => wrapped(f, `${al} + ${bl}`, `${ah} + ${bh}`),
      ...wholePairs,
    },
  },
  /** a - b */
  subtract: {
    work: 1,
    float32: {
      value: (a, b) => a - b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] - b[bAt + i];
      },
      wasm: (_f, _target, a, b) => f32x4.subtract(a, b),
      gpu: (_f, a, b) => `${a} - ${b}`,
      accuracy: roundedOnce,
      ...floatPairs,
    },
    int32: {
      value: (a, b) => a - b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] - b[bAt + i];
      },
      wasm: (_f, _target, a, b) => i32x4.subtract(a, b),
      gpu: (f, [al, ah], [bl, bh]) => wrapped(f, `${al} - ${bl}`, `${ah} - ${bh}`),
      ...wholePairs,
    },
  },
  /** a · b */
  multiply: {
    work: 1,
    float32: {
      value: (a, b) => a * b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] * b[bAt + i];
      },
      wasm: (_f, _target, a, b) => f32x4.multiply(a, b),
      gpu: (_f, a, b) => `${a} * ${b}`,
      accuracy: roundedOnce,
      ...floatPairs,
    },
    int32: {
      value: Math.imul,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.imul(a[aAt + i], b[bAt + i]);
      },
      wasm: (_f, _target, a, b) => i32x4.multiply(a, b),
      gpu: product,
      ...wholePairs,
      wide: [
        [
          [-70000, 70000],
          [-70000, 70000],
        ],
      ],
    },
  },
  /** a / b */
  divide: {
    work: 1,
    float32: {
      value: (a, b) => a / b,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] / b[bAt + i];
      },
      wasm: (_f, _target, a, b) => f32x4.divide(a, b),
      gpu: (_f, a, b) => `${a} / ${b}`,
      accuracy: { cpu: 0.5, wasm: 0.5, gpu: 2.5 },
      smooth: [
        [
          [-1.5, 1.5],
          [0.6, 2],
        ],
        [
          [-1.5, 1.5],
          [-2, -0.6],
        ],
      ],
      wide: [
        [
          [-4, 4],
          [0.3, 5],
        ],
      ],
    },
  },
  /** What a division leaves: Python's %, with the sign of the divisor; of int32 0 where the divisor is 0. */
  remainder: {
    work: 4,
    float32: {
      value: remainder,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = remainder(a[aAt + i], b[bAt + i]);
      },
      wasm: vectorMath.remainder,
      gpu: (f, a, b) => f.call(remainderFunction, a, b),
      // A rest below the normal range is lost, and with it to which side of a multiple of b it is.
      accuracy: { ...roundedOnce, gpuMagnitudes: [2 ** -100, Number.POSITIVE_INFINITY] },
      smooth: [{ divisor: [0.9, 1.1] }, { divisor: [-1.1, -0.9] }],
      wide: [{ divisor: [0.5, 2] }],
    },
    int32: {
      value: int32Remainder,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = int32Remainder(a[aAt + i], b[bAt + i]);
      },
      wasm: int32RemainderLanes,
      gpu: remainderOf,
      ...wholePairs,
      wide: [
        [
          [-1000, 1000],
          [1, 9],
        ],
        [
          [-1000, 1000],
          [-9, -1],
        ],
      ],
    },
  },
} satisfies Record<string, BinaryRow>;
