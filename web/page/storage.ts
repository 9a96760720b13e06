/** What the browser keeps for this page from one visit to the next, in IndexedDB: models, classes and their pictures. */
import type { KeptModel } from './kept-model.ts';
import type { ClassName, OwnPicture } from './own-pictures.ts';

/** What is kept, each by its `id`. */
interface Kept {
  /** What there is to know of each model, and the curves of its training. */
  models: KeptModel;
  /** The file of each. */
  weights: { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> };
  classes: ClassName;
  pictures: OwnPicture;
}

type Place = keyof Kept;

/** Things to write, by place. */
type Contents = { readonly [Name in Place]?: readonly Kept[Name][] };

const places: readonly Place[] = ['models', 'weights', 'classes', 'pictures'];

export class Storage {
  readonly #database = open();

  constructor() {
    // Each method says it.
    this.#database.catch(() => undefined);
  }

  async all<Name extends Place>(place: Name): Promise<Kept[Name][]> {
    const database = await this.#database;
    return settled<Kept[Name][]>(database.transaction(place).objectStore(place).getAll());
  }

  async get<Name extends Place>(place: Name, id: string): Promise<Kept[Name] | undefined> {
    const database = await this.#database;
    return settled<Kept[Name] | undefined>(database.transaction(place).objectStore(place).get(id));
  }

  /** All of it or nothing. */
  put(contents: Contents): Promise<void> {
    return this.#write(Object.keys(contents) as Place[], (transaction) => {
      for (const place of places) {
        for (const each of contents[place] ?? []) transaction.objectStore(place).put(each);
      }
    });
  }

  remove(wanted: readonly Place[], ids: readonly string[]): Promise<void> {
    return this.#write(wanted, (transaction) => {
      for (const place of wanted) for (const id of ids) transaction.objectStore(place).delete(id);
    });
  }

  async #write(wanted: readonly Place[], work: (transaction: IDBTransaction) => void): Promise<void> {
    const transaction = (await this.#database).transaction(wanted, 'readwrite');
    work(transaction);
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** Names that no other tab gives: `crypto.randomUUID` is not there on pages without encryption. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}

/** @throws what the browser says where it keeps nothing, as in some private windows */
async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('weft-page', 1);
  request.onupgradeneeded = () => {
    for (const place of places) request.result.createObjectStore(place, { keyPath: 'id' });
  };
  return settled(request);
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
