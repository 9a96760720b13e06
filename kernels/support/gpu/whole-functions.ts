/**
 * Functions of int32 in halves: the low 16 bits from 0 to 65535, the high ones with the sign. Every step is exact in
 * floats, which hold whole numbers up to 2^24.
 *
 * Powers of two are multiplied with, not divided by: on some backends gpu.js makes of a division of whole numbers one of
 * 32-bit integers, which large ones overflow. `Math.max(…, 0.0)` keeps a difference of large numbers together: some
 * compilers regroup sums, and the difference would be rounded.
 */
import type { ShaderFunction } from './shader-function.ts';

export const wholeFunctions = {
  /** The low half (plane 0) or high half of a float made whole: towards zero, NaN to 0, saturating. */
  halfOfFloat: {
    parameters: ['x', 'plane'],
    body: `
  if (!(x == x)) { return 0.0; }
  if (x >= 2147483648.0) { return plane < 0.5 ? 65535.0 : 32767.0; }
  if (x <= 0.0 - 2147483648.0) { return plane < 0.5 ? 0.0 : 0.0 - 32768.0; }
  const whole = x < 0.0 ? Math.ceil(x) : Math.floor(x);
  const high = Math.floor(whole * 0.0000152587890625);
  return plane < 0.5 ? whole - high * 65536.0 : high;`,
  },
  /** A low half that may have left 0 … 65535: what is left of it there. */
  wrapLow: {
    parameters: ['low'],
    body: `
  return Math.max(low - 65536.0 * Math.floor(low * 0.0000152587890625), 0.0);`,
  },
  /** A high half that may have left -32768 … 32767, whole numbers up to 2^24. */
  wrapHigh: {
    parameters: ['high'],
    body: `
  return high - 65536.0 * Math.floor((high + 32768.0) * 0.0000152587890625);`,
  },
  /** The high half of a product of two int32, wrapped: parts of 8 bits, so that no sum of products passes 2^24. */
  productHigh: {
    parameters: ['al', 'ah', 'bl', 'bh'],
    calls: ['wrapLow', 'wrapHigh'],
    body: `
  const a1 = Math.floor(al * 0.00390625);
  const a0 = al - a1 * 256.0;
  const p0 = a0 * bl;
  const c0 = Math.floor(p0 * 0.00390625);
  const p1 = a1 * bl + c0;
  const carry = Math.floor(p1 * 0.00390625);
  const h1 = Math.floor(ah * 0.00390625);
  const h0 = ah - h1 * 256.0;
  const left = weft_wrapLow(h0 * bl) + weft_wrapLow(weft_wrapLow(h1 * bl) * 256.0);
  const k1 = Math.floor(bh * 0.00390625);
  const k0 = bh - k1 * 256.0;
  const right = weft_wrapLow(k0 * al) + weft_wrapLow(weft_wrapLow(k1 * al) * 256.0);
  return weft_wrapHigh(carry + left + right);`,
  },
  productLow: {
    parameters: ['al', 'bl'],
    calls: ['wrapLow'],
    body: `
  const a1 = Math.floor(al * 0.00390625);
  const a0 = al - a1 * 256.0;
  return weft_wrapLow(a0 * bl + weft_wrapLow(weft_wrapLow(a1 * bl) * 256.0));`,
  },
  /**
   * Of whole numbers from 0 to 65535, bit by bit. gpu.js translates `^` as well, but for GL into a loop of integer
   * divisions, which takes five times as long.
   */
  exclusiveOr: {
    parameters: ['a', 'b'],
    body: `
  let restA = a;
  let restB = b;
  let result = 0.0;
  let power = 32768.0;
  for (let k = 0; k < 16; k++) {
    const bitA = restA >= power ? power : 0.0;
    const bitB = restB >= power ? power : 0.0;
    restA = restA - bitA;
    restB = restB - bitB;
    result = result + Math.abs(bitA - bitB);
    power = power * 0.5;
  }
  return result;`,
  },
  /** 16 bits shifted to the left, by a factor 2^0 … 2^15, with the upper bits of 16 others behind them. */
  shiftedHalf: {
    parameters: ['half', 'behind', 'factor'],
    body: `
  const shifted = half * factor;
  const lost = Math.floor(shifted * 0.0000152587890625);
  return Math.max(shifted - lost * 65536.0, 0.0) + Math.floor(behind * factor * 0.0000152587890625);`,
  },
  /** Half of the remainder of two int32, with the sign of the divisor; 0 where that is 0. Long division, bit by bit. */
  wholeRemainder: {
    parameters: ['al', 'ah', 'bl', 'bh', 'plane'],
    body: `
  if (bl == 0.0 && bh == 0.0) { return 0.0; }
  let xl = al;
  let xh = ah;
  if (ah < 0.0) {
    xl = 65536.0 - al;
    xh = 0.0 - ah - 1.0;
    if (xl == 65536.0) { xl = 0.0; xh = 0.0 - ah; }
  }
  let yl = bl;
  let yh = bh;
  if (bh < 0.0) {
    yl = 65536.0 - bl;
    yh = 0.0 - bh - 1.0;
    if (yl == 65536.0) { yl = 0.0; yh = 0.0 - bh; }
  }
  let rl = 0.0;
  let rh = 0.0;
  for (let k = 0; k < 32; k++) {
    xl = xl * 2.0;
    xh = xh * 2.0;
    if (xl >= 65536.0) { xl = xl - 65536.0; xh = xh + 1.0; }
    rl = rl * 2.0;
    rh = rh * 2.0;
    if (xh >= 65536.0) { xh = xh - 65536.0; rl = rl + 1.0; }
    if (rl >= 65536.0) { rl = rl - 65536.0; rh = rh + 1.0; }
    if (rh > yh || (rh == yh && rl >= yl)) {
      rh = rh - yh;
      rl = rl - yl;
      if (rl < 0.0) { rl = rl + 65536.0; rh = rh - 1.0; }
    }
  }
  if (rl == 0.0 && rh == 0.0) { return 0.0; }
  if ((ah < 0.0 && bh >= 0.0) || (ah >= 0.0 && bh < 0.0)) {
    rh = yh - rh;
    rl = yl - rl;
    if (rl < 0.0) { rl = rl + 65536.0; rh = rh - 1.0; }
  }
  if (bh < 0.0) {
    if (rl == 0.0) { rh = 0.0 - rh; }
    else { rl = 65536.0 - rl; rh = 0.0 - rh - 1.0; }
  }
  return plane < 0.5 ? rl : rh;`,
  },
} as const satisfies Readonly<Record<string, ShaderFunction>>;
