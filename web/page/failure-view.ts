/** What went wrong and what to do about it, until it is dismissed. */
import { byId, setText } from './elements.ts';
import type { State, Store } from './state.ts';

export class FailureView {
  readonly #box = byId('failure', HTMLDivElement);
  readonly #texts = {
    title: byId('failure-title', HTMLElement),
    message: byId('failure-message', HTMLElement),
    cure: byId('failure-cure', HTMLElement),
  };

  constructor(store: Store) {
    byId('failure-close', HTMLButtonElement).addEventListener('click', () => {
      store.change({ failure: undefined });
      byId('train', HTMLButtonElement).focus();
    });
  }

  show({ failure }: State): void {
    const wasHidden = this.#box.hidden;
    this.#box.hidden = failure === undefined;
    if (failure === undefined) return;
    const { during, name, message, cure } = failure;
    setText(this.#texts.title, `${during}: ${name}`);
    setText(this.#texts.message, message);
    setText(this.#texts.cure, `What to do: ${cure}`);
    if (wasHidden) this.#box.scrollIntoView({ block: 'nearest' });
  }
}
