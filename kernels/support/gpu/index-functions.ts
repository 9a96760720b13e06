/**
 * Functions of whole numbers of 32 bits, as indices are. gpu.js knows sums, differences and products of them, which are
 * exact; but its quotients are of floats.
 */
import type { ShaderFunction, SimpleShaderFunction } from './shader-function.ts';

/** A float that holds a whole number, as one. */
export const whole: ShaderFunction = {
  name: 'whole',
  parameters: ['x'],
  isWhole: true,
  body: `
  return x;`,
};

/** The largest whole number that is not above a float. */
const down: SimpleShaderFunction = {
  name: 'down',
  parameters: ['x'],
  isWhole: true,
  body: `
  const floor = Math.floor(x);
  return floor;`,
};

/**
 * i / n rounded down, given 1 / n. Floats are off by some 2^-23 of the quotient, up to a few hundred: what is left is
 * divided once more, and that quotient may be one off, as the remainder tells.
 */
export const quotient: ShaderFunction = {
  name: 'quotient',
  parameters: ['i', 'n', 'inverse'],
  wholes: ['i', 'n'],
  isWhole: true,
  calls: [down],
  body: `
  let q = 0; q++; q = weft_down(i * inverse);
  let rest = 0; rest++; rest = i - q * n;
  q = q + weft_down(rest * inverse);
  rest = i - q * n;
  if (rest < 0) { q = q - 1; }
  if (rest >= n) { q = q + 1; }
  return q;`,
};

/** The low 16 bits of a whole number (plane 0), or its high ones with the sign. */
export const halfOfWhole: ShaderFunction = {
  name: 'halfOfWhole',
  parameters: ['i', 'plane'],
  wholes: ['i', 'plane'],
  calls: [down],
  body: `
  let high = 0; high++; high = weft_down(i * 0.0000152587890625);
  let low = 0; low++; low = i - high * 65536;
  if (low < 0) { high = high - 1; low = low + 65536; }
  if (low >= 65536) { high = high + 1; low = low - 65536; }
  if (plane == 1) { return high; }
  return low;`,
};
