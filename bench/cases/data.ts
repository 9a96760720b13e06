/** What the cases compute with: made on the host, since random tensors would be a plan of their own. */
import { type Tensor, tensor } from '../../src/index.ts';

/** Numbers of ordinary size, the same in every run. */
export function examples(shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, at) => Math.sin(at * 12.9898) * 1.4),
    { shape },
  );
}

/** Labels of `classes` classes, in turn. */
export function labels(count: number, classes: number): Tensor {
  return tensor(Int32Array.from({ length: count }, (_, at) => (at * 7) % classes));
}
