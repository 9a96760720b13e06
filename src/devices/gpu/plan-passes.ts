/** Plans the passes of a plan: composes its steps, and gives everything that they read and write its slots. */
import { gpuVersionOf } from '../../../kernels/gpu-versions.ts';
import { sizeOf } from '../../../kernels/support/contract.ts';
import { floatsOfSpec } from '../../../kernels/support/gpu/gpu-kernel.ts';
import type { Plan, PlanBuffer, PlanLoop, PlanStep } from '../../plan/plan.ts';
import { composeStep } from './compose.ts';
import { type LoopSurroundings, planLoop } from './loop-passes.ts';
import type { PassLimits } from './pass-limits.ts';
import {
  allPasses,
  type PlannedCheck,
  type PlannedStep,
  type PlannedSteps,
  resolvePasses,
  Slots,
  type StepSlots,
} from './planned-passes.ts';

/** The whole plan. */
export interface PlannedPasses extends PlannedSteps {
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
  const planned = planSteps(plan, limits, []);
  const { steps, slots, initialSlots } = planned;
  const read = new Set(steps.flatMap(readsOf));
  const isRead = (buffer: number): boolean => initialSlots[buffer].some((slot) => read.has(slot));
  const uploads = buffers.flatMap(({ place }, buffer) =>
    place.kind === 'input' && isRead(buffer) ? [{ planInput: place.index, slots: initialSlots[buffer] }] : [],
  );
  const all = allPasses(planned);
  const numberInputs = new Set(
    all.flatMap(({ numbers }) =>
      numbers.flatMap((each) => (typeof each === 'object' ? [each.planInput] : [])),
    ),
  );
  for (const { planInput } of uploads) numberInputs.delete(planInput);
  return {
    ...planned,
    uploads,
    variables: buffers.flatMap(({ place, bytes }, buffer) =>
      place.kind === 'variable' && bytes > 0 && isRead(buffer)
        ? [{ variable: place.index, slots: initialSlots[buffer] }]
        : [],
    ),
    numberInputs: [...numberInputs],
    residentFloats:
      all.reduce((total, { fresh, pass }) => total + (fresh ? 0 : pass.size), 0) +
      uploads.flatMap((upload) => upload.slots).reduce((total, slot) => total + slots.lengths[slot], 0),
  };
}

/** Plans the steps of a plan; of the body of a loop, `path` leads there, and `around` tells of the loop. */
function planSteps(
  plan: Plan,
  limits: PassLimits,
  path: readonly number[],
  around?: LoopSurroundings,
): PlannedSteps {
  return new StepsPlanner(plan, limits, path, around).plan();
}

/** Indices in an input of a step. */
interface InputCheck extends PlannedCheck {
  readonly input: number;
}

class StepsPlanner {
  readonly #plan: Plan;
  readonly #limits: PassLimits;
  readonly #path: readonly number[];
  readonly #around: LoopSurroundings | undefined;
  readonly #slots: Slots;
  /** The slots of each buffer that hold its value at the step that is planned. */
  readonly #slotsOf: (readonly number[])[];
  /** Buffers that have a value by then. */
  readonly #computed = new Set<number>();
  /** Slots of variables, and of what the body of a loop leaves. */
  readonly #lasting = new Set<number>();
  readonly #inputChecks: PlannedSteps['inputChecks'][number][] = [];

  constructor(plan: Plan, limits: PassLimits, path: readonly number[], around: LoopSurroundings | undefined) {
    this.#plan = plan;
    this.#limits = limits;
    this.#path = path;
    this.#around = around;
    this.#slots = new Slots(limits.mostFloats);
    this.#slotsOf = plan.buffers.map((_, buffer) => this.#newSlots(buffer));
    for (const [buffer, { place }] of plan.buffers.entries()) {
      if (place.kind === 'input' || place.kind === 'variable') this.#computed.add(buffer);
    }
  }

  plan(): PlannedSteps {
    const initialSlots = [...this.#slotsOf];
    const steps = this.#plan.steps.map((step, at) =>
      step.loop ? this.#loopStep(step, step.loop, at) : this.#kernelStep(step, at),
    );
    return {
      steps: this.#withLastUses(steps),
      slots: this.#slots,
      initialSlots,
      finalSlots: this.#slotsOf,
      inputChecks: this.#inputChecks,
    };
  }

  #newSlots(buffer: number): readonly number[] {
    const planned = this.#plan.buffers[buffer];
    const slices = this.#around && this.#isSlice(planned) ? this.#around.steps : 1;
    const slots = this.#slots.add(slices * floatsOfSpec(planned.spec));
    const { kind } = planned.place;
    if (kind === 'variable' || (kind === 'output' && this.#around)) {
      for (const slot of slots) this.#lasting.add(slot);
    }
    return slots;
  }

