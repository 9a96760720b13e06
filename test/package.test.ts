/** The package as users get it: the packed files, imported by JavaScript and TypeScript, and the command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

describe('the packed package', () => {
  const consumer = mkdtempSync(join(tmpdir(), 'weft-consumer-'));
  const installed = join(consumer, 'node_modules', 'weft');
  let packed: { files: { path: string }[]; size: number };

  beforeAll(() => {
    const output = execFileSync(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', consumer],
      {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const [first] = JSON.parse(output);
    packed = first;
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(consumer, first.filename), '-C', installed, '--strip-components=1']);
    // The dependencies as npm would install them.
    for (const name of Object.keys(manifest.dependencies)) {
      const target = join(consumer, 'node_modules', name);
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), target);
    }
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
  });

  /** What a module beside the installed package prints. */
  function runScript(code: string, ...flags: string[]): string {
    writeFileSync(join(consumer, 'use.mjs'), code);
    return execFileSync('node', [...flags, 'use.mjs'], { cwd: consumer, encoding: 'utf8' });
  }

  afterAll(() => rmSync(consumer, { recursive: true, force: true }));

  it('holds the code, the data set and the documents, and nothing else', () => {
    const folders = new Set(packed.files.map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual([
      'ARCHITECTURE.md',
      'LICENSE',
      'README.md',
      'assets',
      'dist',
      'package.json',
    ]);
    expect(packed.files.map(({ path }) => path)).toContain('assets/digits.png');
    const unwanted = /\.wasm$|test|bench|\.tsbuildinfo$/;
    expect(packed.files.filter(({ path }) => unwanted.test(path))).toEqual([]);
  });

  it('holds every source once, so that the command and those who import it share one Tensor class', () => {
    const maps = packed.files.map(({ path }) => path).filter((path) => path.endsWith('.js.map'));
    const sources = maps.flatMap((path): string[] => {
      const map = JSON.parse(readFileSync(join(installed, path), 'utf8'));
      return map.sources.map((source: string) =>
        relative(installed, resolve(installed, dirname(path), source)),
      );
    });
    expect(sources).toContain('src/tensor/tensor.ts');
    expect(sources).toContain('src/cli/main.ts');
    expect(sources.length).toBe(new Set(sources).size);
  });

  it('is imported by JavaScript', () => {
    const script = "import { tensor } from 'weft'; console.log(await tensor([1, 2]).mul(2).array());";
    expect(runScript(script).trim()).toBe('[ 2, 4 ]');
  });

  it('reads and writes pictures', () => {
    const script = [
      "import { decodePng, encodePng, loadDigits } from 'weft';",
      'const image = { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) };',
      'console.log(decodePng(encodePng(image)).pixels, loadDigits().train.labels.length);',
    ];
    expect(runScript(script.join('\n')).trim()).toBe('Float32Array(2) [ 0, 1 ] 4000');
  });

  it('leads from stack traces to its sources', () => {
    const script =
      "import { zeros } from 'weft'; try { zeros([2]).reshape([3]); } catch (error) { console.log(error.stack); }";
    expect(runScript(script, '--enable-source-maps')).toMatch(/src\/ops\/\w+\.ts:\d+/);
  });

  it('is bundled for a page, without anything of Node', async () => {
    const page = [
      "import { loadDataset, loadModel, tensor } from 'weft';",
      'const { log } = console;',
      'log(await tensor([1, 2]).mul(2).array());',
      'globalThis.process = undefined;',
      'const failed = (error) => log(error.message);',
      "await loadModel('model').catch(failed);",
      "try { loadDataset('digits'); } catch (error) { failed(error); }",
    ];
    writeFileSync(join(consumer, 'page.js'), page.join('\n'));
    const output = { dir: join(consumer, 'page-bundle'), entryFileNames: '[name].mjs' };
    const bundle = await build({ cwd: consumer, input: 'page.js', platform: 'browser', output });
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

  it('is imported by strict TypeScript', () => {
    const code = [
      "import { Dense, Sequential, softmaxCrossEntropy, tensor, type Tensor } from 'weft';",
      'const model = new Sequential({ head: new Dense(2, 3) });',
      "const labels = tensor([0, 1], { dtype: 'int32' });",
      'export const loss: Tensor = softmaxCrossEntropy(model.call(tensor([[1, 2], [3, 4]])), labels);',
      'export const wrong: number = await loss.item();',
      '// @ts-expect-error a tensor is not a number',
      'export const bad: number = loss;',
    ].join('\n');
    writeFileSync(join(consumer, 'use.ts'), code);
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = [
      '--strict',
      '--target',
      'ES2022',
      '--module',
      'NodeNext',
      '--noEmit',
      '--skipLibCheck',
      'false',
    ];
    // The types of Node are not within reach: in a page there are none.
    expect(
      spawnSync('node', [compiler, ...flags, 'use.ts'], { cwd: consumer, encoding: 'utf8' }).stdout,
    ).toBe('');
  });

  it('brings the command', () => {
    const main = join(installed, manifest.bin.weft);
    expect(execFileSync('node', [main, '--version'], { encoding: 'utf8' }).trim()).toBe(manifest.version);
  });
});
