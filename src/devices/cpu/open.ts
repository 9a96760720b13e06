/** The `cpu` device, of which there is one. */
import { requireKnownOptions } from '../../options.ts';
import { CpuDevice } from './device.ts';

const device = new CpuDevice();

/** @throws OptionError for any option: it has none */
export function openCpu(options: Readonly<Record<string, never>> = {}): CpuDevice {
  requireKnownOptions("setDevice('cpu')", options, []);
  return device;
}
