/**
 * One axis (height or width) of a correlation: which source pixels meet which output pixels, under which taps.
 *
 * Both the convolution and its input gradient are correlations. With a stride s the input gradient falls into phases:
 * the pixels of dX with one residue modulo s all meet the same taps, at neighboring pixels of dY. A phase is known by
 * its first tap k; its taps are k, k + s', k + 2s', … with s' = s / gcd(s, dilation). The forward pass is one phase.
 */
import { greatestCommonDivisor } from '../../support/divisors.ts';
import { type FunctionBuilder, type Integer, i32 } from '../../support/wasm/assembler/index.ts';

/** Phases with equally many taps: those whose first tap lies in [first, end). */
export interface PhaseClass {
  readonly taps: number;
  readonly first: number;
  readonly end: number;
}

/** Where the outputs and windows of one phase begin, in pixels. */
export interface PhaseStart {
  readonly output: Integer;
  /** May lie before the image. */
  readonly source: Integer;
  /** The tap that meets the window's first source pixel; it changes by `tapChange` with each further pixel. */
  readonly tap: Integer;
}

export interface CorrelationAxis {
  /** Pixels of the output along this axis, and of the source. */
  readonly outputs: number;
  readonly sources: number;
  /** Taps of the whole kernel. */
  readonly kernel: number;
  readonly classes: readonly PhaseClass[];
  /** From one output of a phase to the next: so many pixels of the output, and of the source. */
  readonly outputStep: number;
  readonly sourceStep: number;
  /** From one tap of a phase to the next: so many pixels of the source, and so many taps of the kernel. */
  readonly tapStep: number;
  readonly tapChange: number;
  start(phaseClass: PhaseClass, firstTap: Integer): PhaseStart;
  /** The first source pixel that outputs from `first` on can meet, and how many pixels `count` outputs meet at most. */
  sourceStart(first: Integer): Integer;
  sourceLength(count: Integer): Integer;
  /** Zeros that windows meet before and behind the source. */
  readonly zerosBefore: number;
  readonly zerosBehind: number;
  /** Whether every output has a phase; the others are zero. */
  readonly complete: boolean;
}

/** What one axis of a convolution is given by. */
export interface ConvolutionAxis {
  /** Pixels of x and of y. */
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padLow: number;
  readonly dilation: number;
}

/** y from x. */
export function forwardAxis(axis: ConvolutionAxis): CorrelationAxis {
  const { input, output, kernel, stride, padLow, dilation } = axis;
  const reach = (kernel - 1) * dilation;
  return {
    outputs: output,
    sources: input,
    kernel,
    classes: [{ taps: kernel, first: 0, end: 1 }],
    outputStep: 1,
    sourceStep: stride,
    tapStep: dilation,
    tapChange: 1,
    start: () => ({ output: 0, source: -padLow, tap: 0 }),
    sourceStart: (first) => i32.subtract(i32.multiply(first, stride), padLow),
    sourceLength: (count) => i32.add(i32.multiply(i32.subtract(count, 1), stride), reach + 1),
    zerosBefore: padLow,
    zerosBehind: Math.max(0, (output - 1) * stride - padLow + reach + 1 - input),
    complete: true,
  };
}

/** dX from dY. */
export function inputGradientAxis(axis: ConvolutionAxis): CorrelationAxis {
  const { input, output, kernel, padLow, dilation } = axis;
  // A single output has no stride. A long one makes each pixel a phase of its own, which meets just one tap.
  const stride = output === 1 ? Math.max((kernel - 1) * dilation + 1, input + padLow) : axis.stride;
  const common = greatestCommonDivisor(stride, dilation);
  const tapChange = stride / common;
  const tapStep = dilation / common;
  const reach = (kernel - 1) * dilation;
  const phases = Math.min(kernel, tapChange);
  // The first phases may have a tap more than the others.
  const longer = kernel % tapChange;
  const classes = [
    { taps: Math.ceil(kernel / tapChange), first: 0, end: longer || phases },
    { taps: Math.floor(kernel / tapChange), first: longer || phases, end: phases },
  ].filter(({ taps, first, end }) => taps > 0 && first < end);
  // Pixel h meets output o under tap k where h + padLow = o · stride + k · dilation.
  const positive = stride * Math.ceil(padLow / stride) - padLow;
  const start = ({ taps }: PhaseClass, firstTap: Integer): PhaseStart => {
    const tapped = i32.multiply(firstTap, dilation);
    const pixel = i32.remainder(i32.add(tapped, positive), stride);
    const met = i32.divide(i32.subtract(i32.add(pixel, padLow), tapped), stride);
    return {
      output: pixel,
      source: i32.subtract(met, (taps - 1) * tapStep),
      tap: i32.add(firstTap, (taps - 1) * tapChange),
    };
  };
  // Division rounds towards zero: `bias` keeps what is divided positive.
  const bias = Math.ceil(reach / stride);
  return {
    outputs: input,
    sources: output,
    kernel,
    classes,
    outputStep: stride,
    sourceStep: 1,
    tapStep,
    tapChange: -tapChange,
    start,
    sourceStart: (first) =>
      i32.subtract(i32.divide(i32.add(first, padLow - reach + stride * bias), stride), bias),
    sourceLength: (count) => i32.add(i32.divide(i32.add(count, reach - 1), stride), stride === 1 ? 1 : 2),
    ...zerosAround({ ...axis, stride }, classes, start, tapStep),
    complete: phases === stride,
  };
}

/** How far the windows of all phases reach beyond dY. */
function zerosAround(
  { input, output, stride }: ConvolutionAxis,
  classes: readonly PhaseClass[],
  start: (phaseClass: PhaseClass, firstTap: Integer) => PhaseStart,
  tapStep: number,
): { zerosBefore: number; zerosBehind: number } {
  let zerosBefore = 0;
  let zerosBehind = 0;
  for (const phaseClass of classes) {
    for (let tap = phaseClass.first; tap < phaseClass.end; tap++) {
      const { output: pixel, source } = start(phaseClass, tap);
      const count = Math.ceil((input - numberOf(pixel)) / stride);
      if (count <= 0) continue;
      const last = numberOf(source) + count - 1 + (phaseClass.taps - 1) * tapStep;
      zerosBefore = Math.max(zerosBefore, -numberOf(source));
      zerosBehind = Math.max(zerosBehind, last + 1 - output);
    }
  }
  return { zerosBefore, zerosBehind };
}

/** Calls `write` for each phase of a class: in a loop, or once with a constant. */
export function forEachPhase(
  f: FunctionBuilder,
  { first, end }: PhaseClass,
  write: (firstTap: Integer) => void,
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
