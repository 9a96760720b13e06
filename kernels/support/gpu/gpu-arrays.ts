/** The arrays of a kernel call on the GPU, and what of them a pass names. */

/** An array of one call: its inputs and outputs, and what its passes hand on to each other. */
export interface GpuArray {
  readonly kind: 'input' | 'output' | 'temporary';
  readonly index: number;
}

/** One element of an input. */
export interface GpuElement {
  readonly array: GpuArray;
  readonly element: number;
}

/** A number that is passed to a function: given now, an element of an input, or the number of the loop's step. */
export type GpuNumber = number | GpuElement | 'step';

/** One segment of an array: an array that fits into one buffer or texture has one. */
export interface GpuSegment {
  readonly array: GpuArray;
  readonly segment: number;
}
