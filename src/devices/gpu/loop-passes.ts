/**
 * Plans a loop: the passes of its body once, what copies slices of sequences, and what joins the arrays that the steps leave
 * to stacks. Steps differ in the number of the step, which is passed, and in the arrays they are given.
 */
import { concat } from '../../../kernels/concat/index.ts';
import { sizeOf } from '../../../kernels/support/contract.ts';
import {
  floatsOf,
  floatsOfSpec,
  type GpuKernel,
  input,
  movingPass,
  output,
} from '../../../kernels/support/gpu/gpu-kernel.ts';
import type { Plan, PlanLoop, PlanStep } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import { byteLength } from '../needs.ts';
import { composeStep } from './compose.ts';
import type { PassLimits } from './pass-limits.ts';
import {
  type PlannedCarry,
  type PlannedLoop,
  type PlannedSlice,
  type PlannedStack,
  type PlannedSteps,
  resolvePasses,
  type StepSlots,
} from './planned-passes.ts';

/** What the steps of a body know of their loop. */
export interface LoopSurroundings {
  /** T. */
  readonly steps: number;
  /** Whether an input of the body's plan is read in its stack, at the slice of the step. */
  readonly isSlice: (planInput: number) => boolean;
  /** Whether an input of the body's plan is another array at every step. */
  readonly isCarry: (planInput: number) => boolean;
}

/** What the plan around a loop is asked for. */
interface LoopContext {
  readonly limits: PassLimits;
  readonly slots: StepSlots;
  /** Plans the steps of a body. */
  readonly planSteps: (plan: Plan, around: LoopSurroundings) => PlannedSteps;
}

/** Plans a loop. */
export function planLoop(step: PlanStep, loop: PlanLoop, context: LoopContext): PlannedLoop {
  const { plan, steps, reverse, carries, sequences } = loop;
  const { limits, planSteps } = context;
  const { call } = step;
  const around = (kind: 'inputs' | 'outputs', at: number): readonly number[] =>
    // Nothing is computed for an array of no elements.
    sizeOf(call[kind][at].shape) === 0 ? [] : context.slots[kind][at];
  const isCarry = (planInput: number): boolean => loop.inputs[planInput] < carries;
  const isSequence = (planInput: number): boolean =>
    !isCarry(planInput) && loop.inputs[planInput] < carries + sequences;
  const readInStacks = inputsReadInStacks(loop, limits);
  const isSlice = (planInput: number): boolean => isSequence(planInput) && readInStacks.has(planInput);
  const body = planSteps(plan, { steps, isSlice, isCarry });

  /** By number of the input or output. */
  const placesOf = (
    kind: 'input' | 'output',
    slots: PlannedSteps['finalSlots'],
  ): Map<number, readonly number[]> =>
    new Map(
      plan.buffers.flatMap(({ place }, buffer) =>
        place.kind === kind ? [[place.index, slots[buffer]] as const] : [],
      ),
    );
  const found = placesOf('input', body.initialSlots);
  const left = placesOf('output', body.finalSlots);
  const constants: PlannedLoop['constants'][number][] = [];
  const slices: PlannedSlice[] = [];
  for (const [planInput, place] of loop.inputs.entries()) {
    if (isCarry(planInput)) continue;
    const slots = found.get(planInput)!;
    const isCopied = isSequence(planInput) && !isSlice(planInput);
    const stack = isCopied ? body.slots.add(floatsOfSpec(call.inputs[place])) : slots;
    constants.push({ around: around('inputs', place), slots: stack });
    if (isCopied) {
      const specs = { stack: call.inputs[place], slice: plan.inputs[planInput] };
      slices.push(...planSlices(step.label, specs, { stack, slice: slots }, body, limits));
    }
  }
  const carried = Array.from({ length: carries }, (_, carry): PlannedCarry => {
    const planInput = loop.inputs.indexOf(carry);
    return {
      found: found.get(planInput) ?? [],
      next: left.get(carry)!,
      around: { initial: around('inputs', carry), final: around('outputs', carry) },
    };
  });
  const stacks = loop.stacks.map((source, at): PlannedStack => {
    const place = carries + at;
    return {
      source:
        source.kind === 'carry'
          ? { kind: 'carry', index: source.index }
          : { kind: 'slots', slots: left.get(source.index)! },
      ...planJoins(step.label, call.outputs[place], loop, context),
      around: around('outputs', place),
    };
  });
  return { steps, reverse, body, constants, slices, carries: carried, stacks };
}

/**
 * Inputs of a body that its kernels can read in a stack, at an offset. Not those of int32, whose two planes lie apart, those
 * whose stack would have several segments, and those that are handed on to a loop in the body.
 */
