/** `npm run test:browser`: the tests of the gpu device wherever there is one here. The last line counts them. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

const report = 'node_modules/.cache/weft/browser-results.json';
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'vitest.browser.config.ts',
  ...process.argv.slice(2),
];
// Headless GL wants a display.
const xvfb =
  process.env['WEFT_GL'] !== undefined &&
  process.env['DISPLAY'] === undefined &&
  spawnSync('xvfb-run', ['--help']).status === 0;
const [command, ...first] = xvfb ? ['xvfb-run', '-a', process.execPath] : [process.execPath];

rmSync(report, { force: true });
const { status } = spawnSync(command, [...first, ...vitest], { stdio: 'inherit' });
const counted = spawnSync(process.execPath, ['.ci/count.mjs', '--skipped', report], { stdio: 'inherit' });
process.exit(status === 0 && counted.status === 0 ? 0 : 1);
