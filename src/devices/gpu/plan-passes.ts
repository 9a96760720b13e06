/**
 * A plan as passes over numbered slots: one slot for each segment of a buffer of the plan, and of a temporary array of a step.
 */
import { sizeOf } from '../../../kernels/support/contract.ts';
import { type ComposedPass, floatsOfSpec, type GpuArray } from '../../../kernels/support/gpu/gpu-kernel.ts';
import type { Plan, PlanBuffer } from '../../plan/plan.ts';
import { composeStep, type PassLimits } from './compose.ts';
import { segmentLengths } from './segments.ts';

/** A pass over one segment of what it writes, with its arrays resolved. */
export interface PlannedPass {
  readonly pass: ComposedPass;
  /** Slots, in the order in which they are passed. */
  readonly reads: readonly number[];
  /** How many floats each of those holds. */
  readonly lengths: readonly number[];
  readonly writes: number;
  /** The numbers that follow: given now, or the element of an input of the plan. */
  readonly numbers: readonly (number | { readonly planInput: number; readonly element: number })[];
  /**
   * Whether its result is a fresh array at every run: a new value of a variable, which outlives the run, or one of many
   * results of one text.
   */
  readonly fresh: boolean;
}

/** A step of the plan. */
export interface PlannedStep {
  readonly passes: readonly PlannedPass[];
  /** Indices to look at before the step. `planInput` is set where the host has them. */
  readonly checks: readonly {
    readonly slots: readonly number[];
    readonly size: number;
    readonly length: number;
    readonly planInput: number | undefined;
  }[];
  /** Slots of fresh arrays that nothing reads after this step, and which no variable takes over. */
  readonly lastUses: readonly number[];
}

/** The whole plan. */
export interface PlannedPasses {
  readonly steps: readonly PlannedStep[];
  readonly slots: number;
  /** The slots of each buffer of the plan, a slot a segment. */
  readonly slotsOfBuffers: readonly (readonly number[])[];
  /** Inputs of the plan that are needed as arrays, with their slots. */
  readonly uploads: readonly { readonly planInput: number; readonly slots: readonly number[] }[];
  /** Variables that are read, with their slots. */
  readonly variables: readonly { readonly variable: number; readonly slots: readonly number[] }[];
  /** Inputs of the plan of which only numbers are passed. */
  readonly numberInputs: readonly number[];
  /** Floats of the arrays that stay on the GPU between runs. */
  readonly residentFloats: number;
}

/**
 * Plans the passes of a plan.
 *
 * @throws DeviceLimitError for an array that is too large for any GPU, and for a kernel that must read more segments in one
 * pass than this GPU can.
 */
