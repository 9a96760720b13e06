/** The errors that a kernel can only find while it runs, because they depend on values. */

/** An index into an axis that is too short for it, or negative. */
export class IndexOutOfRangeError extends RangeError {
  override readonly name = 'IndexOutOfRangeError';
  readonly kernel: string;
  readonly index: number;
  readonly length: number;

  constructor(kernel: string, index: number, length: number) {
    super(`${kernel}: index ${index} lies outside [0, ${length}), the range of the indexed axis`);
    this.kernel = kernel;
    this.index = index;
    this.length = length;
  }
}
