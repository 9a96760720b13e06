/**
 * One axis (height or width) of a correlation: which source pixels meet which output pixels, under which taps.
 *
 * Both the convolution (source x, output y) and its input gradient (source dY, output dX) are correlations. The output
 * pixels that meet the same taps, numbered m = 0, 1, …, are `outputStep` apart. Their t-th tap, t = 0, 1, …, taps − 1, is
 *
 *     output pixel    start.output + m · outputStep
 *     source pixel    start.source + m · sourceStep + t · tapStep       (0 where the source has no such pixel)
 *     tap             start.tap    + t · tapChange
 *
 * In the convolution all output pixels meet all taps: output m, source m · stride − padding + t · dilation, tap t.
 *
 * In the input gradient pixel p of dX meets window w of dY under tap k where p + padding = w · stride + k · dilation. So
 * p + stride meets w + 1 under the same k: which taps a pixel meets depends on its residue modulo the stride. With
 * s' = stride / gcd(stride, dilation) and d' = dilation / gcd(stride, dilation), tap k + s' meets window w − d', so that the
 * taps of a residue are k, k + s', k + 2s', …, and a residue is known by the least of them, k < s'. Windows rise as taps
 * fall: t counts from the last tap down, with sourceStep 1, tapStep d' and tapChange −s'.
 *
 * With stride 2, dilation 1, padding 1 and 3 taps: residue k = 1 has the even p (tap 1 at window p / 2), residue k = 0
 * the odd p (tap 2 at window (p − 1) / 2 and tap 0 at window (p + 1) / 2).
 *
 * With stride 2, dilation 3, no padding and 3 taps, s' = 2 and d' = 3:
 *
 *     k = 0    output 2m        source m − 3 + 3t, t = 0, 1    taps 2, 0    p = 2w or p = 2w + 6
 *     k = 1    output 2m + 1    source m − 1                   tap 1        p = 2w + 3
 *
 * With stride 2, dilation 2 and no padding, s' = d' = 1: the one residue has all taps and the even p; the odd p meet no tap.
 */
import { greatestCommonDivisor } from '../../support/divisors.ts';
import { type FunctionBuilder, type Integer, i32 } from '../../support/wasm/assembler/index.ts';
import type { WindowAxis } from '../../support/window-axis.ts';
import { zerosBehind } from '../geometry.ts';

/** The residues that have equally many taps: those whose least tap is in [first, end). */
export interface Residues {
  readonly taps: number;
  readonly first: number;
  readonly end: number;
}

/** Where m and t of a residue begin to count, see above. */
export interface ResidueStart {
  readonly output: Integer;
  /** May lie before the image. */
  readonly source: Integer;
  readonly tap: Integer;
}

export interface CorrelationAxis {
  /** Pixels of the output along this axis, and of the source. */
  readonly outputs: number;
  readonly sources: number;
  readonly residues: readonly Residues[];
  readonly outputStep: number;
  readonly sourceStep: number;
  readonly tapStep: number;
  readonly tapChange: number;
  /** Of the residue with this least tap, which is one of `residues`. */
  start(residues: Residues, leastTap: Integer): ResidueStart;
  /** The first source pixel that outputs from `first` on can meet, and how many pixels `count` outputs meet at most. */
  sourceStart(first: Integer): Integer;
  sourceLength(count: Integer): Integer;
  /** Zeros that windows meet before and after the source. */
  readonly zerosBefore: number;
  readonly zerosBehind: number;
  /** Whether every output is of a residue. The others meet no tap, and are zero. */
  readonly complete: boolean;
}

/** y from x. */
export function forwardAxis(axis: WindowAxis): CorrelationAxis {
  const { pixels, windows, taps, stride, dilation, padding } = axis;
  const reach = (taps - 1) * dilation;
  return {
    outputs: windows,
    sources: pixels,
    residues: [{ taps, first: 0, end: 1 }],
    outputStep: 1,
    sourceStep: stride,
    tapStep: dilation,
    tapChange: 1,
    start: () => ({ output: 0, source: -padding, tap: 0 }),
    sourceStart: (first) => i32.subtract(i32.multiply(first, stride), padding),
    sourceLength: (count) => i32.add(i32.multiply(i32.subtract(count, 1), stride), reach + 1),
    zerosBefore: padding,
    zerosBehind: zerosBehind(axis),
    complete: true,
  };
}

