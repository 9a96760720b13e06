/** Keeps the answer up to date with the drawing and with what the network has learned: one question at a time. */
import type { Report, Request, Sample } from '../protocol.ts';
import { Answer } from './answer.ts';
import { byId } from './elements.ts';
import { Pad } from './pad.ts';
import { showSamples } from './samples.ts';

export class Classifier {
  readonly #ask: (request: Request) => void;
  readonly #isTrained: () => boolean;
  readonly #answer = new Answer();
  readonly #pad = new Pad(() => this.#drew());
  #label: number | undefined;
  #waiting = false;
  #changed = false;

  constructor(ask: (request: Request) => void, isTrained: () => boolean) {
    this.#ask = ask;
    this.#isTrained = isTrained;
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#pad.clear());
    byId('more-samples', HTMLButtonElement).addEventListener('click', () => ask({ kind: 'samples' }));
  }

  showSamples(samples: readonly Sample[]): void {
    showSamples(samples, ({ pixels, label }) => {
      this.#pad.put(pixels);
      this.#label = label;
      this.update();
    });
  }

  /** Asks again: the picture or the network has changed. */
  update(): void {
    if (this.#pad.empty) {
      this.#answer.clear();
      return;
    }
    this.#changed = true;
    if (this.#waiting) return;
    this.#waiting = true;
    this.#changed = false;
    this.#ask({ kind: 'classify', pixels: this.#pad.pixels, drawn: this.#pad.drawn });
  }

  show({ probabilities, seen }: Extract<Report, { kind: 'classified' }>): void {
    if (!this.#pad.empty) this.#answer.show(probabilities, seen, this.#label, this.#isTrained());
    this.settle();
  }

  /** The question has been answered, or never will be. */
  settle(): void {
    this.#waiting = false;
    if (this.#changed) this.update();
  }

  #drew(): void {
    this.#label = undefined;
    this.update();
  }
}
