/** The `cpu` device, of which there is one. */
import { requireKnownOptions } from '../../options.ts';
import type { Device } from '../device.ts';
import { CpuDevice } from './device.ts';

const device = new CpuDevice();

/** @throws OptionError for any option: it has none */
export function openCpu(options: Readonly<Record<string, never>> = {}): Device {
  requireKnownOptions("setDevice('cpu')", options, []);
  return device;
}
