/** Pictures from outside, brought into the form a model was trained on. */
import { fullBrightness, type ImageDataset } from '../data/dataset.ts';
import { PictureError } from '../data/errors.ts';
import { decodingSize } from '../data/form.ts';
import {
  hasAlpha,
  type Image,
  invert,
  isColored,
  isUniform,
  MOST_PIXELS,
  opaque,
  toRgb,
} from '../data/image.ts';
import { measurePicture, readPicture } from '../data/picture.ts';
import { fitTo, type PictureFit } from '../data/resize.ts';
import type { PictureModel } from './run-reading.ts';
import type { RunRecord } from './run-record.ts';

/** What a model takes. */
export interface PictureForm {
  /** `[height, width, channels]` */
  readonly image: readonly [number, number, number];
  /** How pictures of other proportions are brought to that size. */
  readonly fit: PictureFit;
  /** Mean brightness of the border of the training images, where that is known. */
  readonly borderBrightness: number | undefined;
}

/** The form of a model's pictures; where the library saved it, without the record of a run, they are stretched. */
export function pictureForm({ inputShape }: PictureModel, record: RunRecord | undefined): PictureForm {
  const { fit = 'stretch', borderBrightness } = record?.data ?? {};
  return { image: inputShape, fit, borderBrightness };
}

/** What was done to a picture, or is odd about it. */
export interface PictureNote {
  /** Of this picture. */
  readonly text: string;
  /** Of many: the same for all to which the same was done. */
  readonly kind: string;
}

/** A picture as the model takes it. */
export interface PreparedPicture {
  /** `[height, width, channels]`, in [0, 1]. */
  readonly pixels: Float32Array;
  readonly notes: readonly PictureNote[];
}

/** A border this much brighter or darker than in training is worth a note. */
const ODD_BRIGHTNESS = 0.5;

/**
 * Reads a picture and does with it what is done in training, in the same order: what is transparent is laid over white or
 * black, whichever is farther from what is drawn; then comes the negative if it is asked for; then size and channels.
 *
 * @throws PictureError naming the file when it is missing, broken, no picture, or lacks the channels the model needs
 */
export function preparePicture(path: string, form: PictureForm, negative: boolean): PreparedPicture {
  const [height, width, channels] = form.image;
  const read = readPicture(path, { atLeast: decodingSize([height, width]) });
  const keepsAlpha = hasAlpha(read) && channels === read.channels;
  const whole = keepsAlpha ? read : opaque(read, undefined);
  const seen = negative ? invert(whole) : whole;
  const picture = withChannels(fitTo(seen, [height, width], form.fit), channels, path);
  const notes: PictureNote[] = [];
  const note = (text: string, kind: string): void => {
    notes.push({ text, kind });
  };
  if (isUniform(whole))
    note('it is of one color all over: there is nothing to recognize', 'of one color all over');
  if (read.height !== height || read.width !== width) {
    const stored = measurePicture(path, MOST_PIXELS);
    const other = stored.height * width !== stored.width * height;
    const how = other ? otherProportions[form.fit] : '';
    note(
      `resized from ${stored.width}×${stored.height} to ${width}×${height} pixels${how}`,
      `resized to ${width}×${height} pixels${how}`,
    );
  }
  if (channels === 1 && isColored(whole)) note('made gray, as the training images are', 'made gray');
  const border = borderBrightness(picture);
  const usual = form.borderBrightness ?? border;
  if (Math.abs(border - usual) > ODD_BRIGHTNESS) {
    const [here, there] = border > usual ? ['bright', 'dark'] : ['dark', 'bright'];
    const cure = negative ? 'try it without --invert' : '--invert classifies its negative';
    note(
      `its border is ${here}, that of the training images ${there}: ${cure}`,
      `with a ${here} border, where that of the training images is ${there}: ${cure.replace('it ', '')}`,
    );
  }
  return { pixels: picture.pixels, notes };
}

const otherProportions: Readonly<Record<PictureFit, string>> = {
  stretch: ', which changes its proportions',
  pad: ', with borders added',
  crop: ', what is beyond the middle cut off',
};

function withChannels(image: Image, channels: number, path: string): Image {
  if (channels === 1) return opaque(image, 1);
  if (channels === 3) return toRgb(image);
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
