/** Keeps the answer up to date with the picture and with what the network has learned: one question at a time. */
import type { ModelFacts, Report, Request, Sample } from '../protocol.ts';
import { Answer } from './answer.ts';
import { byId, make, picture, setText } from './elements.ts';
import { Pad } from './pad.ts';
import { isTrained, type State } from './state.ts';

/** Milliseconds between answers about a picture that stays, while the network learns. */
const askAgainEvery = 500;

export class TryIt {
  readonly #ask: (request: Request) => void;
  readonly #answer = new Answer();
  readonly #pad = new Pad(() => this.#drew());
  readonly #heading = byId('drawing-heading', HTMLHeadingElement);
  readonly #samplesBox = byId('samples-box', HTMLDivElement);
  readonly #samples = byId('samples', HTMLUListElement);
  #label: number | undefined;
  /** What was shown last. */
  #state: State | undefined;
  #asked = 0;
  #waiting = false;
  #changed = false;

  constructor(ask: (request: Request) => void) {
    this.#ask = ask;
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#pad.clear());
    byId('more-samples', HTMLButtonElement).addEventListener('click', () => ask({ kind: 'samples' }));
  }

  show(state: State): void {
    const before = this.#state;
    this.#state = state;
    const { model, samples, progress, phase } = state;
    if (model === undefined) return;
    if (model !== before?.model) this.#meet(model);
    if (samples !== before?.samples || model !== before?.model) this.#showSamples(samples, model);
    const due = performance.now() - this.#asked > askAgainEvery;
    if (phase !== before?.phase || model !== before?.model || (progress !== before?.progress && due)) {
      this.#update();
    }
  }

  answered({ probabilities, seen }: Extract<Report, { kind: 'classified' }>): void {
    const state = this.#state;
    const fits = state?.model?.classNames.length === probabilities.length;
    if (state && fits && !this.#pad.empty) {
      this.#answer.show({ probabilities, seen, label: this.#label, trained: isTrained(state) });
    }
    this.settle();
  }

  /** The question has been answered, or never will be. */
  settle(): void {
    this.#waiting = false;
    if (this.#changed) this.#update();
  }

  /** Asks again: the picture or the network has changed. */
  #update(): void {
    if (this.#pad.empty) {
      this.#answer.clear(this.#invitation);
      return;
    }
    this.#changed = true;
    if (this.#waiting) return;
    this.#asked = performance.now();
    this.#waiting = true;
    this.#changed = false;
    const drawn = this.#pad.drawn && this.#pad.isInk;
    this.#ask({ kind: 'classify', pixels: this.#pad.pixels, drawn });
  }

  get #invitation(): string {
    return this.#state?.samples.length ? 'Draw, or take a test picture.' : 'Draw, or take a picture.';
  }

  #meet({ classNames, inputShape, brightness, training }: ModelFacts): void {
    // A model of dark pictures on light ground is drawn for in dark on light.
    this.#pad.prepare(inputShape, (brightness ?? 0) > 0.5 ? 1 : 0);
    this.#answer.prepare(classNames, inputShape);
    setText(this.#heading, training?.data === 'digits' ? 'Draw a digit' : 'Try it');
    if (training) this.#ask({ kind: 'samples' });
  }

  #showSamples(samples: readonly Sample[], { inputShape, classNames, training }: ModelFacts): void {
    const fitting = samples.filter(
      ({ pixels }) => pixels.length === inputShape.reduce((product, length) => product * length, 1),
    );
    this.#samplesBox.hidden = training === undefined || fitting.length === 0;
    this.#samples.replaceChildren(
      ...fitting.map((sample) => {
        const button = make('button', 'sample');
        button.type = 'button';
        button.ariaLabel = `Classify a test image of ${classNames[sample.label]}`;
        button.append(picture(sample.pixels, inputShape));
        button.addEventListener('click', () => this.#take(sample));
        const item = make('li');
        item.append(button);
        return item;
      }),
    );
  }

  #take({ pixels, label }: Sample): void {
    this.#pad.put(pixels);
    this.#label = label;
    this.#update();
  }

  #drew(): void {
    this.#label = undefined;
    this.#update();
  }
}
