/** The GPU of a test page: one device for the whole file, on the backend that the settings name. */
import { inject } from 'vitest';
import { GpuDevice } from '../../src/devices/gpu/device.ts';
import type { Backend } from '../../src/devices/gpu/library.ts';
import type { NumericArray } from '../../src/tensor/dtype.ts';
import type { PlanOnArrays } from '../support/devices.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly backend: Backend;
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

/** The results of a plan on the GPU. Its functions are destroyed afterwards. */
export async function runOnGpu({ plan, inputs }: PlanOnArrays): Promise<NumericArray[]> {
  const device = await gpuDevice();
  const executable = device.prepare(plan);
  try {
    const { outputs } = await executable.run({ inputs, variables: [] });
    return outputs;
  } finally {
    executable.release();
  }
}
