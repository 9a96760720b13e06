/** Models that the browser keeps, from files, and as downloads; and the offer to go on with the last one. */
import { byId, make, percent, setText, within } from './elements.ts';
import type { Keeper } from './keeper.ts';
import type { KeptModel } from './kept-model.ts';
import { filesOf } from './read-picture.ts';
import type { State, Store } from './state.ts';

const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

export class ModelsView {
  readonly #store: Store;
  readonly #keeper: Keeper;
  readonly #offer = byId('offer', HTMLDivElement);
  readonly #offerText = byId('offer-text', HTMLParagraphElement);
  readonly #tabs = byId('tabs-note', HTMLParagraphElement);
  readonly #keeps = byId('keeps-note', HTMLParagraphElement);
  readonly #download = byId('download', HTMLButtonElement);
  readonly #file = byId('model-file', HTMLInputElement);
  readonly #list = byId('kept-models', HTMLUListElement);
  readonly #rows = new Map<string, HTMLLIElement>();
  #shown: readonly KeptModel[] | undefined;

  /** @param open takes a file that was chosen */
  constructor(store: Store, keeper: Keeper, open: (file: File) => void) {
    this.#store = store;
    this.#keeper = keeper;
    const panel = byId('models', HTMLElement);
    byId('open-model', HTMLButtonElement).addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      for (const file of this.#file.files ?? []) open(file);
      this.#file.value = '';
    });
    panel.addEventListener('dragover', (event) => event.preventDefault());
    panel.addEventListener('drop', (event) => {
      event.preventDefault();
      event.stopPropagation();
      for (const file of filesOf(event.dataTransfer).slice(0, 1)) open(file);
    });
    this.#download.addEventListener('click', () => {
      const { weights, model } = store.state;
      if (weights && model) download(weights, model.name);
    });
    byId('offer-use', HTMLButtonElement).addEventListener('click', () => {
      const [last] = store.state.kept;
      if (last) void keeper.use(last);
    });
    byId('offer-close', HTMLButtonElement).addEventListener('click', () => {
      store.change({ offered: false });
      byId('train', HTMLButtonElement).focus();
    });
  }

  show(state: State): void {
    const { kept, offered, phase, otherTabs, keepsNothing, weights } = state;
    const [last] = kept;
    this.#offer.hidden = last === undefined || !offered || phase !== 'idle' || state.digits === undefined;
    if (last) setText(this.#offerText, `Kept from ${moment.format(last.time)}: ${inWords(last)}.`);
    this.#tabs.hidden = otherTabs === 0;
    setText(
      this.#tabs,
      `This page is open in ${otherTabs === 1 ? 'another tab' : `${otherTabs} other tabs`} as well. Each trains a model of its own, and all are kept.`,
    );
    const note =
      keepsNothing === undefined
        ? 'After every epoch the model is kept in this browser, beside those before it. A file opens here again, in another browser, and in programs that use weft.'
        : `This browser keeps no models (${keepsNothing}): download one before you leave.`;
    setText(this.#keeps, note);
    this.#download.disabled = weights === undefined;
    if (kept === this.#shown) return;
    this.#shown = kept;
    const rows = kept.map((each) => this.#rowOf(each));
    if (rows.length !== this.#list.children.length || rows.some((row, i) => row !== this.#list.children[i])) {
      this.#list.replaceChildren(...rows);
    }
  }

  /** What shows a model stays, with the focus that a button of it may have, while the model gets better. */
  #rowOf(kept: KeptModel): HTMLLIElement {
    const row = this.#rows.get(kept.id) ?? this.#newRow(kept.id);
    this.#rows.set(kept.id, row);
    setText(within(row, '.what', HTMLSpanElement), inWords(kept));
    setText(within(row, '.note', HTMLSpanElement), moment.format(kept.time));
    for (const button of row.querySelectorAll('button')) {
      button.ariaLabel = `${button.textContent}: ${inWords(kept)}`;
    }
    return row;
  }

  #newRow(id: string): HTMLLIElement {
    const act = (label: string, run: (kept: KeptModel) => Promise<void>): HTMLButtonElement => {
      const button = make('button', 'quiet', label);
      button.type = 'button';
      button.addEventListener('click', () => {
        const kept = this.#store.state.kept.find((each) => each.id === id);
        if (kept) void run(kept);
      });
      return button;
    };
    const row = make('li');
    const text = make('span');
    text.append(make('span', 'what'), ' ', make('span', 'note'));
    row.append(
      text,
      act('Use', (kept) => this.#keeper.use(kept)),
      act('Download', (kept) => this.#downloadKept(kept)),
      act('Delete', async (kept) => {
        if (confirm(`Delete ${inWords(kept)}?`)) await this.#keeper.remove(kept.id);
      }),
    );
    return row;
  }

  async #downloadKept({ id, model }: KeptModel): Promise<void> {
    const bytes = await this.#keeper.bytesOf(id);
    if (bytes) download(bytes, model.name);
    else this.#store.change({ keepsNothing: 'the file is not there any more' });
  }
}

/** `conv-lstm for digits, 97.1% after 30 epochs` */
function inWords({ model, tested }: KeptModel): string {
  const epochs = Number(tested.epoch.toFixed(1));
  return `${model.name}, ${percent(tested.accuracy)} after ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`;
}

function download(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const link = make('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = `${name.replaceAll(/[^\p{L}\p{N}.]+/gu, '-')}.safetensors`;
  link.click();
  // Not at once: the download reads it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
