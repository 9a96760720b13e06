/** The package in other people's programs: as CommonJS, under every resolution of TypeScript, and in bundles. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Consumer, root, tools } from './support/packed.ts';

let consumer: Consumer;
beforeAll(() => {
  consumer = new Consumer();
});
afterAll(() => consumer.remove());

describe('CommonJS', () => {
  it('is given the engine by require', () => {
    consumer.write('use.cjs', "require('weft-nn').tensor([1, 2]).mul(2).array().then(console.log);");
    expect(consumer.run('use.cjs').trim()).toBe('[ 2, 4 ]');
  });

  it('has a copy that needs nothing but Node, for those who cannot load modules: threads, pictures, digits', () => {
    consumer.write(
      'copy.cjs',
      `const weft = require('./node_modules/weft-nn/dist/cjs/index.js');
      const image = { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) };
      console.log(weft.decodePng(weft.encodePng(image)).pixels, weft.loadDigits().train.labels.length);
      console.log(weft.Tensor.name, weft.DeviceLostError.name);
      weft.setDevice('wasm', { threads: 2 });
      const product = () => weft.ones([99, 99]).matmul(weft.ones([99, 99])).sum().item();
      const untilThreads = async () => {
        while (weft.deviceInfo().threads !== 2) {
          await product();
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        console.log(await product());
      };
      untilThreads();`,
    );
    expect(consumer.run('copy.cjs').split('\n')).toEqual([
      'Float32Array(2) [ 0, 1 ] 4000',
      'Tensor DeviceLostError',
      String(99 ** 3),
      '',
    ]);
  });
});

describe('a worker', () => {
  it('imports weft, and has threads of its own', () => {
    consumer.write(
      'worker.mjs',
      `import { parentPort } from 'node:worker_threads';
      import { ones, setDevice } from 'weft-nn';
      setDevice('wasm', { threads: 2 });
      parentPort.postMessage(await ones([99, 99]).matmul(ones([99, 99])).sum().item());`,
    );
    consumer.write(
      'starts-worker.mjs',
      `import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL('./worker.mjs', import.meta.url));
      worker.on('message', (value) => { console.log(value); process.exit(); });`,
    );
    expect(consumer.run('starts-worker.mjs').trim()).toBe(String(99 ** 3));
  });
});

describe('TypeScript without the types of Node or of a page', () => {
  const code = (wait: string) =>
    [
      "import { Dense, fit, Sequential, setDevice, softmaxCrossEntropy, tensor, type Tensor } from 'weft-nn';",
      'const model = new Sequential({ head: new Dense(2, 3) });',
      "const labels = tensor([0, 1], { dtype: 'int32' });",
      'export const loss: Tensor = softmaxCrossEntropy(model.call(tensor([[1, 2], [3, 4]])), labels);',
      `export const value: ${wait === 'await ' ? 'number' : 'Promise<number>'} = ${wait}loss.item();`,
      "export const chosen: Promise<void> = setDevice('gpu', { library: () => ({}) });",
      'export { fit };',
      '// @ts-expect-error a tensor is not a number',
      'export const bad: number = loss;',
    ].join('\n');

  it.each([
    ['NodeNext', 'NodeNext', 'use.mts'],
    ['NodeNext', 'NodeNext', 'use.cts'],
    ['Node16', 'Node16', 'use.mts'],
    ['Node16', 'Node16', 'use.cts'],
    ['ESNext', 'Bundler', 'use.mts'],
    ['CommonJS', 'node10', 'use.ts'],
  ])('compiles with module %s and moduleResolution %s (%s)', (module, moduleResolution, file) => {
    consumer.write(file, code(file === 'use.mts' ? 'await ' : ''));
    const options = { strict: true, target: 'ES2022', lib: ['ES2022'], types: [], skipLibCheck: false };
    const compilerOptions = {
      ...options,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      module,
      moduleResolution,
    };
    const project = consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(spawnSync('node', [compiler, '-p', project], { encoding: 'utf8' }).stdout).toBe('');
  });
});

describe('a bundle', () => {
  const program = `
    import { setDevice, tensor } from 'weft-nn';
    console.log(await tensor([1, 2]).mul(2).array());
    console.log(await setDevice('gpu').catch(({ name, got }) => name + ': ' + got.slice(0, 30)));
  `;
  /** gpu.js is an optional peer. This one only shows that it was found. */
  const gpu = { 'package.json': '{ "name": "gpu.js", "main": "index.js" }', 'index.js': 'exports.GPU = 1;' };

  function installGpu(): void {
    for (const [name, text] of Object.entries(gpu)) consumer.write(`node_modules/gpu.js/${name}`, text);
  }

  beforeAll(() => {
    consumer.write('app.js', program);
  });

  it.each([
    ['without gpu.js, which is not installed', 'no gpu.js'],
    ['with gpu.js, which is', 'a module without the class GPU'],
  ])('is made by esbuild %s', async (_, expected) => {
    if (!expected.startsWith('no ')) installGpu();
    try {
      const outfile = join(consumer.folder, 'esbuild', 'app.mjs');
      const entryPoints = [join(consumer.folder, 'app.js')];
      const { errors, warnings } = await esbuild({
        entryPoints,
        bundle: true,
        format: 'esm',
        outfile,
        logLevel: 'silent',
      });
      expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
      const [product, device] = consumer.run('esbuild/app.mjs').split('\n');
      expect(product).toBe('[ 2, 4 ]');
      expect(device).toMatch(new RegExp(`^DeviceUnavailableError: ${expected}`));
    } finally {
      rmSync(join(consumer.folder, 'node_modules/gpu.js'), { recursive: true, force: true });
    }
  });

  it('is made by Vite without gpu.js, which is not installed', async () => {
    const lib = { entry: 'app.js', formats: ['es' as const], fileName: 'app' };
    const options = { root: consumer.folder, configFile: false as const, logLevel: 'silent' as const };
    await vite({ ...options, build: { outDir: 'vite', target: 'es2022', lib } });
    const [product, device] = consumer.run('vite/app.js').split('\n');
    expect(product).toBe('[ 2, 4 ]');
    expect(device).toMatch(/^DeviceUnavailableError: (no gpu\.js|a module without)/);
  });

  describe.each(['cjs', 'esm'] as const)('for Node, as %s, away from any package', (format) => {
    const away = mkdtempSync(join(tmpdir(), 'weft-away-'));
    const file = join(away, format === 'cjs' ? 'app.cjs' : 'app.mjs');
    afterAll(() => rmSync(away, { recursive: true, force: true }));

    const run = () => execFileSync('node', [file], { encoding: 'utf8', cwd: root });

    beforeAll(async () => {
      const entry = consumer.write(
        'digits.js',
        `import { decodePng, encodePng, loadDigits } from 'weft-nn';
        const image = { width: 2, height: 1, channels: 1, bitDepth: 8, pixels: Float32Array.of(0, 1) };
        console.log(decodePng(encodePng(image)).pixels);
        try {
          console.log(loadDigits().train.labels.length);
        } catch (error) {
          console.log(error.name, error.message);
        }`,
      );
      await esbuild({
        entryPoints: [entry],
        bundle: true,
        platform: 'node',
        format,
        outfile: file,
        logLevel: 'silent',
      });
    });

    it('reads and writes pictures, and says what to copy for the digits', () => {
      const [pixels, digits] = run().split('\n');
      expect(pixels).toBe('Float32Array(2) [ 0, 1 ]');
      expect(digits).toMatch(/^DatasetError digits: .*Copy node_modules\/weft-nn\/assets\/digits\.png/);
    });

    it('finds the digits beside it', () => {
      copyFileSync(join(root, 'assets', 'digits.png'), join(away, 'digits.png'));
      expect(run().split('\n')[1]).toBe('4000');
    });
  });
});

