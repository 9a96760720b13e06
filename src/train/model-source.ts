/** Where a model is loaded from: a folder or a file, an address, bytes, a blob, or what a page has stored. */
import { requireBytes } from '../data/bytes.ts';
import { node } from '../data/code-files.ts';
import { findEntry } from '../data/files.ts';
import { OptionError } from '../errors.ts';
import { hasNodeModules, TextDecoder } from '../node-modules.ts';
import { describeValue, isPlainObject, isRecord } from '../options.ts';
import { messageOf } from '../text.ts';
import { descriptionFile, readChecked, weightsFile } from './checkpoint-files.ts';
import { CheckpointError } from './errors.ts';
import { readStored, requireKey, type StoredModel } from './stored-models.ts';

/** What a page calls a Blob or a File, or a Response: bytes that take time to read. */
export interface BlobLike {
  /** Resolves to the bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** An address as an object: what `new URL(…)` gives. */
export interface UrlLike {
  /** The whole address. */
  readonly href: string;
}

/**
 * What `loadModel` takes. A text is a path in Node, unless it starts with http:// or https://, and an address in a page,
 * relative to the page. An address that ends in / is that of a folder. Bytes, and files that are no folder, are those of
 * model.safetensors.
 */
export type ModelSource = string | UrlLike | ArrayBufferLike | ArrayBufferView | BlobLike | StoredModel;

/** The files of a model, by name, or one file that stands for the model alone. */
export interface ModelFiles {
  /** Whether model.json stands beside the weights. */
  readonly folder: boolean;
  /** What messages call a file. */
  placeOf(name: string): string;
  /** @throws CheckpointError naming the place, when there is none */
  read(name: string): Promise<Uint8Array>;
}

const wanted = { error: CheckpointError, expected: 'a file that saveModel wrote' };

/** @throws OptionError for what cannot be a source */
export function openSource(source: ModelSource): ModelFiles {
  if (typeof source === 'string' && source !== '') return openText(source);
  if (isBytes(source)) return single('the bytes of the model', async () => requireBytes('loadModel', source));
  if (isRecord(source)) {
    if (typeof source.href === 'string') return openAddress(source.href);
    const { arrayBuffer } = source;
    if (typeof arrayBuffer === 'function') {
      const place = typeof source.name === 'string' ? source.name : 'the blob of the model';
      return single(place, async () => requireBytes('loadModel', await arrayBuffer.call(source)));
    }
    if (isPlainObject(source) && 'indexedDB' in source) {
      const key = requireKey('loadModel', source.indexedDB);
      return single(`indexedDB "${key}"`, () => readStored(key));
    }
  }
  throw new OptionError({
    where: 'loadModel',
    got: describeValue(source),
    expected: 'a path, a URL, bytes, a Blob, or { indexedDB: key }',
    cure: 'Give the folder that saveModel wrote, its model.safetensors, or the bytes of that file.',
  });
}

function openText(text: string): ModelFiles {
  if (/^(https?|file|data|blob):/i.test(text) || !hasNodeModules()) return openAddress(text);
  if (findEntry(text, wanted) === 'file') return single(text, () => readChecked(text));
  const placeOf = (name: string): string => node.path.join(text, name);
  const holds = (name: string): boolean => findEntry(placeOf(name), wanted) !== undefined;
  // A process that was killed in its first save may have left the weights alone: they say what they are.
  const folder = holds(descriptionFile) || !holds(weightsFile);
  return { folder, placeOf, read: (name) => readChecked(placeOf(name)) };
}

function openAddress(address: string): ModelFiles {
  if (/^file:/i.test(address) && hasNodeModules()) return openText(node.url.fileURLToPath(address));
  const [, path, rest] = /^([^?#]*)(.*)$/s.exec(address)!;
  if (!path.endsWith('/')) return single(address, () => download(address));
  const placeOf = (name: string): string => `${path}${name}${rest}`;
  return { folder: true, placeOf, read: (name) => download(placeOf(name)) };
}

function single(place: string, read: () => Promise<Uint8Array>): ModelFiles {
  return { folder: false, placeOf: () => place, read };
}

/** Not `instanceof`: a buffer may come from another realm, as in Jest or from a frame. */
function isBytes(value: unknown): value is ArrayBufferLike | ArrayBufferView {
  return (
    ArrayBuffer.isView(value) ||
    /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value))
  );
}

/** The bytes at an address. */
async function download(address: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    throw unreachable(
      address,
      `no answer (${messageOf(cause)})`,
      'Check the address and the network. A server of another origin has to allow it: Access-Control-Allow-Origin (CORS). A page from a file can load nothing: serve it by http.',
      cause,
    );
  }
  if (!response.ok) {
    throw unreachable(
      address,
      `HTTP status ${response.status} ${response.statusText}`.trimEnd(),
      'Check the address, and that the server has the file. The address of a folder ends in /.',
    );
  }
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw unreachable(address, `an answer that broke off (${messageOf(cause)})`, 'Load it again.', cause);
  }
}

function unreachable(address: string, got: string, cure: string, cause?: unknown): CheckpointError {
  return new CheckpointError({ where: address, got, expected: wanted.expected, cure }, { cause });
}

/** What is often found in the place of a model, by its first characters. */
const mistaken: readonly (readonly [start: RegExp, got: string, cure: string])[] = [
  [
    /^\s*</,
    'a page (HTML)',
    'The server sends its page for files that it does not have: check the address, and what it serves. The address of a folder ends in /.',
  ],
  [
    /^version https:\/\/git-lfs/,
    'a pointer of Git LFS',
    'The file itself lies elsewhere: fetch it with git lfs pull.',
  ],
  [
    /^\s*\{/,
    'JSON',
    `model.json describes a model and does not hold its weights: give the folder, or ${weightsFile}.`,
  ],
  [
    /^PK/,
    'a ZIP archive',
    `Unpack it, and give the folder. A .pt or .pth of PyTorch: save its weights there as safetensors, build the model here, and load them: model.loadStateDict(decodeSafetensors(bytes).state).`,
  ],
  [/^(.PNG|ÿØÿ|GIF8|RIFF|BM)/, 'a picture', 'Give the model first: the pictures are for predict.'],
  [
    /^[\t\n\r -~]+$/,
    'a text',
    `Check the path or address: it is often the message of a server that has no such file.`,
  ],
  [/^/, 'another kind of file', `Give the folder that saveModel wrote, or its ${weightsFile}.`],
];

/** Throws CheckpointError for what is another kind of file. */
export function refuseOtherFiles(place: string, bytes: Uint8Array): void {
  const start = new TextDecoder('latin1').decode(bytes.slice(0, 64));
  // A safetensors file begins with the length of its header in eight bytes, of which the last four are zero: it is below 2³².
  if (start.length === 0 || start.slice(4, 8) === '\0\0\0\0') return;
  const [, got, cure] = mistaken.find(([pattern]) => pattern.test(start))!;
  throw new CheckpointError({
    where: place,
    got: `${got}: ${describeValue(start)}`,
    expected: wanted.expected,
    cure,
  });
}
