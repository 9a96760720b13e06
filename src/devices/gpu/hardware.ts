/** What is behind a backend: its name, its limits, and whether it is still there. */
import type { Backend, GpuFunction } from './library.ts';

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
  };
  readonly isLost: boolean;
}

/** The part of a GL context that is used here. */
interface GlContext {
  readonly MAX_TEXTURE_SIZE: number;
  readonly RENDERER: number;
  getParameter(name: number): unknown;
  getExtension(name: string): { readonly UNMASKED_RENDERER_WEBGL: number } | null;
  isContextLost(): boolean;
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
}

/** Every GL has 8 textures at a time; WebGPU takes as many buffers, of which one is written. */
const mostTextures = 8;

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
  return {
    adapter: [vendor, architecture, description].filter((word) => word !== '').join(' ') || 'not named',
    mostFloats: Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4),
    mostReads: maxStorageBuffersPerShaderStage - 1,
    loss: () => (context.isLost ? 'its driver gave it up, or it was removed' : undefined),
  };
}

function glHardware(gl: GlContext): Hardware {
  const unmasked = gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
  const side = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE));
  return {
    adapter: String(gl.getParameter(unmasked ?? gl.RENDERER)),
    mostFloats: side * side,
    mostReads: mostTextures,
    loss: () => (gl.isContextLost() ? 'its context was lost' : undefined),
  };
}
