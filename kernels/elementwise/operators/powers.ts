/** Powers and roots. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import { f32x4 } from '../../support/wasm/assembler/index.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import { logNearOne } from './exponential.ts';
import { type BinaryRow, roundedOnce, type UnaryRow } from './row.ts';

const one = f32x4.constant(1, 1, 1, 1);

/** IEEE 754 pow: JavaScript's differs where the base is ±1 and the exponent is NaN or infinite. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

/** IEEE 754 pow, but for signs of zeros. Bases near 1 have large powers only by large exponents: these want an exact logarithm. */
const powerFunction: ShaderFunction = {
  name: 'power',
  parameters: ['a', 'b'],
  calls: [logNearOne],
  wantsSpecials: true,
  body: `
  if (b == 0.0) { return 1.0; }
  if (a == 1.0) { return 1.0; }
  if (!(a == a)) { return nan; }
  if (!(b == b)) { return nan; }
  const magnitude = Math.abs(a);
  if (b == 1.0) { return a; }
  if (b == 2.0) { return a * a; }
  let size = 0.0;
  if (magnitude == 0.0) { size = b < 0.0 ? infinity : 0.0; }
  else if (magnitude == infinity) { size = b < 0.0 ? 0.0 : infinity; }
  else if (magnitude == 1.0) { size = 1.0; }
  else if (b == infinity) { size = magnitude > 1.0 ? infinity : 0.0; }
  else if (b == 0.0 - infinity) { size = magnitude > 1.0 ? 0.0 : infinity; }
  else if (Math.abs(magnitude - 1.0) < 0.5) { size = Math.exp(b * weft_logNearOne(magnitude - 1.0)); }
  else { size = Math.pow(magnitude, b); }
  if (a >= 0.0) { return size; }
  const half = b * 0.5;
  if (!(Math.floor(b) == b)) { return magnitude == infinity ? size : (magnitude == 0.0 ? size : nan); }
  if (Math.floor(half) == half) { return size; }
  return 0.0 - size;`,
};

/**
 * An error of t = b · ln a is one of the relative error of the power. Of log2 from 1.5 to 2, where an error of 2^-21 is
 * allowed, that is 14 units for each unit of t; of exp2(t / ln 2) 3 + 3|t|; of the product |t|. Beyond |t| = 104 the power
 * is 0 or Infinity.
 */
const powerBound = (a: number, b: number): number =>
  4 + 18 * Math.min(Math.abs(b * Math.log(Math.abs(a))), 104);

export const unary = {
  /** √x, NaN below 0. */
  sqrt: {
    work: 1,
    float32: {
      value: Math.sqrt,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = Math.sqrt(a[aAt + i]);
      },
      wasm: (_f, _target, a) => f32x4.squareRoot(a),
      gpu: (_f, a) => `Math.sqrt(${a})`,
      accuracy: { ...roundedOnce, gpu: 6.5 },
      smooth: [[0.5, 3]],
      wide: [[0.3, 5]],
    },
  },
  /** 1 / √x */
  rsqrt: {
    work: 1,
    float32: {
      value: (x) => 1 / Math.sqrt(x),
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = 1 / Math.sqrt(a[aAt + i]);
      },
      wasm: (f, _target, a) => f32x4.divide(f.hoist(one), f32x4.squareRoot(a)),
      gpu: (_f, a) => `1.0 / Math.sqrt(${a})`,
      accuracy: { cpu: 0.5, wasm: 1.5, gpu: 9.5 },
      smooth: [[0.5, 3]],
      wide: [[0.3, 5]],
    },
  },
} satisfies Record<string, UnaryRow>;

export const binary = {
  /** a to the power b: IEEE 754 pow. */
  power: {
    work: 4,
    float32: {
      value: power,
      cpu(count, out, outAt, a, aAt, b, bAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = power(a[aAt + i], b[bAt + i]);
      },
      wasm: vectorMath.power,
      gpu: (f, a, b) => f.call(powerFunction, a, b),
      accuracy: { cpu: 0.5, wasm: 0.51, gpu: powerBound },
      smooth: [
        [
          [0.6, 2],
          [-1.5, 2],
        ],
      ],
      wide: [
        [
          [0.3, 5],
          [-2, 3],
        ],
      ],
    },
  },
} satisfies Record<string, BinaryRow>;
