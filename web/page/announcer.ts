/** Says to screen readers what is new, not more often than can be listened to: the last of it, always. */
import { byId, setText } from './elements.ts';

/** Milliseconds between announcements. */
const every = 3000;

export class Announcer {
  readonly #place = byId('announcement', HTMLParagraphElement);
  #text = '';
  #waiting: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    this.#text = text;
    if (this.#waiting !== undefined) return;
    setText(this.#place, text);
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      if (this.#place.textContent !== this.#text) this.say(this.#text);
    }, every);
  }
}
