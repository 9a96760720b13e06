/**
 * The wasm device in a real browser, under a Content-Security-Policy that forbids evaluating text, with threads where
 * the page is cross-origin isolated and with one thread where it is not. Skipped where there is no Chromium.
 */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, plainFlags } from '../../bench/page/chromium.ts';
import { serve } from './serve.ts';

const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:";
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** What the page leaves behind. */
interface PageResult {
  readonly error?: string;
  readonly losses: readonly number[];
  readonly info: { readonly name: string; readonly threads: number };
  readonly warnings: readonly string[];
  readonly longestTask: number;
  readonly isolated: boolean;
}

if (!chromiumPath)
  console.warn('skipped: the wasm device in a page, since there is no Chromium on this machine');

describe.skipIf(!chromiumPath)('the wasm device in a page', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: [...plainFlags],
    });
  });
  afterAll(() => browser?.close());

  /** What the page leaves behind, and what the browser says that its policy forbids. */
  async function visit(
    headers: Readonly<Record<string, string>>,
    threads: number,
  ): Promise<{ readonly result: PageResult; readonly refused: readonly string[] }> {
    const server = await serve({ 'Content-Security-Policy': policy, ...headers });
    const page = await browser.newPage();
    const refused: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) refused.push(message.text());
    });
    try {
      await page.goto(`${server.url}?threads=${threads}`);
      // A promise, since the page's policy forbids what playwright's waitForFunction does.
      return { result: (await page.evaluate('window.result')) as PageResult, refused };
    } finally {
      await page.close();
      await server.close();
    }
  }

  async function trainInPage(
    headers: Readonly<Record<string, string>>,
    threads: number,
  ): Promise<PageResult> {
    const { result, refused } = await visit(headers, threads);
    expect(result.error).toBeUndefined();
    expect(refused).toEqual([]);
    return result;
  }

  it('trains with two threads where the page is isolated, to the same losses as with one', async () => {
    const two = await trainInPage(isolation, 2);
    expect(two).toMatchObject({ isolated: true, info: { name: 'wasm', threads: 2 }, warnings: [] });
    expect(two.losses.at(-1)).toBeLessThan(two.losses[0] / 2);
    const one = await trainInPage(isolation, 1);
    expect(one.info.threads).toBe(1);
    expect(one.losses).toEqual(two.losses);
  });

  it('trains with one thread where it is not isolated, and says so once', async () => {
    const result = await trainInPage({}, 2);
    expect(result).toMatchObject({ isolated: false, info: { name: 'wasm', threads: 1 } });
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings[0]).toContain('cross-origin isolated');
    expect(result.losses.at(-1)).toBeLessThan(result.losses[0] / 2);
  });

  it('names what is missing where the policy forbids WebAssembly', async () => {
    const { result } = await visit({ 'Content-Security-Policy': "default-src 'self'" }, 1);
    expect(result.error).toMatch(/^DeviceUnavailableError: .*Add 'wasm-unsafe-eval' to script-src/);
  });

  it.each([
    ['workers from blobs', "worker-src 'self'"],
    ['addresses of workers as text', "worker-src 'self' blob:; require-trusted-types-for 'script'"],
  ])('trains with one thread where the policy forbids %s, and says so once', async (_, rest) => {
    const strict = `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; ${rest}`;
    const { result } = await visit({ ...isolation, 'Content-Security-Policy': strict }, 2);
    expect(result.error).toBeUndefined();
    expect(result.info.threads).toBe(1);
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings[0]).toContain('one thread, since a worker could not run: ');
    expect(result.losses.at(-1)).toBeLessThan(result.losses[0] / 2);
  });
});
