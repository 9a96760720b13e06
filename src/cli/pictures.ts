/** Pictures from outside, brought into the form a model was trained on. */

import { fullBrightness, type ImageDataset } from '../data/dataset.ts';
import { PictureError } from '../data/errors.ts';
import { type Image, invert, isUniform, opaque, resize, toRgb } from '../data/image.ts';
import { readPicture } from '../data/picture.ts';

/** What a model takes. */
export interface PictureForm {
  /** `[height, width, channels]` */
  readonly image: readonly [number, number, number];
  /** Mean brightness of the border of the training images, where that is known. */
  readonly borderBrightness: number | undefined;
}

/** A picture as the model takes it, with what was done to it or is odd about it. */
export interface PreparedPicture {
  readonly pixels: Float32Array;
  readonly notes: readonly string[];
}

/** A border this much brighter or darker than in training is worth a note. */
const ODD_BRIGHTNESS = 0.5;

/**
 * Reads a picture, lays what is transparent over white or black as training does, makes it gray or RGB, takes its negative if asked, and resizes it.
 *
 * @throws PictureError naming the file when it is missing, broken, no picture, or lacks the channels the model needs
 */
export function preparePicture(path: string, form: PictureForm, negative: boolean): PreparedPicture {
  const [height, width, channels] = form.image;
  const read = readPicture(path);
  const colored = withChannels(read, channels, path);
  const picture = resize(negative ? invert(colored) : colored, height, width);
  const notes: string[] = [];
  if (isUniform(colored)) notes.push('it is of one color all over: there is nothing to recognize');
  if (picture !== colored && (read.height !== height || read.width !== width)) {
    const stretched = read.height * width !== read.width * height;
    notes.push(
      `resized from ${read.width}×${read.height} to ${width}×${height} pixels` +
        `${stretched ? ', which changes its proportions' : ''}`,
    );
  }
  const border = borderBrightness(picture);
  const usual = form.borderBrightness ?? border;
  if (Math.abs(border - usual) > ODD_BRIGHTNESS) {
    const [here, there] = border > usual ? ['bright', 'dark'] : ['dark', 'bright'];
    notes.push(
      `its border is ${here}, that of the training images ${there}: ` +
        `${negative ? 'try it without --invert' : '--invert classifies its negative'}`,
    );
  }
  return { pixels: picture.pixels, notes };
}

function withChannels(image: Image, channels: number, path: string): Image {
  if (channels === 1) return opaque(image, 1);
  if (channels === 3) return toRgb(opaque(image, 3));
  if (channels === image.channels) return image;
  throw new PictureError({
    where: path,
    got: `a picture of ${image.channels} channels`,
    expected: `${channels} channels, as the model was trained on`,
    cure: 'Export the picture with these channels',
  });
}

/** Mean brightness of the outermost pixels of a picture. */
export function borderBrightness({ width, height, channels, pixels }: Image): number {
  return meanOfBorder(pixels, 0, [height, width, channels]);
}

/** Mean brightness of the outermost pixels of all images of a data set. */
export function datasetBorderBrightness({ images, shape }: ImageDataset): number {
  const [count, height, width, channels] = shape;
  const full = fullBrightness(images);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    sum += meanOfBorder(images, index * height * width * channels, [height, width, channels]);
  }
  return sum / count / full;
}

function meanOfBorder(
  values: ArrayLike<number>,
  offset: number,
  [height, width, channels]: readonly [number, number, number],
): number {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y > 0 && y < height - 1 && x > 0 && x < width - 1) continue;
      for (let channel = 0; channel < channels; channel++) {
        sum += values[offset + (y * width + x) * channels + channel]!;
        count++;
      }
    }
  }
  return sum / count;
}
