/** Where the arrays of a plan are while it runs: those of the plan itself, and those of a loop's body, which move. */
import {
  bytes,
  type Expression,
  type FunctionBuilder,
  i32,
  type Local,
} from '../../../kernels/support/wasm/assembler/index.ts';
import type { Plan, PlanStep } from '../../plan/plan.ts';
import type { TensorSpec } from '../../tensor/dtype.ts';
import { byteLength } from '../needs.ts';
import type { Placement } from './placement.ts';
import type { CarryHome, LoopCode } from './plan-code.ts';

/** The addresses that the steps of a plan are called with. */
export interface Addresses {
  buffer(buffer: number): Expression<'i32'>;
  /** The scratch memory of a step, shared by all threads. */
  scratch(step: number): Expression<'i32'>;
  /** The scratch memory of this thread. */
  readonly threadScratch: Expression<'i32'>;
}

/** The arrays of a plan lie at fixed distances from the start of its arena, variables where a table says. */
export class PlanAddresses implements Addresses {
  readonly threadScratch: Expression<'i32'>;
  readonly #plan: Plan;
  readonly #placement: Placement;
  readonly #arena: Local<'i32'>;

  constructor(
    f: FunctionBuilder,
    plan: Plan,
    placement: Placement,
    { arena, part }: { readonly arena: Local<'i32'>; readonly part: Local<'i32'> },
  ) {
    this.#plan = plan;
    this.#placement = placement;
    this.#arena = arena;
    const { threadScratch, threadScratchStep } = placement;
    this.threadScratch = f.keep(
      i32.add(i32.add(arena, threadScratch), i32.multiply(part, threadScratchStep)),
    );
  }

