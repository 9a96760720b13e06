/**
 * A plan as passes over numbered slots: one slot for each tile of a buffer of the plan, and of a temporary array of a step.
 */
import { sizeOf } from '../../../kernels/support/contract.ts';
import {
  type ComposedPass,
  compose,
  floatsOfSpec,
  type GpuArray,
  type GpuKernelCode,
} from '../../../kernels/support/gpu.ts';
import { DeviceLimitError } from '../../errors.ts';
import type { Plan, PlanBuffer, PlanStep } from '../../plan/plan.ts';
import { formatShape } from '../../tensor/shape.ts';
import { gpuKernelCode } from './kernels.ts';
import { tileLengths } from './tiles.ts';

/** A pass over one tile of what it writes, with its arrays resolved. */
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
  /** The slots of each buffer of the plan, a slot a tile. */
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

/** What bounds the passes of a GPU. */
export interface PlanLimits {
  /** The most buffers or textures that a function may read. */
  readonly mostReads: number;
  /** The most floats in one of them: those of a tile. */
  readonly mostFloats: number;
}

/** Indices are whole numbers of 32 bits with a sign. */
const mostIndexed = 2 ** 31 - 1;

/** The fewest arrays that every kernel can do with in one pass: the three operands of `where`. */
const fewestReads = 3;

/**
 * Plans the passes of a plan.
 *
 * @throws DeviceLimitError for an array that is too large for any GPU, and for a kernel that must read more tiles in one
 * pass than this GPU can.
 */
export function planPasses(plan: Plan, limits: PlanLimits): PlannedPasses {
  const { buffers } = plan;
  const slots = new Slots(limits.mostFloats);
  const slotsOfBuffers = buffers.map(({ spec }) => slots.add(floatsOfSpec(spec)));
  const placeOf = new Map(
    buffers.flatMap(({ place }, buffer) => slotsOfBuffers[buffer].map((slot) => [slot, place.kind] as const)),
  );
  const steps = plan.steps.map((step) => {
    const { inputs, outputs } = step;
    const { code, passes } = composeStep(step, buffers, limits);
    const temporaries = new Map(
      [...temporarySizes(code)].map(([index, size]) => [index, slots.add(size)] as const),
    );
    const slotsOf = ({ kind, index }: GpuArray): readonly number[] => {
      if (kind === 'temporary') return temporaries.get(index)!;
      return slotsOfBuffers[(kind === 'input' ? inputs : outputs)[index]];
    };
    return {
      passes: passes.map(({ pass, tile, composed }): PlannedPass => {
        const writes = slotsOf(pass.writes)[tile];
        const reads = composed.reads.map((each) => slotsOf(each.array)[each.tile]);
        return {
          pass: composed,
          reads,
          lengths: reads.map((slot) => slots.lengths[slot]),
          writes,
          numbers: composed.numbers.map((each) =>
            typeof each === 'number'
              ? each
              : { planInput: planInputOf(buffers[inputs[each.array.index]])!, element: each.element },
          ),
          fresh: pass.shared || placeOf.get(writes) === 'variable',
        };
      }),
      checks: (code.checks ?? []).map(({ indices, length }) => {
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

  /** Slots for the tiles of one more array. */
  add(floats: number): readonly number[] {
    return tileLengths(floats, this.#mostFloats).map((length) => this.lengths.push(length) - 1);
  }
}

/** The passes of a step, each composed for every tile that it writes. */
interface ComposedStep {
  readonly code: GpuKernelCode;
  readonly passes: readonly {
    readonly pass: GpuKernelCode['passes'][number];
    readonly tile: number;
    readonly composed: ComposedPass;
  }[];
}

/** Composes the passes of a step. Where arrays lie in several tiles, the kernel is to read fewer of them in one pass. */
function composeStep(
  { contract, call, inputs, label }: PlanStep,
  buffers: readonly PlanBuffer[],
  { mostReads, mostFloats }: PlanLimits,
): ComposedStep {
  for (const spec of [...call.inputs, ...call.outputs]) {
    requireIndexed(label, `an array ${formatShape(spec.shape)} of ${spec.dtype}`, floatsOfSpec(spec));
  }
  // The points of a fused kernel are counted, although no array holds them.
  const { shape: space } = { shape: [], ...call.attributes };
  requireIndexed(label, `a space ${formatShape(space)}`, sizeOf(space));
  const hasNumbers = (index: number): boolean => isHostVector(buffers[inputs[index]]);
  for (let arrays = mostReads; ; arrays--) {
    const code = gpuKernelCode(contract.name, call, { mostReads: arrays, hasNumbers });
    for (const { size } of code.passes) requireIndexed(label, 'an intermediate array', size);
    const temporaries = temporarySizes(code);
    const tilesOf = ({ kind, index }: GpuArray): number => {
      const floats = kind === 'temporary' ? temporaries.get(index)! : floatsOfSpec(call[`${kind}s`][index]);
      return tileLengths(floats, mostFloats).length;
    };
    const passes = code.passes.flatMap((pass) =>
      tileLengths(pass.size, mostFloats).map((size, tile) => {
        const range = { first: tile * mostFloats, size, tileLength: mostFloats, tilesOf };
        return { pass, tile, composed: compose(pass, range) };
      }),
    );
    const reads = Math.max(0, ...passes.map(({ composed }) => composed.reads.length));
    if (reads <= mostReads) return { code, passes };
    if (arrays > fewestReads) continue;
    throw new DeviceLimitError({
      where: label,
      got: `a kernel that reads ${reads} arrays, or tiles of ${mostFloats} floats of larger ones, in one pass`,
      expected: `at most ${mostReads} on this GPU`,
      cure: "Use a smaller batch, or setDevice('wasm').",
    });
  }
}

/** The floats of each temporary array, by its index. */
function temporarySizes({ passes }: GpuKernelCode): ReadonlyMap<number, number> {
  return new Map(
    passes.flatMap(({ writes, size }) =>
      writes.kind === 'temporary' ? [[writes.index, size] as const] : [],
    ),
  );
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
