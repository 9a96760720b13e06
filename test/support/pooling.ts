/** Where maxima might have been found: for every window, the position in x of one of its pixels. */
import { tensor } from '../../src/index.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Numbers } from './numbers.ts';

/** A pooling: shapes [N, H, W, C] and the windows. */
export interface Pooling {
  readonly title: string;
  readonly x: Shape;
  readonly y: Shape;
  readonly window: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding?: readonly [number, number, number, number];
}

/** Positions [N, OH, OW, C] in x as a flat array, each on a pixel of its window. */
export function positionsInWindows(
  numbers: Numbers,
  { x, y, window, stride, padding = [0, 0, 0, 0] }: Pooling,
): Tensor {
  const [, height, width, channels] = x;
  const [batch, outHeight, outWidth] = y;
  const along = (out: number, axis: 0 | 1, length: number): number => {
    const start = out * stride[axis] - padding[2 * axis];
    return numbers.whole(Math.max(0, start), Math.min(length, start + window[axis]) - 1);
  };
  const positions: number[] = [];
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        for (let channel = 0; channel < channels; channel++) {
          const [pixelRow, pixelColumn] = [along(row, 0, height), along(column, 1, width)];
          positions.push(((image * height + pixelRow) * width + pixelColumn) * channels + channel);
        }
      }
    }
  }
  return tensor(Int32Array.from(positions), { shape: y, dtype: 'int32' });
}
