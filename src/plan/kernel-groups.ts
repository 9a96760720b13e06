/** Groups: what becomes one kernel of the plan, before it has memory. */
import type { ReduceOperator } from '../../kernels/reduce/index.ts';
import type { Operation, ValueId } from './graph.ts';

/** Elementwise work over one iteration space: the values it computes and stores. */
export interface ElementwiseGroup {
  readonly kind: 'elementwise';
  readonly stores: readonly ValueId[];
  /** Whether it computes new values of variables and nothing else: those kernels run last. */
  readonly updates: boolean;
}

/** A reduction with the elementwise work that feeds it. */
export interface ReduceGroup {
  readonly kind: 'reduce';
  readonly operation: Operation;
  readonly operator: ReduceOperator;
}

/** A primitive that is a kernel by itself. */
export interface KernelGroup {
  readonly kind: 'kernel';
  readonly operation: Operation;
  /** Whether its only result is the new value of a variable: those kernels run last. */
  readonly updates: boolean;
}

/** A kernel of the plan, before it has memory. */
export type Group = ElementwiseGroup | ReduceGroup | KernelGroup;

/** The values that a group stores. */
export function storesOf(group: Group): readonly ValueId[] {
  return group.kind === 'elementwise' ? group.stores : group.operation.outputs;
}
