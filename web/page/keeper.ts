/** Keeps each model in the browser after every test, under a name of its own, and brings kept ones back. */
import type { Request } from '../protocol.ts';
import { type KeptModel, keptModelOf } from './kept-model.ts';
import type { Store } from './state.ts';
import { newId, type Storage } from './storage.ts';

export class Keeper {
  readonly #store: Store;
  readonly #storage: Storage;
  readonly #ask: (request: Request) => void;
  readonly #tellOthers: () => void;

  /** @param tellOthers tells other tabs that something has changed */
  constructor(store: Store, storage: Storage, ask: (request: Request) => void, tellOthers: () => void) {
    this.#store = store;
    this.#storage = storage;
    this.#ask = ask;
    this.#tellOthers = tellOthers;
  }

  /** What is kept, the last first. */
  async list(): Promise<void> {
    try {
      const kept = await this.#storage.all('models');
      this.#store.change({ kept: kept.sort((first, second) => second.time - first.time) });
    } catch (error) {
      this.complain(error);
    }
  }

  /** The model of this moment, with the figures that the page shows of it. */
  async keep(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { state } = this.#store;
    // One that was opened lies somewhere already.
    if (state.model?.training === undefined || state.phase === 'done') return;
    const id = state.keptId ?? newId();
    if (state.keptId === undefined) this.#store.change({ keptId: id });
    const model = keptModelOf(state, id);
    if (model === undefined) return;
    try {
      await this.#storage.put({ models: [model], weights: [{ id, bytes }] });
      this.#store.change({ keepsNothing: undefined });
      await this.list();
      this.#tellOthers();
    } catch (error) {
      this.complain(error);
    }
  }

  async use({ id, model }: KeptModel): Promise<void> {
    const bytes = await this.bytesOf(id);
    if (bytes === undefined) return;
    this.#store.change({ offered: false, openingId: id, failure: undefined });
    this.#ask({ kind: 'open', bytes, name: model.name, training: model.training });
  }

  async bytesOf(id: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return (await this.#storage.get('weights', id))?.bytes;
    } catch (error) {
      this.complain(error);
      return undefined;
    }
  }

  async remove(id: string): Promise<void> {
    try {
      await this.#storage.remove(['models', 'weights'], [id]);
      await this.list();
      this.#tellOthers();
    } catch (error) {
      this.complain(error);
    }
  }

  readonly complain = (error: unknown): void => {
    const keepsNothing = error instanceof Error ? error.message : String(error);
    this.#store.change({ keepsNothing });
  };
}
