/** Chromium as the benchmarks and the tests start it: where it is, and with which flags. */
import { accessSync, constants } from 'node:fs';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser on this machine, or undefined where there is none. */
export const chromiumPath = places.find((path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Without a GPU. */
export const plainFlags: readonly string[] = [...quiet, '--disable-gpu'];

/** With WebGL2 and WebGPU on SwiftShader, which computes on the processor. */
export const gpuFlags: readonly string[] = [
  ...quiet,
  '--use-angle=swiftshader',
  '--use-gl=angle',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan,WebGPU',
];

/** With WebGL2 and WebGPU on the GPU of the machine, if it has one. */
export const hardwareFlags: readonly string[] = [
  ...quiet,
  '--ignore-gpu-blocklist',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan,WebGPU',
];
