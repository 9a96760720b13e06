/**
 * The probability distributions that tests need, from three functions: the logarithm of the gamma function and the incomplete gamma
 * and beta functions. Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov), by
 * number; continued fractions are evaluated by Lentz's method (Press et al., "Numerical Recipes", 5.2).
 */

/** Series and continued fractions end where a term no longer changes a double. */
const precision = 2 ** -53;
const mostTerms = 100_000;
/** In place of a zero that would be divided by. */
const tiny = 1e-300;
const halfLog2Pi = 0.5 * Math.log(2 * Math.PI);

/** From here on the eight terms of Stirling's series are exact to a double. */
const stirlingFrom = 10;
/** The coefficients of 1/x, 1/x³, …: B₂ₖ / (2k (2k − 1)). */
const stirlingTerms = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360_360,
  1 / 156,
  -3617 / 122_400,
];

/** ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π), for x > 0 (DLMF 5.11.1; below 10 by what the recurrence 5.5.1 makes of it). */
function stirlingCorrection(x: number): number {
  let [shifted, sum] = [x, 0];
  for (; shifted < stirlingFrom; shifted++) sum += (shifted + 0.5) * Math.log1p(1 / shifted) - 1;
  const square = shifted * shifted;
  return sum + stirlingTerms.reduceRight((series, term) => series / square + term, 0) / shifted;
}

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  return (x - 0.5) * Math.log(x) - x + halfLog2Pi + stirlingCorrection(x);
}

/** Q(a, x) = Γ(a, x) / Γ(a), the upper part of the gamma distribution, for a > 0 and x ≥ 0 (DLMF 8.11.4 and 8.9.2). */
export function upperGamma(a: number, x: number): number {
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x >= a + 1) {
    return scale / continuedFraction(x + 1 - a, (i) => [-i * (i - a), x + 2 * i + 1 - a]);
  }
  let [term, sum] = [1 / a, 1 / a];
  for (let n = 1; n < mostTerms && term > sum * precision; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return 1 - scale * sum;
}

/** The regularized incomplete beta function I_x(a, b) for a, b > 0 and x from 0 to 1 (DLMF 8.17.22, with 8.17.4). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const scale = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  const fraction = continuedFraction(1, (i) => {
    const m = Math.floor(i / 2);
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return [i % 2 === 0 ? even : odd, 1];
  });
  return scale / (a * fraction);
}

/** b₀ + a₁/(b₁ + a₂/(b₂ + …)); `next(i)` gives aᵢ and bᵢ. */
function continuedFraction(first: number, next: (i: number) => readonly [a: number, b: number]): number {
  let [value, above, below] = [first || tiny, first || tiny, 0];
  for (let i = 1; i < mostTerms; i++) {
    const [a, b] = next(i);
    below = 1 / (b + a * below || tiny);
    above = b + a / above || tiny;
    const change = above * below;
    value *= change;
    if (Math.abs(change - 1) <= 2 * precision) break;
  }
  return value;
}

/** Φ(z): how much of the standard normal distribution lies below z (DLMF 7.11.2). */
export function normalBelow(z: number): number {
  const outside = upperGamma(0.5, (z * z) / 2) / 2;
  return z < 0 ? outside : 1 - outside;
}

/** How likely |t| or more is by chance, of Student's distribution with `freedom` degrees. */
export function studentTwoSided(t: number, freedom: number): number {
  // Written so that no square of a large t overflows.
  return incompleteBeta(1 / (1 + t * (t / freedom)), freedom / 2, 0.5);
}

/** The |t| that Student's distribution with `freedom` degrees has by chance with probability `share`, or a larger one. */
export function studentOf(share: number, freedom: number): number {
  return largestAbove(share, (t) => studentTwoSided(t, freedom));
}

/** How likely `x` or more is by chance, of the chi-square distribution. */
export function chiSquareAbove(x: number, freedom: number): number {
  return upperGamma(freedom / 2, x / 2);
}

/** How likely `x` or more is by chance, of the F distribution. */
export function fAbove(x: number, above: number, below: number): number {
  return incompleteBeta(below / (below + above * x), below / 2, above / 2);
}

/**
 * How likely `heads` or fewer of `tosses` fair coins are heads, for heads ≤ tosses / 2. The last term is Loader's (2000, "Fast and
 * accurate computation of binomial probabilities"): no factorial is formed, so nothing overflows and no digits are lost; the others
 * follow by their ratios, and end where they no longer matter.
 */
export function fairCoinsBelow(heads: number, tosses: number): number {
  let term = Math.exp(logOfFairCoins(heads, tosses));
  let sum = 0;
  for (let left = heads; left >= 0 && term > sum * precision; left--) {
    sum += term;
    term *= left / (tosses - left + 1);
  }
  return sum;
}

/** The logarithm of the probability of just `heads` of `tosses`. */
function logOfFairCoins(heads: number, tosses: number): number {
  if (heads === 0) return -tosses * Math.LN2;
  const tails = tosses - heads;
  const excess = tails - heads;
  return (
    stirlingCorrection(tosses) -
    stirlingCorrection(heads) -
    stirlingCorrection(tails) +
    heads * Math.log1p(excess / (2 * heads)) +
    tails * Math.log1p(-excess / (2 * tails)) -
    0.5 * Math.log((2 * Math.PI * heads * tails) / tosses)
  );
}

/**
 * How likely the range of `groups` standard normal numbers is `range` or more: the studentized range distribution with infinite
 * degrees of freedom. With Φ the normal distribution and φ its density it is k ∫ φ(z) (Φ(z)ᵏ⁻¹ − (Φ(z) − Φ(z − q))ᵏ⁻¹) dz (Tukey, 1953;
 * here as 1 − the usual form, so that small probabilities keep their digits). Equal steps are exact for what falls off on both sides as
 * the normal density does (Trefethen and Weideman, 2014, "The exponentially convergent trapezoidal rule").
 */
export function rangeAbove(range: number, groups: number): number {
  if (range <= 0) return 1;
  // Where a power of Φ rises is the steeper the more groups there are.
  const step = 1 / (4 * Math.sqrt(groups));
  const reach = 10;
  let sum = 0;
  for (let z = -reach; z <= range + reach; z += step) {
    const below = normalBelow(z);
    const rest = Math.expm1((groups - 1) * Math.log1p(-Math.min(normalBelow(z - range) / below, 1)));
    sum -= Math.exp((-z * z) / 2) * below ** (groups - 1) * rest;
  }
  return Math.min((groups * step * sum) / Math.sqrt(2 * Math.PI), 1);
}

/** The range that `groups` standard normal numbers have by chance with probability `share`, or a larger one. */
export function rangeOf(share: number, groups: number): number {
  return largestAbove(share, (range) => rangeAbove(range, groups));
}

/** Where what falls from 1 at 0 reaches `share`, by halving. */
function largestAbove(share: number, above: (value: number) => number): number {
  let [low, high] = [0, 1];
  while (above(high) > share) high *= 2;
  for (let middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    if (above(middle) > share) low = middle;
    else high = middle;
  }
  return high;
}
