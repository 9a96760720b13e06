/** Plans on two devices: cpu, and wasm with one thread and several, with and without fused multiply-adds. */
import { CpuDevice } from '../../src/devices/cpu/device.ts';
import { leafArray } from '../../src/devices/prepared.ts';
import { WasmDevice } from '../../src/devices/wasm/device.ts';
import { engineTarget } from '../../src/devices/wasm/target.ts';
import { captureGraph } from '../../src/plan/capture.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { makePlan } from '../../src/plan/planner.ts';
import type { NumericArray } from '../../src/tensor/dtype.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** A plan that needs no variables, with what it is run on. */
export interface PlanOnArrays {
  readonly plan: Plan;
  readonly inputs: readonly NumericArray[];
}

/** The plan that computes tensors. */
export function planTensors(tensors: readonly Tensor[]): PlanOnArrays {
  const { graph, bindings } = captureGraph(tensors);
  return { plan: makePlan(graph), inputs: bindings.inputs.map((source) => leafArray(source)) };
}

/** Whether this engine has fused multiply-adds. */
export const hasFusedMultiplyAdd = engineTarget().relaxedSimd;

/** One way in which the wasm device can be set up. */
export interface WasmSetting {
  readonly title: string;
  readonly threads: number;
  readonly fusedMultiplyAdd: boolean;
}

/** One, two and three threads, each with every kind of multiply-add that the engine has. */
export const wasmSettings: readonly WasmSetting[] = (hasFusedMultiplyAdd ? [false, true] : [false]).flatMap(
  (fusedMultiplyAdd) =>
    [1, 2, 3].map((threads) => ({
      title: `${threads} thread${threads === 1 ? '' : 's'}${fusedMultiplyAdd ? ', fused' : ''}`,
      threads,
      fusedMultiplyAdd,
    })),
);

/** A wasm device of its own, which splits every step that has two items. */
export function splittingDevice({ threads, fusedMultiplyAdd }: WasmSetting): WasmDevice {
  const device = new WasmDevice(0);
  device.configure({ threads, fusedMultiplyAdd });
  return device;
}

/** The results of a plan on the cpu. */
export async function runOnCpu({ plan, inputs }: PlanOnArrays): Promise<NumericArray[]> {
  const { outputs } = await new CpuDevice().prepare(plan).run({ inputs, variables: [] });
  return outputs;
}

/**
 * The results of a plan on a wasm device: first by one thread, as long as its workers do not know the plan, then by all
 * of them.
 *
 * @throws Error if there are not as many threads as wanted.
 */
export async function runOnWasm(
  device: WasmDevice,
  { plan, inputs }: PlanOnArrays,
  threads: number,
): Promise<{ alone: NumericArray[]; together: NumericArray[] }> {
  const executable = device.prepare(plan);
  const alone = await executable.run({ inputs, variables: [] });
  await device.pool()?.whenReady();
  requireThreads(device, threads);
  const together = await executable.run({ inputs, variables: [] });
  requireThreads(device, threads);
  return { alone: alone.outputs, together: together.outputs };
}

function requireThreads(device: WasmDevice, wanted: number): void {
  const { threads } = device.info();
  if (threads !== wanted) throw new Error(`${threads} threads compute, not ${wanted}`);
}

/** Where two arrays differ first, bit for bit (NaN equals NaN, and -0 does not equal 0); -1 for nowhere. */
export function firstDifference(actual: NumericArray, expected: NumericArray): number {
  if (actual.length !== expected.length) return Math.min(actual.length, expected.length);
  for (let k = 0; k < expected.length; k++) if (!Object.is(actual[k], expected[k])) return k;
  return -1;
}

/** The largest error beside the largest expected value, which counts as at least 1. Infinite if only one is finite. */
export function errorOf(actual: NumericArray, expected: NumericArray): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [largest, worst] = [1, 0];
  for (let k = 0; k < expected.length; k++) {
    if (Object.is(actual[k], expected[k])) continue;
    const difference = Math.abs(actual[k] - expected[k]);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, difference);
  }
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return worst / largest;
}
