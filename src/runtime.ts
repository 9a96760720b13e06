/** Where the parts meet: the evaluator over the devices is handed to the tensors, and the methods to their class. */
import { CpuDevice } from './devices/cpu/device.ts';
import type { Device, DeviceInfo, DeviceMemory } from './devices/device.ts';
import { Evaluator } from './devices/evaluator.ts';
import { WasmDevice, type WasmOptions } from './devices/wasm/device.ts';
import { hasVectors } from './devices/wasm/target.ts';
import { DeviceUnavailableError } from './errors.ts';
import { tensorMethods } from './methods.ts';
import { requireKnownOptions } from './options.ts';
import { connectRuntime } from './tensor/runtime.ts';
import { Tensor } from './tensor/tensor.ts';

const devices = { wasm: new WasmDevice(), cpu: new CpuDevice() };

/** The devices this version has. */
export type DeviceName = keyof typeof devices;

const evaluator = new Evaluator(firstDevice());

/** What computes until `setDevice` is called: `wasm`, unless the engine cannot run it. */
function firstDevice(): Device {
  if (hasVectors()) return devices.wasm;
  console.warn('weft: computing on the cpu device, since this engine has no WebAssembly with vectors.');
  return devices.cpu;
}

/** Connects everything. Called once, by src/index.ts. */
export function connect(): void {
  connectRuntime(evaluator);
  Object.assign(Tensor.prototype, tensorMethods);
}

/** Options of each device. */
export interface DeviceOptions {
  readonly wasm: WasmOptions;
  readonly cpu: Readonly<Record<string, never>>;
}

/**
 * Chooses the device that computes from here on. Parameters move to it when they are next used.
 *
 * ```ts
 * setDevice('wasm', { threads: 1 });
 * ```
 *
 * @throws DeviceUnavailableError for a name that is not one of `deviceNames()`, or a device this engine cannot run;
 * OptionError for an option the device does not have.
 */
export function setDevice<Name extends DeviceName>(name: Name, options?: DeviceOptions[Name]): void;
export function setDevice(name: string, options?: DeviceOptions[DeviceName]): void;
export function setDevice(name: string, options: DeviceOptions[DeviceName] = {}): void {
  if (!isDeviceName(name)) {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: `"${name}"`,
      expected: `one of ${deviceNames().join(', ')}`,
      cure: 'Choose a device this version has.',
    });
  }
  if (name === 'wasm' && !hasVectors()) {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: 'an engine without WebAssembly, or without its 128-bit vectors',
      expected: 'both, for the wasm device',
      cure: "Use a newer browser or Node, or setDevice('cpu').",
    });
  }
  if (name === 'wasm') devices.wasm.configure(options);
  else requireKnownOptions(`setDevice('${name}')`, options, []);
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

/** Bytes the device holds: variables, and the arena and scratch memory that all plans share. */
export function memory(): DeviceMemory {
  return evaluator.device.memory();
}
