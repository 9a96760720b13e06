/** What can be said of the `gpu` device. */

/** The ways to a GPU that gpu.js has. Its modes `webasm` and `cpu` are none, and are never used. */
export const backends = ['webgpu', 'webgl2', 'webgl', 'headlessgl'] as const;
export type Backend = (typeof backends)[number];

/** How a program hands gpu.js over: `() => import('gpu.js')`. */
export type GpuLibraryLoader = () => unknown;

/** Options of the `gpu` device. */
export interface GpuOptions {
  /** The way to the GPU. Default: the first of webgpu, webgl2, webgl and headlessgl that is there and computes rightly. */
  readonly backend?: Backend;
  /**
   * Where gpu.js comes from: `() => import('gpu.js')`. Needed where webpack (or Next.js) bundles the program, since webpack
   * takes an optional package for a must. Default: the package that is installed.
   */
  readonly library?: GpuLibraryLoader;
}
