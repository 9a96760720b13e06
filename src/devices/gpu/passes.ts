/** A plan as passes over numbered slots: one slot for each buffer of the plan and for each temporary array of a step. */

import { sizeOf } from '../../../kernels/support/contract.ts';
import {
  floatsOfSpec,
  type GpuArray,
  type GpuKernelCode,
  type GpuPass,
} from '../../../kernels/support/gpu.ts';
import { DeviceLimitError } from '../../errors.ts';
import type { Plan, PlanBuffer } from '../../plan/plan.ts';
import { formatShape } from '../../tensor/shape.ts';
import { gpuKernelCode } from './kernels.ts';

/** A pass with its arrays resolved. */
export interface PlannedPass {
  readonly pass: GpuPass;
  /** Slots, in the order in which they are passed. */
  readonly reads: readonly number[];
  /** How many floats each of those arrays holds. */
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
    readonly slot: number;
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
  /** Inputs of the plan that are needed as arrays, with their slots. */
  readonly uploads: readonly { readonly planInput: number; readonly slot: number }[];
  /** Variables that are read, with their slots. */
  readonly variables: readonly { readonly variable: number; readonly slot: number }[];
  /** Inputs of the plan of which only numbers are passed. */
  readonly numberInputs: readonly number[];
  /** Floats of the arrays that stay on the GPU between runs. */
  readonly residentFloats: number;
}

/** What bounds the passes of a GPU. */
export interface PlanLimits {
  /** The most arrays that a function may read. */
  readonly mostReads: number;
  /** The most floats in one array. */
  readonly mostFloats: number;
}

/**
 * Plans the passes of a plan.
 *
 * @throws DeviceLimitError for an array that is too large for the GPU.
 */
export function planPasses(plan: Plan, { mostReads, mostFloats }: PlanLimits): PlannedPasses {
  const { buffers } = plan;
  let slots = buffers.length;
  const steps = plan.steps.map(({ contract, call, inputs, outputs, label }) => {
    const hasNumbers = (index: number): boolean => isHostVector(buffers[inputs[index]]);
    for (const spec of [...call.inputs, ...call.outputs]) {
      requireFloats(
        label,
        `an array ${formatShape(spec.shape)} of ${spec.dtype}`,
        floatsOfSpec(spec),
        mostFloats,
      );
    }
    // The points of a fused kernel are counted, although no array holds them.
    const { shape: space } = { shape: [], ...call.attributes };
    requireFloats(label, `a space ${formatShape(space)}`, sizeOf(space), mostFloats);
    const code: GpuKernelCode = gpuKernelCode(contract.name, call, { mostReads, hasNumbers });
    const first = slots;
    const slotOf = ({ kind, index }: GpuArray): number => {
      if (kind === 'input') return inputs[index];
      if (kind === 'output') return outputs[index];
      slots = Math.max(slots, first + index + 1);
      return first + index;
    };
    for (const { size } of code.passes) requireFloats(label, 'an intermediate array', size, mostFloats);
    const sizes = new Map(code.passes.map(({ writes, size }) => [slotOf(writes), size]));
    const lengthOf = (slot: number): number =>
      slot < buffers.length ? floatsOfSpec(buffers[slot].spec) : sizes.get(slot)!;
    const passes = code.passes.map((pass): PlannedPass => {
      const writes = slotOf(pass.writes);
      const reads = pass.reads.map(slotOf);
      return {
        pass,
        reads,
        lengths: reads.map(lengthOf),
        writes,
        numbers: pass.numbers.map((each) =>
          typeof each === 'number'
            ? each
            : { planInput: planInputOf(buffers[inputs[each.array.index]])!, element: each.element },
        ),
        fresh: pass.shared || buffers[writes]?.place.kind === 'variable',
      };
    });
    const checks = (code.checks ?? []).map(({ indices, length }) => {
      const slot = slotOf(indices);
      return { slot, size: sizeOf(buffers[slot].spec.shape), length, planInput: planInputOf(buffers[slot]) };
    });
    return { passes, checks };
  });
  const all = steps.flatMap(({ passes }) => passes);
  const read = new Set([
    ...all.flatMap(({ reads }) => reads),
    ...steps.flatMap(({ checks }) =>
      checks.flatMap((check) => (check.planInput === undefined ? [check.slot] : [])),
    ),
  ]);
  const uploads = buffers.flatMap(({ place }, slot) =>
    place.kind === 'input' && read.has(slot) ? [{ planInput: place.index, slot }] : [],
  );
  const numberInputs = [
    ...new Set(
      all.flatMap(({ numbers }) =>
        numbers.flatMap((each) => (typeof each === 'number' ? [] : [each.planInput])),
      ),
    ),
  ];
  return {
    steps: withLastUses(steps, buffers),
    slots,
    uploads,
    variables: buffers.flatMap(({ place, bytes }, slot) =>
      place.kind === 'variable' && bytes > 0 && read.has(slot) ? [{ variable: place.index, slot }] : [],
    ),
    numberInputs: numberInputs.filter(
      (planInput) => !uploads.some((upload) => upload.planInput === planInput),
    ),
    residentFloats:
      all.reduce((total, { fresh, pass }) => total + (fresh ? 0 : pass.size), 0) +
      uploads.reduce((total, { slot }) => total + floatsOfSpec(buffers[slot].spec), 0),
  };
}

function requireFloats(label: string, what: string, floats: number, mostFloats: number): void {
  if (floats <= mostFloats) return;
  throw new DeviceLimitError({
    where: label,
    got: `${what}, which takes ${floats} floats`,
    expected: `at most ${mostFloats} in one array on this GPU`,
    cure: "Use a smaller batch, or setDevice('wasm').",
  });
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
  buffers: readonly PlanBuffer[],
): PlannedStep[] {
  const last = new Map<number, number>();
  const fresh = new Set<number>();
  steps.forEach(({ passes, checks }, step) => {
    for (const { slot } of checks) last.set(slot, step);
    for (const { reads, writes, fresh: isFresh } of passes) {
      for (const slot of [...reads, writes]) last.set(slot, step);
      const place = buffers[writes]?.place.kind;
      // Results are deleted when they have been downloaded.
      if (isFresh && place !== 'variable' && place !== 'output') fresh.add(writes);
    }
  });
  return steps.map((step, at) => ({ ...step, lastUses: [...fresh].filter((slot) => last.get(slot) === at) }));
}
