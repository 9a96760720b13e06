/** What the tests of the page do with it, and how long they wait for what it shows. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Longest that a single thing may take; the machines that run this are small and shared. */
export const patience = { timeout: 60_000, interval: 50 };

export async function text(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent())?.trim() ?? '';
}

/** Waits until an element says something. */
export async function until(page: Page, selector: string, expected: string | RegExp): Promise<void> {
  await expect.poll(() => text(page, selector), patience).toMatch(expected);
}

/** Trains from new weights to the end. */
export async function train(page: Page, epochs: number): Promise<void> {
  await page.fill('#epochs', `${epochs}`);
  await page.click('#train');
  await until(page, '#train', 'Pause');
  await until(page, '#status', /^Done/);
}
