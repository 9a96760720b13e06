/** One class of one's own: its name, its pictures, and the ways to give it more. */
import { keptSide } from '../defaults.ts';
import { make, picture, setText } from './elements.ts';
import type { OwnAlbum } from './own-album.ts';
import { heldOutOf, type OwnClass, type OwnPicture } from './own-pictures.ts';
import { filesOf } from './read-picture.ts';

/** More pictures of a class are counted, not shown. */
const mostShown = 40;
/** Milliseconds between pictures while the camera records. */
const recordEvery = 150;

export class ClassCard {
  readonly element = make('li', 'class-card');
  readonly #album: OwnAlbum;
  readonly #id: string;
  readonly #video: HTMLVideoElement;
  readonly #name = make('input');
  readonly #count = make('span', 'note');
  readonly #record = button('Hold to record');
  readonly #files = make('input');
  readonly #add = button('Add files');
  readonly #remove = button('Remove', 'quiet');
  readonly #thumbnails = make('ul', 'thumbnails');
  #shown: OwnClass | undefined;
  #recording = false;

  /** @param video shows the camera, when it is on */
  constructor(album: OwnAlbum, { id }: OwnClass, video: HTMLVideoElement) {
    this.#album = album;
    this.#id = id;
    this.#video = video;
    this.#name.autocomplete = 'off';
    this.#name.maxLength = 60;
    this.#files.type = 'file';
    this.#files.accept = 'image/*';
    this.#files.multiple = this.#files.hidden = true;
    const head = make('div', 'class-head');
    head.append(this.#name, this.#count, this.#remove);
    const ways = make('div', 'class-ways');
    ways.append(this.#add, this.#files, this.#record);
    this.element.append(head, ways, this.#thumbnails);
    this.#listen();
  }

  show(each: OwnClass, number: number, cameraIsOn: boolean): void {
    const { name, pictures } = each;
    const called = name.trim() || `class ${number}`;
    this.element.ariaLabel = called;
    this.#name.ariaLabel = `Name of class ${number}`;
    this.#remove.ariaLabel = `Remove ${called}`;
    this.#add.ariaLabel = `Add files to ${called}`;
    this.#record.ariaLabel = `Hold to record ${called}`;
    this.#record.hidden = !cameraIsOn;
    if (this.#name.value !== name) this.#name.value = name;
    setText(this.#count, pictures.length === 1 ? '1 picture' : `${pictures.length} pictures`);
    if (pictures !== this.#shown?.pictures) this.#showThumbnails(each);
    this.#shown = each;
  }

  /** The last ones: those are new, and among them the ones held out. */
  #showThumbnails(each: OwnClass): void {
    const { pictures } = each;
    const firstHeldOut = pictures.length - heldOutOf(each);
    const first = Math.max(0, pictures.length - mostShown);
    const thumbnails = pictures.slice(first).map((one, index) => {
      const number = first + index + 1;
      return this.#thumbnail(one, number, number > firstHeldOut);
    });
    const more = first === 0 ? [] : [make('li', 'note', `${first} more and`)];
    this.#thumbnails.replaceChildren(...more, ...thumbnails);
  }

  #thumbnail({ id, pixels }: OwnPicture, number: number, heldOut: boolean): HTMLLIElement {
    const item = make('li', heldOut ? 'held-out' : '');
    const remove = button('', 'thumbnail');
    remove.title = `Picture ${number}${heldOut ? ', to test with' : ''}: click to remove it`;
    remove.ariaLabel = `Remove picture ${number}${heldOut ? ', which is for testing' : ''}`;
    remove.append(
      picture(
        Float32Array.from(pixels, (value) => value / 255),
        [keptSide, keptSide, 3],
      ),
    );
    remove.addEventListener('click', () => this.#album.removePicture(this.#id, id));
    item.append(remove);
    return item;
  }

  #listen(): void {
    const { element } = this;
    const album = this.#album;
    const add = (files: readonly File[]): void => {
      if (files.length > 0) void album.addPictures(this.#id, files);
    };
    this.#name.addEventListener('input', () => album.rename(this.#id, this.#name.value));
    this.#remove.addEventListener('click', () => album.removeClass(this.#id));
    this.#add.addEventListener('click', () => this.#files.click());
    this.#files.addEventListener('change', () => {
      add([...(this.#files.files ?? [])]);
      this.#files.value = '';
    });
    element.addEventListener('dragover', (event) => {
      event.preventDefault();
      element.classList.add('dragged-over');
    });
    element.addEventListener('dragleave', () => element.classList.remove('dragged-over'));
    element.addEventListener('drop', (event) => {
      event.preventDefault();
      event.stopPropagation();
      element.classList.remove('dragged-over');
      add(filesOf(event.dataTransfer));
    });
    element.addEventListener('paste', (event) => {
      const files = filesOf(event.clipboardData);
      if (files.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      add(files);
    });
    this.#listenToRecord();
  }

  #listenToRecord(): void {
    const record = this.#record;
    const stop = (): void => {
      this.#recording = false;
      record.classList.remove('recording');
    };
    record.addEventListener('pointerdown', (event) => {
      record.setPointerCapture(event.pointerId);
      void this.#recordUntilStopped();
    });
    record.addEventListener('keydown', (event) => {
      if (event.key !== ' ' && event.key !== 'Enter') return;
      event.preventDefault();
      if (!event.repeat) void this.#recordUntilStopped();
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'keyup', 'blur'] as const) {
      record.addEventListener(end, stop);
    }
    // Of a long press on a phone.
    record.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  async #recordUntilStopped(): Promise<void> {
    if (this.#recording) return;
    this.#recording = true;
    this.#record.classList.add('recording');
    while (this.#recording && this.#video.srcObject !== null) {
      const trouble = await this.#album.addPictures(this.#id, [this.#video]);
      if (trouble !== undefined) break;
      await new Promise((resolve) => setTimeout(resolve, recordEvery));
    }
    this.#recording = false;
    this.#record.classList.remove('recording');
  }
}

function button(text: string, className = ''): HTMLButtonElement {
  const element = make('button', className, text);
  element.type = 'button';
  return element;
}