  buffer(buffer: number): Expression<'i32'> {
    const { place } = this.#plan.buffers[buffer];
    if (place.kind === 'variable') return i32.load(this.#arena, this.#placement.bindings + 4 * place.index);
    return i32.add(this.#arena, this.#placement.offsets[buffer]!);
  }

  scratch(): Expression<'i32'> {
    return i32.add(this.#arena, this.#placement.scratch);
  }
}

/** The arrays of a loop's body: pointers to slices and carries, which move from step to step. */
export class LoopAddresses implements Addresses {
  readonly threadScratch: Expression<'i32'>;
  readonly #f: FunctionBuilder;
  readonly #code: LoopCode;
  readonly #step: PlanStep;
  readonly #around: Addresses;
  readonly #base: Local<'i32'>;
  /** By input of the loop: the carry as the step finds it, the slice, or what never changes. */
  readonly #inputs: readonly Local<'i32'>[];
  /** Bytes of a slice, by input of the loop; 0 for what has none. */
  readonly #inputBytes: readonly number[];
  /** Bytes of a slice, by stack. */
  readonly #stackBytes: readonly number[];
  /** By stack: the slice. */
  readonly #stacks: readonly Local<'i32'>[];
  /** By carry: where the step leaves it. */
  readonly #next: readonly Local<'i32'>[];

  constructor(
    f: FunctionBuilder,
    code: LoopCode,
    step: PlanStep,
    base: Expression<'i32'>,
    around: Addresses,
  ) {
    this.#f = f;
    this.#code = code;
    this.#step = step;
    this.#around = around;
    this.threadScratch = around.threadScratch;
    this.#base = f.keep(base);
    const { carries, reverse, steps } = code.loop;
    /** Where the slice of the first step begins, or all of what never changes. */
    const firstOf = (buffer: number, stride: number): Local<'i32'> =>
      f.keep(i32.add(around.buffer(buffer), reverse ? (steps - 1) * stride : 0));
    this.#inputBytes = step.inputs.map((_, at) =>
      this.#isSequence(at) ? sliceBytes(step.call.inputs[at], steps) : 0,
    );
    this.#stackBytes = step.call.outputs.slice(carries).map((spec) => sliceBytes(spec, steps));
    this.#inputs = step.inputs.map((buffer, at) => firstOf(buffer, this.#inputBytes[at]));
    this.#stacks = step.outputs.slice(carries).map((buffer, at) => firstOf(buffer, this.#stackBytes[at]));
    this.#next = code.homes.map(() => f.local('i32'));
  }

  buffer(buffer: number): Expression<'i32'> {
    const { loop } = this.#code;
    const { place } = loop.plan.buffers[buffer];
    if (place.kind === 'arena') return i32.add(this.#base, place.offset);
    if (place.kind === 'input') return this.#inputs[loop.inputs[place.index]];
    if (place.index < loop.carries) return this.#next[place.index];
    return this.#stacks[this.#firstStackOf(place.index)];
  }

  scratch(step: number): Expression<'i32'> {
    return i32.add(this.#base, this.#code.prepared.get(step) ?? this.#code.scratch);
  }

  /** Points to where this step, number `step` in the order of running, leaves the carries. */
  enterStep(step: Local<'i32'>): void {
    const { loop, homes } = this.#code;
    const isLast = i32.equal(step, loop.steps - 1);
    for (const [carry, home] of homes.entries()) {
      const next = this.#next[carry];
      if (home.kind === 'left') {
        this.#f.set(next, this.#stacks[home.stack]);
        continue;
      }
      if (home.kind === 'found')
        this.#f.set(next, i32.add(this.#stacks[home.stack], this.#onwards(this.#stackBytes[home.stack])));
      else {
        const [even, odd] = home.offsets;
        const offset = i32.add(even, i32.multiply(i32.and(step, 1), odd - even));
        this.#f.set(next, i32.add(this.#base, offset));
      }
      this.#f.if(isLast, () => this.#f.set(next, this.#around.buffer(this.#step.outputs[carry])));
    }
  }

  /** Copies what is found at the first step to a stack of what each step finds. Done by one thread. */
  copyFirst(): void {
    for (const [carry, home] of this.#code.homes.entries()) {
      if (home.kind === 'found') this.#copy(this.#stacks[home.stack], this.#inputs[carry], carry);
    }
  }

  /** Copies what a step found or left to stacks that are not its home. Done by one thread. */
  copyToStacks(): void {
    const { loop, homes } = this.#code;
    for (const [stack, { kind, index }] of loop.stacks.entries()) {
      const home = homes[index] as CarryHome | undefined;
      const isHome = home !== undefined && home.kind !== 'turns' && home.stack === stack;
      if (isHome || (kind === 'output' && index >= loop.carries)) continue;
      this.#copy(this.#stacks[stack], (kind === 'carry' ? this.#inputs : this.#next)[index], index);
    }
  }

  /** Moves on to the slices of the next step, which finds what this one left. */
  leaveStep(): void {
    for (const [at, pointer] of this.#inputs.entries()) {
      if (at < this.#next.length) this.#f.set(pointer, this.#next[at]);
      else if (this.#isSequence(at)) this.#f.increase(pointer, this.#onwards(this.#inputBytes[at]));
    }
    for (const [stack, pointer] of this.#stacks.entries()) {
      this.#f.increase(pointer, this.#onwards(this.#stackBytes[stack]));
    }
  }

  /** Copies final carries from the stacks they were left in. Done by one thread. */
  copyLast(): void {
    for (const [carry, home] of this.#code.homes.entries()) {
      if (home.kind === 'left') {
        this.#copy(this.#around.buffer(this.#step.outputs[carry]), this.#inputs[carry], carry);
      }
    }
  }

  #copy(to: Expression<'i32'>, from: Expression<'i32'>, carry: number): void {
    this.#f.do(bytes.copy(to, from, byteLength(this.#step.call.outputs[carry])));
  }

  #isSequence(input: number): boolean {
    const { carries, sequences } = this.#code.loop;
    return input >= carries && input < carries + sequences;
  }

  /** From one slice to the next in the order of running. */
  #onwards(bytes: number): number {
    return this.#code.loop.reverse ? -bytes : bytes;
  }

  /** The stack that an output of the body is written to. */
  #firstStackOf(output: number): number {
    return this.#code.loop.stacks.findIndex(({ kind, index }) => kind === 'output' && index === output);
  }
}

function sliceBytes(whole: TensorSpec, steps: number): number {
  return byteLength(whole) / steps;
}
