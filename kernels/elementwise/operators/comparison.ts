/** Comparisons, and the larger and the smaller of two. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import { f32x4, i32x4, v128 } from '../../support/wasm/assembler/index.ts';
import { below, chosen, same, truth } from './int32-halves.ts';
import { apartPairs, type BinaryRow, type ComparisonRow, roundedOnce, wholePairs } from './row.ts';

const zero = i32x4.constant(0, 0, 0, 0);

/** NaN where an operand is. */
const maximumFunction: ShaderFunction = {
  name: 'maximum',
  parameters: ['a', 'b'],
  body: `
  if (a > b) { return a; }
  if (b >= a) { return b; }
  return a + b;`,
};

const minimumFunction: ShaderFunction = {
  name: 'minimum',
  parameters: ['a', 'b'],
  body: `
  if (a < b) { return a; }
  if (b <= a) { return b; }
  return a + b;`,
};

export const binary = {
  /** The larger; NaN where an operand is NaN. */
  maximum: {
    work: 1,
    float32: {
      value: Math.max,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.max(a[aAt + i], b[bAt + i]);
      },
      wasm: (_f, _target, a, b) => f32x4.maximum(a, b),
      /** The general instruction has to mind a NaN and the signs of zeros on both sides. */
      wasmWithConstant(f, a, constant, constantRegister) {
        if (Number.isNaN(constant)) return undefined;
        // The relu: -0 becomes 0, NaN stays.
        if (Object.is(constant, 0)) return v128.andNot(a, f32x4.lessEqual(a, f.hoist(zero)));
        return f32x4.pseudoMaximum(a, constantRegister);
      },
      gpu: (f, a, b) => f.call(maximumFunction, a, b),
      accuracy: roundedOnce,
      ...apartPairs,
    },
    int32: {
      value: Math.max,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.max(a[aAt + i], b[bAt + i]);
      },
      wasm: (_f, _target, a, b) => i32x4.maximum(a, b),
      gpu: (_f, a, b) => chosen(below(a, b, '<'), b, a),
      ...wholePairs,
    },
  },
  /** The smaller; NaN where an operand is NaN. */
  minimum: {
    work: 1,
    float32: {
      value: Math.min,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.min(a[aAt + i], b[bAt + i]);
      },
      wasm: (_f, _target, a, b) => f32x4.minimum(a, b),
      wasmWithConstant(_f, a, constant, constantRegister) {
        if (Number.isNaN(constant) || Object.is(constant, -0)) return undefined;
        return f32x4.pseudoMinimum(a, constantRegister);
      },
      gpu: (f, a, b) => f.call(minimumFunction, a, b),
      accuracy: roundedOnce,
      ...apartPairs,
    },
    int32: {
      value: Math.min,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.min(a[aAt + i], b[bAt + i]);
      },
      wasm: (_f, _target, a, b) => i32x4.minimum(a, b),
      gpu: (_f, a, b) => chosen(below(b, a, '<'), b, a),
      ...wholePairs,
    },
  },
} satisfies Record<string, BinaryRow>;

/** Any comparison with NaN is false, except notEqual. */
export const comparison = {
  /** a = b */
  equal: {
    work: 1,
    float32: {
      value: (a, b) => Number(a === b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] === b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => f32x4.equal(a, b),
      gpu: (_f, a, b) => truth(`${a} == ${b}`),
      ...apartPairs,
    },
    int32: {
      value: (a, b) => Number(a === b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] === b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => i32x4.equal(a, b),
      gpu: (_f, a, b) => [truth(same(a, b))],
      ...wholePairs,
    },
    bool: {
      value: (a, b) => Number(a === b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] === b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => v128.not(v128.xor(a, b)),
      gpu: (_f, a, b) => truth(`${a} == ${b}`),
    },
  },
  /** a ≠ b */
  notEqual: {
    work: 1,
    float32: {
      value: (a, b) => Number(a !== b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => f32x4.notEqual(a, b),
      gpu: (_f, a, b) => `${a} == ${b} ? 0.0 : 1.0`,
      ...apartPairs,
    },
    int32: {
      value: (a, b) => Number(a !== b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => i32x4.notEqual(a, b),
      gpu: (_f, a, b) => [`${same(a, b)} ? 0.0 : 1.0`],
      ...wholePairs,
    },
    bool: {
      value: (a, b) => Number(a !== b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] !== b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => v128.xor(a, b),
      gpu: (_f, a, b) => `${a} == ${b} ? 0.0 : 1.0`,
    },
  },
  /** a < b */
  less: {
    work: 1,
    float32: {
      value: (a, b) => Number(a < b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] < b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => f32x4.less(a, b),
      gpu: (_f, a, b) => truth(`${a} < ${b}`),
      ...apartPairs,
    },
    int32: {
      value: (a, b) => Number(a < b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] < b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => i32x4.less(a, b),
      gpu: (_f, a, b) => [truth(below(a, b, '<'))],
      ...wholePairs,
    },
    bool: {
      value: (a, b) => Number(a < b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] < b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => v128.andNot(b, a),
      gpu: (_f, a, b) => truth(`${a} < ${b}`),
    },
  },
  /** a ≤ b */
  lessEqual: {
    work: 1,
    float32: {
      value: (a, b) => Number(a <= b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] <= b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => f32x4.lessEqual(a, b),
      gpu: (_f, a, b) => truth(`${a} <= ${b}`),
      ...apartPairs,
    },
    int32: {
      value: (a, b) => Number(a <= b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] <= b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => i32x4.lessEqual(a, b),
      gpu: (_f, a, b) => [truth(below(a, b, '<='))],
      ...wholePairs,
    },
    bool: {
      value: (a, b) => Number(a <= b),
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = a[aAt + i] <= b[bAt + i] ? 1 : 0;
      },
      wasm: (_f, _target, a, b) => v128.or(v128.not(a), b),
      gpu: (_f, a, b) => truth(`${a} <= ${b}`),
    },
  },
} satisfies Record<string, ComparisonRow>;
