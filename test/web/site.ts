/** The page of web/, built as it is published, on a plain static server, in Chromium. */
import { createReadStream, existsSync, mkdtempSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { chromiumPath } from '../../bench/page/chromium.ts';

/** Starts Chromium, which is there. */
export function launchChromium(flags: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, args: [...flags] });
}

async function minify(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.js')) continue;
    const file = join(folder, name);
    const { code } = await transform(await readFile(file, 'utf8'), { minify: true, format: 'esm' });
    await writeFile(file, code);
  }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/** What lets the page use threads; and the policy for its worker as well, which does not take over the page's own. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Content-Security-Policy': "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
};

/** The page, being served at two places, neither of them the root of the server: it has to work at any path. */
export interface Site {
  /** With the headers that isolate it, and a policy that forbids evaluating text. */
  readonly isolated: string;
  /** Without any header but the type. */
  readonly plain: string;
  close(): Promise<void>;
}

/**
 * Builds the page into a temporary folder and serves that until `close` is called. With `esbuild` it is minified once more
 * by that: minifiers have broken kernels before.
 */
export async function serveSite({ esbuild = false }: { readonly esbuild?: boolean } = {}): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-web-'));
  const root = fileURLToPath(new URL('../../web', import.meta.url));
  await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  if (esbuild) await minify(join(folder, 'assets'));
  const server = createServer(({ url = '/' }, response) => {
    const [, place, path] =
      /^\/(isolated|plain)\/([\w./-]*)$/.exec(new URL(url, 'http://localhost').pathname) ?? [];
    if (place === 'isolated') {
      for (const [name, value] of Object.entries(isolation)) response.setHeader(name, value);
    }
    const file = join(folder, path || 'index.html');
    if (place === undefined || !existsSync(file)) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    isolated: `${origin}/isolated/`,
    plain: `${origin}/plain/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

/** Collects what a page should not say: errors, and what its policy refused. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return complaints;
}

/** The number that a figure of the page shows; NaN for none. */
export async function figure(page: Page, id: string): Promise<number> {
  return Number.parseFloat(((await page.locator(`#${id}`).textContent()) ?? '').replaceAll(',', ''));
}
