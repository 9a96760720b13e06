/** Whether pictures of a data set are as likely seen in a mirror: then a mirror image is one more picture of its class. */
import { type ImageDataset, imageLength } from './dataset.ts';

/**
 * The least correlation between the mean picture of a class and its mirror image for which mirrored pictures are taken for ones of that
 * class. Photographs, and slices of the head, have 0.96 and more in each class; letters 0.72, digits 0.63, X-rays of the chest 0.87 (the
 * heart is on the left), shoes and sandals 0.06 in the class that has least.
 */
const leastLikeness = 0.95;

/** Whether the mean picture of every class is nearly its own mirror image, left to right. Of few pictures it seldom is. */
export function isMirrorLike(dataset: ImageDataset): boolean {
  const [, height, width, channels] = dataset.shape;
  return meanPictures(dataset).every((mean) => likeness(mean, [height, width, channels]) >= leastLikeness);
}

/** The mean of the pictures of each class, `[H, W, C]`; classes without pictures are left out. */
function meanPictures(dataset: ImageDataset): readonly Float64Array[] {
  const length = imageLength(dataset);
  const sums = new Map<number, Float64Array>();
  dataset.labels.forEach((label, image) => {
    const sum = sums.get(label) ?? new Float64Array(length);
    sums.set(label, sum);
    const start = image * length;
    for (let index = 0; index < length; index++) sum[index] += dataset.images[start + index];
  });
  // A correlation does not ask how many there are.
  return [...sums.values()];
}

/** The correlation of a picture with its mirror image; 1 for a plain one. */
function likeness(
  picture: Float64Array,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
): number {
  const mean = picture.reduce((sum, value) => sum + value, 0) / picture.length;
  let products = 0;
  let squares = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = picture[(y * width + x) * channels + channel] - mean;
        squares += value ** 2;
        products += value * (picture[(y * width + width - 1 - x) * channels + channel] - mean);
      }
    }
  }
  return squares === 0 ? 1 : products / squares;
}
