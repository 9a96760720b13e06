/** The steps of a plan with the arrays they work on: put in place for a run, then run one after the other. */
import { kernelOf } from '../../../kernels/index.ts';
import type { CpuRun, NumericArray } from '../../../kernels/support/contract.ts';
import { IndexOutOfRangeError } from '../../../kernels/support/errors.ts';
import type { Plan, PlanStep } from '../../plan/plan.ts';
import { prepareLoop } from './loop-run.ts';
import { noArray, StepFault, type StepRunner } from './step-runner.ts';

/** One step with the arrays it works on. */
interface PreparedStep {
  readonly run: CpuRun;
  readonly inputs: NumericArray[];
  readonly outputs: NumericArray[];
}

/** A place in a step that holds a buffer's array. */
type Slot = (array: NumericArray) => void;

export class PreparedSteps implements StepRunner {
  readonly workspaceSize: number;
  readonly #steps: readonly PreparedStep[];
  /** Where each buffer is used. */
  readonly #slots: readonly Slot[][];

  constructor(plan: Plan) {
    const slots: Slot[][] = plan.buffers.map(() => []);
    this.#steps = plan.steps.map((step) => {
      const prepared: PreparedStep = {
        run: runOf(step),
        inputs: step.inputs.map(() => noArray),
        outputs: step.outputs.map(() => noArray),
      };
      const use = (arrays: NumericArray[]) => (buffer: number, position: number) =>
        slots[buffer].push((array) => {
          arrays[position] = array;
        });
      step.inputs.forEach(use(prepared.inputs));
      step.outputs.forEach(use(prepared.outputs));
      return prepared;
    });
    this.workspaceSize = this.#steps.reduce((most, { run }) => Math.max(most, run.workspaceSize ?? 0), 0);
    this.#slots = slots;
  }

  put(buffer: number, array: NumericArray): void {
    for (const slot of this.#slots[buffer]) slot(array);
  }

  run(first: number, end: number, workspace: Float32Array): void {
    for (let index = first; index < end; index++) {
      const { run, inputs, outputs } = this.#steps[index];
      try {
        run(inputs, outputs, workspace);
      } catch (error) {
        if (error instanceof StepFault) throw new StepFault([index, ...error.path], error.fault);
        throw error instanceof IndexOutOfRangeError ? new StepFault([index], error) : error;
      }
    }
  }
}

function runOf({ loop, contract, call }: PlanStep): CpuRun {
  return loop ? prepareLoop(loop, (plan) => new PreparedSteps(plan)) : kernelOf(contract).cpu(call);
}
