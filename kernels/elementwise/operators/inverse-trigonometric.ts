/** The angles of sines, cosines and tangents, in radians. */
import type { ShaderFunction, SimpleShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { BinaryRow, UnaryRow } from './row.ts';

/** asin(|x|) up to ½, and beyond, where that is steep, asin(√((1 - |x|)/2)): half of what is missing to π/2. */
const arc: SimpleShaderFunction = {
  name: 'arc',
  parameters: ['a'],
  body: `
  let t = a * a;
  let root = a;
  if (a > 0.5) { t = (1.0 - a) * 0.5; root = Math.sqrt(t); }
  return root + root * t * (0.16666752 + t * (0.074952975 + t * (0.045470379 + t * (0.024179488 + t * 0.042166356))));`,
};

const asin: ShaderFunction = {
  name: 'asin',
  parameters: ['x'],
  calls: [arc],
  wantsSpecials: true,
  body: `
  const a = Math.abs(x);
  if (!(a <= 1.0)) { return nan; }
  const angle = weft_arc(a);
  const size = a > 0.5 ? 1.5707964 - 2.0 * angle : angle;
  return x < 0.0 ? 0.0 - size : size;`,
};

const acos: ShaderFunction = {
  name: 'acos',
  parameters: ['x'],
  calls: [arc],
  wantsSpecials: true,
  body: `
  const a = Math.abs(x);
  if (!(a <= 1.0)) { return nan; }
  const angle = weft_arc(a);
  if (a <= 0.5) { return x < 0.0 ? 1.5707964 + angle : 1.5707964 - angle; }
  return x < 0.0 ? 3.1415927 - 2.0 * angle : 2.0 * angle;`,
};

/** From tan(π/8) on the angle is taken from π/4, from tan(3π/8) on from π/2. */
const atan: SimpleShaderFunction = {
  name: 'atan',
  parameters: ['x'],
  body: `
  if (!(x == x)) { return x; }
  const a = Math.abs(x);
  let t = a;
  let middle = 0.0;
  if (a > 2.4142135) { t = 0.0 - 1.0 / a; middle = 1.5707964; }
  else if (a > 0.41421357) { t = (a - 1.0) / (a + 1.0); middle = 0.7853982; }
  const z = t * t;
  const size = middle + (t + t * z * (z * (0.19998472 + z * (z * (0.10593812 - z * 0.060782178) - 0.14243533)) - 0.33333316));
  return x < 0.0 ? 0.0 - size : size;`,
};

/** As in C, but for signs of zeros. */
const atan2: ShaderFunction = {
  name: 'atan2',
  parameters: ['y', 'x'],
  calls: [atan],
  wantsSpecials: true,
  body: `
  if (!(y == y)) { return nan; }
  if (!(x == x)) { return nan; }
  const height = Math.abs(y);
  const width = Math.abs(x);
  let angle = 0.7853982;
  if (height == 0.0) { angle = 0.0; }
  else if (width == 0.0) { angle = 1.5707964; }
  else if (height < width) { angle = weft_atan(height / width); }
  else if (width < height) { angle = weft_atan(height / width); }
  if (x < 0.0) { angle = 3.1415927 - angle; }
  return y < 0.0 ? 0.0 - angle : angle;`,
};

/** Beyond ½ the root may be wrong by 6.5 units. */
const arcBound = (x: number): number => (Math.abs(x) <= 0.5 ? 3 : 9);

export const unary = {
  /** The angle whose sine is x; NaN outside [-1, 1]. */
  asin: {
    work: 4,
    float32: {
      value: Math.asin,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.asin(a[aAt + i]);
      },
      wasm: vectorMath.asin,
      gpu: (f, a) => f.call(asin, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: arcBound },
      smooth: [[-0.8, 0.8]],
      wide: [[-1, 1]],
    },
  },
  /** The angle from 0 to π whose cosine is x; NaN outside [-1, 1]. */
  acos: {
    work: 4,
    float32: {
      value: Math.acos,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.acos(a[aAt + i]);
      },
      wasm: vectorMath.acos,
      gpu: (f, a) => f.call(acos, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: arcBound },
      smooth: [[-0.8, 0.8]],
      wide: [[-1, 1]],
    },
  },
  /** The angle from -π/2 to π/2 whose tangent is x. */
  atan: {
    work: 4,
    float32: {
      value: Math.atan,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.atan(a[aAt + i]);
      },
      wasm: vectorMath.atan,
      gpu: (f, a) => f.call(atan, a),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: (x) => (Math.abs(x) < 0.41421357 ? 3 : 5) },
      smooth: [[-3, 3]],
      wide: [[-9, 9]],
    },
  },
} satisfies Record<string, UnaryRow>;

export const binary = {
  /** The angle of the point (b, a) from the first axis, as in C: zeros have signs, and two infinities the diagonal between. */
  atan2: {
    work: 8,
    float32: {
      value: Math.atan2,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.atan2(a[aAt + i], b[bAt + i]);
      },
      wasm: vectorMath.atan2,
      gpu: (f, a, b) => f.call(atan2, a, b),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: 8 },
      smooth: [
        [
          [0.5, 2],
          [-2, 2],
        ],
        [
          [-2, 2],
          [0.5, 2],
        ],
      ],
      wide: [
        [
          [-4, 4],
          [-4, 4],
        ],
      ],
    },
  },
} satisfies Record<string, BinaryRow>;