const commandOf = (name: string) => join(tools, 'node_modules', '.bin', name);
for (const name of ['rollup', 'webpack', 'jest']) {
  if (existsSync(commandOf(name))) continue;
  console.warn(`skipped: weft and ${name}, which is not installed (WEFT_TOOLS may name a folder with it)`);
}

describe.skipIf(!existsSync(commandOf('rollup')))('Rollup', () => {
  it('makes a bundle that runs, when it is told to look into node_modules', () => {
    consumer.write(
      'rollup.js',
      "import { tensor } from 'weft-nn'; console.log(await tensor([1, 2]).sum().item());",
    );
    const resolver = join(tools, 'node_modules', '@rollup', 'plugin-node-resolve');
    const flags = ['rollup.js', '--dir', 'rollup', '--format', 'es', '--plugin', resolver];
    const { status } = spawnSync(commandOf('rollup'), flags, { cwd: consumer.folder, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(consumer.run('rollup/rollup.js').trim()).toBe('3');
  });
});

describe.skipIf(!existsSync(commandOf('webpack')))('webpack', () => {
  it('makes a bundle without gpu.js, which is not installed, and has nothing to remark', () => {
    consumer.write(
      'webpack.js',
      "import { tensor } from 'weft-nn'; tensor([1, 2]).sum().item().then(console.log);",
    );
    const flags = ['--mode', 'development', '--entry', './webpack.js', '-o', 'webpack'];
    const { stdout } = spawnSync(commandOf('webpack'), flags, { cwd: consumer.folder, encoding: 'utf8' });
    expect(stdout).toMatch(/compiled successfully/);
  });
});

describe.skipIf(!existsSync(commandOf('jest')))('Jest', () => {
  it.each(['node', 'jsdom'])('runs tests that require weft, in its %s environment', (environment) => {
    const folder = `jest-${environment}`;
    consumer.write(`${folder}/package.json`, '{}');
    consumer.write(
      `${folder}/weft.test.js`,
      `/** @jest-environment ${environment} */
      const { Dense, deviceInfo, loadDigits, ones, SGD, ShapeError, setDevice, tensor, zeros } = require('weft-nn');
      test('values', async () => {
        expect(await tensor(Float32Array.of(1, 2)).mul(2).data()).toEqual(Float32Array.of(2, 4));
        expect(() => zeros([2]).reshape([3])).toThrow(ShapeError);
        expect(loadDigits().train.labels.length).toBe(4000);
      });
      test('training', async () => {
        const layer = new Dense(2, 1);
        const optimizer = new SGD(layer.parameters(), { learningRate: 0.1 });
        const loss = layer.call(ones([4, 2])).square().mean();
        loss.backward();
        await optimizer.step();
        expect(await loss.item()).toBeGreaterThan(0);
      });
      test('threads', async () => {
        setDevice('wasm', { threads: 2 });
        const product = () => ones([99, 99]).matmul(ones([99, 99])).sum().item();
        while (deviceInfo().threads !== 2) {
          await product();
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(await product()).toBe(${99 ** 3});
      });`,
    );
    // Jest looks for its environments from the folder of the tests.
    for (const name of ['jest', 'jest-environment-jsdom']) {
      const link = join(consumer.folder, 'node_modules', name);
      if (!existsSync(link)) symlinkSync(join(tools, 'node_modules', name), link);
    }
    const { status, stderr } = spawnSync(commandOf('jest'), ['--ci', '--rootDir', '.'], {
      cwd: join(consumer.folder, folder),
      encoding: 'utf8',
    });
    expect(stderr).toContain('Tests:       3 passed, 3 total');
    expect(status).toBe(0);
  });
});
