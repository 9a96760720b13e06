/**
 * Functions of floats: what shaders have no function for, or one that is undefined or inexact just where it matters
 * (log 0, pow of a negative base, tanh 100, sin of large angles).
 *
 * Shaders differ in what they make of a comparison with NaN: `!(x == x)` was seen to be true for NaN everywhere, `x != x`
 * was not.
 */
import type { ShaderFunction } from './shader-function.ts';

export const floatFunctions = {
  sign: {
    parameters: ['x'],
    body: `
  if (x > 0.0) { return 1.0; }
  if (x < 0.0) { return 0.0 - 1.0; }
  return x;`,
  },
  /** Halves to the even neighbor. */
  round: {
    parameters: ['x'],
    body: `
  if (Math.abs(x) >= 8388608.0) { return x; }
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) { return down; }
  if (rest > 0.5) { return down + 1.0; }
  const half = down * 0.5;
  if (Math.floor(half) == half) { return down; }
  if (rest == 0.5) { return down + 1.0; }
  return x;`,
  },
  exp: {
    parameters: ['x'],
    body: `
  if (!(x == x)) { return x; }
  return Math.exp(x);`,
  },
  log: {
    parameters: ['x'],
    wantsSpecials: true,
    body: `
  if (x > 0.0) { return Math.log(x); }
  if (x == 0.0) { return 0.0 - infinity; }
  return nan;`,
  },
  /** Near 0 the series; elsewhere nothing is lost by the subtraction. */
  expm1: {
    parameters: ['x'],
    body: `
  if (Math.abs(x) < 0.5) {
    return x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * (0.0013888889 + x * 0.0001984127))))));
  }
  return Math.exp(x) - 1.0;`,
  },
  /** Near 0 twice the artanh of x / (2 + x). */
  log1p: {
    parameters: ['x'],
    calls: ['log'],
    wantsSpecials: true,
    body: `
  if (Math.abs(x) < 0.5) {
    const s = x / (2.0 + x);
    const t = s * s;
    return 2.0 * s * (1.0 + t * (0.33333334 + t * (0.2 + t * (0.14285715 + t * 0.11111111))));
  }
  return weft_log(1.0 + x, infinity, nan);`,
  },
  tanh: {
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
  },
  sigmoid: {
    parameters: ['x'],
    body: `
  if (!(x == x)) { return x; }
  if (x < 0.0) {
    const e = Math.exp(x);
    return e / (1.0 + e);
  }
  return 1.0 / (1.0 + Math.exp(0.0 - x));`,
  },
  /** Below 1 the Maclaurin series; above, Abramowitz and Stegun 7.1.26 (1.5e-7). */
  erf: {
    parameters: ['x'],
    body: `
  const a = Math.abs(x);
  if (a < 1.0) {
    const t = x * x;
    return 1.1283792 * x * (1.0 - t * (0.33333334 - t * (0.1 - t * (0.023809524 - t * (0.004629630 - t * (0.00075757576 - t * (0.00010683761 - t * (0.000013227513 - t * 0.0000014589169))))))));
  }
  if (a > 6.0) { return x > 0.0 ? 1.0 : 0.0 - 1.0; }
  const u = 1.0 / (1.0 + 0.3275911 * a);
  const tail = u * (0.25482959 + u * (u * (1.4214138 + u * (u * 1.0614054 - 1.4531520)) - 0.28449672)) * Math.exp(0.0 - a * a);
  return x > 0.0 ? 1.0 - tail : tail - 1.0;`,
  },
  /** Sine of x + quadrant · π/2, by Cody and Waite's reduction and the polynomials of Cephes. */
  sine: {
    parameters: ['x', 'quadrant'],
    wantsSpecials: true,
    body: `
  if (!(Math.abs(x) < infinity)) { return nan; }
  const turns = Math.floor(x * 0.63661975 + 0.5);
  const r = ((x - turns * 1.5703125) - turns * 0.00048375130) - turns * 0.000000075497895;
  const total = turns + quadrant;
  const part = total - 4.0 * Math.floor(total * 0.25);
  const t = r * r;
  const s = r * (1.0 - t * (0.16666655 - t * (0.0083321609 - t * 0.00019515296)));
  const c = 1.0 - t * (0.5 - t * (0.041666646 - t * (0.0013887316 - t * 0.000024433157)));
  if (part < 0.5) { return s; }
  if (part < 1.5) { return c; }
  if (part < 2.5) { return 0.0 - s; }
  return 0.0 - c;`,
  },
  /** IEEE 754 pow, but for signs of zeros. */
  power: {
    parameters: ['a', 'b'],
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
  else { size = Math.pow(magnitude, b); }
  if (a >= 0.0) { return size; }
  const half = b * 0.5;
  if (!(Math.floor(b) == b)) { return magnitude == infinity ? size : (magnitude == 0.0 ? size : nan); }
  if (Math.floor(half) == half) { return size; }
  return 0.0 - size;`,
  },
  /** NaN where an operand is. */
  maximum: {
    parameters: ['a', 'b'],
    body: `
  if (a > b) { return a; }
  if (b >= a) { return b; }
  return a + b;`,
  },
  minimum: {
    parameters: ['a', 'b'],
    body: `
  if (a < b) { return a; }
  if (b <= a) { return b; }
  return a + b;`,
  },
  /** Python's %. */
  remainder: {
    parameters: ['a', 'b'],
    wantsSpecials: true,
    body: `
  if (!(Math.abs(a) < infinity)) { return nan; }
  if (b == 0.0) { return nan; }
  if (!(b == b)) { return nan; }
  if (Math.abs(b) == infinity) { return a == 0.0 ? a : ((a > 0.0) == (b > 0.0) ? a : b); }
  let rest = a - b * Math.floor(a / b);
  if (b > 0.0) {
    if (rest < 0.0) { rest = rest + b; }
    if (rest >= b) { rest = rest - b; }
  } else {
    if (rest > 0.0) { rest = rest + b; }
    if (rest <= b) { rest = rest - b; }
  }
  return rest;`,
  },
} as const satisfies Readonly<Record<string, ShaderFunction>>;
