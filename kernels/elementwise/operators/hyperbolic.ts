/** The hyperbolic functions, and the sigmoid, which is a tanh moved and halved. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { UnaryRow } from './row.ts';

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

export const unary = {
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
      accuracy: { cpu: 0.5, wasm: 3.5, gpu: 8 },
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
      accuracy: { cpu: 0.5, wasm: 3.5, gpu: 8 },
      smooth: [[-4, 4]],
      wide: [[-9, 9]],
    },
  },
} satisfies Record<string, UnaryRow>;
