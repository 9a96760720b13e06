/** The plan: kernels in order, with a place for every value. Pure data; a device turns it into something that runs. */
import type { KernelCall, KernelContract } from '../../kernels/support/contract.ts';
import type { TensorSpec } from '../tensor/dtype.ts';
import type { StepPart } from '../tensor/scope.ts';
import type { StackSource } from './loop.ts';

/** Where a buffer lies. */
export type Place =
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'variable'; readonly index: number }
  /** A fresh array per run, handed to the user. */
  | { readonly kind: 'output'; readonly index: number }
  | { readonly kind: 'arena'; readonly offset: number };

/** One array of a plan, dense and row-major. */
export interface PlanBuffer {
  /** Shape and dtype. */
  readonly spec: TensorSpec;
  /** Its size. */
  readonly bytes: number;
  /** Where it lies. */
  readonly place: Place;
}

/** One kernel call of a plan. */
export interface PlanStep {
  /** Which kernel: its name, and what a call costs. */
  readonly contract: KernelContract;
  /** The sizes and attributes it is called with. */
  readonly call: KernelCall;
  /** Indices into the plan's buffers. */
  readonly inputs: readonly number[];
  /** Indices into the plan's buffers. */
  readonly outputs: readonly number[];
  /** The layer and operations it computes, for people. */
  readonly label: string;
  /** The parts of a training step that these operations belong to: several where a kernel computes some of each, none
   * where the device itself made the step. */
  readonly parts: readonly StepPart[];
  /**
   * Whether it may run over each piece of the result of the step before as soon as that piece is computed: it is
   * elementwise, and what it writes is not read by that step. Several may follow one step. A device need not do so.
   */
  readonly joins: boolean;
  /** Of a loop, what it runs at every step. */
  readonly loop?: PlanLoop;
}

/**
 * The body of a loop, which is a step of a plan. The step's inputs are the carries before the first step, sequences
 * [T, …], and what is the same at every step; its outputs the carries after the last step, then stacks [T, …].
 */
export interface PlanLoop {
  /** What runs at every step. Its first outputs are the next carries. It has no variables. */
  readonly plan: Plan;
  /** T. */
  readonly steps: number;
  /** Whether slices are taken from the last to the first. */
  readonly reverse: boolean;
  readonly carries: number;
  readonly sequences: number;
  /** By input of the body's plan, which input of the step it is, or has the slice. */
  readonly inputs: readonly number[];
  /** By output of the step behind the carries, what is stacked. */
  readonly stacks: readonly StackSource[];
}

/** What runs: kernels in order, and where every value lies. */
export interface Plan {
  /** Every array that the steps read or write. */
  readonly buffers: readonly PlanBuffer[];
  /** The kernel calls, in the order they run. */
  readonly steps: readonly PlanStep[];
  /** What each run is given: data and arguments. */
  readonly inputs: readonly TensorSpec[];
  /** The variables it reads or changes. */
  readonly variables: readonly TensorSpec[];
  /** What each run returns. */
  readonly outputs: readonly TensorSpec[];
  /** Variables (by index) that a run changes. */
  readonly updated: readonly number[];
  /** Variables are changed by this step and later ones only: before it a run can still be abandoned. */
  readonly firstUpdateStep: number;
  /** Bytes that all values in the arena need together: places are shared by values that are never alive at once. */
  readonly arenaBytes: number;
}

/** The step at a path: a step of the plan, then one of the plan of its body, and so on. */
export function stepAt({ steps }: Plan, [first, ...rest]: readonly number[]): PlanStep {
  const step = steps[first];
  return rest.length === 0 ? step : stepAt(step.loop!.plan, rest);
}
