/** Keeps the answer up to date with the picture and with what the network has learned: one question at a time. */
import type { ModelFacts, Report, Request, Sample } from '../protocol.ts';
import { Answer } from './answer.ts';
import type { Camera } from './camera.ts';
import { byId, make, picture, setText } from './elements.ts';
import { inputOf, readsHandwriting } from './network-input.ts';
import { Pad } from './pad.ts';
import { type PictureSource, readPicture } from './read-picture.ts';
import { isTrained, type State, type Store } from './state.ts';

/** Milliseconds between answers about a picture that stays, while the network learns. */
const askAgainEvery = 500;
/** Milliseconds between pictures of the camera. */
const watchEvery = 150;

export class TryIt {
  readonly #ask: (request: Request) => void;
  readonly #store: Store;
  readonly #camera: Camera;
  readonly #answer = new Answer();
  readonly #pad = new Pad(() => this.#drew());
  readonly #video = byId('try-video', HTMLVideoElement);
  readonly #file = byId('try-file', HTMLInputElement);
  readonly #cameraButton = byId('try-camera', HTMLButtonElement);
  readonly #trouble = byId('try-trouble', HTMLParagraphElement);
  readonly #heading = byId('drawing-heading', HTMLHeadingElement);
  readonly #samplesBox = byId('samples-box', HTMLDivElement);
  readonly #samples = byId('samples', HTMLUListElement);
  #label: number | undefined;
  /** Whether it comes from a file or the camera. */
  #isPicture = false;
  /** What was shown last. */
  #state: State | undefined;
  #asked = 0;
  #waiting = false;
  #changed = false;

  constructor(store: Store, ask: (request: Request) => void, camera: Camera) {
    this.#store = store;
    this.#ask = ask;
    this.#camera = camera;
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#pad.clear());
    byId('more-samples', HTMLButtonElement).addEventListener('click', () => ask({ kind: 'samples' }));
    byId('try-picture', HTMLButtonElement).addEventListener('click', () => this.#file.click());
    this.#file.addEventListener('change', () => {
      for (const file of this.#file.files ?? []) void this.read(file);
      this.#file.value = '';
    });
    this.#cameraButton.addEventListener('click', () => this.#switchCamera());
  }

  /** Shows a picture to the network. */
  async read(source: PictureSource): Promise<void> {
    const [height, width] = this.#pad.shape;
    try {
      const bytes = await readPicture(source, height, width);
      if (this.#state?.model === undefined) return;
      this.#pad.put(inputOf(bytes, this.#state.model));
      this.#isPicture = true;
      this.#label = undefined;
      this.#complain('');
      this.#update();
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
    }
  }

  /** A picture of those that the network was tested with. */
  readonly take = ({ pixels, label }: Sample): void => {
    this.#pad.put(pixels);
    this.#isPicture = false;
    this.#label = label;
    this.#update();
  };

  show(state: State): void {
    const before = this.#state;
    this.#state = state;
    const { model, samples, progress, phase } = state;
    const watching = state.camera === 'try';
    this.#video.hidden = !watching;
    setText(this.#cameraButton, watching ? 'Stop' : 'Camera');
    if (model === undefined) return;
    if (model !== before?.model) this.#meet(model);
    if (samples !== before?.samples || model !== before?.model) {
      this.#showSamples(samples, model);
      if (this.#pad.empty) this.#update();
    }
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
    const { model } = this.#state ?? {};
    const drawn = (this.#pad.drawn || this.#isPicture) && model !== undefined && readsHandwriting(model);
    this.#ask({ kind: 'classify', pixels: this.#pad.pixels, drawn });
  }

  get #invitation(): string {
    return this.#state?.samples.length ? 'Draw, or take a test picture.' : 'Draw, or take a picture.';
  }

  #meet({ classNames, inputShape, brightness, training }: ModelFacts): void {
    // A model of dark pictures on light ground is drawn for in dark on light.
    const paper = (brightness ?? 0) > 0.5 ? 1 : 0;
    this.#pad.prepare(inputShape, paper);
    this.#answer.prepare(classNames, inputShape, paper);
    setText(this.#heading, training?.data === 'digits' ? 'Draw a digit' : 'Try it');
    this.#ask({ kind: 'samples' });
  }

  #showSamples(samples: readonly Sample[], { inputShape, classNames }: ModelFacts): void {
    const fitting = samples.filter(
      ({ pixels }) => pixels.length === inputShape.reduce((product, length) => product * length, 1),
    );
    this.#samplesBox.hidden = fitting.length === 0;
    this.#samples.replaceChildren(
      ...fitting.map((sample) => {
        const button = make('button', 'sample');
        button.type = 'button';
        button.ariaLabel = `Classify a test image of ${classNames[sample.label]}`;
        button.append(picture(sample.pixels, inputShape));
        button.addEventListener('click', () => this.take(sample));
        const item = make('li');
        item.append(button);
        return item;
      }),
    );
  }

  /** What a camera sees, one picture after the other. */
  #switchCamera(): void {
    if (this.#store.state.camera === 'try') {
      this.#camera.stop(this.#video);
      this.#store.change({ camera: 'off' });
      return;
    }
    this.#complain('');
    this.#store.change({ camera: 'try' });
    this.#camera
      .start(this.#video)
      .then(() => this.#watch())
      .catch((error: unknown) => {
        this.#store.change({ camera: 'off' });
        this.#complain(error instanceof Error ? error.message : String(error));
      });
  }

  async #watch(): Promise<void> {
    while (this.#store.state.camera === 'try') {
      if (!this.#waiting) await this.read(this.#video);
      await new Promise((resolve) => setTimeout(resolve, watchEvery));
    }
    this.#video.srcObject = null;
  }

  #complain(trouble: string): void {
    setText(this.#trouble, trouble);
    this.#trouble.hidden = trouble === '';
  }

  #drew(): void {
    this.#isPicture = false;
    this.#label = undefined;
    this.#update();
  }
}
