/** What is behind a backend: its name, its limits, and whether it is still there. */

import type { Backend } from './gpu-options.ts';
import type { GpuFunction } from './library.ts';

/** The part of a WebGPU device that is used here. */
interface WebGpuContext {
  readonly adapter: {
    readonly info?: {
      readonly vendor?: string;
      readonly architecture?: string;
      readonly description?: string;
    };
  };
  readonly device: {
    readonly limits: {
      readonly maxStorageBufferBindingSize: number;
      readonly maxBufferSize: number;
      readonly maxStorageBuffersPerShaderStage: number;
    };
    addEventListener(
      type: 'uncapturederror',
      listener: (event: { readonly error: { readonly message: string } }) => void,
    ): void;
  };
  readonly isLost: boolean;
}

/** The part of a GL context that is used here. */
interface GlContext {
  readonly MAX_TEXTURE_SIZE: number;
  readonly MAX_TEXTURE_IMAGE_UNITS: number;
  readonly OUT_OF_MEMORY: number;
  readonly INVALID_FRAMEBUFFER_OPERATION: number;
  readonly RENDERER: number;
  getParameter(name: number): unknown;
  getExtension(name: string): { readonly UNMASKED_RENDERER_WEBGL: number } | null;
  isContextLost(): boolean;
  getError(): number;
}

/** What can be said of a GPU. */
export interface Hardware {
  readonly adapter: string;
  /** The most floats in one buffer or texture. */
  readonly mostFloats: number;
  /** The most of them that one function may read. */
  readonly mostReads: number;
  /** What happened to it, or undefined while it is there. */
  readonly loss: () => string | undefined;
  /** What went wrong in what it was given to do, or undefined. On GL the question waits until all of that is done. */
  readonly fault: () => string | undefined;
}

/** The units of textures that gpu.js knows, of which it needs one for what is written. */
const texturesOfGpuJs = 16;

/** Asks the context that a function has run in. */
export function hardwareOf(backend: Backend, { kernel }: GpuFunction): Hardware {
  return backend === 'webgpu'
    ? webGpuHardware(kernel.context as WebGpuContext)
    : glHardware(kernel.context as GlContext);
}

function webGpuHardware(context: WebGpuContext): Hardware {
  const { vendor = '', architecture = '', description = '' } = context.adapter.info ?? {};
  const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage } =
    context.device.limits;
  let fault: string | undefined;
  // Such as a buffer for which there is no memory: what should be in it reads as zeros.
  context.device.addEventListener('uncapturederror', ({ error }) => {
    fault ??= error.message;
  });
  return {
    adapter: [vendor, architecture, description].filter((word) => word !== '').join(' ') || 'not named',
    mostFloats: Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4),
    mostReads: maxStorageBuffersPerShaderStage - 1,
    loss: () => (context.isLost ? 'its driver gave it up, or it was removed' : undefined),
    fault: () => fault,
  };
}

function glHardware(gl: GlContext): Hardware {
  const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  const side = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
  const units = Number(gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS));
  // Without memory for a texture, nothing is drawn into it.
  const faults = new Map([
    [gl.OUT_OF_MEMORY, 'its memory is exhausted'],
    [gl.INVALID_FRAMEBUFFER_OPERATION, 'it cannot write into a texture, for which there may be no memory'],
  ]);
  return {
    adapter: String(gl.getParameter(unmasked ?? gl.RENDERER)),
    mostFloats: side * side,
    mostReads: Math.min(units, texturesOfGpuJs) - 1,
    loss: () => (gl.isContextLost() ? 'its context was lost' : undefined),
    fault: () => faults.get(gl.getError()),
  };
}
