/** The `gpu` device that is open, or another one when that is gone. */
import { requireKnownOptions } from '../../options.ts';
import type { GpuDevice } from './device.ts';
import type { GpuOptions } from './gpu-options.ts';
import type { PassesDevice } from './pass-limits.ts';

/** The GPU that was opened last. */
let last: GpuDevice | undefined;

/**
 * The GPU that is open, unless it is gone or another way to it is asked for. Rejects with DeviceUnavailableError where
 * there is none, and with OptionError.
 */
export async function openGpu(options: GpuOptions = {}): Promise<PassesDevice> {
  const fits = options.backend === undefined || options.backend === last?.info().backend;
  if (!last || last.isLost || !fits) {
    // Loaded now: nearly half of the code is for GPUs, and most programs use none.
    const { GpuDevice } = await import('./device.ts');
    const opened = await GpuDevice.open(options);
    last = opened;
    return opened;
  }
  requireKnownOptions("setDevice('gpu')", options, ['backend', 'library']);
  return last;
}
