/** What a plan needs at once, in bytes, and the error for more than there can be: before anything is allocated or compiled. */
import { bytesPerElement, sizeOf } from '../../kernels/support/contract.ts';
import { DeviceLimitError, type ErrorParts, HeapExhaustedError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { TensorSpec } from '../tensor/dtype.ts';
import { formatShape } from '../tensor/shape.ts';
import { formatBytes } from '../text.ts';

/** Bytes of a dense array. */
export function byteLength({ dtype, shape }: TensorSpec): number {
  return sizeOf(shape) * bytesPerElement[dtype];
}

/** Bytes of the values of a plan that exist at the same time, its variables among them. */
export function bytesNeeded({ arenaBytes, inputs, outputs, variables }: Plan): number {
  return [...inputs, ...outputs, ...variables].reduce((total, spec) => total + byteLength(spec), arenaBytes);
}

/** What there is for a plan. */
export interface Room {
  /** What a device of this kind can ever have. */
  readonly possible: number;
  /** What this one was given. */
  readonly allowed: number;
}

/**
 * Refuses a plan that needs more bytes than there can be, whatever else is let go.
 *
 * @throws DeviceLimitError where no such device has them, HeapExhaustedError where this one was given fewer.
 */
export function requireRoom(device: string, plan: Plan, needed: number, { possible, allowed }: Room): void {
  if (needed <= allowed) return;
  const parts: ErrorParts = {
    where: `the ${device} device, the values of a plan`,
    got: `a need of ${formatBytes(needed)} at once; the largest are ${largestOf(plan)}`,
    expected: `at most ${formatBytes(allowed)} together`,
    cure: needed > possible ? smaller : `${smaller} Or raise setDevice('${device}', { memoryLimit }).`,
  };
  throw needed > possible ? new DeviceLimitError(parts) : new HeapExhaustedError(parts);
}

const smaller = "Use smaller batches or a smaller model, compute in parts, or try setDevice('cpu').";

/** The error of a plan for which the engine has no memory. */
export function noMemory(device: string, plan: Plan, cause: unknown): HeapExhaustedError {
  return new HeapExhaustedError(
    {
      where: `the ${device} device, the values of a plan`,
      got: `a need of ${formatBytes(bytesNeeded(plan))} at once; the largest are ${largestOf(plan)}`,
      expected: 'that the engine and the system have it',
      cure: 'Use smaller batches or a smaller model, or compute in parts.',
    },
    { cause },
  );
}

/** The largest values of a plan, and what computes them. */
function largestOf({ buffers, steps }: Plan): string {
  const order = buffers.map((_, buffer) => buffer).sort((a, b) => buffers[b].bytes - buffers[a].bytes);
  return order
    .slice(0, 3)
    .map((buffer) => {
      const { spec, bytes, place } = buffers[buffer];
      const step = steps.find(({ outputs }) => outputs.includes(buffer));
      const label = step ? step.label.slice(0, longestLabel) : place.kind;
      return `${formatShape(spec.shape)} ${spec.dtype} (${formatBytes(bytes)}, ${label})`;
    })
    .join(', ');
}

const longestLabel = 60;
