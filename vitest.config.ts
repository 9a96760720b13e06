/**
 * Test settings: every test file under test/, in processes of their own, with the garbage collector within reach.
 *
 * Two parts, so that what is run before every commit stays short: `npm test` runs all files but `*.long.test.ts`, and
 * `npm run test:long` (mode `long`) those, which hold the sweeps: large sizes, many random graphs, thousands of
 * steps, and other people's programs with their bundlers.
 */
import { defineConfig } from 'vitest/config';

/** Node 20 has fused multiply-adds only behind a flag; later versions have them without, and may not know the flag. */
const relaxedSimd = process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [];

const long = 'test/**/*.long.test.ts';

export default defineConfig(({ mode }) => ({
  test: {
    include: mode === 'long' ? [long] : ['test/**/*.test.ts'],
    // Those of the gpu device have settings of their own: vitest.browser.config.ts.
    exclude: mode === 'long' ? ['test/gpu/**'] : ['test/gpu/**', long],
    pool: 'forks',
    // One process fewer than processors is vitest's own choice: on two, half of the machine would stand idle.
    maxWorkers: '100%',
    allowOnly: false,
    execArgv: ['--expose-gc', ...relaxedSimd],
    // What `fit` tells of each epoch.
    onConsoleLog: (text) => !/^epoch \d+ of \d+: /.test(text),
    // Generous: the machines that run this are small and shared. No test asserts a time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', ['json', { outputFile: `node_modules/.cache/weft/${mode}-results.json` }]],
  },
}));
