/** Test settings: every test file under test/, in processes of their own, with the garbage collector within reach. */
import { defineConfig } from 'vitest/config';

/** Node 20 has fused multiply-adds only behind a flag; later versions have them without, and may not know the flag. */
const relaxedSimd = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Those of the gpu device have settings of their own: vitest.browser.config.ts.
    exclude: ['test/gpu/**'],
    pool: 'forks',
    allowOnly: false,
    execArgv: ['--expose-gc', ...relaxedSimd],
    // Generous: the machines that run this are small and shared. No test asserts a time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/weft/test-results.json' }]],
  },
});
