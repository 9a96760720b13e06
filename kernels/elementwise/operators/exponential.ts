/** Exponentials and logarithms. */
import type { ShaderFunction, SimpleShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import { expAllowance, type UnaryRow } from './row.ts';

const exp: ShaderFunction = {
  name: 'exp',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  return Math.exp(x);`,
};

/** Near 0 a polynomial, fitted for the least relative error, 2e-8; elsewhere little is lost by the subtraction. */
const expm1: ShaderFunction = {
  name: 'expm1',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  if (Math.abs(x) < 0.5) {
    return x + x * x * (0.5 + x * (0.16666667 + x * (0.04166618 + x * (0.0083332798 + x * (0.0013966609 + x * 0.00019927582)))));
  }
  return Math.exp(x) - 1.0;`,
};

/**
 * log(1 + x) for |x| ≤ ½, as twice the artanh of x / (2 + x): a shader's own logarithm is exact to some 2^-22, of which
 * near 1 nothing is left.
 */
export const logNearOne: SimpleShaderFunction = {
  name: 'logNearOne',
  parameters: ['x'],
  body: `
  const s = x / (1.0 + 0.5 * x);
  const t = s * s * 0.25;
  return s + s * t * (0.3333321 + t * (0.20010763 + t * (0.14000902 + t * 0.14006001)));`,
};

/** A logarithm: `near` is its text near 1, of `x - 1`, `far` that elsewhere. */
function logarithm(name: string, near: string, far: string): ShaderFunction {
  return {
    name,
    parameters: ['x'],
    calls: [logNearOne],
    wantsSpecials: true,
    body: `
  if (Math.abs(x - 1.0) < 0.5) { return ${near}; }
  if (x > 0.0) { return ${far}; }
  if (x == 0.0) { return 0.0 - infinity; }
  return nan;`,
  };
}

const log = logarithm('log', 'weft_logNearOne(x - 1.0)', 'Math.log(x)');
const log2 = logarithm('log2', '1.442695 * weft_logNearOne(x - 1.0)', 'Math.log2(x)');
const log10 = logarithm('log10', '0.4342945 * weft_logNearOne(x - 1.0)', '0.30103 * Math.log2(x)');

const log1p: ShaderFunction = {
  name: 'log1p',
  parameters: ['x'],
  calls: [logNearOne],
  wantsSpecials: true,
  body: `
  if (Math.abs(x) < 0.5) { return weft_logNearOne(x); }
  if (x > 0.0 - 1.0) { return Math.log(1.0 + x); }
  if (x == 0.0 - 1.0) { return 0.0 - infinity; }
  return nan;`,
};

/** From 1.5 to 2 WGSL allows an error of 2^-21, of which log(1.5) has 16 units. */
const logarithmBound = (x: number): number => (Math.abs(x - 1) < 0.5 ? 4 : 20);

export const unary = {
  /** eˣ */
  exp: {
    work: 2,
    float32: {
      value: Math.exp,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.exp(a[aAt + i]);
      },
      wasm: vectorMath.exp,
      gpu: (f, a) => f.call(exp, a),
      accuracy: { cpu: 0.5, wasm: 1.1, gpu: (x) => 1 + expAllowance(x) },
      smooth: [[-2, 1.5]],
      wide: [[-5, 3]],
    },
  },
  /** eˣ - 1, exact near 0. */
  expm1: {
    work: 2,
    float32: {
      value: Math.expm1,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.expm1(a[aAt + i]);
      },
      wasm: vectorMath.expm1,
      gpu: (f, a) => f.call(expm1, a),
      accuracy: { cpu: 0.5, wasm: 0.55, gpu: (x) => (Math.abs(x) < 0.5 ? 3 : 1 + 2 * expAllowance(x)) },
      smooth: [[-2, 1.5]],
      wide: [[-3, 2]],
    },
  },
  /** The natural logarithm: -Infinity at 0, NaN below. */
  log: {
    work: 2,
    float32: {
      value: Math.log,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.log(a[aAt + i]);
      },
      wasm: vectorMath.log,
      gpu: (f, a) => f.call(log, a),
      accuracy: { cpu: 0.5, wasm: 0.9, gpu: logarithmBound },
      smooth: [[0.5, 3]],
      wide: [[0.3, 5]],
    },
  },
  /** The logarithm to base 2, exact for powers of two: -Infinity at 0, NaN below. */
  log2: {
    work: 2,
    float32: {
      value: Math.log2,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.log2(a[aAt + i]);
      },
      wasm: vectorMath.log2,
      gpu: (f, a) => f.call(log2, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: logarithmBound },
      smooth: [[0.5, 3]],
      wide: [[0.3, 5]],
    },
  },
  /** The logarithm to base 10: -Infinity at 0, NaN below. */
  log10: {
    work: 2,
    float32: {
      value: Math.log10,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.log10(a[aAt + i]);
      },
      wasm: vectorMath.log10,
      gpu: (f, a) => f.call(log10, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: logarithmBound },
      smooth: [[0.5, 3]],
      wide: [[0.3, 5]],
    },
  },
  /** log(1 + x), exact near 0. */
  log1p: {
    work: 2,
    float32: {
      value: Math.log1p,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.log1p(a[aAt + i]);
      },
      wasm: vectorMath.log1p,
      gpu: (f, a) => f.call(log1p, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: (x) => logarithmBound(1 + x) },
      smooth: [[-0.4, 3]],
      wide: [[-0.5, 5]],
    },
  },
} satisfies Record<string, UnaryRow>;
