/** A browser with one page, in which the benchmarks run on the GPU. It goes on after a case that takes it down. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { digitsAsBytes } from '../cases/digits.ts';
import { builtPage } from '../paths.ts';
import type { AboutGpu, Outcome } from '../protocol.ts';
import { chromiumPath, gpuFlags, hardwareFlags } from './chromium.ts';
import type { PageBenchmarks } from './main.ts';

type PageBackend = Parameters<PageBenchmarks['open']>[0];

/** Work that takes longer is given up. Less than what a runner is given, so that the page can be started anew. */
const patienceMilliseconds = 120_000;
/** Nothing is listening there: requests are answered by this process. To browsers, localhost is as secure as https. */
const origin = 'http://localhost/';
const documentText = '<!doctype html><title>weft</title><script type="module" src="/main.js"></script>';
/** Clocks of isolated pages are exact to 5 µs instead of 100 µs. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export class GpuBrowser {
  readonly about: AboutGpu;
  readonly #backend: PageBackend;
  readonly #flags: readonly string[];
  #browser: Browser;
  #page: Page;
  /** Whether the page has to be replaced before it is asked again. */
  #spoilt = false;

  /**
   * Starts on the machine's GPU, or else in software, which the browser may choose by itself. Throws an Error with the
   * reason if neither is to be had.
   */
  static async start(backend: PageBackend): Promise<GpuBrowser> {
    if (!chromiumPath) throw new Error('there is no Chromium on this machine');
    let fallbackReason = '';
    const { browser, page } = await openPage(hardwareFlags);
    try {
      return new GpuBrowser(backend, hardwareFlags, await openGpu(page, backend), browser, page);
    } catch (error) {
      fallbackReason = firstLine(error);
    }
    await browser.close();
    const software = await openPage(gpuFlags);
    const about = { ...(await openGpu(software.page, backend)), fallbackReason };
    return new GpuBrowser(backend, gpuFlags, about, software.browser, software.page);
  }

  private constructor(
    backend: PageBackend,
    flags: readonly string[],
    about: AboutGpu,
    browser: Browser,
    page: Page,
  ) {
    this.#backend = backend;
    this.#flags = flags;
    this.about = about;
    this.#browser = browser;
    this.#page = page;
  }

  /** Times so many runs of the named work. */
  async run(name: string, samples: number): Promise<Outcome> {
    if (this.#spoilt) await this.#startAnew();
    const outcome = await Promise.race([this.#ask(name, samples), tooLong()]);
    this.#spoilt = 'cannot' in outcome && outcome.cannot !== 'not offered';
    return outcome;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async #ask(name: string, samples: number): Promise<Outcome> {
    try {
      return await this.#page.evaluate(
        (request) => globalThis.weftBenchmarks.run(request.name, request.samples),
        { name, samples },
      );
    } catch (error) {
      return { cannot: firstLine(error) };
    }
  }

  /** With a new browser, since a GPU process that is busy or gone outlives its page. */
  async #startAnew(): Promise<void> {
    await this.#browser.close();
    const { browser, page } = await openPage(this.#flags);
    this.#browser = browser;
    this.#page = page;
    await openGpu(page, this.#backend);
    this.#spoilt = false;
  }
}

async function openPage(flags: readonly string[]): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({ executablePath: chromiumPath!, args: [...flags] });
  const page = await browser.newPage();
  await page.route(`${origin}**`, async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/') await route.fulfill({ headers, contentType: 'text/html', body: documentText });
    else if (path === '/digits') await route.fulfill({ headers, body: Buffer.from(digitsAsBytes()) });
    else if (path.endsWith('.js')) {
      const body = await readFile(join(builtPage, path));
      await route.fulfill({ headers, contentType: 'text/javascript', body });
    } else await route.fulfill({ status: 404 });
  });
  await page.goto(origin, { waitUntil: 'load' });
  return { browser, page };
}

function openGpu(page: Page, backend: PageBackend): Promise<AboutGpu> {
  return page.evaluate((name) => globalThis.weftBenchmarks.open(name), backend);
}

async function tooLong(): Promise<Outcome> {
  await new Promise((resolve) => {
    setTimeout(resolve, patienceMilliseconds).unref();
  });
  return { cannot: `it took more than ${patienceMilliseconds / 1000} s` };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
