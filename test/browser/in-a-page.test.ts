/**
 * The page of docs/in-a-page.md, as it is written there: trained by Node, served, drawn on in Chromium. It answers as Node does;
 * and a page stores, downloads and opens models. Skipped where there is no Chromium.
 */
import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, plainFlags } from '../../bench/page/chromium.ts';
import { fromPixels, loadModel, predict, type SavedModel } from '../../src/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'docs/in-a-page.md'), 'utf8');
const blockOf = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(text)![1];

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

if (!chromiumPath) console.warn('skipped: a model in a page, since there is no Chromium on this machine');

describe.skipIf(!chromiumPath)('a model that was trained in Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-page-'));
  let server: Server;
  let browser: Browser;
  let page: Page;
  let saved: SavedModel;
  let address: string;

  beforeAll(async () => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'weft-nn'));
    writeFileSync(join(folder, 'index.html'), blockOf('html'));
    // One epoch of few images: the test is not about how good it gets.
    const quick = blockOf('js')
      .replace(
        'const { train } = loadDigits();',
        'const train = subset(loadDigits().train, Array.from({ length: 320 }, (_, i) => 12 * i));',
      )
      .replace('epochs: 3', 'epochs: 1')
      .replace('import {', 'import { subset,');
    writeFileSync(join(folder, 'train.mjs'), quick);
    const { status, stderr } = spawnSync(process.execPath, ['train.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    saved = await loadModel(join(folder, 'digits'));
    // As servers of apps do: their page for whatever they do not have.
    server = createServer(({ url = '/' }, response) => {
      const path = join(folder, normalize(new URL(url, 'http://localhost').pathname));
      const file = existsSync(path) && statSync(path).isFile() ? path : join(folder, 'index.html');
      response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
      createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({ executablePath: chromiumPath!, args: [...plainFlags] });
    page = await browser.newPage();
    await page.goto(address, { waitUntil: 'networkidle' });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a function body in the page, where `weft` is what the page itself imported. */
  const inPage = async <Result>(body: string): Promise<Result> =>
    (await page.evaluate(
      `import('./node_modules/weft-nn/dist/src/index.js').then(async (weft) => {
        const canvas = document.querySelector('canvas');
        const picture = (source) => weft.fromPixels(source, { size: [20, 20], channels: 1 });
        const digits = await weft.loadModel('digits/');
        const classify = async (source, model = digits) => (await weft.predict(model, picture(source))).map(({ probabilities }) => [...probabilities])[0];
        ${body}
      })`,
    )) as Result;

  test('gives the numbers of Node for what is drawn in the page', async () => {
    const box = (await page.locator('canvas').boundingBox())!;
    await page.mouse.move(box.x + 90, box.y + 60);
    await page.mouse.down();
    for (const [x, y] of [
      [190, 60],
      [150, 130],
      [120, 230],
    ])
      await page.mouse.move(box.x + x, box.y + y, { steps: 4 });
    await page.mouse.up();
    const output = page.locator('output', { hasText: /^\d+: / });
    const shown = await output.textContent();
    const drawn = await inPage<{ width: number; height: number; data: number[] }>(`
      const { width, height, data } = canvas.getContext('2d').getImageData(0, 0, 280, 280);
      return { width, height, data: [...data] };`);
    const source = { ...drawn, data: Uint8ClampedArray.from(drawn.data) };
    expect(source.data.some((value) => value > 0)).toBe(true);
    const [node] = await predict(saved, fromPixels(source, { size: [20, 20], channels: 1 }));
    expect(shown).toBe(`${node.className}: ${(100 * node.probabilities[node.label]).toFixed(1)} %`);
    const answers = await inPage<number[][]>(`
      const bitmap = await createImageBitmap(canvas);
      const image = new Image();
      image.src = canvas.toDataURL();
      await image.decode();
      const offscreen = new OffscreenCanvas(280, 280);
      offscreen.getContext('2d').drawImage(canvas, 0, 0);
      const data = canvas.getContext('2d').getImageData(0, 0, 280, 280);
      return Promise.all([canvas, bitmap, image, offscreen, data].map((source) => classify(source)));`);
    for (const probabilities of answers) {
      expect(probabilities).toHaveLength(10);
      probabilities.forEach((value, index) => {
        expect(value).toBeCloseTo(node.probabilities[index], 5);
      });
    }
  });

  test('is stored in the browser, downloaded, and opened from a file', async () => {
    const found = await inPage<Record<string, unknown>>(`
      await weft.saveModel({ indexedDB: 'mine' }, digits);
      const keys = await weft.storedModels();
      const stored = await classify(canvas, await weft.loadModel({ indexedDB: 'mine' }));
      const file = new File([await weft.saveModel(digits)], 'digits.safetensors');
      const opened = await classify(canvas, await weft.loadModel(file));
      await weft.deleteStoredModel('mine');
      const missing = await weft.loadModel({ indexedDB: 'mine' }).catch(String);
      return { keys, rest: await weft.storedModels(), stored, opened, direct: await classify(canvas), missing };`);
    expect(found).toMatchObject({ keys: ['mine'], rest: [], stored: found.direct, opened: found.direct });
    expect(found.missing).toMatch(/CheckpointError.*"mine".*no model of this name/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      inPage(`await weft.saveModel({ download: 'digits' }, digits);`),
    ]);
    expect(download.suggestedFilename()).toBe('digits.safetensors');
    const path = join(folder, 'downloaded.safetensors');
    await download.saveAs(path);
    expect(readFileSync(path).equals(readFileSync(join(folder, 'digits/model.safetensors')))).toBe(true);
  });

  test('is told from what a server sends in its place, and pictures that cannot be read are told', async () => {
    const messages = await inPage<string[]>(`
      const image = new Image();
      return [
        await weft.loadModel('digits.safetensors').catch(String),
        await weft.loadModel('http://127.0.0.1:1/digits/').catch(String),
        await Promise.resolve().then(() => picture(image)).catch(String),
        await weft.saveModel('digits', digits).catch(String),
      ];`);
    expect(messages[0]).toMatch(/digits\.safetensors: got a page \(HTML\)/);
    expect(messages[1]).toMatch(/no answer.*CORS/);
    expect(messages[2]).toMatch(/0×0 pixels.*img\.decode\(\)/);
    expect(messages[3]).toMatch(/no Node/);
  });

  test('is checked where a page has no SHA-256 of its own', async () => {
    const { hostname, port } = new URL(address);
    const insecure = await browser.newPage();
    await insecure.route(/example\.test/, async (route) => {
      const url = route.request().url().replace('example.test', `${hostname}:${port}`);
      await route.fulfill({ response: await route.fetch({ url }) });
    });
    await insecure.goto('http://example.test/');
    const found =
      await insecure.evaluate(`import('./node_modules/weft-nn/dist/src/index.js').then(async (weft) =>
      [globalThis.isSecureContext, (await weft.loadModel('digits/')).name])`);
    expect(found).toEqual([false, 'digits']);
  });
});
