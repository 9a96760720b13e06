/** The package as users get it: the packed files, imported by JavaScript and TypeScript, and the command. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, manifest } from './support/packed.ts';

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

  it('holds the code, the data set and the documents, and nothing else', () => {
    const folders = new Set(consumer.packed.files.map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual([
      'ARCHITECTURE.md',
      'LICENSE',
      'README.md',
      'assets',
      'dist',
      'package.json',
    ]);
    expect(consumer.packed.files.map(({ path }) => path)).toContain('assets/digits.png');
    const unwanted = /\.wasm$|test|bench|\.tsbuildinfo$/;
    expect(consumer.packed.files.filter(({ path }) => unwanted.test(path))).toEqual([]);
  });

  it('holds every source once, so that the command and those who import it share one Tensor class', () => {
    const maps = consumer.packed.files.map(({ path }) => path).filter((path) => path.endsWith('.js.map'));
    const sources = maps.flatMap((path): string[] => {
      const map = JSON.parse(readFileSync(join(consumer.installed, path), 'utf8'));
      return map.sources.map((source: string) =>
        relative(consumer.installed, resolve(consumer.installed, dirname(path), source)),
      );
    });
    expect(sources).toContain('src/tensor/tensor.ts');
    expect(sources).toContain('src/cli/main.ts');
    expect(sources.length).toBe(new Set(sources).size);
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

  it('leads from stack traces to its sources', () => {
    const script =
      "import { zeros } from 'weft-nn'; try { zeros([2]).reshape([3]); } catch (error) { console.log(error.stack); }";
    expect(runScript(script, '--enable-source-maps')).toMatch(/src\/ops\/\w+\.ts:\d+/);
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
      expect.stringContaining(refusal),
      expect.stringContaining(refusal),
      '',
    ]);
  });

  it('brings the command', () => {
    const main = join(consumer.installed, manifest.bin.weft);
    expect(execFileSync('node', [main, '--version'], { encoding: 'utf8' }).trim()).toBe(manifest.version);
  });
});
