/** Models that a page keeps in the browser (IndexedDB): they are there when it is opened again. */
import { OptionError } from '../errors.ts';
import { describeValue } from '../options.ts';
import { messageOf } from '../text.ts';
import { CheckpointError } from './errors.ts';

/** A model in the browser's storage, which pages and workers of one origin share. */
export interface StoredModel {
  /** What it is called there. */
  readonly indexedDB: string;
}

const database = 'weft';
const store = 'models';

/** What is used of IndexedDB, whose types only pages declare. */
interface Request<Value> {
  readonly result: Value;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
  onblocked: (() => void) | null;
}
interface Database {
  createObjectStore(name: string): void;
  transaction(name: string, mode: 'readonly' | 'readwrite'): Transaction;
  close(): void;
}
interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}
interface ObjectStore {
  get(key: string): Request<Uint8Array | undefined>;
  getAllKeys(): Request<readonly string[]>;
  put(value: Uint8Array, key: string): Request<unknown>;
  delete(key: string): Request<undefined>;
}

/** The keys of the models that are stored in the browser by `saveModel({ indexedDB: key }, …)`, sorted. */
export async function storedModels(): Promise<string[]> {
  return [...(await inStore('storedModels', 'readonly', (models) => models.getAllKeys()))].sort();
}

/** Removes a model from the browser's storage. One that is not there is none to remove. */
export async function deleteStoredModel(key: string): Promise<void> {
  requireKey('deleteStoredModel', key);
  await inStore('deleteStoredModel', 'readwrite', (models) => models.delete(key));
}

/** The bytes that are stored under a key. */
export async function readStored(key: string): Promise<Uint8Array> {
  const bytes = await inStore('loadModel', 'readonly', (models) => models.get(key));
  if (bytes !== undefined) return bytes;
  const known = await storedModels();
  throw new CheckpointError({
    where: `indexedDB "${key}"`,
    got: 'no model of this name',
    expected: known.length > 0 ? `one of ${known.join(', ')}` : 'a model: none is stored for this origin',
    cure: 'Save it first, saveModel({ indexedDB: key }, …), in a page of the same origin (scheme, host and port).',
  });
}

/** Stores bytes under a key, in place of what was there. */
export async function writeStored(key: string, bytes: Uint8Array): Promise<void> {
  await inStore('saveModel', 'readwrite', (models) => models.put(bytes, key));
}

/** Throws OptionError unless it is a key; returns it. */
export function requireKey(where: string, key: unknown): string {
  if (typeof key === 'string' && key !== '') return key;
  throw new OptionError({
    where,
    got: `${describeValue(key)} for the key of a stored model`,
    expected: 'a text that is not empty',
    cure: "Name the model, { indexedDB: 'digits' } for example.",
  });
}

/** Makes one request in a transaction of its own; resolves when that is complete. */
async function inStore<Value>(
  where: string,
  mode: 'readonly' | 'readwrite',
  request: (models: ObjectStore) => Request<Value>,
): Promise<Value> {
  try {
    const opened = await openDatabase();
    try {
      return await new Promise<Value>((resolve, reject) => {
        const transaction = opened.transaction(store, mode);
        const made = request(transaction.objectStore(store));
        transaction.oncomplete = () => resolve(made.result);
        transaction.onabort = () => reject(transaction.error ?? made.error);
      });
    } finally {
      opened.close();
    }
  } catch (cause) {
    throw new CheckpointError(
      {
        where: `${where}, indexedDB`,
        got: messageOf(cause),
        expected: 'a browser that stores what pages give it',
        cure: 'IndexedDB is in pages and workers, not in Node; browsers refuse it in private windows and sandboxed frames, or when the disk is full. saveModel(saved) gives the bytes, to be kept elsewhere.',
      },
      { cause },
    );
  }
}

function openDatabase(): Promise<Database> {
  const { indexedDB } = globalThis as {
    readonly indexedDB?: { open(name: string, version: number): OpenRequest };
  };
  if (!indexedDB) return Promise.reject(new Error('no IndexedDB'));
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('another page holds the database open'));
  });
}
