/**
 * The page of web/, clicked through in a real browser: training, pausing, drawing, devices, reloading, small screens. It
 * needs no GPU. Skipped where there is no Chromium.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, plainFlags } from '../../bench/page/chromium.ts';
import { complaintsOf, figure, launchChromium, type Site, serveSite } from './site.ts';
import { longestTask } from './tasks.ts';
import * as visit from './visit.ts';
import { patience } from './visit.ts';

if (!chromiumPath) console.warn('skipped: the page, since there is no Chromium on this machine');

/** Runs in the page: collects moments in which sentence, figures, and the words of the charts say different things. */
const watchForContradictions = `
  globalThis.contradictions = [];
  setInterval(() => {
    const text = (id) => document.getElementById(id).textContent;
    const label = document.getElementById('accuracy-chart').ariaLabel;
    const said = [text('status').match(/[0-9.]+%/)?.[0], text('test-accuracy'), label.match(/([0-9.]+%) on test/)?.[1]];
    const trained = [text('accuracy'), label.match(/([0-9.]+%) in training/)?.[1]];
    for (const values of [said, trained]) {
      const known = values.filter((value) => value !== undefined && value !== '–');
      if (new Set(known).size > 1 || ![0, values.length].includes(known.length)) contradictions.push(values);
    }
  }, 7);
`;

