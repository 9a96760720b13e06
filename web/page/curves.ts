/** One live chart: a curve of the training and one of the tests. Colors are variables of the style sheet. */
import * as Plot from '@observablehq/plot';

/** A value at some point of the training. */
export interface Point {
  readonly epoch: number;
  readonly value: number;
}

/** What a chart shows. */
export interface CurvesOptions {
  /** For screen readers. */
  readonly name: string;
  /** Of the vertical axis. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly tickFormat: (value: number) => string;
}

/** More points than this cannot be told apart, and take time to draw. */
const mostPoints = 240;

export class Curves {
  readonly #frame: HTMLElement;
  readonly #options: CurvesOptions;
  #train: Point[] = [];
  #test: Point[] = [];
  #epochs = 30;

  constructor(frame: HTMLElement, options: CurvesOptions) {
    this.#frame = frame;
    this.#options = options;
  }

  /** Forgets all points. */
  clear(): void {
    this.#train = [];
    this.#test = [];
  }

  /** The length of the horizontal axis. */
  set epochs(epochs: number) {
    this.#epochs = epochs;
  }

  addTraining(point: Point): void {
    this.#train.push(point);
    if (this.#train.length > mostPoints) this.#train = halved(this.#train);
  }

  addTest(point: Point): void {
    this.#test.push(point);
  }

  draw(): void {
    const { name, domain, ticks, tickFormat } = this.#options;
    const chart = Plot.plot({
      className: 'chart',
      width: this.#frame.clientWidth,
      height: 190,
      marginTop: 8,
      marginRight: 10,
      marginBottom: 24,
      marginLeft: 44,
      ariaLabel: name,
      ariaDescription: this.#inWords(),
      x: { domain: [0, this.#epochs], label: null, ticks: 6, tickFormat: 'd', tickSize: 0 },
      y: { domain, ticks, tickFormat, label: null, grid: true, tickSize: 0, clamp: true },
      marks: [
        Plot.lineY(this.#train, { x: 'epoch', y: 'value', stroke: 'var(--train)', strokeWidth: 1.5 }),
        Plot.lineY(this.#test, { x: 'epoch', y: 'value', stroke: 'var(--test)', strokeWidth: 2 }),
        Plot.dot(this.#test.slice(-1), { x: 'epoch', y: 'value', fill: 'var(--test)', r: 3.5 }),
      ],
    });
    // Its rules are in styles/training.css, since the page's policy allows no style elements.
    chart.querySelector('style')?.remove();
    chart.setAttribute('role', 'img');
    this.#frame.replaceChildren(chart);
  }

  #inWords(): string {
    const [train, test] = [this.#train.at(-1), this.#test.at(-1)];
    if (train === undefined) return 'No values yet.';
    const { tickFormat } = this.#options;
    const tested = test === undefined ? '' : `, ${test.value.toPrecision(3)} on test images`;
    return `${train.value.toPrecision(3)} in training${tested}, on an axis up to ${tickFormat(this.#options.domain[1])}.`;
  }
}

/** Means of neighbors; the last point stays. */
function halved(points: readonly Point[]): Point[] {
  return points.flatMap((point, index): Point[] => {
    if (index % 2 === 0) return index === points.length - 1 ? [point] : [];
    const before = points[index - 1];
    return [{ epoch: (before.epoch + point.epoch) / 2, value: (before.value + point.value) / 2 }];
  });
}
