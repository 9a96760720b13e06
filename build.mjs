/**
 * Bundles what `npm run build` makes: the library with the command, which is what is published, and the benchmarks, once
 * for Node and once for the page in which they run on a GPU.
 *
 * As a file a module, the library took five times as long to load. All of it is in one file, dist/src/weft.js
 * (but for the gpu device, in weft-gpu.js), which `weft` and the command both import, so that there is one Tensor class.
 * What only the command needs of other packages is in files beside it, so that who imports weft does not install them.
 *
 * Whoever cannot import (Jest as it comes, `require` in Node before 20.19) gets the same once more as CommonJS, in dist/cjs.
 * Code is made small, since that is most of what is installed, but classes keep their names, and functions of modules. Declarations
 * come from tsc, once, in dist/cjs, where TypeScript takes them for CommonJS; dist/src/index.d.ts exports them to modules.
 * Those that nothing of it leads to are left out.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build } from 'rolldown';
import { esmExternalRequirePlugin } from 'rolldown/plugins';
import { minifySync } from 'rolldown/utils';
import ts from 'typescript';
import { licensesOf } from './build/licenses.mjs';
import { brokenIntoLines } from './build/lines.mjs';

const { dependencies, devDependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const installed = Object.keys({ ...dependencies, ...peerDependencies });

/** What only the gpu device needs: a file of its own, which is loaded when the device is asked for. */
const gpu =
  /^(kernels\/(gpu-versions\.ts|.*\/gpu(\.ts|\/.*))|src\/devices\/(auto\.ts|gpu\/(?!(open|sources)\.ts).*))$/;

/** The bundle of each package that only the command needs. It loads each when it first needs it; what is not named draws charts. */
const bundleOfPackage = new Map([
  ['commander', 'command-line'],
  ['cli-progress', 'progress-bar'],
  ['pbf', 'protobuf'],
  ...['string-width', 'strip-ansi', 'ansi-regex', 'emoji-regex', 'is-fullwidth-code-point'].map((name) => [
    name,
    'progress-bar',
  ]),
]);

/** The bundle that a module is part of; null where the bundler may decide. */
function bundleOf(file) {
  const path = relative('.', file).replaceAll('\\', '/');
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  if (name !== undefined) return bundleOfPackage.get(name) ?? 'charts';
  if (path.startsWith('src/cli/') || path === 'src/data/stream/worker.ts') return null;
  return gpu.test(path) ? 'weft-gpu' : 'weft';
}

/** Makes code small, but for the names that are read: of classes in summaries and messages, of functions in stack traces. */
function minifyBut(keepNames) {
  return { compress: { keepNames }, mangle: { keepNames }, codegen: true };
}

/** Bundlers for pages put substitutes in the place of Node's bare names. weft asks what there is, and needs none. */
const names = { process: 'globalThis.process', Buffer: 'globalThis.Buffer' };

const { output } = await build({
  input: {
    'src/index': 'src/index.ts',
    'src/cli/main': 'src/cli/main.ts',
    // A thread starts from a file of its own.
    'src/data-worker': 'src/data/stream/worker.ts',
  },
  // For 'node' rolldown would import node:module into the library, which is for pages as well.
  platform: 'neutral',
  resolve: {
    mainFields: ['module', 'main'],
    // Charts need its documents and what writes them, not its parser, which is twice as large.
    alias: { '@xmldom/xmldom': '@xmldom/xmldom/lib/dom.js' },
  },
  external: installed,
  // Packages in CommonJS require the modules of Node, which modules have to import.
  plugins: [esmExternalRequirePlugin({ external: [/^node:/, ...builtinModules] })],
  transform: { define: names },
  output: {
    dir: 'dist',
    cleanDir: true,
    chunkFileNames: 'src/[name].js',
    codeSplitting: { groups: [{ debugName: 'by bundle', name: bundleOf }] },
    minify: minifyBut({ class: true, function: true }),
  },
});

// Nobody reads stack traces of what came from other packages.
for (const name of new Set(['charts', ...bundleOfPackage.values()])) {
  const file = join('dist', 'src', `${name}.js`);
  const options = { module: true, compress: true, mangle: true };
  writeFileSync(file, minifySync(file, readFileSync(file, 'utf8'), options).code);
}

const contained = output
  .flatMap(({ modules = {} }) => Object.entries(modules))
  .filter(([, { renderedLength }]) => renderedLength > 0);
writeFileSync(join('dist', 'THIRD-PARTY-LICENSES.txt'), licensesOf(contained.map(([path]) => path)));

await build({
  input: 'src/index.ts',
  platform: 'neutral',
  external: [/^node:/, ...installed],
  // Where the code lies is told by __filename there.
  transform: { define: { ...names, 'import.meta': '{}' } },
  output: {
    file: 'dist/cjs/index.js',
    format: 'cjs',
    codeSplitting: false,
    // Jest leaves functions of packages out of its stack traces.
    minify: minifyBut({ class: true, function: false }),
  },
});

for (const folder of ['src', 'src/cli', 'cjs']) {
  for (const name of readdirSync(join('dist', folder)).filter((each) => each.endsWith('.js'))) {
    const file = join('dist', folder, name);
    writeFileSync(file, brokenIntoLines(file, readFileSync(file, 'utf8')));
  }
}

await build({
  input: ['bench/main.ts', 'bench/peer-models.ts'],
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

execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});

/** The declarations that `file` leads to, itself among them. */
function declarationsFrom(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
    const path = join(dirname(file), fileName.replace(/\.[jt]s$/, '.d.ts'));
    if (fileName.startsWith('.') && existsSync(path)) declarationsFrom(path, found);
  }
  return found;
}

// Modules can import CommonJS: the other way round, TypeScript 5.8 is the first to allow it.
const declarations = declarationsFrom(join('dist', 'cjs', 'src', 'index.d.ts'));
for (const path of readdirSync('dist', { recursive: true })) {
  const file = join('dist', path);
  if (!file.endsWith('.d.ts')) continue;
  if (!declarations.has(file)) {
    rmSync(file);
    continue;
  }
  const text = readFileSync(file, 'utf8')
    // The parameter that arrays have since TypeScript 5.7, in words that older versions know.
    .replace(/\b(\w+Array)<ArrayBuffer>/g, "ReturnType<$1Constructor['of']>")
    .replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4));
  writeFileSync(file, text);
}
writeFileSync(join('dist', 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
writeFileSync(join('dist', 'src', 'index.d.ts'), "export * from '../cjs/src/index.js';\n");