describe.skipIf(!chromiumPath)('the page', () => {
  let site: Site;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [site, browser] = await Promise.all([serveSite(), launchChromium(plainFlags)]);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    complaints = complaintsOf(page);
    await page.goto(site.isolated);
    await page.locator('#train:enabled').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const text = (selector: string) => visit.text(page, selector);
  const until = (selector: string, expected: string | RegExp) => visit.until(page, selector, expected);
  const percentages = async () =>
    (await page.locator('#bars .value').allTextContents()).map((value) => Number.parseFloat(value));
  const lossBelow = (limit: number) => expect.poll(() => figure(page, 'loss'), patience).toBeLessThan(limit);
  /** A stroke with the mouse, in parts of the pad's width and height. */
  async function draw(...points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    await page.locator('#pad').scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await page.locator('#pad').boundingBox())!;
    const [first, ...rest] = points.map(([right, down]) => [x + right * width, y + down * height] as const);
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...point, { steps: 6 });
    await page.mouse.up();
  }

  it('trains on wasm with threads, pauses, resumes and ends, and stays responsive', async () => {
    await page.fill('#epochs', '3');
    await page.evaluate(watchForContradictions);
    await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
    await page.click('#train');
    await until('#train', 'Pause');
    await expect.poll(() => figure(page, 'loss'), patience).toBeGreaterThan(0);
    const first = await figure(page, 'loss');
    await lossBelow(0.7 * first);

    await page.click('#train');
    await until('#train', 'Resume');
    const [paused, images] = [await text('#loss'), await text('#speed')];
    await page.waitForTimeout(400);
    expect([await text('#loss'), await text('#speed')]).toEqual([paused, images]);
    await until('#status', /Paused/);

    await page.click('#train');
    await until('#train', 'Train again');
    expect(longestTask(await browser.stopTracing())).toBeLessThan(50);
    expect(await figure(page, 'test-accuracy')).toBeGreaterThan(85);
    await until('#status', /Done/);
    expect(await page.evaluate('contradictions')).toEqual([]);
    await until('#device-info', /wasm.* threads?\./);
    expect(await page.locator('.chart').count()).toBe(2);
  });

  it('reads what is drawn with the mouse', async () => {
    await draw([0.5, 0.15], [0.47, 0.85]);
    await until('#answer', /a 1\.$/);
    await until('#bars .best .digit', '1');
    await page.click('#clear');
    await until('#answer', /^Draw/);
    await draw(
      [0.5, 0.2],
      [0.35, 0.3],
      [0.28, 0.5],
      [0.35, 0.7],
      [0.5, 0.78],
      [0.65, 0.7],
      [0.72, 0.5],
      [0.65, 0.3],
      [0.5, 0.2],
    );
    await until('#answer', /a 0\.$/);
  });

  it('reads what is drawn with the keyboard', async () => {
    await page.focus('#pad');
    await page.keyboard.press('Delete');
    await until('#answer', /^Draw/);
    await page.keyboard.down(' ');
    for (let row = 0; row < 13; row++) await page.keyboard.press('ArrowDown');
    await page.keyboard.up(' ');
    await until('#answer', /a 1\.$/);
    await until('#pad-position', /^Row 17, column 10/);
  });

  it('shows the kernels of a step', async () => {
    await page.click('#kernels > summary');
    await until('#kernels-note', /\d\d kernels on wasm/);
    expect(await text('#plan')).toMatch(/conv2d.*lstm.*adam/s);
  });

  it('keeps the weights when the device changes, and trains on with them', async () => {
    // From new weights: the figures of the training before would be taken for those of this one.
    await page.click('#reset');
    await until('#loss', /–/);
    await page.fill('#epochs', '10');
    await page.click('#train');
    await expect.poll(() => figure(page, 'loss'), patience).toBeGreaterThan(0);
    await lossBelow(0.5);
    await page.click('#train');
    await until('#train', 'Resume');
    await until('#status', /Paused/);
    await page.locator('.sample').nth(3).click();
    await until('#answer', /right|labeled 3/);
    // The answer to a picture is given anew while weights change: let the last one come.
    await page.waitForTimeout(500);
    const answers = await percentages();

    await page.click('#settings > summary');
    await page.selectOption('#device', 'cpu');
    await until('#device-info', /^Computing on cpu/);
    await until('#kernels-note', /\d\d kernels on cpu/);
    await page.locator('.sample').nth(5).click();
    await until('#answer', /right|labeled 5/);
    await page.locator('.sample').nth(3).click();
    await until('#answer', /right|labeled 3/);
    // Rounded to 0.1 %, they may lie on either side of where it rounds. The answer before this one reads alike.
    const difference = async () =>
      Math.max(...(await percentages()).map((value, digit) => Math.abs(value - answers[digit])));
    await expect.poll(difference, patience).toBeLessThan(0.15);

    const before = await page.locator('#progress').getAttribute('value');
    await page.click('#train');
    await expect.poll(() => page.locator('#progress').getAttribute('value'), patience).not.toBe(before);
    expect(await figure(page, 'loss')).toBeLessThan(1);
    await page.click('#train');
    await until('#train', 'Resume');
  });

  it('says why a device is not there, and goes on with the one before', async () => {
    await page.selectOption('#device', 'gpu:webgpu');
    await until('#failure', /DeviceUnavailableError.*What to do:/s);
    expect(await page.inputValue('#device')).toBe('cpu');
    await page.click('#failure-close');
    await page.selectOption('#device', 'wasm');
    await until('#device-info', /^Computing on wasm/);
    expect(await page.locator('#failure').isVisible()).toBe(false);
  });

  it('starts from new weights after a reset and after a reload', async () => {
    await page.click('#reset');
    await until('#train', 'Train');
    expect(await text('#test-accuracy')).toBe('–');
    await page.selectOption('#device', 'cpu');
    await until('#device-info', /^Computing on cpu/);
    await page.reload();
    await page.locator('#train:enabled').waitFor();
    await until('#device-info', /^Computing on wasm/);
    expect(await page.inputValue('#device')).toBe('wasm');
    await page.click('#train');
    await lossBelow(2.5);
    expect(complaints).toEqual([]);
  });

  it('fits a small screen, and works without any header', async () => {
    const small = await browser.newPage({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await small.goto(site.plain);
    await small.locator('#train:enabled').waitFor();
    await small.fill('#epochs', '3');
    // The grid is in reach, and a finger on it draws instead of scrolling.
    const { y, height } = (await small.locator('#pad').boundingBox())!;
    expect(y + height).toBeLessThan(844);
    expect(await small.evaluate("getComputedStyle(document.querySelector('#pad')).touchAction")).toBe('none');
    await small.tap('#train');
    await expect.poll(() => figure(small, 'test-accuracy'), patience).toBeGreaterThan(50);
    await small.tap('#kernels > summary');
    await expect.poll(() => small.locator('#plan').textContent(), patience).toMatch(/lstm/);
    expect(await small.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await small.close();
  });
});
