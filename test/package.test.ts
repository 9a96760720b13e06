/** The package as users get it: the packed files, imported by JavaScript and TypeScript, and the command. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
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
    expect(packed.files.filter(({ path }) => path.endsWith('.wasm') || path.includes('test'))).toEqual([]);
  });

  it('is imported by JavaScript', () => {
    const script = "import { tensor } from 'weft'; console.log(await tensor([1, 2]).mul(2).array());";
    writeFileSync(join(consumer, 'use.mjs'), script);
    expect(execFileSync('node', ['use.mjs'], { cwd: consumer, encoding: 'utf8' }).trim()).toBe('[ 2, 4 ]');
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
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
    expect(
      execFileSync('node', [compiler, ...flags, ...types, 'use.ts'], { cwd: consumer, encoding: 'utf8' }),
    ).toBe('');
  });

  it('brings the command', () => {
    const main = join(installed, manifest.bin.weft);
    expect(execFileSync('node', [main, '--version'], { encoding: 'utf8' }).trim()).toBe(manifest.version);
  });
});