/** dX from dY. */
export function inputGradientAxis(axis: WindowAxis): CorrelationAxis {
  const { pixels, windows, taps, dilation, padding } = axis;
  const reach = (taps - 1) * dilation;
  // A single window has no stride. A long one makes each pixel a residue of its own, which meets just one tap.
  const stride = windows === 1 ? Math.max(reach + 1, pixels + padding) : axis.stride;
  const common = greatestCommonDivisor(stride, dilation);
  const tapChange = stride / common;
  const tapStep = dilation / common;
  // Least taps are below tapChange; the first ones may have a tap more than the others.
  const count = Math.min(taps, tapChange);
  const longer = taps % tapChange || count;
  const residues = [
    { taps: Math.ceil(taps / tapChange), first: 0, end: longer },
    { taps: Math.floor(taps / tapChange), first: longer, end: count },
  ].filter(({ taps, first, end }) => taps > 0 && first < end);
  const start = ({ taps }: Residues, leastTap: Integer): ResidueStart => {
    // The first pixel ≥ 0 with p + padding ≡ k · dilation modulo stride, and its window under tap k.
    const tapped = i32.multiply(leastTap, dilation);
    const positive = stride * Math.ceil(padding / stride) - padding;
    const pixel = i32.remainder(i32.add(tapped, positive), stride);
    const window = i32.divide(i32.subtract(i32.add(pixel, padding), tapped), stride);
    return {
      output: pixel,
      source: i32.subtract(window, (taps - 1) * tapStep),
      tap: i32.add(leastTap, (taps - 1) * tapChange),
    };
  };
  // ⌊(first + padding − reach) / stride⌋; division rounds towards zero: `bias` keeps what is divided positive.
  const bias = Math.ceil(reach / stride);
  const sourceStart = (first: Integer): Integer =>
    i32.subtract(i32.divide(i32.add(first, padding - reach + stride * bias), stride), bias);
  return {
    outputs: pixels,
    sources: windows,
    residues,
    outputStep: stride,
    sourceStep: 1,
    tapStep,
    tapChange: -tapChange,
    start,
    sourceStart,
    sourceLength: (count) => i32.add(i32.divide(i32.add(count, reach - 1), stride), stride === 1 ? 1 : 2),
    ...zerosAround({ ...axis, stride }, residues, start, tapStep),
    complete: count === stride,
  };
}

/** How far the windows of all residues reach beyond dY. */
function zerosAround(
  { pixels, windows, stride }: WindowAxis,
  residues: readonly Residues[],
  start: CorrelationAxis['start'],
  tapStep: number,
): { zerosBefore: number; zerosBehind: number } {
  let zerosBefore = 0;
  let zerosBehind = 0;
  for (const each of residues) {
    for (let tap = each.first; tap < each.end; tap++) {
      const { output, source } = start(each, tap);
      const count = Math.ceil((pixels - numberOf(output)) / stride);
      if (count <= 0) continue;
      const last = numberOf(source) + count - 1 + (each.taps - 1) * tapStep;
      zerosBefore = Math.max(zerosBefore, -numberOf(source));
      zerosBehind = Math.max(zerosBehind, last + 1 - windows);
    }
  }
  return { zerosBefore, zerosBehind };
}

/** Calls `write` with the least tap of each residue: in a loop, or once with a constant. */
export function forEachResidue(
  f: FunctionBuilder,
  { first, end }: Residues,
  write: (leastTap: Integer) => void,
): void {
  if (end === first + 1) write(first);
  else f.for(first, end, 1, write);
}

/** The number that constants were folded to. */
export function numberOf(value: Integer): number {
  const number = typeof value === 'number' ? value : value.constant;
  if (number === undefined) throw new Error('not a constant');
  return number;
}
