/** Other tabs with this page: how many there are, and when one of them has kept something. */
import { newId } from './storage.ts';

type Message =
  | { readonly kind: 'hello' | 'here' | 'bye'; readonly from: string }
  | { readonly kind: 'kept'; readonly from: string };

export class Tabs {
  readonly #channel = new BroadcastChannel('weft-page');
  readonly #id = newId();
  readonly #others = new Set<string>();

  constructor(onCount: (others: number) => void, onKept: () => void) {
    this.#channel.addEventListener('message', ({ data: { kind, from } }: MessageEvent<Message>) => {
      if (kind === 'kept') onKept();
      else if (kind === 'bye') this.#others.delete(from);
      else this.#others.add(from);
      if (kind === 'hello') this.#say('here');
      onCount(this.#others.size);
    });
    this.#say('hello');
    addEventListener('pagehide', () => this.#say('bye'));
    // A page that the browser had put aside comes back as it was.
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.#say('hello');
    });
  }

  /** Something was kept, or removed. */
  tellKept(): void {
    this.#say('kept');
  }

  #say(kind: Message['kind']): void {
    this.#channel.postMessage({ kind, from: this.#id } satisfies Message);
  }
}
