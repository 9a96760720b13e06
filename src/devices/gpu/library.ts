/** gpu.js as weft sees it: loaded when the device is asked for, and typed by the little that is used. */

import type { ComposedPass } from '../../../kernels/support/gpu/gpu-kernel.ts';
import { functionText, type NumberType } from '../../../kernels/support/gpu/shader-function.ts';
import { DeviceUnavailableError } from '../../errors.ts';
import { messageOf } from '../../text.ts';
import type { Backend, GpuLibraryLoader } from './gpu-options.ts';

/** An array on the GPU. */
export interface GpuHandle {
  /** WebGPU promises it, GL gives it at once. */
  toArray(): Promise<unknown> | unknown;
  delete(): void;
}

/** What a compiled function is called with: arrays on the GPU or, when uploading, a typed array; and numbers. */
export type GpuArgument = GpuHandle | Float32Array | number;

/** A compiled function. */
export interface GpuFunction {
  (...values: GpuArgument[]): Promise<GpuHandle> | GpuHandle;
  destroy(): void;
  /** Why gpu.js computes on the CPU instead, if it does. */
  readonly fallbackReason?: string | null;
  readonly kernel: { readonly constructor: { readonly mode?: string }; readonly context?: unknown };
}

interface GpuFunctionSettings {
  readonly output: readonly number[];
  readonly pipeline: true;
  readonly immutable: boolean;
  readonly precision: 'single';
  readonly loopMaxIterations: number;
  readonly functions: readonly {
    readonly source: string;
    readonly settings: { readonly returnType: NumberType; readonly argumentTypes: readonly NumberType[] };
  }[];
}

/** An instance of gpu.js's GPU class. */
export interface GpuInstance {
  createKernel(source: string, settings: GpuFunctionSettings): GpuFunction;
  destroy(): Promise<void>;
  readonly context?: unknown;
}

/** The module. */
export interface GpuLibrary {
  readonly GPU: {
    new (settings: { readonly mode: string }): GpuInstance;
    readonly isWebGLSupported: boolean;
    readonly isWebGL2Supported: boolean;
    readonly isHeadlessGLSupported: boolean;
    isWebGPUAvailable(): Promise<boolean>;
  };
}

/** What gpu.js exports: bundlers and Node differ in where they put what a CommonJS module exports. */
interface LibraryModule {
  readonly GPU?: unknown;
  readonly default?: { readonly GPU?: unknown };
}

/**
 * Loads gpu.js: what the program hands over, else the installed package.
 *
 * gpu.js is an optional peer, and what bundlers do where it is missing differs: esbuild forgives an import inside a `try`,
 * webpack only one that it is told to ignore (so that its programs hand gpu.js over), the others leave it as it is.
 *
 * @throws DeviceUnavailableError where there is none
 */
export async function loadLibrary(where: string, given?: GpuLibraryLoader): Promise<GpuLibrary> {
  const expected = 'the package gpu.js, version 2.24 or later';
  let module: LibraryModule | undefined;
  try {
    module = given
      ? ((await given()) as LibraryModule | undefined)
      : await import(/* webpackIgnore: true */ 'gpu.js');
  } catch (cause) {
    const got = `no gpu.js: ${firstLineOf(cause)}`;
    const cure = given
      ? 'Look at what the option library loads.'
      : "npm install gpu.js; where webpack bundles the program, hand it over: { library: () => import('gpu.js') }.";
    throw new DeviceUnavailableError({ where, got, expected, cure }, { cause });
  }
  const GPU = module?.GPU ?? module?.default?.GPU;
  if (typeof GPU === 'function') return { GPU } as GpuLibrary;
  throw new DeviceUnavailableError({
    where,
    got: 'a module without the class GPU',
    expected,
    cure: "Install gpu.js anew, or hand it over: { library: () => import('gpu.js') }.",
  });
}

/** The first line of what went wrong. */
export function firstLineOf(error: unknown): string {
  return messageOf(error).split('\n')[0];
}

/** Whether this engine knows WebGPU. */
function hasNavigatorGpu(): boolean {
  const { navigator } = globalThis as { readonly navigator?: object };
  return navigator !== undefined && 'gpu' in navigator;
}

/** Why a backend is not there, or undefined where it may be. */
export async function obstacleTo(backend: Backend, { GPU }: GpuLibrary): Promise<string | undefined> {
  if (backend === 'webgpu') {
    if (!hasNavigatorGpu()) return 'this engine has no navigator.gpu';
    return (await GPU.isWebGPUAvailable()) ? undefined : 'navigator.gpu has no adapter';
  }
  if (backend === 'webgl2') return GPU.isWebGL2Supported ? undefined : 'no WebGL2 context can be made here';
  if (backend === 'webgl') return GPU.isWebGLSupported ? undefined : 'no WebGL context can be made here';
  return GPU.isHeadlessGLSupported ? undefined : 'the package gl is not installed, or finds no display';
}

/** Loops that gpu.js cannot see the end of stop here. weft's have ends that it sees. */
const loopMaxIterations = 1 << 24;

/** The function of a pass. `immutable` ones give a fresh array at every call, others write over their last one. */
export function createFunction(
  instance: GpuInstance,
  { source, functions, size }: Pick<ComposedPass, 'source' | 'functions' | 'size'>,
  immutable: boolean,
): GpuFunction {
  return instance.createKernel(source, {
    output: [size],
    pipeline: true,
    immutable,
    precision: 'single',
    loopMaxIterations,
    functions: functions.map((each) => {
      const { source: text, returnType, argumentTypes } = functionText(each);
      return { source: text, settings: { returnType, argumentTypes } };
    }),
  });
}

/** Gives up a GPU. One that is lost may fail to be given up, which changes nothing. */
export async function letGo(instance: GpuInstance): Promise<void> {
  await instance.destroy().catch(() => undefined);
}
