/** One chart: a curve of the training and one of the tests. Colors are variables of the style sheet. */
import type { Point } from './state.ts';

/** What a chart shows. */
export interface CurvesOptions {
  /** For screen readers. */
  readonly name: string;
  readonly format: (value: number) => string;
  /** How a tick is written. */
  readonly tickFormat: (value: number) => string;
}

/** The data of one moment. */
export interface Curve {
  readonly train: readonly Point[];
  readonly test: readonly Point[];
  /** Length of the horizontal axis. */
  readonly epochs: number;
  /** The end of the vertical axis: values beyond it are drawn at it. */
  readonly top: number;
}

const height = 190;
const margin = { top: 8, right: 12, bottom: 24, left: 44 };

export class Curves {
  readonly #chart: SVGSVGElement;
  readonly #options: CurvesOptions;
  readonly #axes = draw('g', { class: 'axes' });
  readonly #train = draw('path', { class: 'train' });
  readonly #test = draw('path', { class: 'test' });
  readonly #end = draw('circle', { class: 'test', r: 3.5 });
  #drawnAxes = '';

  constructor(chart: SVGSVGElement, options: CurvesOptions) {
    this.#chart = chart;
    this.#options = options;
    chart.append(this.#axes, this.#train, this.#test, this.#end);
  }

  show({ train, test, epochs, top }: Curve): void {
    const width = this.#chart.clientWidth;
    const x = (epoch: number): number =>
      margin.left + (epoch / epochs) * (width - margin.left - margin.right);
    const y = (value: number): number =>
      height - margin.bottom - (Math.min(value, top) / top) * (height - margin.top - margin.bottom);
    const path = (points: readonly Point[]): string =>
      points.map(({ epoch, value }, i) => `${i ? 'L' : 'M'}${place(x(epoch))} ${place(y(value))}`).join('');
    this.#drawAxes(x, y, { width, epochs, top });
    this.#train.setAttribute('d', path(train));
    this.#test.setAttribute('d', path(test));
    const last = test.at(-1);
    this.#end.toggleAttribute('hidden', last === undefined);
    if (last) set(this.#end, { cx: place(x(last.epoch)), cy: place(y(last.value)) });
    this.#chart.ariaLabel = this.#inWords(train.at(-1), last);
  }

  /** Only where something about them is new. */
  #drawAxes(
    x: (epoch: number) => number,
    y: (value: number) => number,
    { width, epochs, top }: { readonly width: number; readonly epochs: number; readonly top: number },
  ): void {
    const key = `${width} ${epochs} ${top}`;
    if (key === this.#drawnAxes) return;
    this.#drawnAxes = key;
    set(this.#chart, { viewBox: `0 0 ${width} ${height}` });
    const rows = ticks(top, 5).flatMap((value) => [
      draw('line', { x1: margin.left, x2: width - margin.right, y1: place(y(value)), y2: place(y(value)) }),
      draw(
        'text',
        { x: margin.left - 8, y: place(y(value) + 4), class: 'row' },
        this.#options.tickFormat(value),
      ),
    ]);
    const columns = ticks(epochs, 6, 1).map((epoch) =>
      draw('text', { x: place(x(epoch)), y: height - 5, class: 'column' }, String(epoch)),
    );
    this.#axes.replaceChildren(...rows, ...columns);
  }

  #inWords(train: Point | undefined, test: Point | undefined): string {
    const { name, format } = this.#options;
    const values = [
      train && `${format(train.value)} in training`,
      test && `${format(test.value)} on test images`,
    ];
    return `${name}: ${values.filter((value) => value !== undefined).join(', ') || 'no values yet'}`;
  }
}

/** Round numbers from 0 to `end`, at most about `most` of them, and none closer than `least`. */
function ticks(end: number, most: number, least = 0): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(end / most));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => factor * magnitude);
  const step = steps.find(
    (each) => each >= least && end / each <= most && (least === 0 || Number.isInteger(each)),
  );
  const between = step ?? Math.max(least, end);
  return Array.from({ length: Math.floor(end / between + 1e-9) + 1 }, (_, index) => index * between);
}

/** Pixels, to a tenth. */
function place(value: number): string {
  return value.toFixed(1);
}

function draw<Tag extends 'g' | 'path' | 'circle' | 'line' | 'text'>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>>,
  text = '',
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  set(element, attributes);
  if (text !== '') element.textContent = text;
  return element;
}

function set(element: SVGElement, attributes: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
}
