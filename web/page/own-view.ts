/** The panel of one's own pictures: the camera, a card for each class, what is missing, and how they are split. */
import type { Camera } from './camera.ts';
import { ClassCard } from './class-card.ts';
import { byId, setText } from './elements.ts';
import type { OwnAlbum } from './own-album.ts';
import { missingOf, splitInWords } from './own-pictures.ts';
import type { State, Store } from './state.ts';

export class OwnView {
  readonly #store: Store;
  readonly #album: OwnAlbum;
  readonly #camera: Camera;
  readonly #panel = byId('own', HTMLElement);
  readonly #jump = byId('jump', HTMLElement);
  readonly #list = byId('own-classes', HTMLOListElement);
  readonly #status = byId('own-status', HTMLParagraphElement);
  readonly #trouble = byId('own-trouble', HTMLParagraphElement);
  readonly #removed = byId('own-removed', HTMLParagraphElement);
  readonly #removedWords = byId('own-removed-words', HTMLSpanElement);
  readonly #video = byId('own-video', HTMLVideoElement);
  readonly #cameraButton = byId('own-camera', HTMLButtonElement);
  readonly #choices = {
    digits: byId('learn-digits', HTMLInputElement),
    own: byId('learn-own', HTMLInputElement),
  };
  readonly #cards = new Map<string, ClassCard>();

  constructor(store: Store, album: OwnAlbum, camera: Camera) {
    this.#store = store;
    this.#album = album;
    this.#camera = camera;
    byId('add-class', HTMLButtonElement).addEventListener('click', () => album.addClass());
    byId('own-undo', HTMLButtonElement).addEventListener('click', () => album.undo());
    this.#cameraButton.addEventListener('click', () => this.#switchCamera());
    for (const data of ['digits', 'own'] as const) {
      this.#choices[data].addEventListener('change', () => this.#choose(data));
    }
  }

  show({ data, classes, trouble, removed, camera }: State): void {
    this.#choices[data].checked = true;
    this.#panel.hidden = this.#jump.hidden = data !== 'own';
    if (data !== 'own') return;
    const missing = missingOf(classes);
    setText(this.#status, missing ?? splitInWords(classes));
    this.#trouble.hidden = trouble === undefined;
    setText(this.#trouble, trouble ?? '');
    this.#removed.hidden = removed === undefined;
    setText(this.#removedWords, removed?.words ?? '');
    const cameraIsOn = camera === 'own';
    this.#video.hidden = !cameraIsOn;
    setText(this.#cameraButton, cameraIsOn ? 'Stop the camera' : 'Use the camera');
    const cards = classes.map((each, index) => {
      const card = this.#cards.get(each.id) ?? new ClassCard(this.#album, each, this.#video);
      this.#cards.set(each.id, card);
      card.show(each, index + 1, cameraIsOn);
      return card.element;
    });
    // Elements that stay keep the focus, so they are not put in anew.
    const shown = [...this.#list.children];
    if (cards.length !== shown.length || cards.some((card, index) => card !== shown[index])) {
      this.#list.replaceChildren(...cards);
    }
  }

  #choose(data: State['data']): void {
    this.#store.change({ data });
    if (data === 'digits' && this.#store.state.camera === 'own') this.#switchCamera();
    if (data === 'own' && this.#store.state.classes.length === 0) {
      this.#album.addClass();
      this.#album.addClass();
    }
  }

  #switchCamera(): void {
    if (this.#store.state.camera === 'own') {
      this.#camera.stop(this.#video);
      this.#store.change({ camera: 'off' });
      return;
    }
    this.#store.change({ camera: 'own', trouble: undefined });
    this.#camera.start(this.#video).catch((error: unknown) => {
      this.#store.change({ camera: 'off', trouble: error instanceof Error ? error.message : String(error) });
    });
  }
}
