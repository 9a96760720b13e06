/** The package as users get it: the packed files, imported by JavaScript and TypeScript, and the command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, manifest, root, tools } from './support/packed.ts';

const publint = join(root, 'node_modules', '.bin', 'publint');
if (!existsSync(publint)) console.warn('skipped: what publint says, which is not installed (npm ci)');
const attw = join(tools, 'node_modules', '.bin', 'attw');
if (!existsSync(attw)) {
  console.warn('skipped: what attw says, which is not installed (WEFT_TOOLS may name a folder with it)');
}

describe('the packed package', () => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = new Consumer();
  });
  afterAll(() => consumer.remove());

  /** What a module beside the installed package prints. */
  function runScript(code: string, ...flags: string[]): string {
    consumer.write('use.mjs', code);
    return consumer.run('use.mjs', ...flags);
  }

  it('holds the code, the data set and what is to be read first, and nothing else', () => {
    const folders = new Set(consumer.packed.files.map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual(['LICENSE', 'README.md', 'assets', 'dist', 'package.json']);
    expect(consumer.packed.files.map(({ path }) => path)).toContain('assets/digits.png');
    const unwanted = /\.wasm$|test|bench|\.tsbuildinfo$/;
    expect(consumer.packed.files.filter(({ path }) => unwanted.test(path))).toEqual([]);
  });

  it('holds the Tensor class once for those who import, the command among them', () => {
    const modules = consumer.packed.files.filter(({ path }) => /^dist\/src\/.*\.js$/.test(path));
    const holding = modules.filter(({ path }) =>
      /\bclass Tensor\b/.test(readFileSync(join(consumer.installed, path), 'utf8')),
    );
    expect(holding.map(({ path }) => path)).toEqual(['dist/src/weft.js']);
  });

  it.skipIf(!existsSync(publint))('is well described by its package.json, as publint judges', () => {
    const lint = spawnSync(publint, ['--strict', '--pack', 'false', consumer.installed], {
      encoding: 'utf8',
    });
    expect(lint.stdout).toMatch(/All good!/);
  });

  it.skipIf(!existsSync(attw))('has types for every way to resolve it, as attw judges', () => {
    const archive = join(consumer.folder, consumer.packed.filename);
    const { stdout } = spawnSync(attw, [archive, '--no-emoji'], { encoding: 'utf8' });
    expect(stdout).toMatch(/No problems found/);
  });

  it('needs the decoder of JPEG files alone, and names the licenses of what came with it', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['@cwasm/jpeg-turbo']);
    const licenses = readFileSync(join(consumer.installed, 'dist', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of [
      'commander',
      'cli-progress',
      'pbf',
      '@observablehq/plot',
      '@xmldom/xmldom',
      'd3-scale',
    ]) {
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    }
  });

  it('is imported by JavaScript', () => {
    const script = "import { tensor } from 'weft-nn'; console.log(await tensor([1, 2]).mul(2).array());";
    expect(runScript(script).trim()).toBe('[ 2, 4 ]');
  });

  it('reads and writes pictures', () => {
    const script = [
      "import { decodePng, encodePng, loadDigits } from 'weft-nn';",
      'const image = { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) };',
      'console.log(decodePng(encodePng(image)).pixels, loadDigits().train.labels.length);',
    ];
    expect(runScript(script.join('\n')).trim()).toBe('Float32Array(2) [ 0, 1 ] 4000');
  });

  it('keeps the names of functions in stack traces, and of classes', () => {
    const script =
      "import { Dense, ones } from 'weft-nn'; try { new Dense(2, 3).call(ones([4, 5])); } catch (error) { console.log(error.stack); }";
    const stack = runScript(script);
    expect(stack).toMatch(/^ShapeError: dense: got /);
    expect(stack).toMatch(/at Dense\.forward \(.*weft-nn\/dist\/src\/weft\.js/);
  });

  it('shows the message of an error that nobody catches, and not the whole library before it', () => {
    consumer.write('uncaught.mjs', "import { zeros } from 'weft-nn'; zeros([2]).reshape([3]);");
    const { stderr } = spawnSync('node', ['uncaught.mjs'], { cwd: consumer.folder, encoding: 'utf8' });
    expect(stderr).toContain('ShapeError: reshape: got [2]');
    expect(stderr.length).toBeLessThan(10_000);
  });

  it('is bundled for a page, without anything of Node', async () => {
    const page = [
      "import { loadDataset, loadModel, tensor } from 'weft-nn';",
      'const { log } = console;',
      'log(await tensor([1, 2]).mul(2).array());',
      'globalThis.process = undefined;',
      'const failed = (error) => log(error.message);',
      "await loadModel('model').catch(failed);",
      "try { loadDataset('digits'); } catch (error) { failed(error); }",
    ];
    consumer.write('page.js', page.join('\n'));
    const output = { dir: join(consumer.folder, 'page-bundle'), entryFileNames: '[name].mjs' };
    const bundle = await build({ cwd: consumer.folder, input: 'page.js', platform: 'browser', output });
    const chunks = bundle.output.filter((each) => each.type === 'chunk');
    // The gpu device is a chunk of its own; gpu.js, which this consumer has not got, is asked for when that is.
    const files = chunks.map(({ fileName }) => fileName);
    const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
    expect(new Set(imports.filter((name) => !files.includes(name)))).toEqual(new Set(['gpu.js']));
    const refusal = 'reading or writing files: got no Node, expected Node 20.16, 22.3 or later.';
    expect(runScript("import './page-bundle/page.mjs';").split('\n')).toEqual([
      '[ 2, 4 ]',
      // An address, in a page: here nothing is served.
      expect.stringContaining('model: got no answer'),
      expect.stringContaining(refusal),
      '',
    ]);
  });

  describe('the command', () => {
    const weft = (...args: string[]) =>
      execFileSync('node', [join(consumer.installed, manifest.bin.weft), ...args], {
        cwd: consumer.folder,
        encoding: 'utf8',
      });

    it('says its version', () => {
      expect(weft('--version').trim()).toBe(manifest.version);
    });

    it('draws the report with what it brings', () => {
      weft('train', '--epochs', '1', '--out', 'run');
      expect(readFileSync(join(consumer.folder, 'run', 'report.html'), 'utf8')).toMatch(
        /<svg[^>]*aria-label/,
      );
    });
  });
});
