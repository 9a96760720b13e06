/**
 * Settings of the tests of the gpu device: in Chromium on WebGPU and on WebGL2 (software will do), in Node on headless GL
 * where the package gl is, and of the page that is bundled and minified. Run by `npm run test:browser`.
 */
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { chromiumPath, gpuFlags } from './bench/page/chromium.ts';
import { glFolder } from './test/gpu/gl.ts';

const tests = ['test/gpu/**/*.browser.ts'];
/** SwiftShader computes on the processor, of which there may be little. */
const patience = { testTimeout: 900_000, hookTimeout: 900_000 };

/** Whether docs/accuracy.md is to be written. */
const writesReport = process.env['WEFT_ACCURACY_REPORT'] !== undefined;

const projects: TestProjectInlineConfiguration[] = [];
/** What cannot be tested here: each is counted as a skipped test. */
const absent: string[] = [];

if (chromiumPath) {
  projects.push(
    {
      optimizeDeps: { include: ['gpu.js'] },
      test: {
        ...patience,
        name: 'chromium',
        include: tests,
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: { executablePath: chromiumPath, args: [...gpuFlags] } }),
          instances: (['webgpu', 'webgl2'] as const).map((backend) => ({
            browser: 'chromium',
            name: backend,
            provide: { backend, writesReport },
          })),
        },
      },
    },
    { test: { ...patience, name: 'page', include: ['test/gpu/**/*.test.ts'] } },
  );
} else absent.push('in Chromium, on WebGPU and WebGL2: there is no Chromium on this machine');

if (glFolder) {
  projects.push({
    test: {
      ...patience,
      name: 'headlessgl',
      include: ['test/gpu/conformance.browser.ts'],
      pool: 'forks',
      provide: { backend: 'headlessgl', writesReport: false },
      execArgv: ['--require', './test/gpu/use-gl.cjs'],
      env: { WEFT_GL: glFolder },
    },
  });
} else {
  console.warn(
    'skipped: the gpu device on headless GL, since the package gl is not there (WEFT_GL=its folder)',
  );
}

export default defineConfig({
  test: {
    projects,
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/weft/browser-results.json' }]],
  },
});
