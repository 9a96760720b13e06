/** What the network makes of a picture: a bar for each class that counts, and the answer in words. */
import { byId, make, paint, percent, setText } from './elements.ts';

/** More classes than this have no bar each: the most probable ones are shown. */
const mostBars = 10;

interface Bar {
  readonly row: HTMLLIElement;
  readonly name: HTMLSpanElement;
  readonly fill: HTMLSpanElement;
  readonly value: HTMLSpanElement;
}

/** An answer of the network. */
export interface Answered {
  readonly probabilities: Float32Array;
  /** The picture as the network got it, `[H, W, C]`. */
  readonly seen: Float32Array;
  /** The right answer, where it is known. */
  readonly label: number | undefined;
  /** Whether the network has learned anything yet. */
  readonly trained: boolean;
}

export class Answer {
  readonly #words = byId('answer', HTMLParagraphElement);
  readonly #seen = byId('seen', HTMLCanvasElement);
  readonly #list = byId('bars', HTMLOListElement);
  #bars: readonly Bar[] = [];
  #names: readonly string[] = [];
  #shape: readonly number[] = [1, 1, 1];
  #paper = 0;

  /**
   * For another model.
   *
   * @param paper brightness of an empty picture
   */
  prepare(names: readonly string[], shape: readonly [number, number, number], paper: 0 | 1): void {
    this.#shape = shape;
    this.#paper = paper;
    [this.#seen.height, this.#seen.width] = shape;
    if (names.length === this.#names.length && names.every((name, i) => name === this.#names[i])) return;
    this.#names = names;
    this.#bars = Array.from({ length: Math.min(names.length, mostBars) }, makeBar);
    this.#list.replaceChildren(...this.#bars.map(({ row }) => row));
    this.#list.classList.toggle('few', names.length < 8);
    const longest = names.reduce((most, { length }) => Math.max(most, length), 0);
    this.#list.classList.toggle('long-names', longest > 2);
    this.#list.style.setProperty('--longest', `${longest}`);
    this.clear('');
  }

  clear(invitation: string): void {
    setText(this.#words, invitation);
    this.#bars.forEach((bar, index) => {
      const listed = this.#names.length <= mostBars ? this.#names[index] : '';
      setBar(bar, listed, undefined, false);
    });
    paint(this.#seen, new Float32Array(this.#seen.width * this.#seen.height).fill(this.#paper), 1);
  }

  show({ probabilities, seen, label, trained }: Answered): void {
    const best = probabilities.indexOf(Math.max(...probabilities));
    const classes = [...probabilities.keys()];
    if (classes.length > mostBars) classes.sort((a, b) => probabilities[b] - probabilities[a]);
    this.#bars.forEach((bar, index) => {
      const each = classes[index];
      setBar(bar, this.#names[each], probabilities[each], each === best);
    });
    paint(this.#seen, seen, this.#shape[2]);
    const name = (each: number): string => withArticle(this.#names[each]);
    setText(this.#words, trained ? inWords(best, probabilities[best], label, name) : untrained);
  }
}

const untrained = 'Not trained yet, so this is a guess.';

function inWords(
  best: number,
  probability: number,
  label: number | undefined,
  name: (each: number) => string,
): string {
  if (label !== undefined) {
    const said = name(best).replace(/^an? /, (article) => `${article[0].toUpperCase()}${article.slice(1)}`);
    return best === label
      ? `${said}, and that is right.`
      : `${said}, but it is labeled ${name(label).replace(/^an? /, '')}.`;
  }
  if (probability > 0.9) return `That is ${name(best)}.`;
  return probability > 0.5 ? `Probably ${name(best)}.` : `Hard to say; perhaps ${name(best)}.`;
}

/** `an 8`, `a B`; longer names are anything, also “cats” and “Müller”. */
function withArticle(name: string): string {
  if (name.length > 1) return `“${name}”`;
  return `${/[8aefhilmnorsx]/i.test(name) ? 'an' : 'a'} ${name}`;
}

function makeBar(): Bar {
  const row = make('li');
  const track = make('span', 'track');
  const fill = make('span', 'fill');
  const name = make('span', 'digit');
  const value = make('span', 'value');
  track.append(fill);
  row.append(name, track, value);
  return { row, name, fill, value };
}

function setBar(bar: Bar, name: string, probability: number | undefined, best: boolean): void {
  bar.row.classList.toggle('best', best);
  bar.fill.style.setProperty('--part', `${probability ?? 0}`);
  setText(bar.name, name);
  bar.name.title = name;
  setText(bar.value, probability === undefined ? '' : percent(probability));
}