export function planPasses(plan: Plan, limits: PassLimits): PlannedPasses {
  const { buffers } = plan;
  const slots = new Slots(limits.mostFloats);
  const slotsOfBuffers = buffers.map(({ spec }) => slots.add(floatsOfSpec(spec)));
  const placeOf = new Map(
    buffers.flatMap(({ place }, buffer) => slotsOfBuffers[buffer].map((slot) => [slot, place.kind] as const)),
  );
  const steps = plan.steps.map((step) => {
    const { inputs, outputs } = step;
    const hasNumbers = (index: number): boolean => isHostVector(buffers[inputs[index]]);
    const { passes, temporaries, checks } = composeStep(step, hasNumbers, limits);
    const slotsOfTemporaries = temporaries.map((size) => slots.add(size));
    const slotsOf = ({ kind, index }: GpuArray): readonly number[] => {
      if (kind === 'temporary') return slotsOfTemporaries[index];
      return slotsOfBuffers[(kind === 'input' ? inputs : outputs)[index]];
    };
    return {
      passes: passes.map(({ pass, writes: segment, shared }): PlannedPass => {
        const writes = slotsOf(segment.array)[segment.segment];
        const reads = pass.reads.map((each) => slotsOf(each.array)[each.segment]);
        return {
          pass,
          reads,
          lengths: reads.map((slot) => slots.lengths[slot]),
          writes,
          numbers: pass.numbers.map((each) =>
            typeof each === 'number'
              ? each
              : { planInput: planInputOf(buffers[inputs[each.array.index]])!, element: each.element },
          ),
          fresh: shared || placeOf.get(writes) === 'variable',
        };
      }),
      checks: checks.map(({ indices, length }) => {
        const { spec, place } = buffers[inputs[indices.index]];
        return {
          slots: slotsOf(indices),
          size: sizeOf(spec.shape),
          length,
          planInput: place.kind === 'input' ? place.index : undefined,
        };
      }),
    };
  });
  const all = steps.flatMap(({ passes }) => passes);
  const read = new Set([
    ...all.flatMap(({ reads }) => reads),
    ...steps.flatMap(({ checks }) =>
      checks.flatMap((check) => (check.planInput === undefined ? check.slots : [])),
    ),
  ]);
  const isRead = (buffer: number): boolean => slotsOfBuffers[buffer].some((slot) => read.has(slot));
  const uploads = buffers.flatMap(({ place }, buffer) =>
    place.kind === 'input' && isRead(buffer)
      ? [{ planInput: place.index, slots: slotsOfBuffers[buffer] }]
      : [],
  );
  const numberInputs = [
    ...new Set(
      all.flatMap(({ numbers }) =>
        numbers.flatMap((each) => (typeof each === 'number' ? [] : [each.planInput])),
      ),
    ),
  ];
  return {
    steps: withLastUses(steps, placeOf),
    slots: slots.lengths.length,
    slotsOfBuffers,
    uploads,
    variables: buffers.flatMap(({ place, bytes }, buffer) =>
      place.kind === 'variable' && bytes > 0 && isRead(buffer)
        ? [{ variable: place.index, slots: slotsOfBuffers[buffer] }]
        : [],
    ),
    numberInputs: numberInputs.filter(
      (planInput) => !uploads.some((upload) => upload.planInput === planInput),
    ),
    residentFloats:
      all.reduce((total, { fresh, pass }) => total + (fresh ? 0 : pass.size), 0) +
      uploads.flatMap((upload) => upload.slots).reduce((total, slot) => total + slots.lengths[slot], 0),
  };
}

/** The slots given out so far. */
class Slots {
  /** Floats of each slot. */
  readonly lengths: number[] = [];
  readonly #mostFloats: number;

  constructor(mostFloats: number) {
    this.#mostFloats = mostFloats;
  }

  /** Slots for the segments of one more array. */
  add(floats: number): readonly number[] {
    return segmentLengths(floats, this.#mostFloats).map((length) => this.lengths.push(length) - 1);
  }
}

/** The most floats of an input that are passed as numbers. */
const mostNumbers = 16;

/** Whether a buffer is a few floats that every run brings along. */
function isHostVector({ place, spec }: PlanBuffer): boolean {
  return place.kind === 'input' && spec.dtype === 'float32' && sizeOf(spec.shape) <= mostNumbers;
}

function planInputOf({ place }: PlanBuffer): number | undefined {
  return place.kind === 'input' ? place.index : undefined;
}

function withLastUses(
  steps: readonly Omit<PlannedStep, 'lastUses'>[],
  placeOf: ReadonlyMap<number, PlanBuffer['place']['kind']>,
): PlannedStep[] {
  const last = new Map<number, number>();
  const fresh = new Set<number>();
  steps.forEach(({ passes, checks }, step) => {
    for (const slot of checks.flatMap(({ slots }) => slots)) last.set(slot, step);
    for (const { reads, writes, fresh: isFresh } of passes) {
      for (const slot of [...reads, writes]) last.set(slot, step);
      const place = placeOf.get(writes);
      // Results are deleted when they have been downloaded.
      if (isFresh && place !== 'variable' && place !== 'output') fresh.add(writes);
    }
  });
  return steps.map((step, at) => ({ ...step, lastUses: [...fresh].filter((slot) => last.get(slot) === at) }));
}
