/**
 * int32 in the text of a GPU thread, as a `Register` of two halves: floats are exact up to 2^24 only. What these functions are
 * made of, and why powers of two are multiplied with, is told in support/gpu/whole-functions.ts.
 */
import type { ShaderFunction, SimpleShaderFunction } from '../../support/gpu/shader-function.ts';
import type { ThreadSource } from '../../support/gpu/thread-source.ts';
import type { Register } from './row.ts';

/** A low half that may have left 0 … 65535: what is left of it there. */
export const wrapLow: SimpleShaderFunction = {
  name: 'wrapLow',
  parameters: ['low'],
  body: `
  return Math.max(low - 65536.0 * Math.floor(low * 0.0000152587890625), 0.0);`,
};

/** A high half that may have left -32768 … 32767, whole numbers up to 2^24. */
export const wrapHigh: SimpleShaderFunction = {
  name: 'wrapHigh',
  parameters: ['high'],
  body: `
  return high - 65536.0 * Math.floor((high + 32768.0) * 0.0000152587890625);`,
};

/** The low half of a product of two int32. */
const productLow: ShaderFunction = {
  name: 'productLow',
  parameters: ['al', 'bl'],
  calls: [wrapLow],
  body: `
  const a1 = Math.floor(al * 0.00390625);
  const a0 = al - a1 * 256.0;
  return weft_wrapLow(a0 * bl + weft_wrapLow(weft_wrapLow(a1 * bl) * 256.0));`,
};

/** The high half of a product of two int32, wrapped: parts of 8 bits, so that no sum of products passes 2^24. */
const productHigh: ShaderFunction = {
  name: 'productHigh',
  parameters: ['al', 'ah', 'bl', 'bh'],
  calls: [wrapLow, wrapHigh],
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
};

/** Half of the remainder of two int32, with the sign of the divisor; 0 where that is 0. Long division, bit by bit. */
const wholeRemainder: ShaderFunction = {
  name: 'wholeRemainder',
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
};

/** 1.0 or 0.0 */
export function truth(condition: string): string {
  return `${condition} ? 1.0 : 0.0`;
}

/** low and high halves, each brought back into its range. */
export function wrapped(f: ThreadSource, low: string, high: string): Register {
  const sum = f.keep(low);
  const carry = `Math.floor(${sum} * 0.0000152587890625)`;
  return [f.call(wrapLow, sum), f.call(wrapHigh, `${high} + ${carry}`)];
}

export function negated(f: ThreadSource, [low, high]: Register): Register {
  return wrapped(f, `0.0 - ${low}`, `0.0 - ${high}`);
}

/** a · b, wrapped. */
export function product(f: ThreadSource, [al, ah]: Register, [bl, bh]: Register): Register {
  return [f.call(productLow, al, bl), f.call(productHigh, al, ah, bl, bh)];
}

/** What a division leaves, with the sign of the divisor; 0 where that is 0. */
export function remainderOf(f: ThreadSource, [al, ah]: Register, [bl, bh]: Register): Register {
  return ['0.0', '1.0'].map((plane) => f.call(wholeRemainder, al, ah, bl, bh, plane));
}

/** Whether a = b, as a condition. */
export function same([al, ah]: Register, [bl, bh]: Register): string {
  return `(${al} == ${bl} && ${ah} == ${bh})`;
}

/** Whether a < b (or a ≤ b), as a condition. */
export function below([al, ah]: Register, [bl, bh]: Register, operator: '<' | '<='): string {
  return `(${ah} < ${bh} || (${ah} == ${bh} && ${al} ${operator} ${bl}))`;
}

/** condition ? a : b, of values of any dtype. */
export function chosen(condition: string, a: Register, b: Register): Register {
  return a.map((name, half) => `${condition} ? ${name} : ${b[half]}`);
}
