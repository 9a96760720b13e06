/** Where the parts meet: the evaluator over the devices is handed to the tensors, and the methods to their class. */
import type { Device, DeviceInfo, DeviceMemory } from './devices/device.ts';
import { Evaluator } from './devices/evaluator.ts';
import type { GpuCounters } from './devices/gpu/counters.ts';
import type { GpuOptions } from './devices/gpu/gpu-options.ts';
import {
  type DeviceName,
  devices,
  type OpenDevice,
  type OptionsOf,
  type SlowDeviceName,
} from './devices/index.ts';
import { hasVectors } from './devices/wasm/target.ts';
import { DeviceUnavailableError, WeftError } from './errors.ts';
import { describeValue, requireKnownOptions } from './options.ts';
import { connectRuntime } from './tensor/runtime.ts';
import { Tensor } from './tensor/tensor.ts';
import { tensorMethods } from './tensor-methods.ts';

export type { DeviceName };

/** How many devices were chosen: one that takes time to open must not take the place of one that was chosen later. */
let choices = 0;

const evaluator = new Evaluator(firstDevice());

/** What computes until `setDevice` is called: `wasm`, unless the engine cannot run it. */
function firstDevice(): Device {
  if (hasVectors()) return devices.wasm();
  console.warn('weft: computing on the cpu device, since this engine has no WebAssembly with vectors.');
  return devices.cpu();
}

/** Connects everything. Called once, by src/index.ts. */
export function connect(): void {
  connectRuntime(evaluator);
  Object.assign(Tensor.prototype, tensorMethods);
}

/** Options of each device. */
export type DeviceOptions = {
  readonly [Name in DeviceName]: OptionsOf<Name>;
} & { readonly auto: Pick<GpuOptions, 'library'> };

/**
 * Chooses the device that computes from here on. Parameters move to it when they are next used.
 *
 * `gpu` and `auto` have to be awaited: the one loads gpu.js (a package of its own, 2.24 or later) and tries the GPU out,
 * the other also measures the devices there are. Until then the old device computes. `auto` takes the device on which a
 * run of the first model that is evaluated should take least, and says once which that is and why.
 *
 * ```ts
 * setDevice('wasm', { threads: 1 });
 * ```
 *
 * @throws DeviceUnavailableError for a name that is not one of `deviceNames()` or `auto`, or a device this engine cannot
 * run; OptionError for an option the device does not have. For `gpu` and `auto` the promise is rejected with them.
 */
export function setDevice<Name extends keyof DeviceOptions>(
  name: Name,
  options?: DeviceOptions[Name],
): Name extends SlowDeviceName | 'auto' ? Promise<void> : void;
export function setDevice(name: string, options: DeviceOptions[DeviceName] = {}): void | Promise<void> {
  if (name === 'auto') return chooseAutomatically(options as DeviceOptions['auto']);
  if (!isDeviceName(name)) {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: describeValue(name),
      expected: `one of ${deviceNames().join(', ')}, auto`,
      cure: 'Choose a device this version has.',
    });
  }
  const open: OpenDevice = devices[name];
  // Each device checks what it is given.
  const opened = open(options as never);
  const choice = ++choices;
  if (!(opened instanceof Promise)) return evaluator.setDevice(opened);
  return opened.then((device) => {
    if (choice === choices) evaluator.setDevice(device);
  });
}

function isDeviceName(name: unknown): name is DeviceName {
  return deviceNames().some((each) => each === name);
}

async function chooseAutomatically(options: DeviceOptions['auto']): Promise<void> {
  requireKnownOptions("setDevice('auto')", options, ['library']);
  const host = firstDevice();
  const choice = ++choices;
  let device = host;
  try {
    const candidate = await devices.gpu(options);
    await host.whenReady?.();
    const { AutoDevice } = await import('./devices/auto.ts');
    // Runs share memory, so that nothing else may run while it measures.
    device = await evaluator.exclusive(() => AutoDevice.measure(host, candidate));
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    if (choice === choices) console.info(`weft: auto computes on ${host.name}, since there is ${error.got}.`);
  }
  if (choice === choices) evaluator.setDevice(device);
}

/** The names `setDevice` accepts, besides `auto`. Not all of them run everywhere. */
export function deviceNames(): DeviceName[] {
  return Object.keys(devices) as DeviceName[];
}

/** What has crossed between host and GPU so far, and how long it took; undefined unless the gpu device computes. */
export function gpuCounters(): GpuCounters | undefined {
  return evaluator.device.counters;
}

/** The device that really computes, and what it runs on. */
export function deviceInfo(): DeviceInfo {
  return evaluator.device.info();
}

/** Bytes the device holds: variables, and the arena and scratch memory that all plans share. */
export function memory(): DeviceMemory {
  return evaluator.device.memory();
}
