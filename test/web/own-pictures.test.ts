/** Pictures of one's own in the page of web/: classes made on the spot from files, drops, the clipboard and a camera. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, plainFlags } from '../../bench/page/chromium.ts';
import { encodePng } from '../../src/index.ts';
import { complaintsOf, figure, launchChromium, type Site, serveSite } from './site.ts';
import { patience, text, until } from './visit.ts';

if (!chromiumPath)
  console.warn('skipped: own pictures in the page, since there is no Chromium on this machine');

/** A camera that shows a moving figure on green, and is allowed without a question. */
const cameraFlags = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** A bar on gray ground, upright or lying, somewhere. */
function bar(kind: 'upright' | 'lying', index: number): Buffer {
  const side = 40;
  const at = 6 + 2 * index;
  const pixels = Float32Array.from({ length: side * side }, (_, pixel) => {
    const place = kind === 'upright' ? pixel % side : Math.floor(pixel / side);
    return place >= at && place < at + 6 ? 0.95 : 0.25;
  });
  return Buffer.from(encodePng({ width: side, height: side, channels: 1, bitDepth: 8, pixels }));
}

function files(kind: 'upright' | 'lying', count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `${kind}-${index}.png`,
    mimeType: 'image/png',
    buffer: bar(kind, index),
  }));
}

/** In the page: a JPEG, as a drop and as a paste would bring it, at the card of a class. */
const bringJpeg = (kind: 'drop' | 'paste', card: number): string => `(async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 90, height: 60 });
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 28, 90, 8);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg'));
  const transfer = new DataTransfer();
  transfer.items.add(new File([blob], 'photo.jpg', { type: 'image/jpeg' }));
  const name = document.querySelectorAll('.class-card')[${card}].querySelector('input');
  const options = { bubbles: true, cancelable: true };
  name.dispatchEvent(${
    kind === 'drop'
      ? "new DragEvent('drop', { ...options, dataTransfer: transfer })"
      : "new ClipboardEvent('paste', { ...options, clipboardData: transfer })"
  });
})()`;

describe.skipIf(!chromiumPath)('own pictures in the page', () => {
  let site: Site;
  let browser: Browser;
  let visitor: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [site, browser] = await Promise.all([serveSite(), launchChromium([...plainFlags, ...cameraFlags])]);
    visitor = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await visitor.newPage();
    complaints = complaintsOf(page);
    await page.goto(site.isolated);
    await page.locator('#train:enabled').waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const card = (index: number) => page.locator('.class-card').nth(index);
  const has = (index: number, count: number) =>
    expect
      .poll(() => card(index).locator('.class-head .note').textContent(), patience)
      .toBe(count === 1 ? '1 picture' : `${count} pictures`);
  const add = (index: number, pictures: Parameters<ReturnType<Page['locator']>['setInputFiles']>[0]) =>
    card(index).locator('input[type=file]').setInputFiles(pictures);

  it('says what is missing until there is enough', async () => {
    await page.click('#learn-own');
    await until(page, '#own-status', '“Class 1” needs 2 pictures, better ten or more.');
    await page.click('#train');
    expect(await text(page, '#train')).toBe('Train');
    await card(0).locator('input').first().fill('upright');
    await card(1).locator('input').first().fill('upright');
    await until(page, '#own-status', 'Two classes are called “upright”: rename one.');
    await card(1).locator('input').first().fill('lying');
    await until(page, '#own-status', '“upright” needs 2 pictures');
  });

  it('takes files, drops and pastes, and says which are no pictures', async () => {
    await add(0, [...files('upright', 10), { name: 'notes.txt', mimeType: '', buffer: Buffer.from('no') }]);
    await has(0, 10);
    await until(page, '#own-trouble', '“notes.txt” is no picture that this browser can read.');
    await add(1, files('lying', 8));
    await has(1, 8);
    await page.evaluate(bringJpeg('drop', 1));
    await has(1, 9);
    await page.evaluate(bringJpeg('paste', 1));
    await has(1, 10);
    await until(page, '#own-status', /^20 pictures: 16 to learn from and 4 to test with/);
    expect(await page.locator('.held-out').count()).toBe(4);
  });

  it('removes a picture or a class, and puts it back', async () => {
    await card(0).locator('.thumbnail').first().click();
    await has(0, 9);
    await page.click('#own-undo');
    await has(0, 10);
    await page.getByRole('button', { name: 'Remove lying' }).click();
    await until(page, '#own-removed-words', '“lying” is removed with 10 pictures.');
    await page.click('#own-undo');
    await has(1, 10);
  });

  it('learns them, and reads another picture', async () => {
    await page.click('#train');
    await until(page, '#status', /^Done/);
    expect(await figure(page, 'test-accuracy')).toBeGreaterThan(50);
    await until(page, '#model-info', /16 images to train on, 4 to test.*2 classes, color pictures of 32×32/);
    await page.locator('#try-file').setInputFiles({
      name: 'another.png',
      mimeType: 'image/png',
      buffer: bar('lying', 5),
    });
    await until(page, '#answer', /“lying”/);
    expect(await page.locator('#bars .digit').allTextContents()).toEqual(['upright', 'lying']);
  });

  it('keeps them over a reload, with the model', async () => {
    await page.reload();
    await until(page, '#offer-text', /cnn for upright, lying/);
    await page.click('#offer-use');
    await until(page, '#status', /^Done.*4 test pictures are recognized/);
    expect(await page.locator('#learn-own').isChecked()).toBe(true);
    await has(0, 10);
    await has(1, 10);
    await page.locator('#try-file').setInputFiles({
      name: 'another.png',
      mimeType: 'image/png',
      buffer: bar('upright', 4),
    });
    await until(page, '#answer', /“upright”/);
  });

  it('records with a camera while a button is held, by mouse or key, and reads what it sees', async () => {
    await page.click('#add-class');
    await page.click('#own-camera');
    const record = card(2).getByRole('button', { name: 'Hold to record' });
    await record.waitFor();
    await expect
      .poll(() => page.evaluate("document.querySelector('#own-video').videoWidth"), patience)
      .not.toBe(0);
    await record.hover();
    await page.mouse.down();
    const count = async () =>
      Number.parseInt((await card(2).locator('.class-head .note').textContent()) ?? '', 10);
    await expect.poll(count, patience).toBeGreaterThan(2);
    await page.mouse.up();
    await record.focus();
    const before = await count();
    await page.keyboard.down(' ');
    await expect.poll(count, patience).toBeGreaterThan(before + 1);
    await page.keyboard.up(' ');
    await page.click('#own-camera');
    await page.click('#train');
    await until(page, '#status', /^Done/);
    await page.click('#try-camera');
    await until(page, '#answer', /“Class 3”/);
    await page.click('#try-camera');
    expect(complaints).toEqual([]);
  });

  it('says why there is no camera', async () => {
    const without = await browser.newContext();
    const lonely = await without.newPage();
    await lonely.addInitScript(
      `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))`,
    );
    await lonely.goto(site.plain);
    await lonely.locator('#train:enabled').waitFor();
    await lonely.click('#learn-own');
    await lonely.click('#own-camera');
    await until(lonely, '#own-trouble', 'There is no camera here. Add files instead.');
    await without.close();
  });
});
