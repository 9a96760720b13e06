/** The hyperbolic functions, and the sigmoid, which is a tanh moved and halved. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import { expAllowance, type UnaryRow } from './row.ts';

export const tanhFunction: ShaderFunction = {
  name: 'tanh',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  if (x > 10.0) { return 1.0; }
  if (x < 0.0 - 10.0) { return 0.0 - 1.0; }
  if (Math.abs(x) < 0.3) {
    const t = x * x;
    return x * (1.0 - t * (0.33333334 - t * (0.13333334 - t * (0.053968254 - t * 0.021869488))));
  }
  const e = Math.exp(2.0 * x);
  return (e - 1.0) / (e + 1.0);`,
};

export const sigmoidFunction: ShaderFunction = {
  name: 'sigmoid',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  if (x < 0.0) {
    const e = Math.exp(x);
    return e / (1.0 + e);
  }
  return 1.0 / (1.0 + Math.exp(0.0 - x));`,
};

/** sinh and cosh square exp(x / 2), since exp(x) overflows before they do. */
const sinhFunction: ShaderFunction = {
  name: 'sinh',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  const a = Math.abs(x);
  if (a < 1.0) {
    const t = x * x;
    return x + x * t * (0.16666667 + t * (0.0083333496 + t * (0.0001983616 + t * 0.0000028169513)));
  }
  const half = Math.exp(a * 0.5);
  const size = 0.5 * half * half - 0.5 / (half * half);
  return x < 0.0 ? 0.0 - size : size;`,
};

const coshFunction: ShaderFunction = {
  name: 'cosh',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  const half = Math.exp(Math.abs(x) * 0.5);
  return 0.5 * half * half + 0.5 / (half * half);`,
};

export const unary = {
  /** The hyperbolic sine. */
  sinh: {
    work: 4,
    float32: {
      value: Math.sinh,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.sinh(a[aAt + i]);
      },
      wasm: vectorMath.sinh,
      gpu: (f, a) => f.call(sinhFunction, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: (x) => (Math.abs(x) < 1 ? 2 : 8 + 4 * expAllowance(x / 2)) },
      smooth: [[-2, 2]],
      wide: [[-4, 4]],
    },
  },
  /** The hyperbolic cosine. */
  cosh: {
    work: 4,
    float32: {
      value: Math.cosh,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.cosh(a[aAt + i]);
      },
      wasm: vectorMath.cosh,
      gpu: (f, a) => f.call(coshFunction, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: (x) => 2 + 4 * expAllowance(x / 2) },
      smooth: [[-2, 2]],
      wide: [[-4, 4]],
    },
  },
  /** The hyperbolic tangent. */
  tanh: {
    work: 2,
    float32: {
      value: Math.tanh,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.tanh(a[aAt + i]);
      },
      wasm: vectorMath.tanh,
      gpu: (f, a) => f.call(tanhFunction, a),
      accuracy: { cpu: 0.5, wasm: 2.75, gpu: (x) => (Math.abs(x) < 0.3 ? 2 : 12) },
      smooth: [[-2, 2]],
      wide: [[-4, 4]],
    },
  },
  /** 1 / (1 + exp(-x)) */
  sigmoid: {
    work: 2,
    float32: {
      // Where exp overflows to Infinity the double-precision result is 0, so one formula is stable on both sides.
      value: (x) => 1 / (1 + Math.exp(-x)),
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = 1 / (1 + Math.exp(-a[aAt + i]));
      },
      wasm: vectorMath.sigmoid,
      gpu: (f, a) => f.call(sigmoidFunction, a),
      accuracy: { cpu: 0.5, wasm: 2.5, gpu: (x) => (x < 0 ? 4 + 2 * expAllowance(x) : 5) },
      smooth: [[-4, 4]],
      wide: [[-9, 9]],
    },
  },
} satisfies Record<string, UnaryRow>;
