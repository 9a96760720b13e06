/**
 * The page of web/ on the gpu device: the minified bundle trains on WebGPU and on WebGL2, under a policy that forbids
 * evaluating text. SwiftShader will do for a GPU. Skipped where there is no Chromium.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, gpuFlags } from '../../bench/page/chromium.ts';
import { complaintsOf, figure, launchChromium, type Site, serveSite } from '../web/site.ts';

if (!chromiumPath) console.warn('skipped: the page on a GPU, since there is no Chromium on this machine');

/** Without a real GPU a step takes half a second, and its shaders take many seconds to be compiled. */
const patience = { timeout: 300_000, interval: 200 };

describe.skipIf(!chromiumPath)('the page on a GPU', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    [site, browser] = await Promise.all([serveSite({ esbuild: true }), launchChromium(gpuFlags)]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it.each(['webgpu', 'webgl2'])(
    'trains on %s, and goes on with the weights on wasm',
    async (backend) => {
      const page = await browser.newPage();
      page.setDefaultTimeout(patience.timeout);
      const complaints = complaintsOf(page);
      const text = async (selector: string) => (await page.locator(selector).textContent()) ?? '';
      try {
        await page.goto(site.isolated);
        await page.locator('#train:enabled').waitFor();
        await page.click('#settings > summary');
        await page.selectOption('#device', `gpu:${backend}`);
        await expect.poll(() => text('#device-info'), patience).toMatch(`on gpu: gpu.js on ${backend}`);
        await page.click('#kernels > summary');
        await expect.poll(() => page.locator('.kernel').count(), patience).toBeGreaterThan(30);
        expect(await page.locator('.kernel pre').allTextContents()).toContainEqual(
          expect.stringMatching(/function.*this\.thread\.x/s),
        );

        await page.fill('#epochs', '1');
        await page.click('#train');
        await expect.poll(() => figure(page, 'loss'), patience).toBeGreaterThan(2.2);
        await expect.poll(() => figure(page, 'loss'), patience).toBeLessThan(2.1);
        await page.click('#train');
        await expect.poll(() => text('#train'), patience).toBe('Resume');

        await page.selectOption('#device', 'wasm');
        await expect.poll(() => text('#device-info'), patience).toMatch('on wasm');
        await page.click('#train');
        await expect.poll(() => text('#train'), patience).toBe('Train again');
        expect(await figure(page, 'test-accuracy')).toBeGreaterThan(70);
        expect(complaints).toEqual([]);
      } finally {
        await page.close();
      }
    },
    600_000,
  );
});
