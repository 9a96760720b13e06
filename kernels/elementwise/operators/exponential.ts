/** Exponentials and logarithms. */
import type { ShaderFunction, SimpleShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { UnaryRow } from './row.ts';

const exp: ShaderFunction = {
  name: 'exp',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  return Math.exp(x);`,
};

/** Near 0 the series; elsewhere nothing is lost by the subtraction. */
const expm1: ShaderFunction = {
  name: 'expm1',
  parameters: ['x'],
  body: `
  if (Math.abs(x) < 0.5) {
    return x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * (0.0013888889 + x * 0.0001984127))))));
  }
  return Math.exp(x) - 1.0;`,
};

const log: SimpleShaderFunction = {
  name: 'log',
  parameters: ['x'],
  wantsSpecials: true,
  body: `
  if (x > 0.0) { return Math.log(x); }
  if (x == 0.0) { return 0.0 - infinity; }
  return nan;`,
};

/** Near 0 twice the artanh of x / (2 + x). */
const log1p: ShaderFunction = {
  name: 'log1p',
  parameters: ['x'],
  calls: [log],
  wantsSpecials: true,
  body: `
  if (Math.abs(x) < 0.5) {
    const s = x / (2.0 + x);
    const t = s * s;
    return 2.0 * s * (1.0 + t * (0.33333334 + t * (0.2 + t * (0.14285715 + t * 0.11111111))));
  }
  return weft_log(1.0 + x, infinity, nan);`,
};

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
      accuracy: { cpu: 0.5, wasm: 1.5, gpu: 4 },
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
      accuracy: { cpu: 0.5, wasm: 1.5, gpu: 4 },
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
      accuracy: { cpu: 0.5, wasm: 2.5, gpu: 4 },
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
      accuracy: { cpu: 0.5, wasm: 1.5, gpu: 4 },
      smooth: [[-0.4, 3]],
      wide: [[-0.5, 5]],
    },
  },
} satisfies Record<string, UnaryRow>;
