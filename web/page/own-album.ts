/** What is done to the classes of one's own: in the state of the page at once, and in what the browser keeps. */
import { keptSide } from '../defaults.ts';
import type { ClassName, OwnClass, OwnPicture } from './own-pictures.ts';
import { type PictureSource, readPicture } from './read-picture.ts';
import type { Store } from './state.ts';
import { newId, type Storage } from './storage.ts';

export class OwnAlbum {
  readonly #store: Store;
  readonly #storage: Storage;
  readonly #complain: (error: unknown) => void;

  /** @param complain told when something could not be kept */
  constructor(store: Store, storage: Storage, complain: (error: unknown) => void) {
    this.#store = store;
    this.#storage = storage;
    this.#complain = complain;
  }

  addClass(): void {
    const { classes } = this.#store.state;
    // Two that are made in one millisecond keep their order, too.
    const time = Math.max(Date.now(), (classes.at(-1)?.time ?? 0) + 1);
    const added: OwnClass = { id: newId(), name: `Class ${classes.length + 1}`, time, pictures: [] };
    this.#set([...classes, added]);
    this.#keep({ classes: [nameOf(added)] });
  }

  rename(id: string, name: string): void {
    this.#set(this.#store.state.classes.map((each) => (each.id === id ? { ...each, name } : each)));
    this.#keep({ classes: this.#store.state.classes.filter((each) => each.id === id).map(nameOf) });
  }

  /** @returns what is wrong with those that are no pictures */
  async addPictures(id: string, sources: readonly PictureSource[]): Promise<string | undefined> {
    const failures: string[] = [];
    for (const [index, source] of sources.entries()) {
      if (sources.length > 1) this.#store.change({ trouble: `Reading ${index + 1} of ${sources.length}…` });
      try {
        this.#add(id, await readPicture(source, keptSide, keptSide));
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error));
      }
    }
    const more = failures.length > 3 ? ` And ${failures.length - 3} more.` : '';
    const trouble = failures.length === 0 ? undefined : `${failures.slice(0, 3).join(' ')}${more}`;
    this.#store.change({ trouble });
    return trouble;
  }

  removePicture(id: string, picture: string): void {
    const { classes } = this.#store.state;
    const name = classes.find((each) => each.id === id)?.name ?? '';
    const rest = classes.map((each) =>
      each.id === id ? { ...each, pictures: each.pictures.filter((one) => one.id !== picture) } : each,
    );
    this.#remove(rest, `A picture of “${name}” is removed.`);
  }

  removeClass(id: string): void {
    const { classes } = this.#store.state;
    const removed = classes.find((each) => each.id === id);
    const count = removed?.pictures.length ?? 0;
    const with_ = count === 0 ? '' : ` with ${count === 1 ? 'its picture' : `${count} pictures`}`;
    this.#remove(
      classes.filter((each) => each.id !== id),
      `“${removed?.name}” is removed${with_}.`,
    );
  }

  /** Puts back what was removed last. */
  undo(): void {
    const { removed, classes } = this.#store.state;
    if (removed === undefined) return;
    // What was added since stays.
    const back = removed.before.map((each) => {
      const now = classes.find(({ id }) => id === each.id);
      const known = new Set(each.pictures.map(({ id }) => id));
      const added = now?.pictures.filter(({ id }) => !known.has(id)) ?? [];
      return { ...each, name: now?.name ?? each.name, pictures: [...each.pictures, ...added] };
    });
    const since = classes.filter(({ id }) => !removed.before.some((each) => each.id === id));
    this.#set([...back, ...since]);
    this.#keep({ classes: back.map(nameOf), pictures: back.flatMap(({ pictures }) => pictures) });
  }

  #remove(rest: readonly OwnClass[], words: string): void {
    const before = this.#store.state.classes;
    this.#store.change({ classes: rest, removed: { words, before }, trouble: undefined });
    const gone = <Thing extends { readonly id: string }>(
      all: readonly Thing[],
      left: readonly Thing[],
    ): string[] => {
      const stays = new Set(left.map(({ id }) => id));
      return all.map(({ id }) => id).filter((id) => !stays.has(id));
    };
    const pictures = (classes: readonly OwnClass[]): OwnPicture[] => classes.flatMap((each) => each.pictures);
    const ids = [...gone(before, rest), ...gone(pictures(before), pictures(rest))];
    this.#storage.remove(['classes', 'pictures'], ids).catch(this.#complain);
  }

  #add(id: string, pixels: Uint8Array<ArrayBuffer>): void {
    const { classes } = this.#store.state;
    const last = classes.find((each) => each.id === id)?.pictures.at(-1)?.time ?? 0;
    const picture: OwnPicture = { id: newId(), ofClass: id, time: Math.max(Date.now(), last + 1), pixels };
    this.#set(
      classes.map((each) => (each.id === id ? { ...each, pictures: [...each.pictures, picture] } : each)),
    );
    this.#keep({ pictures: [picture] });
  }

  #set(classes: readonly OwnClass[]): void {
    this.#store.change({ classes, removed: undefined });
  }

  #keep(contents: Parameters<Storage['put']>[0]): void {
    this.#storage.put(contents).catch(this.#complain);
  }
}

function nameOf({ id, name, time }: OwnClass): ClassName {
  return { id, name, time };
}
