/**
 * The passes of one step, composed for every segment that they write.
 *
 * A GPU reads so many buffers or textures in one pass. Where arrays lie in segments that may be too few: then the kernel is
 * asked to read fewer arrays in a pass and, if that does not help, passes are cut in halves, since a shorter piece of a
 * result often needs fewer segments; one more pass joins the halves.
 */

import { sizeOf } from '../../../kernels/support/contract.ts';
import {
  type ComposedPass,
  compose,
  floatsOfSpec,
  type GpuArray,
  type GpuIndexCheck,
  type GpuKernel,
  type GpuKernelCode,
  type GpuPass,
  type GpuSegment,
  pass,
  temporary,
} from '../../../kernels/support/gpu/gpu-kernel.ts';
import { DeviceLimitError } from '../../errors.ts';
import type { PlanStep } from '../../plan/plan.ts';
import { formatShape } from '../../tensor/shape.ts';
import type { PassLimits } from './pass-limits.ts';
import { segmentLengths } from './segments.ts';

/** What is composed: a step of a plan, or what a loop does besides. */
export type CalledStep = Pick<PlanStep, 'call' | 'label'>;

/** How the passes of a step come by what they read. */
export interface StepReading {
  /** Of which inputs the elements may be passed as numbers. Default: none. */
  readonly hasNumbers?: (input: number) => boolean;
  /** In the body of a loop, the steps at which they run: the first and the last. */
  readonly steps?: readonly [first: number, last: number];
  /** Which inputs are the slice of the loop's step in a stack of one segment. Default: none. */
  readonly isSlice?: (input: number) => boolean;
}

/** The passes of a step. */
export interface ComposedStep {
  readonly passes: readonly {
    readonly pass: ComposedPass;
    readonly writes: GpuSegment;
    readonly shared: boolean;
  }[];
  /** The floats of each temporary array. */
  readonly temporaries: readonly number[];
  readonly checks: readonly GpuIndexCheck[];
}

/** Indices are whole numbers of 32 bits with a sign. */
const mostIndexed = 2 ** 31 - 1;
/** The fewest arrays that every kernel can do with in one pass: the three operands of `where`. */
const fewestReads = 3;
/** How often a pass may be cut in halves. */
const mostCuts = 5;

/**
 * Composes the passes of a step that a kernel describes.
 *
 * @throws DeviceLimitError for an array with more floats than indices count, and for a step whose passes need to read more
 * segments than this GPU can.
 */
export function composeStep(
  step: CalledStep,
  kernel: GpuKernel,
  limits: PassLimits,
  reading: StepReading = {},
): ComposedStep {
  const { call, label } = step;
  for (const spec of [...call.inputs, ...call.outputs]) {
    requireIndexed(label, `an array ${formatShape(spec.shape)} of ${spec.dtype}`, floatsOfSpec(spec));
  }
  // The points of a fused kernel are counted, although no array holds them.
  const { shape: space } = { shape: [], ...call.attributes };
  requireIndexed(label, `a space ${formatShape(space)}`, sizeOf(space));

  const { hasNumbers = () => false } = reading;
  const { mostReads, mostFloats } = limits;
  let needed = 0;
  for (const cuts of [0, mostCuts]) {
    for (let arrays = mostReads; arrays >= fewestReads; arrays--) {
      const code = kernel(call, { mostReads: arrays, hasNumbers });
      const composer = new StepComposer(step, code, limits, reading);
      for (const each of code.passes) {
        requireIndexed(label, 'an intermediate array', each.size);
        composer.add(each, cuts);
      }
      const { passes, temporaries } = composer;
      needed = Math.max(0, ...passes.map(({ pass }) => pass.reads.length));
      if (needed <= mostReads) return { passes, temporaries, checks: code.checks ?? [] };
    }
  }
  throw new DeviceLimitError({
    where: label,
    got: `a kernel that reads ${needed} arrays, or segments of ${mostFloats} floats of larger ones, in one pass`,
    expected: `at most ${mostReads} on this GPU`,
    cure: "Use a smaller batch, or setDevice('wasm').",
  });
}

/** Composes passes one after the other. */
class StepComposer {
  readonly passes: ComposedStep['passes'][number][] = [];
  /** Those of the kernel, then the halves of passes that were cut. */
  readonly temporaries: number[] = [];
  readonly #step: CalledStep;
  readonly #limits: PassLimits;
  readonly #reading: StepReading;

  constructor(step: CalledStep, { passes }: GpuKernelCode, limits: PassLimits, reading: StepReading) {
    this.#step = step;
    this.#limits = limits;
    this.#reading = reading;
    for (const { writes, size } of passes) {
      if (writes.kind === 'temporary') this.temporaries[writes.index] = size;
    }
  }

  /** Adds a pass, cut in halves up to so many times. */
  add(whole: GpuPass, cuts: number): void {
    const { mostFloats } = this.#limits;
    for (const [segment, size] of segmentLengths(whole.size, mostFloats).entries()) {
      this.#addPart(whole, segment * mostFloats, size, { array: whole.writes, segment }, cuts);
    }
  }

  /** Adds what writes the numbers from `first` on to a segment. */
  #addPart(whole: GpuPass, first: number, size: number, writes: GpuSegment, cuts: number): void {
    const { mostReads, mostFloats } = this.#limits;
    const { shared } = whole;
    const { steps } = this.#reading;
    const range = {
      first,
      size,
      segmentLength: mostFloats,
      segmentsOf: (array: GpuArray) => this.#segmentsOf(array),
      sliceOf: (array: GpuArray) => this.#sliceOf(array),
      ...(steps && { steps }),
    };
    const composed = compose(whole, range);
    if (composed.reads.length <= mostReads || cuts === 0 || size < 2) {
      this.passes.push({ pass: composed, writes, shared });
      return;
    }
    const half = Math.ceil(size / 2);
    const halves = [half, size - half].map((length) => temporary(this.temporaries.push(length) - 1));
    this.#addPart(whole, first, half, { array: halves[0], segment: 0 }, cuts - 1);
    this.#addPart(whole, first + half, size - half, { array: halves[1], segment: 0 }, cuts - 1);
    const join = pass(writes.array, size, (f) => {
      f.if(`${f.index} < ${half}`, () => f.return(f.read(halves[0], f.index)));
      f.return(f.read(halves[1], f.offset([f.index], [1], -half)));
    });
    this.passes.push({ pass: compose(join), writes, shared });
  }

  #sliceOf({ kind, index }: GpuArray): number | undefined {
    const isSlice = kind === 'input' && this.#reading.isSlice?.(index);
    return isSlice ? floatsOfSpec(this.#step.call.inputs[index]) : undefined;
  }

  #segmentsOf({ kind, index }: GpuArray): number {
    const floats =
      kind === 'temporary' ? this.temporaries[index] : floatsOfSpec(this.#step.call[`${kind}s`][index]);
    return segmentLengths(floats, this.#limits.mostFloats).length;
  }
}

function requireIndexed(label: string, what: string, floats: number): void {
  if (floats <= mostIndexed) return;
  throw new DeviceLimitError({
    where: label,
    got: `${what}, which takes ${floats} floats`,
    expected: `at most ${mostIndexed}, which is how far indices count on a GPU`,
    cure: "Use a smaller batch, or setDevice('wasm').",
  });
}
