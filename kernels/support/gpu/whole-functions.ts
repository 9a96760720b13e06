/**
 * Functions of int32 in halves: the low 16 bits from 0 to 65535, the high ones with the sign. Every step is exact in
 * floats, which hold whole numbers up to 2^24.
 *
 * Powers of two are multiplied with, not divided by: on some backends gpu.js makes of a division of whole numbers one of
 * 32-bit integers, which large ones overflow. `Math.max(…, 0.0)` keeps a difference of large numbers together: some
 * compilers regroup sums, and the difference would be rounded.
 */
import type { ShaderFunction } from './shader-function.ts';

/** The low half (plane 0) or high half of a float made whole: towards zero, NaN to 0, saturating. */
export const halfOfFloat: ShaderFunction = {
  name: 'halfOfFloat',
  parameters: ['x', 'plane'],
  body: `
  if (!(x == x)) { return 0.0; }
  if (x >= 2147483648.0) { return plane < 0.5 ? 65535.0 : 32767.0; }
  if (x <= 0.0 - 2147483648.0) { return plane < 0.5 ? 0.0 : 0.0 - 32768.0; }
  const whole = x < 0.0 ? Math.ceil(x) : Math.floor(x);
  const high = Math.floor(whole * 0.0000152587890625);
  return plane < 0.5 ? whole - high * 65536.0 : high;`,
};

/**
 * Of whole numbers from 0 to 65535, bit by bit. gpu.js translates `^` as well, but for GL into a loop of integer
 * divisions, which takes five times as long.
 */
export const exclusiveOr: ShaderFunction = {
  name: 'exclusiveOr',
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
};

/** 16 bits shifted to the left, by a factor 2^0 … 2^15, with the upper bits of 16 others behind them. */
export const shiftedHalf: ShaderFunction = {
  name: 'shiftedHalf',
  parameters: ['half', 'behind', 'factor'],
  body: `
  const shifted = half * factor;
  const lost = Math.floor(shifted * 0.0000152587890625);
  return Math.max(shifted - lost * 65536.0, 0.0) + Math.floor(behind * factor * 0.0000152587890625);`,
};
