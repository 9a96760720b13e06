/** The `wasm` device, of which there is one: parameters that it holds stay where they are when its options change. */
import { DeviceUnavailableError } from '../../errors.ts';
import type { Device } from '../device.ts';
import { WasmDevice } from './device.ts';
import { hasVectors } from './target.ts';
import type { WasmOptions } from './wasm-options.ts';

const device = new WasmDevice();

/**
 * @param options those that are left out go back to their defaults; without any, all stay as they are
 * @throws DeviceUnavailableError in an engine that cannot run it; OptionError
 */
export function openWasm(options?: WasmOptions): Device {
  if (!hasVectors()) {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: 'an engine without WebAssembly, or without its 128-bit vectors',
      expected: 'both, for the wasm device',
      cure: "Use a newer browser or Node, or setDevice('cpu').",
    });
  }
  if (options) device.configure(options);
  return device;
}
