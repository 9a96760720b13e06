/** What a loop needs of the steps of its body: to put arrays in their places, and to run them. */
import type { NumericArray } from '../../../kernels/support/contract.ts';
import type { IndexOutOfRangeError } from '../../../kernels/support/errors.ts';

/** What stands where no array is. */
export const noArray: NumericArray = new Float32Array(0);

/** Steps of a plan, prepared. */
export interface StepRunner {
  /** Elements of scratch memory for the step that needs most. */
  readonly workspaceSize: number;
  /** Puts an array in all places of a buffer. */
  put(buffer: number, array: NumericArray): void;
  /**
   * Runs the steps [first, end).
   *
   * @throws StepFault
   */
  run(first: number, end: number, workspace: Float32Array): void;
}

/** A step met an index out of range. */
export class StepFault extends Error {
  /** The step, then the step in its body, and so on. */
  readonly path: readonly number[];
  readonly fault: IndexOutOfRangeError;

  constructor(path: readonly number[], fault: IndexOutOfRangeError) {
    super(fault.message);
    this.path = path;
    this.fault = fault;
  }
}
