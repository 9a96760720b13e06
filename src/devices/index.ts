/** Every device there is, a line each: what opens it, at once or, of one that takes time, with a promise. */
import { openCpu } from './cpu/open.ts';
import type { Device } from './device.ts';
import { openGpu } from './gpu/open.ts';
import { openWasm } from './wasm/open.ts';

export const devices = { wasm: openWasm, gpu: openGpu, cpu: openCpu } satisfies Record<string, OpenDevice>;

export type OpenDevice = (options?: never) => Device | Promise<Device>;

/** The devices this version has. */
export type DeviceName = keyof typeof devices;

/** Options of a device. */
export type OptionsOf<Name extends DeviceName> = NonNullable<Parameters<(typeof devices)[Name]>[0]>;

/** Devices that take time to open. */
export type SlowDeviceName = {
  [Name in DeviceName]: ReturnType<(typeof devices)[Name]> extends Promise<Device> ? Name : never;
}[DeviceName];
