/** The training panel: figures, charts, and the progress in words. */
import type { DeviceInfo } from '../../src/index.ts';
import type { Phase, Progress, Tested } from '../protocol.ts';
import { Curves } from './curves.ts';
import { byId, percent, setText } from './elements.ts';

/** Milliseconds between drawings of the charts: each takes some milliseconds of the page's own thread. */
const drawEvery = 300;
/** Milliseconds between announcements to screen readers. */
const announceEvery = 2000;

const count = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export class TrainingView {
  readonly #loss = new Curves(byId('loss-chart', HTMLDivElement), {
    name: 'Loss by epoch',
    domain: [0, 2.4],
    ticks: [0, 0.5, 1, 1.5, 2],
    tickFormat: (value) => value.toFixed(1),
  });
  readonly #accuracy = new Curves(byId('accuracy-chart', HTMLDivElement), {
    name: 'Accuracy by epoch',
    domain: [0, 1],
    ticks: [0, 0.25, 0.5, 0.75, 1],
    tickFormat: (value) => `${Math.round(100 * value)}%`,
  });
  readonly #progress = byId('progress', HTMLProgressElement);
  readonly #status = byId('status', HTMLParagraphElement);
  readonly #figures = {
    loss: byId('loss', HTMLElement),
    accuracy: byId('accuracy', HTMLElement),
    testAccuracy: byId('test-accuracy', HTMLElement),
    speed: byId('speed', HTMLElement),
  };
  #tested: Tested | undefined;
  #announced = Number.NEGATIVE_INFINITY;
  #drawing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    new ResizeObserver(() => this.#drawSoon()).observe(byId('loss-chart', HTMLDivElement));
  }

  /** Whether the model has been trained at all. */
  get trained(): boolean {
    return this.#progress.value > 0;
  }

  showDevice({ name, description, threads, adapter }: DeviceInfo): void {
    const plural = threads === 1 ? 'one thread' : `${threads} threads`;
    const where = adapter === undefined && name !== 'gpu' ? `, ${plural}` : '';
    setText(byId('device-info', HTMLParagraphElement), `Computing on ${name}: ${description}${where}.`);
  }

  /** Axes for a training of a length. */
  begin(epochs: number): void {
    this.#loss.epochs = this.#accuracy.epochs = epochs;
    this.#drawSoon();
  }

  clear(): void {
    this.#loss.clear();
    this.#accuracy.clear();
    this.#progress.value = 0;
    this.#tested = undefined;
    for (const figure of Object.values(this.#figures)) setText(figure, '–');
    this.#drawSoon();
  }

  progress({ epoch, epochs, loss, accuracy, imagesPerSecond }: Progress): void {
    this.#loss.addTraining({ epoch, value: loss });
    this.#accuracy.addTraining({ epoch, value: accuracy });
    this.#progress.value = epoch / epochs;
    setText(this.#figures.loss, loss.toFixed(3));
    setText(this.#figures.accuracy, percent(accuracy));
    setText(this.#figures.speed, count.format(imagesPerSecond));
    this.#drawSoon();
  }

  tested(tested: Tested): void {
    this.#tested = tested;
    this.#loss.addTest({ epoch: tested.epoch, value: tested.loss });
    this.#accuracy.addTest({ epoch: tested.epoch, value: tested.accuracy });
    setText(this.#figures.testAccuracy, percent(tested.accuracy));
    this.#announce('training');
  }

  enter(phase: Phase): void {
    this.#announced = Number.NEGATIVE_INFINITY;
    this.#announce(phase);
  }

  #announce(phase: Phase): void {
    const now = performance.now();
    if (now - this.#announced < announceEvery) return;
    this.#announced = now;
    setText(this.#status, inWords(phase, this.#tested));
  }

  /** One chart at a time, with room for input between them. */
  #drawSoon(): void {
    this.#drawing ??= setTimeout(() => {
      requestAnimationFrame(() => this.#loss.draw());
      setTimeout(() => {
        this.#drawing = undefined;
        requestAnimationFrame(() => this.#accuracy.draw());
      }, drawEvery / 2);
    }, drawEvery / 2);
  }
}

function inWords(phase: Phase, tested: Tested | undefined): string {
  const result = tested && `${percent(tested.accuracy)} of the test digits are recognized`;
  switch (phase) {
    case 'idle':
      return 'Ready. Nothing is learned yet.';
    case 'training':
      return result
        ? `Epoch ${tested.epoch} of ${tested.epochs} done: ${result}.`
        : 'Training the first epoch…';
    case 'paused':
      return result ? `Paused. After epoch ${tested.epoch}, ${result}.` : 'Paused in the first epoch.';
    case 'done':
      return `Done. ${result ?? ''}.`;
  }
}
