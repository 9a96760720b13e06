/** The GPU of a test page: one device for the whole file, on the backend that the settings name. */
import { inject } from 'vitest';
import { floatsOfSpec } from '../../kernels/support/gpu/gpu-kernel.ts';
import { GpuDevice } from '../../src/devices/gpu/device.ts';
import { GpuExecutable, type GpuHost } from '../../src/devices/gpu/executable.ts';
import type { Backend } from '../../src/devices/gpu/gpu-options.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { NumericArray } from '../../src/tensor/dtype.ts';
import type { PlanOnArrays } from '../support/devices.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly backend: Backend;
    /** Whether docs/accuracy.md is to be written. */
    readonly writesReport: boolean;
  }
}

/** The backend this run is about. */
export const backend: Backend = inject('backend');

let opened: Promise<GpuDevice> | undefined;

/** The device. Fails if the backend is not there: these tests are run where it should be. */
export function gpuDevice(): Promise<GpuDevice> {
  opened ??= GpuDevice.open({ backend });
  return opened;
}

/**
 * The results of a plan on the GPU. Its functions are destroyed afterwards. With `segments`, as on a GPU whose buffers are so
 * small that the largest array of the plan is cut into so many.
 */
export async function runOnGpu(
  { plan, inputs }: PlanOnArrays,
  { segments = 1 } = {},
): Promise<NumericArray[]> {
  const device = await gpuDevice();
  const { functions, journal, mostReads } = device;
  const host: GpuHost = {
    functions,
    journal,
    mostReads,
    mostFloats: segments === 1 ? device.mostFloats : Math.ceil(largestOf(plan) / segments),
    addResident: (bytes) => device.addResident(bytes),
    makeRoom: (bytes) => device.makeRoom(bytes),
  };
  const executable = new GpuExecutable(plan, host);
  try {
    const { outputs } = await executable.run({ inputs, variables: [] });
    return outputs;
  } finally {
    executable.release();
  }
}

/** The floats of the largest array. */
function largestOf({ buffers }: Plan): number {
  return Math.max(1, ...buffers.map(({ spec }) => floatsOfSpec(spec)));
}
