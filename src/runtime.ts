/** Where the parts meet: the evaluator over the cpu device is handed to the tensors, and the methods to their class. */
import { CpuDevice } from './devices/cpu/device.ts';
import type { DeviceInfo, DeviceMemory } from './devices/device.ts';
import { Evaluator } from './devices/evaluator.ts';
import { DeviceUnavailableError } from './errors.ts';
import { tensorMethods } from './methods.ts';
import { connectRuntime } from './tensor/runtime.ts';
import { Tensor } from './tensor/tensor.ts';

const devices = { cpu: new CpuDevice() };

/** The devices this version has. */
export type DeviceName = keyof typeof devices;

const evaluator = new Evaluator(devices.cpu);

/** Connects everything. Called once, by src/index.ts. */
export function connect(): void {
  connectRuntime(evaluator);
  Object.assign(Tensor.prototype, tensorMethods);
}

/**
 * Chooses the device that computes from here on. Parameters move to it when they are next used.
 *
 * @throws DeviceUnavailableError for a name that is not one of `deviceNames()`.
 */
export function setDevice(name: string): void {
  if (!isDeviceName(name)) {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: `"${name}"`,
      expected: `one of ${deviceNames().join(', ')}`,
      cure: 'Choose a device this version has.',
    });
  }
  evaluator.setDevice(devices[name]);
}

function isDeviceName(name: string): name is DeviceName {
  return Object.hasOwn(devices, name);
}

/** The names `setDevice` accepts. */
export function deviceNames(): DeviceName[] {
  return Object.keys(devices) as DeviceName[];
}

/** The device that really computes, and what it runs on. */
export function deviceInfo(): DeviceInfo {
  return evaluator.device.info();
}

/** Bytes the device holds: variables, and the arena that all plans share. */
export function memory(): DeviceMemory {
  return evaluator.device.memory();
}
