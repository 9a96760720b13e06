/** What engines bound, as the planner knows it: how large one kernel may become, and how far indices count. */
import { workOfOperator } from '../../kernels/elementwise/index.ts';
import { DeviceLimitError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.ts';
import type { Graph, Operation } from './graph.ts';

/**
 * The most arrays that one kernel reads. V8 allows a WebAssembly function 1000 parameters, and each array is one; few
 * kernels read more than ten, and one that reads hundreds gains nothing from reading more.
 */
export const mostOperands = 256;

/**
 * The most work in one fused kernel, counted in plain instructions. Compilers take memory with the square of a function's
 * length (500 sines in one: 2 GB), and a chain in one kernel is walked by recursion.
 */
export const mostWork = 256;

/** Steps that may run together over each piece of a result. */
export const mostJoined = 64;

/** Merging looks at so many kernels that share an operand with one, and passes so many on the way from one to the other. */
export const mostCandidates = 64;
export const mostVisited = 64;

/** Indices are 32 bits with a sign, and loops step past their end by less than the rest. */
export const mostElements = 2 ** 31 - 2 ** 16;

/** What an operation adds to the kernel that computes it. */
export function workOf({ primitive }: Operation): number {
  return workOfOperator(primitive.name);
}

/** Throws DeviceLimitError if a value has more elements than indices count, whether or not it would take memory. */
export function requireCountable({ values, operations }: Graph): void {
  for (const { spec, producer } of values) {
    if (sizeOf(spec.shape) <= mostElements) continue;
    const operation = producer.kind === 'operation' ? operations[producer.index] : undefined;
    throw uncountable(operation, spec.shape);
  }
}

function uncountable(operation: Operation | undefined, shape: Shape): DeviceLimitError {
  const name = operation?.primitive.name ?? 'data or a constant';
  return new DeviceLimitError({
    where: operation?.scope ? `${operation.scope}: ${name}` : name,
    got: `the shape ${formatShape(shape)}, ${sizeOf(shape)} elements`,
    expected: `at most ${mostElements} in one tensor, whether or not it would take memory`,
    cure: 'Compute it in parts, or reduce along an axis before it is broadcast.',
  });
}
