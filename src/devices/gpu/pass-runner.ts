/** Runs the passes of steps, with the compiled functions of one plan. */
import type { NumericArray } from '../../../kernels/support/contract.ts';
import type { GpuFunctions } from './compiled-functions.ts';
import { decode } from './float-encoding.ts';
import type { Frame } from './frame.ts';
import type { GpuArgument, GpuFunction } from './library.ts';
import { type RunSteps, runLoop } from './loop-runner.ts';
import type { PlannedCheck, PlannedPass, PlannedStep } from './planned-passes.ts';
import { downloadSegments } from './segments.ts';

/** The functions that a plan uses. */
export class PlanFunctions {
  readonly all: GpuFunctions;
  /** Those of this plan alone: by pass, and for uploads by slot. */
  readonly #own = new Map<PlannedPass | number, GpuFunction>();
  /** Those that other plans use too. */
  readonly #shared = new Map<PlannedPass, GpuFunction>();

  constructor(all: GpuFunctions) {
    this.all = all;
  }

  /** The function for a pass. */
  ofPass(planned: PlannedPass): GpuFunction {
    const { pass, lengths, fresh } = planned;
    if (!fresh) return known(this.#own, planned, () => this.all.resident(pass, lengths));
    return known(this.#shared, planned, () => this.all.shared(pass, lengths));
  }

  /** The function that uploads so many floats to a slot. */
  ofUpload(slot: number, size: number): GpuFunction {
    return known(this.#own, slot, () => this.all.residentUpload(size));
  }

  release(): void {
    for (const compiled of [...this.#own.values(), ...this.#shared.values()]) this.all.release(compiled);
    this.#own.clear();
    this.#shared.clear();
  }
}

function known<Key>(functions: Map<Key, GpuFunction>, key: Key, make: () => GpuFunction): GpuFunction {
  const found = functions.get(key) ?? make();
  functions.set(key, found);
  return found;
}

/** What a run lends to its passes. */
interface PassContext {
  readonly functions: PlanFunctions;
  /** An element of an input of the plan. */
  readonly numberOf: (planInput: number, element: number) => number;
  /** Looks at indices, and throws what is wrong with them. */
  readonly check: (indices: NumericArray, check: PlannedCheck) => void;
}

export class PassRunner {
  readonly #context: PassContext;

  constructor(context: PassContext) {
    this.#context = context;
  }

  /** Runs steps one after the other. In the body of a loop, `t` is its step. */
  readonly run: RunSteps = async (steps, frame, t) => {
    for (const step of steps) await this.#runStep(step, frame, t);
  };

  async #runStep({ passes, checks, lastUses, loop }: PlannedStep, frame: Frame, t: number): Promise<void> {
    const { functions, check } = this.#context;
    for (const each of checks) {
      const floats = await downloadSegments(functions.all, frame.array(each.slots));
      check(decode(floats, 'int32', each.size), each);
    }
    for (const planned of passes) {
      const values: GpuArgument[] = planned.reads.map((slot) => frame.handle(slot)!);
      for (const each of planned.numbers) {
        if (typeof each === 'object') values.push(this.#context.numberOf(each.planInput, each.element));
        else values.push(each === 'step' ? t : each);
      }
      const handle = await functions.all.run(functions.ofPass(planned), values);
      frame.put([planned.writes], [handle]);
      if (planned.fresh) frame.own([handle]);
    }
    if (loop) await runLoop(loop, frame, this.run);
    frame.delete(frame.array(lastUses));
  }
}
