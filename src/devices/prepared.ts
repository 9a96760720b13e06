/** What the evaluator and compiled functions share: prepared plans, and the arrays behind leaves. */
import type { Bindings, Graph } from '../plan/graph.ts';
import type { Plan } from '../plan/plan.ts';
import type { NumericArray } from '../tensor/dtype.ts';
import type { HostSource } from '../tensor/node.ts';
import { leftBehind } from '../tensor/recorder.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Variable } from '../tensor/variable.ts';
import type { Device, Executable } from './device.ts';

/** A plan with the device's form of it, shared by all graphs of one structure. */
export interface SharedPlan {
  readonly plan: Plan;
  readonly executable: Executable;
  readonly device: string;
}

/** A plan for one graph. */
export interface Prepared extends SharedPlan {
  /** The plan with the labels of this graph. */
  readonly labeled: () => Plan;
}

/** What a compiled function needs of the evaluator. */
export interface PlanRunner {
  /** The device of the turn that runs. */
  readonly activeDevice: Device;
  prepare(graph: Graph): Prepared;
  exclusive<Result>(work: () => Promise<Result>, needed?: readonly Tensor[]): Promise<Result>;
  flush(): Promise<void> | undefined;
  compute(tensors: readonly Tensor[]): Promise<void>;
  abandon(versions: ReadonlyMap<Variable, number>): Promise<void>;
  run(
    prepared: Prepared,
    inputs: readonly NumericArray[],
    variables: readonly Variable[],
    guard?: number,
  ): Promise<NumericArray[]>;
}

/** How the values that the host gives are read when the turn has come. */
export type HostValues = ReadonlyMap<HostSource, () => NumericArray>;

/** The array behind a leaf that is not a variable. Of host values, `begun` has those that were asked for before. */
export function leafArray(source: Bindings['inputs'][number], begun?: HostValues): NumericArray {
  if (source.kind === 'data') return source.data;
  if (source.kind === 'host') return (begun?.get(source) ?? source.begin())();
  throw leftBehind();
}

/** Whether a tensor's value has still to be computed. */
export function isUnknown({ node, output }: Tensor): boolean {
  return node.values[output] === undefined;
}
