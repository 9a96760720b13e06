/** Where the parts meet: the evaluator over the devices is handed to the tensors, and the methods to their class. */
import { CpuDevice } from './devices/cpu/device.ts';
import type { Device, DeviceInfo, DeviceMemory } from './devices/device.ts';
import { Evaluator } from './devices/evaluator.ts';
import type { GpuCounters } from './devices/gpu/compiled-functions.ts';
import type { GpuDevice, GpuOptions } from './devices/gpu/device.ts';
import { WasmDevice, type WasmOptions } from './devices/wasm/device.ts';
import { hasVectors } from './devices/wasm/target.ts';
import { DeviceUnavailableError, WeftError } from './errors.ts';
import { layerTypes } from './nn/serialization.ts';
import * as updateRules from './optim/update-rules.ts';
import { describeValue, requireKnownOptions } from './options.ts';
import { concealClasses } from './tensor/exposure.ts';
import { connectRuntime } from './tensor/runtime.ts';
import { Tensor } from './tensor/tensor.ts';
import { tensorMethods } from './tensor-methods.ts';

const devices = { wasm: new WasmDevice(), cpu: new CpuDevice() };

/** The GPU that was opened last. */
let gpu: GpuDevice | undefined;

/** How many devices were chosen: one that takes time to open must not take the place of one that was chosen later. */
let choices = 0;

const names = ['wasm', 'gpu', 'cpu'] as const;
/** The devices this version has. */
export type DeviceName = (typeof names)[number];

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
  concealClasses([...Object.values(layerTypes), ...Object.values(updateRules)]);
}

/** Options of each device. */
export interface DeviceOptions {
  readonly wasm: WasmOptions;
  readonly gpu: GpuOptions;
  readonly cpu: Readonly<Record<string, never>>;
  readonly auto: Pick<GpuOptions, 'library'>;
}

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
export function setDevice(name: 'wasm', options?: WasmOptions): void;
export function setDevice(name: 'cpu', options?: DeviceOptions['cpu']): void;
export function setDevice(name: 'gpu', options?: GpuOptions): Promise<void>;
export function setDevice(name: 'auto', options?: DeviceOptions['auto']): Promise<void>;
export function setDevice(name: string, options?: DeviceOptions[DeviceName]): void | Promise<void>;
export function setDevice(name: string, options: DeviceOptions[DeviceName] = {}): void | Promise<void> {
  if (name === 'gpu') return chooseGpu(options as GpuOptions);
  if (name === 'auto') return chooseAutomatically(options as DeviceOptions['auto']);
  if (name !== 'wasm' && name !== 'cpu') {
    throw new DeviceUnavailableError({
      where: 'setDevice',
      got: describeValue(name),
      expected: `one of ${names.join(', ')}, auto`,
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
  if (name === 'wasm') devices.wasm.configure(options as WasmOptions);
  else requireKnownOptions(`setDevice('${name}')`, options, []);
  choices++;
  evaluator.setDevice(devices[name]);
}

/** The GPU that is open serves on, unless it is gone or another way to it is asked for. */
async function openGpu(options: GpuOptions): Promise<GpuDevice> {
  const fits = options.backend === undefined || options.backend === gpu?.info().backend;
  if (!gpu || gpu.isLost || !fits) {
    // Loaded now: nearly half of the code is for GPUs, and most programs use none.
    const { GpuDevice } = await import('./devices/gpu/device.ts');
    const opened = await GpuDevice.open(options);
    gpu = opened;
    return opened;
  }
  requireKnownOptions("setDevice('gpu')", options, ['backend', 'library']);
  return gpu;
}

async function chooseGpu(options: GpuOptions): Promise<void> {
  const choice = ++choices;
  const device = await openGpu(options);
  if (choice === choices) evaluator.setDevice(device);
}

async function chooseAutomatically(options: DeviceOptions['auto']): Promise<void> {
  requireKnownOptions("setDevice('auto')", options, ['library']);
  const host = firstDevice();
  const choice = ++choices;
  let device: Device = host;
  try {
    const candidate = await openGpu(options);
    // The workers take part in what is measured, and runs share memory, so that nothing else may run.
    if (host === devices.wasm) await devices.wasm.pool()?.whenReady();
    const { AutoDevice } = await import('./devices/auto.ts');
    device = await evaluator.exclusive(() => AutoDevice.measure(host, candidate));
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    if (choice === choices) console.info(`weft: auto computes on ${host.name}, since there is ${error.got}.`);
  }
  if (choice === choices) evaluator.setDevice(device);
}

/** The names `setDevice` accepts, besides `auto`. Not all of them run everywhere. */
export function deviceNames(): DeviceName[] {
  return [...names];
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
