/** Special functions. */
import type { ShaderFunction } from '../../support/gpu/shader-function.ts';
import * as vectorMath from '../../support/wasm/vector-math/index.ts';
import type { UnaryRow } from './row.ts';

/**
 * erf(x) = 2/√π · exp(-x²) · x · Σ (2x²)ⁿ / (2n+1)!!  (NIST DLMF 7.6.2): every term is positive, so nothing cancels
 * and the result is relatively exact near 0 as well. 28 terms leave less than 1e-10 for |x| < 2.
 */
const seriesTerms = 28;
const seriesLimit = 2;
const seriesCoefficients = new Float64Array(seriesTerms);
for (let n = 0, coefficient = 2 / Math.sqrt(Math.PI); n < seriesTerms; n++) {
  if (n > 0) coefficient *= 2 / (2 * n + 1);
  seriesCoefficients[n] = coefficient;
}

/**
 * erfc(x) = exp(-x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …))))  (NIST DLMF 7.9.1). At x = 2, where erfc is
 * 0.005, 16 levels leave less than 1e-9 of erf.
 */
const fractionLevels = 16;

/** From here on 1 - erf(x) < 2⁻²⁵, which float32 rounds to 1. */
const saturation = 4;

function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < seriesLimit) {
    const square = x * x;
    let sum = 0;
    for (let n = seriesTerms - 1; n >= 0; n--) sum = sum * square + seriesCoefficients[n];
    return x * Math.exp(-square) * sum;
  }
  if (magnitude >= saturation) return Math.sign(x);
  let fraction = magnitude;
  for (let level = fractionLevels; level > 0; level--) fraction = magnitude + level / 2 / fraction;
  const complement = Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
  return Math.sign(x) * (1 - complement); // NaN takes this way and stays NaN
}

/** Below 1 a polynomial of x², fitted for the least relative error, 2e-8; above, Abramowitz and Stegun 7.1.26 (1.5e-7). */
const erfFunction: ShaderFunction = {
  name: 'erf',
  parameters: ['x'],
  body: `
  const a = Math.abs(x);
  if (a < 1.0) {
    const t = x * x;
    return 1.1283792 * x * (1.0 - t * (0.33333334 - t * (0.099999666 - t * (0.023805562 - t * (0.0046124379 - t * (0.00072333723 - t * 0.000074263648))))));
  }
  if (a > 6.0) { return x > 0.0 ? 1.0 : 0.0 - 1.0; }
  const u = 1.0 / (1.0 + 0.3275911 * a);
  const tail = u * (0.25482959 + u * (u * (1.4214138 + u * (u * 1.0614054 - 1.4531520)) - 0.28449672)) * Math.exp(0.0 - a * a);
  return x > 0.0 ? 1.0 - tail : tail - 1.0;`,
};

export const unary = {
  /** The error function, 2/√π ∫₀ˣ exp(-t²) dt. */
  erf: {
    work: 2,
    float32: {
      value: erf,
      cpu(count, out, outAt, a, aAt) {
        for (let i = 0; i < count; i++) out[outAt + i] = erf(a[aAt + i]);
      },
      wasm: vectorMath.erf,
      gpu: (f, a) => f.call(erfFunction, a),
      accuracy: { cpu: 0.5, wasm: 1.5, gpu: (x) => (Math.abs(x) < 1 ? 4 : 5.5) },
      smooth: [[-2, 2]],
      wide: [[-4, 4]],
    },
  },
} satisfies Record<string, UnaryRow>;
