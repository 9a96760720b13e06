/** What the network makes of a picture: a bar for each class, and the answer in words. */
import { byId, make, paint, percent, setText } from './elements.ts';

interface Bar {
  readonly row: HTMLLIElement;
  readonly fill: HTMLSpanElement;
  readonly value: HTMLSpanElement;
}

export class Answer {
  readonly #words = byId('answer', HTMLParagraphElement);
  readonly #seen = byId('seen', HTMLCanvasElement);
  readonly #bars = Array.from({ length: 10 }, (_, digit) => makeBar(digit));
  readonly #invitation = this.#words.textContent ?? '';

  constructor() {
    byId('bars', HTMLOListElement).append(...this.#bars.map(({ row }) => row));
    this.clear();
  }

  clear(): void {
    setText(this.#words, this.#invitation);
    for (const bar of this.#bars) setBar(bar, undefined, false);
    paint(this.#seen, new Float32Array(this.#seen.width * this.#seen.height));
  }

  /**
   * @param seen the picture as the network got it
   * @param label the right answer, where it is known
   * @param trained whether the network has learned anything yet
   */
  show(probabilities: Float32Array, seen: Float32Array, label: number | undefined, trained: boolean): void {
    const best = probabilities.indexOf(Math.max(...probabilities));
    this.#bars.forEach((bar, digit) => {
      setBar(bar, probabilities[digit], digit === best);
    });
    paint(this.#seen, seen);
    setText(this.#words, trained ? inWords(best, probabilities[best], label) : untrained);
  }
}

const untrained = 'Not trained yet, so this is a guess.';

function inWords(best: number, probability: number, label: number | undefined): string {
  if (label !== undefined) {
    return best === label ? `A ${best}, and that is right.` : `A ${best}, but it is labeled ${label}.`;
  }
  if (probability > 0.9) return `That is a ${best}.`;
  return probability > 0.5 ? `Probably a ${best}.` : `Hard to say; perhaps a ${best}.`;
}

function makeBar(digit: number): Bar {
  const row = make('li');
  const track = make('span', 'track');
  const fill = make('span', 'fill');
  const value = make('span', 'value');
  track.append(fill);
  row.append(make('span', 'digit', String(digit)), track, value);
  return { row, fill, value };
}

function setBar({ row, fill, value }: Bar, probability: number | undefined, best: boolean): void {
  row.classList.toggle('best', best);
  fill.style.setProperty('--part', `${probability ?? 0}`);
  setText(value, probability === undefined ? '' : percent(probability));
}
