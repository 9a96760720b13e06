/**
 * Bundles what `npm run build` makes: the library with the command, which is what is published, and the benchmarks, once
 * for Node and once for the page in which they run on a GPU.
 *
 * As a hundred and fifty files, the library took five times as long to load. All of it is in one file, dist/src/weft.js
 * (but for the gpu device, in weft-gpu.js), which `weft` and the command both import, so that there is one Tensor class.
 * The source maps lead from there to the sources, which they hold. Type declarations come from tsc.
 */
import { readFileSync } from 'node:fs';
import { build } from 'rolldown';

const { dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
/** What only the gpu device needs: a file of its own, which is loaded when the device is asked for. */
const gpu =
  /[\\/](kernels[\\/].*[\\/]gpu[^\\/]*\.ts|kernels[\\/]support[\\/]gpu[\\/].*|src[\\/]devices[\\/](auto\.ts|gpu[\\/](?!sources\.ts).*))$/;
/** Everything but the command. */
const library = /[\\/](kernels|src[\\/](?!cli[\\/]))/;

await build({
  input: { 'src/index': 'src/index.ts', 'src/cli/main': 'src/cli/main.ts' },
  // For 'node' rolldown would import node:module into the library, which is for pages as well.
  platform: 'neutral',
  external: [/^node:/, ...Object.keys({ ...dependencies, ...peerDependencies })],
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: 'src/[name].js',
    codeSplitting: {
      groups: [
        { name: 'weft', test: (path) => library.test(path) && !gpu.test(path), priority: 1 },
        { name: 'weft-gpu', test: gpu },
      ],
    },
    sourcemap: true,
    minifyInternalExports: false,
    // Names of classes are read: in summaries, and in messages.
    keepNames: true,
  },
});

await build({
  input: 'bench/main.ts',
  platform: 'node',
  external: Object.keys({ ...dependencies, ...devDependencies }),
  output: { dir: 'dist/bench', sourcemap: true },
});

await build({
  input: 'bench/page/main.ts',
  // Here gpu.js and tinybench are in the bundle, as made for browsers.
  platform: 'browser',
  output: { dir: 'dist/bench/page', sourcemap: true },
});
