/**
 * weft's gpu device as one of the runners: a process that starts Chromium and lets a page time the cases, since GPUs are
 * reached through a page. It speaks like `worker.ts`. Arguments: gpu-page, backend.
 */
import { version } from '../src/cli/version.ts';
import { nameOfGpu } from './gpu-meter.ts';
import { GpuBrowser } from './page/gpu-browser.ts';
import { serve } from './worker.ts';

/** Answers until the input ends, and ends the process with the browser. */
export async function workInPage(): Promise<void> {
  const [, , , backend] = process.argv;
  if (backend !== 'webgpu' && backend !== 'webgl2') throw new Error(`no page computes on ${backend}`);
  // The signal alone would close the browser and leave this process; when that ends, the browser is taken along.
  process.once('SIGTERM', () => process.exit());
  const browser = await GpuBrowser.start(backend);
  const gpu = browser.about;
  await serve({ library: 'weft', version, device: nameOfGpu(gpu), threads: 1, gpu }, (name, samples) =>
    browser.run(name, samples),
  );
  await browser.close();
  process.exit(0);
}