function inputsReadInStacks({ plan, steps }: PlanLoop, { mostFloats }: PassLimits): Set<number> {
  const handedOn = new Set(plan.steps.flatMap(({ loop, inputs }) => (loop ? inputs : [])));
  const found = plan.buffers.flatMap(({ spec, place }, buffer) => {
    const fits = spec.dtype !== 'int32' && steps * floatsOfSpec(spec) <= mostFloats;
    return place.kind === 'input' && fits && !handedOn.has(buffer) ? [place.index] : [];
  });
  return new Set(found);
}

/** The slice of the loop's step, of a stack. */
const sliceGpu: GpuKernel = ({ inputs: [stack], outputs: [slice] }) => {
  const size = sizeOf(slice.shape);
  const from = { dtype: slice.dtype, from: input(0), fromSize: sizeOf(stack.shape) };
  const copy = movingPass(from, output(0), size, (f, index) => f.offset([f.step(), index], [size, 1]));
  return { passes: size === 0 ? [] : [copy] };
};

/** Where a stack and a slice of it are, or what they are. */
interface SliceOf<Thing> {
  readonly stack: Thing;
  readonly slice: Thing;
}

/** Plans what copies slices. */
function planSlices(
  label: string,
  specs: SliceOf<TensorSpec>,
  places: SliceOf<readonly number[]>,
  { slots }: PlannedSteps,
  limits: PassLimits,
): PlannedSlice[] {
  const call = { inputs: [specs.stack], outputs: [specs.slice], attributes: {} };
  return stepsBySegments(specs, limits).map(([first, last]) => ({
    first,
    last,
    passes: resolvePasses(composeStep({ label, call }, sliceGpu, limits, { steps: [first, last] }), {
      slots,
      slotsOf: ({ kind }) => (kind === 'input' ? places.stack : places.slice),
      planInputOf: () => {
        throw new Error('a slice takes no numbers of the host');
      },
      outlives: () => false,
    }),
    checks: [],
    lastUses: [],
  }));
}

/** Ranges of steps whose slices lie in the same segments of the stack: so many texts. */
function stepsBySegments(
  { stack, slice: { dtype, shape } }: SliceOf<TensorSpec>,
  { mostFloats }: PassLimits,
): (readonly [first: number, last: number])[] {
  const [steps] = stack.shape;
  const size = sizeOf(shape);
  if (steps * floatsOf(dtype, size) <= mostFloats) return [[0, steps - 1]];
  const planes = dtype === 'int32' ? [0, steps * size] : [0];
  const segmentsOf = (t: number): string =>
    planes
      .flatMap((plane) => [plane + t * size, plane + (t + 1) * size - 1])
      .map((place) => Math.floor(place / mostFloats))
      .join();
  const ranges: [number, number][] = [];
  for (let t = 0; t < steps; t++) {
    const range = ranges.at(-1);
    if (range && segmentsOf(range[0]) === segmentsOf(t)) range[1] = t;
    else ranges.push([t, t]);
  }
  return ranges;
}

/** Plans what joins what the steps leave to a stack. */
function planJoins(
  label: string,
  stack: TensorSpec,
  { steps, reverse }: PlanLoop,
  { limits: { mostReads: most }, planSteps }: LoopContext,
): Pick<PlannedStack, 'most' | 'levels' | 'last'> {
  const [, ...shape] = stack.shape;
  /** Joins arrays of so many steps each, in the order of running. */
  const join = (spans: readonly number[]): PlannedSteps => {
    const ofSpan = (span: number): TensorSpec => ({ shape: [span, ...shape], dtype: stack.dtype });
    const parts = (reverse ? spans.toReversed() : spans).map(ofSpan);
    const whole = ofSpan(spans.reduce((total, span) => total + span, 0));
    return planSteps(joinPlan(label, parts, whole), { steps: 1, isSlice: () => false, isCarry: () => false });
  };
  const levels: PlannedStack['levels'][number][] = [];
  const left: number[] = [];
  let [count, span] = [steps, 1];
  for (; count > most; span *= most) {
    const times = Math.floor((count - 1) / most);
    levels.push({ join: join(new Array(most).fill(span)), times });
    left.unshift(...new Array(count - most * times).fill(span));
    count = times;
  }
  left.unshift(...new Array(count).fill(span));
  return { most, levels, last: join(left) };
}

/** A plan of one kernel, which joins its inputs. */
function joinPlan(label: string, parts: readonly TensorSpec[], whole: TensorSpec): Plan {
  return {
    buffers: [...parts, whole].map((spec, index) => ({
      spec,
      bytes: byteLength(spec),
      place: index < parts.length ? { kind: 'input', index } : { kind: 'output', index: 0 },
    })),
    steps: [
      {
        contract: concat,
        call: { inputs: parts, outputs: [whole], attributes: { axis: 0 } },
        inputs: [...parts.keys()],
        outputs: [parts.length],
        label,
        parts: [],
        joins: false,
      },
    ],
    inputs: parts,
    variables: [],
    outputs: [whole],
    updated: [],
    firstUpdateStep: 1,
    arenaBytes: 0,
  };
}
