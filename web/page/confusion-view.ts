/** How often each class was taken for each, colored by the share of its row; a click shows the pictures. */
import type { ModelFacts, Request, Sample, Tested } from '../protocol.ts';
import { byId, make, percent, picture, setText } from './elements.ts';
import type { Cell, State, Store } from './state.ts';

export class ConfusionView {
  readonly #store: Store;
  readonly #ask: (request: Request) => void;
  readonly #choose: (sample: Sample) => void;
  readonly #panel = byId('confusion', HTMLElement);
  readonly #note = byId('confusion-note', HTMLParagraphElement);
  readonly #table = byId('confusion-table', HTMLTableElement);
  readonly #heading = byId('examples-heading', HTMLParagraphElement);
  readonly #list = byId('examples', HTMLUListElement);
  #classNames: readonly string[] = [];
  #buttons: readonly HTMLButtonElement[] = [];
  #shown: State | undefined;

  /** @param choose takes a picture that was clicked */
  constructor(store: Store, ask: (request: Request) => void, choose: (sample: Sample) => void) {
    this.#store = store;
    this.#ask = ask;
    this.#choose = choose;
  }

  show(state: State): void {
    const { model, tested, cell, examples } = state;
    this.#panel.hidden = model === undefined || tested === undefined;
    if (model === undefined || tested === undefined) return;
    const before = this.#shown;
    this.#shown = state;
    const built = model.classNames !== this.#classNames;
    if (built) this.#build(model.classNames);
    if (built || tested !== before?.tested || cell !== before?.cell) this.#fill(model, tested, cell);
    // The pictures of the test before are not those of this one.
    if (cell && tested !== before?.tested && cell === before?.cell) this.#ask({ kind: 'examples', ...cell });
    if (examples !== before?.examples || cell !== before?.cell) this.#showExamples(model, cell, examples);
  }

  #build(classNames: readonly string[]): void {
    const corner = make('td');
    const top = make('tr');
    top.append(corner, ...classNames.map((name) => heading('col', name)));
    const buttons: HTMLButtonElement[] = [];
    const rows = classNames.map((name, actual) => {
      const row = make('tr');
      const cells = classNames.map((_, predicted) => {
        const button = make('button');
        button.type = 'button';
        button.addEventListener('click', () => this.#select({ actual, predicted }));
        buttons.push(button);
        const cell = make('td', actual === predicted ? 'right' : '');
        cell.append(button);
        return cell;
      });
      row.append(heading('row', name), ...cells);
      return row;
    });
    this.#classNames = classNames;
    this.#buttons = buttons;
    const [head, body] = [make('thead'), make('tbody')];
    head.append(top);
    body.append(...rows);
    this.#table.replaceChildren(head, body);
    this.#table.classList.toggle('many', classNames.length > 15);
    this.#table.classList.toggle(
      'long-names',
      classNames.some((name) => name.length > 4),
    );
  }

  #fill({ classNames }: ModelFacts, { confusion, count }: Tested, selected: Cell | undefined): void {
    const classes = classNames.length;
    let right = 0;
    for (const [place, button] of this.#buttons.entries()) {
      const [actual, predicted] = [Math.floor(place / classes), place % classes];
      const times = confusion[place];
      const row = confusion.subarray(actual * classes, (actual + 1) * classes);
      const share =
        times /
        Math.max(
          1,
          row.reduce((sum, each) => sum + each, 0),
        );
      if (actual === predicted) right += times;
      setText(button, times === 0 ? '' : `${times}`);
      button.disabled = times === 0;
      button.style.setProperty('--share', share.toFixed(3));
      button.ariaPressed = `${selected?.actual === actual && selected.predicted === predicted}`;
      button.ariaLabel = `${times} of ${classNames[actual]} taken for ${classNames[predicted]}`;
    }
    const few = count < 50 ? ` There are so few that each counts ${percent(1 / count)}.` : '';
    setText(
      this.#note,
      `${right} of ${count} test pictures are right, ${count - right} are not. Rows are what a picture is, columns what it was ` +
        `taken for; the color is the share of the row. Click a number to see the pictures.${few}`,
    );
  }

  #select(cell: Cell): void {
    this.#store.change({ cell, examples: undefined });
    this.#ask({ kind: 'examples', ...cell });
  }

  #showExamples(
    { classNames, inputShape }: ModelFacts,
    cell: Cell | undefined,
    examples: readonly Sample[] | undefined,
  ): void {
    const [actual, predicted] = cell ? [classNames[cell.actual], classNames[cell.predicted]] : [];
    const what =
      cell?.actual === cell?.predicted ? `${actual}, recognized` : `${actual}, taken for ${predicted}`;
    const none = examples?.length === 0 ? ': the pictures are not there any more' : '';
    setText(this.#heading, cell === undefined ? '' : `${what}${none}`);
    this.#list.replaceChildren(
      ...(examples ?? []).map((sample, index) => {
        const button = make('button', 'sample');
        button.type = 'button';
        button.ariaLabel = `Try picture ${index + 1}`;
        button.append(picture(sample.pixels, inputShape));
        button.addEventListener('click', () => this.#choose(sample));
        const item = make('li');
        item.append(button);
        return item;
      }),
    );
  }
}

function heading(scope: 'row' | 'col', name: string): HTMLTableCellElement {
  const cell = make('th');
  cell.scope = scope;
  cell.title = name;
  cell.append(make('span', '', name));
  return cell;
}
