/** Reads the pictures of class folders into one data set: each brought to one form when it is decoded, all bad ones told at once. */
import { WeftError } from '../errors.ts';
import { type ClassFolders, listed, type PictureFile } from './class-folders.ts';
import type { ImageDataset } from './dataset.ts';
import { DatasetError } from './errors.ts';
import { chooseSize, decodingSize, describeForm, type ImageForm, pictureInForm } from './form.ts';
import { hasAlpha, isColored, isUniform, MOST_PIXELS } from './image.ts';
import { compareNaturally } from './natural-order.ts';
import { measurePicture, type PictureSize, readPicture } from './picture.ts';
import { allocatePixels } from './sheet.ts';

/** How pictures are read, and who is told about them. */
export interface ReadingOptions {
  readonly form: ImageForm;
  /** Told in a sentence that pictures were brought to the form; nobody is where that was asked for. */
  readonly onForm: ((note: string) => void) | undefined;
  /** 1 makes every picture gray, 3 makes every picture RGB; default 1 when all pictures are gray, else 3. */
  readonly channels: 1 | 3 | undefined;
  readonly maxPixels?: number | undefined;
  /** Collects the pictures that cannot be read. */
  readonly report: PictureReport;
  readonly onNote: (note: string) => void;
}

/** A decoded picture without alpha, kept as bytes where bytes suffice: a folder may hold many. */
interface StoredPicture {
  readonly file: PictureFile;
  readonly pixels: Uint8Array | Float32Array;
}

/** The size that is chosen for some pictures. Those that cannot be read are among the faults, and have no say. */
export function commonSize(
  files: readonly PictureFile[],
  report: PictureReport,
  maxPixels = MOST_PIXELS,
): ImageForm['size'] {
  const sizes: PictureSize[] = [];
  for (const file of files) report.during(file, () => sizes.push(measurePicture(file.path, maxPixels)));
  return chooseSize(sizes);
}

/** Reads the pictures that were found; those that cannot be read are left out, and are among the faults. */
export function readPictures(
  name: string,
  { files, classNames }: Pick<ClassFolders, 'files' | 'classNames'>,
  { form, onForm, channels, maxPixels = MOST_PIXELS, report, onNote }: ReadingOptions,
): ImageDataset {
  const [height, width] = form.size;
  const pictures: StoredPicture[] = [];
  const vanished: string[] = [];
  let changed = 0;
  for (const file of files) {
    report.during(file, () => {
      const read = readPicture(file.path, { maxPixels, atLeast: decodingSize(form.size) });
      const { fitted, pixels } = pictureInForm(read, form, channels);
      if (hasAlpha(read) && isUniform(fitted)) vanished.push(file.name);
      if (channels === 1 && isColored(read)) report.grayed++;
      if (read.height !== height || read.width !== width) changed++;
      pictures.push({ file, pixels });
    });
  }
  report.changed += changed;
  if (changed > 0) onForm?.(`${name}: ${describeForm(form, changed, files.length)}`);
  if (vanished.length > 0) {
    const what = vanished.length === 1 ? 'picture with transparency is' : 'pictures with transparency are';
    onNote(`${name}: ${vanished.length} ${what} of one color all over: ${listed(vanished)}.`);
  }
  const isGray = pictures.every(({ pixels }) => pixels.length === height * width);
  const depth = channels ?? (isGray ? 1 : 3);
  return {
    name,
    images: joined(pictures, height * width * depth),
    shape: [pictures.length, height, width, depth],
    labels: Int32Array.from(pictures, ({ file }) => file.label),
    classNames,
    files: pictures.map(({ file }) => file.name),
  };
}

/** The pixels of all pictures, `length` of each: gray ones are repeated where they become RGB. */
function joined(pictures: readonly StoredPicture[], length: number): Uint8Array | Float32Array {
  const bytes = pictures.every(({ pixels }) => pixels instanceof Uint8Array);
  const images = allocatePixels(pictures.length * length, bytes ? 8 : 16);
  pictures.forEach(({ pixels }, index) => {
    const scale = pixels instanceof Uint8Array && images instanceof Float32Array ? 255 : 1;
    const repeat = length / pixels.length;
    let place = index * length;
    for (const value of pixels) for (let copy = 0; copy < repeat; copy++) images[place++] = value / scale;
  });
  return images;
}

/** Of the pictures that cannot be read, so many are named. */
const SHOWN_FAULTS = 12;

/** What became of the pictures of a data set: which cannot be read, so that all of them are told at once. */
export class PictureReport {
  /** How many were brought to another size. */
  changed = 0;
  /** How many had colors, and were made gray. */
  grayed = 0;
  readonly #faults = new Map<string, WeftError>();

  /** Runs `read`, and keeps the error that it throws. */
  during({ name }: PictureFile, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      this.#faults.set(name, error);
    }
  }

  /**
   * Throws what was collected.
   *
   * @throws the error of the only picture, or a DatasetError with the first ones, whose cause has them all
   */
  raise(where: string): void {
    const faults = [...this.#faults].sort(([first], [second]) => compareNaturally(first, second));
    if (faults.length === 0) return;
    if (faults.length === 1) throw faults[0][1];
    const shown = faults.slice(0, SHOWN_FAULTS).map(([file, { got }]) => `${file}: ${got}`);
    const more = faults.length > SHOWN_FAULTS ? `; and ${faults.length - SHOWN_FAULTS} more` : '';
    throw new DatasetError(
      {
        where,
        got: `${faults.length} pictures that cannot be read: ${shown.join('; ')}${more}`,
        expected: 'PNG and JPEG pictures',
        cure: 'Fetch, convert or remove them.',
      },
      { cause: new AggregateError(faults.map(([, error]) => error)) },
    );
  }
}
