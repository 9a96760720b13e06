/** Where a page saves a model: as a file that the browser downloads, or in the browser's storage. */
import { OptionError, WeftError } from '../errors.ts';
import { describeValue, isPlainObject } from '../options.ts';
import { requireKey, type StoredModel, writeStored } from './stored-models.ts';

/** A file that the browser puts where its downloads go. */
export interface ModelDownload {
  /** Its name; `.safetensors` is added if it has no other ending. */
  readonly download: string;
}

/** Where `saveModel` puts a model: the path of a folder in Node, or in a page one of the others. */
export type ModelTarget = string | ModelDownload | StoredModel;

/** What is used of a page, whose types only pages declare. */
interface PageLike {
  readonly document?: {
    createElement(name: 'a'): { href: string; download: string; click(): void };
  };
}

/**
 * The way to a target in a page.
 *
 * @throws OptionError for what is none, WeftError for a download where there is no page
 */
export function openTarget(target: unknown): (bytes: Uint8Array<ArrayBuffer>) => unknown {
  if (isPlainObject(target) && Object.keys(target).length === 1) {
    if ('indexedDB' in target) {
      const key = requireKey('saveModel', target.indexedDB);
      return (bytes) => writeStored(key, bytes);
    }
    if (typeof target.download === 'string' && target.download !== '') return downloadAs(target.download);
  }
  throw new OptionError({
    where: 'saveModel',
    got: `${describeValue(target)} for a target`,
    expected: "the path of a folder, { download: 'name' } or { indexedDB: 'key' }",
    cure: 'Give the target first and the model second; the model alone gives the bytes of its file.',
  });
}

function downloadAs(name: string): (bytes: Uint8Array<ArrayBuffer>) => void {
  const { document } = globalThis as PageLike;
  if (!document) {
    throw new WeftError({
      where: 'saveModel, download',
      got: 'no page (Node, or a worker)',
      expected: 'a page, whose browser downloads the file',
      cure: 'In Node give the path of a folder. In a worker, saveModel(saved) gives the bytes: post them to the page.',
    });
  }
  return (bytes) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    link.download = /\.\w+$/.test(name) ? name : `${name}.safetensors`;
    link.click();
    // The browser reads it after the click; a minute is what it may take to ask where to.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };
}
