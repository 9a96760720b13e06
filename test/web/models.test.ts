/** Models in the page of web/: kept over a reload and beside those of other tabs, as files, and what they were taken for. */
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, plainFlags } from '../../bench/page/chromium.ts';
import { createModel, loadModel, saveModel, seed } from '../../src/index.ts';
import { complaintsOf, figure, launchChromium, type Site, serveSite } from './site.ts';
import { patience, text, train, until } from './visit.ts';

if (!chromiumPath) console.warn('skipped: models in the page, since there is no Chromium on this machine');

describe.skipIf(!chromiumPath)('models in the page', () => {
  let site: Site;
  let browser: Browser;
  let visitor: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [site, browser] = await Promise.all([serveSite(), launchChromium(plainFlags)]);
    visitor = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await visitor.newPage();
    complaints = complaintsOf(page);
    await page.addInitScript(
      'Worker = class extends Worker { constructor(...options) { super(...options); globalThis.theWorker = this; } }',
    );
    await page.goto(site.isolated);
    await page.locator('#train:enabled').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it('shows what it was taken for, and the pictures behind a number', async () => {
    expect(await page.locator('#offer').isVisible()).toBe(false);
    await train(page, 2);
    const right = await page.locator('#confusion-table .right button').allTextContents();
    const sum = right.reduce((total, each) => total + Number(each), 0);
    expect(sum / 10).toBeCloseTo(await figure(page, 'test-accuracy'), 1);

    const mistake = page.locator('#confusion-table td:not(.right) button:enabled').first();
    await mistake.click();
    const count = Number(await mistake.textContent());
    await expect.poll(() => page.locator('#examples .sample').count(), patience).toBe(Math.min(count, 60));
    expect(await text(page, '#examples-heading')).toMatch(/^\d, taken for \d$/);
    await page.locator('#examples .sample').first().click();
    await until(page, '#answer', /but it is labeled/);
  });

  it('says what is wrong with a setting, at its field', async () => {
    await page.click('#settings > summary');
    await page.fill('#learningRate', '7');
    await until(page, '#learningRate-complaint', 'A number from 0.00001 to 1.');
    await page.click('#settings > summary');
    await page.click('#train');
    expect(await page.evaluate('document.activeElement.id')).toBe('learningRate');
    expect(await text(page, '#train')).toBe('Train again');
    await page.fill('#learningRate', '0.006');
    await page.fill('#hidden', '24');
    await page.fill('#epochs', '1');
    await page.click('#train');
    await until(page, '#status', /^Done/);
    await until(page, '#model-info', /^Trained with conv-lstm, 1 epoch, rate 0.006, batches of 32, 24 units/);
  });

  it('asks before a training is left, and offers what was kept', async () => {
    await page.fill('#epochs', '30');
    await page.click('#train');
    await until(page, '#status', /^Epoch 1 of 30 done/);
    const asked: string[] = [];
    page.once('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    await until(page, '#offer-text', /^Kept from .*conv-lstm for digits, [\d.]+% after \d+ epochs?\.$/);
    expect(await page.locator('#kept-models > li').count()).toBe(3);

    const [, accuracy, epoch] = /([\d.]+%) after (\d+)/.exec(await text(page, '#offer-text')) ?? [];
    await page.click('#offer-use');
    await until(
      page,
      '#status',
      `Kept after epoch ${epoch} of 30: ${accuracy} of 1,000 test digits are recognized.`,
    );
    expect(await text(page, '#test-accuracy')).toBe(accuracy);
    expect(await page.locator('#accuracy-chart').getAttribute('aria-label')).toContain(
      `${accuracy} on test images`,
    );
    await page.locator('#confusion-table .right button:enabled').first().click();
    await expect.poll(() => page.locator('#examples .sample').count(), patience).toBeGreaterThan(10);
    // A click on one of a model that is not trained here is answered as well.
    await page.locator('.sample').first().click();
    await until(page, '#answer', /right|labeled/);
  });

  it('keeps the models of two tabs side by side, and says that there are two', async () => {
    const second = await visitor.newPage();
    await second.goto(site.isolated);
    await until(second, '#tabs-note', /open in another tab/);
    await until(page, '#tabs-note', /open in another tab/);
    await second.locator('#train:enabled').waitFor();
    await train(second, 1);
    await expect.poll(() => page.locator('#kept-models > li').count(), patience).toBe(4);
    expect(await second.locator('#kept-models > li').count()).toBe(4);
    await second.close();
    await expect.poll(() => page.locator('#tabs-note').isVisible(), patience).toBe(false);
  });

  it('downloads a model that weft loads, and opens it', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    expect(download.suggestedFilename()).toBe('conv-lstm-for-digits.safetensors');
    const path = await download.path();
    const loaded = await loadModel(new Uint8Array(await readFile(path)));
    expect(loaded.classNames).toEqual([...'0123456789']);
    expect(loaded.inputShape).toEqual([20, 20, 1]);

    const accuracy = await text(page, '#test-accuracy');
    await page.click('#reset');
    await until(page, '#test-accuracy', '–');
    await page.locator('#model-file').setInputFiles(path);
    await until(page, '#status', /^Opened “.*% of 1,000 test digits are recognized/);
    expect(await text(page, '#test-accuracy')).toBe(accuracy);
  });

  it('opens a model of forty classes and other pictures', async () => {
    seed(1);
    const classNames = Array.from({ length: 40 }, (_, index) => `a class with a long name, number ${index}`);
    const model = createModel('conv-lstm', { inputShape: [28, 24, 1], classes: 40 });
    const bytes = await saveModel({ model, name: 'letters', classNames, inputShape: [28, 24, 1] });
    const file = { name: 'letters.safetensors', mimeType: '', buffer: Buffer.from(bytes) };
    await page.locator('#model-file').setInputFiles(file);
    await until(page, '#status', 'Opened “letters”. There is nothing here to test it with.');
    expect(await page.locator('#bars li').count()).toBe(10);
    expect(await page.evaluate("document.querySelector('#pad canvas').width")).toBe(24);
    expect(await page.evaluate("document.querySelector('#pad canvas').height")).toBe(28);
    await page.locator('#pad').click();
    await until(page, '#answer', /“a class with a long name, number \d+”\.$/);
    expect(await page.locator('#confusion').isVisible()).toBe(false);
  });

  it('says why a file is no model, and keeps the one that is there', async () => {
    const file = { name: 'notes.txt', mimeType: '', buffer: Buffer.from('no model at all') };
    await page.locator('#model-file').setInputFiles(file);
    await until(page, '#failure', /Opening notes.txt: .*What to do:/s);
    expect(await text(page, '#status')).toMatch('Opened “letters”');
    await page.click('#failure-close');
  });

  it('says the same everywhere after an error, goes on, and forgets it all after a reset', async () => {
    await page.fill('#epochs', '20');
    await page.click('#train');
    await until(page, '#status', /^Epoch 1 of 20 done/);
    await page.click('#train');
    await until(page, '#status', /^Paused/);
    // As the worker tells it when a step fails.
    const failure = { during: 'Training', name: 'DeviceLimitError', message: 'too much', cure: 'take less' };
    for (const report of [{ phase: 'training' }, { failure }, { phase: 'paused' }]) {
      const kind = 'phase' in report ? 'phase' : 'failed';
      const data = JSON.stringify({ kind, ...report });
      await page.evaluate(`theWorker.dispatchEvent(new MessageEvent('message', { data: ${data} }))`);
    }
    await until(page, '#failure', /Training: DeviceLimitError.*What to do: take less/s);
    await until(page, '#status', /^Stopped by an error\. After epoch [\d.]+ of 20, .* are recognized\.$/);
    const accuracy = await text(page, '#test-accuracy');
    expect(await text(page, '#status')).toContain(` ${accuracy} of`);
    expect(await page.locator('#accuracy-chart').getAttribute('aria-label')).toContain(
      `${accuracy} on test images`,
    );
    await page.click('#train');
    await until(page, '#train', 'Pause');
    expect(await page.locator('#failure').isVisible()).toBe(false);
    await page.click('#reset');
    await until(page, '#status', 'Nothing is learned yet. Ready.');
    expect(await text(page, '#loss')).toBe('–');
    expect(await page.locator('#accuracy-chart').getAttribute('aria-label')).toMatch('no values yet');
    expect(await page.locator('#confusion').isVisible()).toBe(false);
  });

  it('trains where nothing can be kept, says so, and asks before that is lost', async () => {
    const forgetful = await browser.newPage();
    await forgetful.addInitScript(
      "indexedDB.open = () => { throw new DOMException('no storage', 'SecurityError'); }",
    );
    await forgetful.goto(site.plain);
    await forgetful.locator('#train:enabled').waitFor();
    await train(forgetful, 1);
    await until(
      forgetful,
      '#keeps-note',
      'This browser keeps no models (no storage): download one before you leave.',
    );
    const asked: string[] = [];
    forgetful.once('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.dismiss();
    });
    await forgetful.click('#reset');
    expect(asked).toEqual([expect.stringMatching(/is not downloaded/)]);
    await until(forgetful, '#status', /^Done/);
    await forgetful.close();
  });

  it('deletes a kept model after a question', async () => {
    const count = await page.locator('#kept-models > li').count();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.locator('#kept-models button', { hasText: 'Delete' }).first().click();
    await expect.poll(() => page.locator('#kept-models > li').count(), patience).toBe(count - 1);
    expect(complaints).toEqual([]);
  });
});
