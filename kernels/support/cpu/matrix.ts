/** Where a matrix lies in an array: what the cpu products take and give. */

/** Element (row, column) is `data[offset + row·rowStride + column·columnStride]`. */
export interface Matrix {
  readonly data: Float32Array | Float64Array;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}
