/** Reads the pictures of class folders into one data set: each brought to one form as it is decoded, all that are bad listed at once. */
import { WeftError } from '../errors.ts';
import { type ClassFolders, listed, type PictureFile } from './class-folders.ts';
import type { ImageDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { type FormOptions, type ImageForm, SizeCounts } from './form.ts';
import { compositeAlpha, contrastingBackground, fitTo, hasAlpha, type Image, isUniform, MOST_PIXELS, toGray } from './image.ts';
import { measurePicture, readPicture } from './picture.ts';
import { allocatePixels, storePixels } from './sheet.ts';

/** How pictures are read, and who is told about them. */
export interface ReadingOptions extends FormOptions {
  /** 1 makes every picture gray, 3 makes every picture RGB; default 1 when all pictures are gray, else 3. */
  readonly channels?: 1 | 3 | undefined;
  readonly maxPixels?: number | undefined;
  /** Whether it was said already that pictures are brought to another size. */
  readonly said?: boolean;
  /** Collects the pictures that cannot be read. */
  readonly faults: PictureFaults;
  readonly onNote: (note: string) => void;
}

/** What was read, and the form it was brought to. */
export interface ReadPictures {
  readonly dataset: ImageDataset;
  readonly form: ImageForm;
  /** Whether a note says that pictures were brought to another size. */
  readonly said: boolean;
}

/** A decoded picture without alpha, kept as bytes where bytes suffice: a folder may hold many. */
interface StoredPicture {
  readonly label: number;
  readonly file: string;
  readonly channels: number;
  readonly pixels: Uint8Array | Float32Array;
}

/** Reads the pictures that were found; those that cannot be read are left out, and are among the faults. */
export function readPictures(
  name: string,
  { files, classNames }: Pick<ClassFolders, 'files' | 'classNames'>,
  options: ReadingOptions,
): ReadPictures {
  const { channels, faults, onNote, maxPixels = MOST_PIXELS } = options;
  let said = options.size !== undefined && (options.said ?? true);
  const sizes = new SizeCounts();
  const readable =
    options.size === undefined
      ? files.filter((file) => faults.during(file, () => sizes.add(measurePicture(file.path, maxPixels))))
      : files;
  const form: ImageForm = { size: options.size ?? sizes.choose() ?? [1, 1], fit: options.fit ?? 'stretch' };
  const [height, width] = form.size;

  const pictures: StoredPicture[] = [];
  const vanished: string[] = [];
  let fitted = 0;
  for (const file of readable) {
    faults.during(file, () => {
      const read = readPicture(file.path, { maxPixels });
      const image = bringTo(read, form, channels);
      if (hasAlpha(read) && isUniform(image)) vanished.push(file.name);
      if (read.height !== height || read.width !== width) fitted++;
      const pixels = allocatePixels(image.pixels.length, image.bitDepth);
      storePixels(pixels, 0, image.pixels);
      pictures.push({ label: file.label, file: file.name, channels: image.channels, pixels });
    });
  }
  if (fitted > 0 && !said) {
    said = true;
    onNote(`${name}: ${describeFitting(fitted, files.length, sizes.kinds, form)}`);
  }
  if (vanished.length > 0) {
    const what = vanished.length === 1 ? 'picture with transparency is' : 'pictures with transparency are';
    onNote(`${name}: ${vanished.length} ${what} of one color all over: ${listed(vanished)}.`);
  }
  return { dataset: stack(name, pictures, form, channels, classNames), form, said };
}

function describeFitting(fitted: number, all: number, kinds: number, { size, fit }: ImageForm): string {
  const [which, are] = fitted === 1 ? [`1 of ${all} pictures`, 'is'] : [`${fitted} of ${all} pictures`, 'are'];
  const of = kinds > 1 ? ` (there are ${kinds} sizes)` : '';
  const how = { stretch: 'stretched', pad: 'padded', crop: 'cropped' }[fit];
  return (
    `${which} ${are} brought to ${size.join('×')} pixels (height × width), ${how}${of}: ` +
    'size and fit (--size HxW, --fit stretch|pad|crop) change that.'
  );
}

/** One array of all pictures. */
function stack(
  name: string,
  pictures: readonly StoredPicture[],
  { size: [height, width] }: ImageForm,
  channels: 1 | 3 | undefined,
  classNames: readonly string[],
): ImageDataset {
  const depth = channels ?? (pictures.every((picture) => picture.channels === 1) ? 1 : 3);
  const length = height * width * depth;
  const bytes = pictures.every(({ pixels }) => pixels instanceof Uint8Array);
  const images = allocatePixels(pictures.length * length, bytes ? 8 : 16);
  pictures.forEach((picture, index) => {
    copyPicture(picture, images, index * length, depth / picture.channels);
  });
  return {
    name,
    images,
    shape: [pictures.length, height, width, depth],
    labels: Int32Array.from(pictures, ({ label }) => label),
    classNames,
    files: pictures.map(({ file }) => file),
  };
}

/** A picture without alpha, in a form, and in the wanted channels. */
function bringTo(image: Image, { size, fit }: ImageForm, channels: 1 | 3 | undefined): Image {
  // What is transparent is laid over something first: its color is nobody's. Gray is made of what is left to be made gray.
  return opaque(fitTo(opaque(image, undefined), size, fit), channels);
}

/** A picture without alpha, in the wanted channels; the rule is that of predicting too. */
export function opaque(image: Image, channels: 1 | 3 | undefined): Image {
  const background = contrastingBackground(image);
  return channels === 1 ? toGray(image, background) : compositeAlpha(image, background);
}

/** Copies a picture into the data set's pixels, each value `repeat` times: 3 turns gray into RGB. */
function copyPicture(
  { pixels }: StoredPicture,
  target: Uint8Array | Float32Array,
  offset: number,
  repeat: number,
): void {
  const scale = pixels instanceof Uint8Array && target instanceof Float32Array ? 255 : 1;
  for (let i = 0; i < pixels.length; i++) {
    for (let copy = 0; copy < repeat; copy++) target[offset + i * repeat + copy] = pixels[i] / scale;
  }
}

/** The pictures of a data set that cannot be read, collected so that all of them are told at once. */
export class PictureFaults {
  readonly #faults: { readonly file: string; readonly error: WeftError }[] = [];

  /** Runs `read`; returns whether it came to its end. What it throws as a WeftError is kept. */
  during({ name }: PictureFile, read: () => void): boolean {
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      this.#faults.push({ file: name, error });
      return false;
    }
  }

  /**
   * Throws what was collected.
   *
   * @throws the error of the only picture, or a DatasetError with the first ones, whose cause has them all
   */
  raise(where: string): void {
    const faults = this.#faults;
    if (faults.length === 0) return;
    if (faults.length === 1) throw faults[0].error;
    const shown = faults.slice(0, SHOWN_FAULTS).map(({ file, error }) => `${file}: ${error.got}`);
    const more = faults.length > SHOWN_FAULTS ? `; and ${faults.length - SHOWN_FAULTS} more` : '';
    throw new DatasetError(
      {
        where,
        got: `${faults.length} pictures that cannot be read: ${shown.join('; ')}${more}`,
        expected: 'PNG and JPEG pictures',
        cure: 'Fetch, convert or remove them.',
      },
      { cause: new AggregateError(faults.map(({ error }) => error)) },
    );
  }
}

/** Of the pictures that cannot be read, so many are named. */
const SHOWN_FAULTS = 12;
