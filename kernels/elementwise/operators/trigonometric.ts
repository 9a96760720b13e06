/** Functions of angles, in radians. */
import type { ShaderFunction, SimpleShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { UnaryRow } from './row.ts';

/**
 * Sine of x + quadrant · π/2, by Cody and Waite's reduction (π/2 in four parts, whose first three have so few bits that
 * their products with up to 2^13 are exact) and the polynomials of Cephes. Of larger angles little is left; what
 * comes out is between -1 and 1.
 */
const sine: SimpleShaderFunction = {
  name: 'sine',
  parameters: ['x', 'quadrant'],
  wantsSpecials: true,
  body: `
  if (!(Math.abs(x) < infinity)) { return nan; }
  const turns = Math.floor(x * 0.63661975 + 0.5);
  const rest = (((x - turns * 1.5703125) - turns * 0.0004837513) - turns * 0.000000075495336) - turns * 0.0000000000025633441;
  const r = Math.max(0.0 - 0.8, Math.min(rest, 0.8));
  const total = turns + quadrant;
  const part = total - 4.0 * Math.floor(total * 0.25);
  const t = r * r;
  const s = r * (1.0 - t * (0.16666655 - t * (0.0083321609 - t * 0.00019515296)));
  const c = 1.0 - t * (0.5 - t * (0.041666646 - t * (0.0013887316 - t * 0.000024433157)));
  if (part < 0.5) { return s; }
  if (part < 1.5) { return c; }
  if (part < 2.5) { return 0.0 - s; }
  return 0.0 - c;`,
};

const tangent: ShaderFunction = {
  name: 'tangent',
  parameters: ['x'],
  calls: [sine],
  wantsSpecials: true,
  body: `
  return weft_sine(x, 0.0, infinity, nan) / weft_sine(x, 1.0, infinity, nan);`,
};

export const unary = {
  /** The sine. */
  sin: {
    work: 8,
    float32: {
      value: Math.sin,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.sin(a[aAt + i]);
      },
      wasm: vectorMath.sin,
      gpu: (f, a) => f.call(sine, a, '0.0'),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: 3, gpuMagnitudes: [0, 10_000] },
      smooth: [[-4, 4]],
      wide: [[-20, 20]],
    },
  },
  /** The cosine. */
  cos: {
    work: 8,
    float32: {
      value: Math.cos,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.cos(a[aAt + i]);
      },
      wasm: vectorMath.cos,
      gpu: (f, a) => f.call(sine, a, '1.0'),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: 3, gpuMagnitudes: [0, 10_000] },
      smooth: [[-4, 4]],
      wide: [[-20, 20]],
    },
  },
  /** The tangent. */
  tan: {
    work: 8,
    float32: {
      value: Math.tan,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.tan(a[aAt + i]);
      },
      wasm: vectorMath.tan,
      gpu: (f, a) => f.call(tangent, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: 8, gpuMagnitudes: [0, 10_000] },
      smooth: [[-1.2, 1.2]],
      wide: [[-20, 20]],
    },
  },
} satisfies Record<string, UnaryRow>;