  /**
   * The slots of the arrays that a step reads, and of those that it writes. A value that is written over another has slots of
   * its own: a step of several passes may read the old one after it has written the new one.
   */
  #slotsOfStep({ inputs, outputs }: PlanStep): StepSlots {
    const read = inputs.map((buffer) => this.#slotsOf[buffer]);
    for (const buffer of outputs) {
      if (this.#computed.has(buffer)) this.#slotsOf[buffer] = this.#newSlots(buffer);
      this.#computed.add(buffer);
    }
    return { inputs: read, outputs: outputs.map((buffer) => this.#slotsOf[buffer]) };
  }

  #kernelStep(step: PlanStep, at: number): StepWithUses {
    const around = this.#around;
    const inputBuffer = (index: number): PlanBuffer => this.#plan.buffers[step.inputs[index]];
    const slotsOfStep = this.#slotsOfStep(step);
    const composed = composeStep(step, gpuVersionOf(step.contract), this.#limits, {
      hasNumbers: (index) => !around && isHostVector(inputBuffer(index)),
      isSlice: (index) => this.#isSlice(inputBuffer(index)),
      ...(around && { steps: [0, around.steps - 1] }),
    });
    const passes = resolvePasses(composed, {
      slots: this.#slots,
      slotsOf: ({ kind, index }) => slotsOfStep[kind === 'input' ? 'inputs' : 'outputs'][index],
      planInputOf: ({ index }) => inputIndexOf(inputBuffer(index))!,
      outlives: (slot) => this.#lasting.has(slot),
    });
    const checks = composed.checks.map(({ indices, length }) => ({
      input: indices.index,
      length,
      path: [...this.#path, at],
    }));
    return { passes, checks: this.#checksAt(step, slotsOfStep, checks) };
  }

  #loopStep(step: PlanStep, planned: PlanLoop, at: number): StepWithUses {
    const slots = this.#slotsOfStep(step);
    const loop = planLoop(step, planned, {
      limits: this.#limits,
      slots,
      planSteps: (plan, around) => planSteps(plan, this.#limits, [...this.#path, at], around),
    });
    const checks = loop.body.inputChecks.map(({ planInput, ...check }) => ({
      ...check,
      input: planned.inputs[planInput],
    }));
    return { passes: [], checks: this.#checksAt(step, slots, checks), loop };
  }

  /** Those that have to wait for the step. The others can be made before the plan runs. */
  #checksAt(step: PlanStep, slots: StepSlots, checks: readonly InputCheck[]): PlannedStep['checks'] {
    return checks.flatMap(({ input, ...check }) => {
      const buffer = this.#plan.buffers[step.inputs[input]];
      const planInput = inputIndexOf(buffer);
      if (planInput !== undefined && !this.#around?.isCarry(planInput)) {
        this.#inputChecks.push({ ...check, planInput });
        return [];
      }
      const size = sizeOf(buffer.spec.shape);
      return size === 0 ? [] : [{ ...check, slots: slots.inputs[input], size }];
    });
  }

  /** Whether a buffer is read in its stack, at the slice of the loop's step. */
  #isSlice(buffer: PlanBuffer): boolean {
    const planInput = inputIndexOf(buffer);
    return planInput !== undefined && (this.#around?.isSlice(planInput) ?? false);
  }

  #withLastUses(steps: readonly StepWithUses[]): PlannedStep[] {
    const last = new Map<number, number>();
    const fresh = new Set<number>();
    // Results are deleted when they have been downloaded.
    const kept = new Set(
      this.#plan.buffers.flatMap(({ place: { kind } }, buffer) =>
        kind === 'variable' || kind === 'output' ? this.#slotsOf[buffer] : [],
      ),
    );
    steps.forEach((step, at) => {
      const made = madeBy(step);
      for (const slot of [...readsOf(step), ...made.map(({ slot }) => slot)]) last.set(slot, at);
      for (const { slot, isFresh } of made) if (isFresh && !kept.has(slot)) fresh.add(slot);
    });
    const lastUses = steps.map((): number[] => []);
    for (const slot of fresh) lastUses[last.get(slot)!].push(slot);
    return steps.map((step, at) => ({ ...step, lastUses: lastUses[at] }));
  }
}

type StepWithUses = Omit<PlannedStep, 'lastUses'>;

/** The slots that a step reads. */
function readsOf({ passes, checks, loop }: StepWithUses): number[] {
  return [
    ...passes.flatMap(({ reads }) => reads),
    ...checks.flatMap(({ slots }) => slots),
    ...(loop
      ? [
          ...loop.constants.flatMap(({ around }) => around),
          ...loop.carries.flatMap(({ around }) => around.initial),
        ]
      : []),
  ];
}

/** The slots that a step writes, and whether to a fresh array. */
function madeBy({ passes, loop }: StepWithUses): { readonly slot: number; readonly isFresh: boolean }[] {
  const ofLoop = loop
    ? [...loop.carries.flatMap(({ around }) => around.final), ...loop.stacks.flatMap(({ around }) => around)]
    : [];
  return [
    ...passes.map(({ writes, fresh }) => ({ slot: writes, isFresh: fresh })),
    ...ofLoop.map((slot) => ({ slot, isFresh: true })),
  ];
}

/** The most floats of an input that are passed as numbers. */
const mostNumbers = 16;

/** Whether a buffer is a few floats that every run brings along. */
function isHostVector({ place, spec }: PlanBuffer): boolean {
  return place.kind === 'input' && spec.dtype === 'float32' && sizeOf(spec.shape) <= mostNumbers;
}

/** Which input of its plan a buffer is, if it is one. */
function inputIndexOf({ place }: PlanBuffer): number | undefined {
  return place.kind === 'input' ? place.index : undefined;
}
